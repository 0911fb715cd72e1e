#include <algorithm>

#include "apparmor/glob.h"
#include "apparmor/socket_keys.h"
#include "apparmor/source.h"
#include "apparmor/text.h"
#include "base/text.h"

// Which rule of a profile's source it was that decided.
namespace cordon::apparmor {
namespace {

bool has_all(const std::set<std::string>& have, const std::set<std::string>& want) {
  return have.empty() || std::all_of(want.begin(), want.end(), [&](const auto& word) { return have.count(word) != 0; });
}

}  // namespace

RuleIndex::RuleIndex(const SourceProfile& profile) : profile_(profile) {
  for (const SourceRule& candidate : profile.rules) {
    const ProfileRule& rule = candidate.rule;
    if (rule.klass != RuleClass::kFile && rule.klass != RuleClass::kLink) continue;
    if (rule.pattern.empty()) {
      everything_.push_back(&candidate);
    } else if (!is_glob(rule.pattern)) {
      exact_[unescape_name(rule.pattern)].push_back(&candidate);
    } else if (const auto expanded = expand_variables(rule.pattern, profile.variables)) {
      if (auto glob = Glob::parse(*expanded)) globs_.push_back({&candidate, std::move(*glob)});
    }
  }
}

namespace {

/// Keeps the best of the candidates: a deny ends the search.
struct Choice {
  FileLetters letters;
  bool owner;
  const SourceRule* best = nullptr;
  bool offer(const SourceRule& candidate) {
    const ProfileRule& rule = candidate.rule;
    if (rule.owner && !owner) return false;
    const FileLetters have = granted_letters(rule);
    if (rule.deny && (letters & have) != 0) {
      best = &candidate;
      return true;
    }
    if (best == nullptr && !rule.deny && (letters & ~have) == 0) best = &candidate;
    return false;
  }
};

}  // namespace

const SourceRule* RuleIndex::file_rule(std::string_view name, FileLetters letters, bool owner) const {
  Choice choice{letters, owner};
  if (const auto found = exact_.find(name); found != exact_.end())
    for (const SourceRule* candidate : found->second)
      if (choice.offer(*candidate)) return choice.best;
  for (const GlobRule& candidate : globs_) {
    const bool useful = candidate.rule->rule.deny || choice.best == nullptr;
    if (useful && candidate.glob.matches(name) && choice.offer(*candidate.rule)) return choice.best;
  }
  for (const SourceRule* candidate : everything_)
    if (choice.offer(*candidate)) return choice.best;
  return choice.best;
}

const SourceRule* RuleIndex::any_file_rule(std::string_view name) const {
  if (const auto found = exact_.find(name); found != exact_.end())
    for (const SourceRule* candidate : found->second)
      if (!candidate->rule.deny) return candidate;
  for (const GlobRule& candidate : globs_)
    if (!candidate.rule->rule.deny && candidate.glob.matches(name)) return candidate.rule;
  return nullptr;
}

namespace {

using Keys = std::map<std::string, std::set<std::string>>;

bool has_key(const Keys& keys, const char* key, const std::string& value) {
  const auto found = keys.find(key);
  return found == keys.end() || found->second.count(value) != 0;
}

bool has_address(const std::string& said, const std::string& address) {
  return said == address || (said == "none" && address.empty());
}

/// A port, or a range of ports.
bool has_port(const std::string& said, unsigned port) {
  const std::size_t dash = said.find('-');
  const auto from = parse_number<unsigned>(said.substr(0, dash));
  const auto to = dash == std::string::npos ? from : parse_number<unsigned>(said.substr(dash + 1));
  return from && to && *from <= port && port <= *to;
}

bool local_fits(const Keys& keys, const NetOp& op) {
  const auto ip = keys.find("ip"), port = keys.find("port");
  return (ip == keys.end() || has_address(*ip->second.begin(), op.address)) &&
         (port == keys.end() || has_port(*port->second.begin(), op.port));
}

bool peer_fits(const std::map<std::string, std::string>& peer, const NetOp& op) {
  const auto ip = peer.find("ip"), port = peer.find("port");
  return (ip == peer.end() || has_address(ip->second, op.peer_address)) &&
         (port == peer.end() || has_port(port->second, op.peer_port));
}

bool speaks_of(const ProfileRule& rule, const NetOp& op) {
  return rule.klass == RuleClass::kNetwork && (rule.words.empty() || rule.words.count(act_word(op.act)) != 0) &&
         has_key(rule.keys, "family", op.family) && has_key(rule.keys, "type", op.type) && local_fits(rule.keys, op) &&
         peer_fits(rule.peer, op);
}

}  // namespace

const SourceRule* RuleIndex::network_rule(const NetOp& op) const {
  const SourceRule* best = nullptr;
  for (const SourceRule& candidate : profile_.rules) {
    if (!speaks_of(candidate.rule, op)) continue;
    if (candidate.rule.deny) return &candidate;
    if (best == nullptr) best = &candidate;
  }
  return best;
}

namespace {

/// A value of a conditional may be a glob: dbus path=/org/**, peer=foo//*.
bool covers(const std::string& have, const std::string& want) {
  if (have == want) return true;
  const auto glob = is_glob(have) ? Glob::parse(have) : std::nullopt;
  return glob && glob->matches(want);
}

bool covers_all(const std::set<std::string>& have, const std::set<std::string>& want) {
  return have.empty() || std::all_of(want.begin(), want.end(), [&](const std::string& word) {
           return std::any_of(have.begin(), have.end(), [&](const std::string& one) { return covers(one, word); });
         });
}

/// What of `like` the rule has, of all that it might lack.
struct Match {
  std::size_t fits = 0, lacks = 0;
  void add(bool fit) { ++(fit ? fits : lacks); }
};

Match match(const ProfileRule& rule, const ProfileRule& like) {
  Match out;
  out.add(has_all(rule.words, like.words));
  for (const auto& [key, values] : like.keys) {
    const auto found = rule.keys.find(key);
    out.add(found == rule.keys.end() || covers_all(found->second, values));
  }
  if (!like.peer.empty())  // else it is not known
    for (const auto& [key, value] : rule.peer) {
      const auto found = like.peer.find(key);
      out.add(found != like.peer.end() && covers(value, found->second));
    }
  return out;
}

}  // namespace

const SourceRule* RuleIndex::rule(RuleClass klass, const ProfileRule& like) const {
  const SourceRule* best = nullptr;
  for (const SourceRule& candidate : profile_.rules) {
    if (candidate.rule.klass != klass || match(candidate.rule, like).lacks != 0) continue;
    if (candidate.rule.deny) return &candidate;
    if (best == nullptr) best = &candidate;
  }
  return best;
}

const SourceRule* RuleIndex::nearest(RuleClass klass, const ProfileRule& like) const {
  const SourceRule* best = nullptr;
  std::size_t most = 0;
  for (const SourceRule& candidate : profile_.rules) {
    if (candidate.rule.klass != klass || candidate.rule.deny) continue;
    const std::size_t fits = match(candidate.rule, like).fits;
    if (best != nullptr && fits <= most) continue;
    best = &candidate;
    most = fits;
  }
  return best;
}

}  // namespace cordon::apparmor
