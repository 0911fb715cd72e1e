#include "apparmor/diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "apparmor/diff_words.h"
#include "apparmor/product.h"
#include "apparmor/walk.h"
#include "base/bytes.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

std::string letters_and_exec(FileLetters letters) {
  return letters_text(letters & ~FileLetters{kX}) + ((letters & kX) != 0 ? "x" : "");
}

constexpr std::size_t kMostOfOneKind = 10;
constexpr std::uint32_t kChangeProfile = 0x80000000;  // security/apparmor/include/file.h, AA_CHANGE_PROFILE as compiled

class Comparer {
 public:
  Comparer(const ProfileDecider& before, const ProfileDecider& after, const DiffOptions& options, Diff& diff)
      : before_(before), after_(after), options_(options), diff_(diff) {}

  void compare(const CompiledProfile& old, const CompiledProfile& now) {
    name_ = now.name;
    old_rules_ = before_.source_for(old.name);
    new_rules_ = after_.source_for(now.name);
    modes(old, now);
    capabilities(old, now);
    limits(old, now);
    networks(old, now);
    files(old, now);
    changes(old, now);
    for (const Area& area : areas()) policies(old, now, area);
  }

 private:
  void add(std::string area, std::string example, std::string added, std::string removed, std::string by = {}) {
    diff_.differences.push_back(
        {name_, std::move(area), printable(example), std::move(added), std::move(removed), std::move(by)});
  }

  void capabilities(const CompiledProfile& old, const CompiledProfile& now) {
    for (unsigned number = 0; number < all_capabilities().size(); ++number) {
      const bool had = ask_capability(old, number), has = ask_capability(now, number);
      if (had != has)
        add("capability", std::string(all_capabilities()[number]), has ? "allowed" : "", had ? "allowed" : "");
    }
  }

  /// "enforce" and the other modes of a profile's flags. Source: security/apparmor/include/policy.h, enum profile_mode.
  void modes(const CompiledProfile& old, const CompiledProfile& now) {
    static constexpr auto kModes = std::to_array<const char*>({"enforce", "complain", "kill", "unconfined", "prompt"});
    const auto word = [](std::uint32_t mode) { return mode < kModes.size() ? kModes[mode] : "another"; };
    if (old.mode != now.mode)
      add("mode", std::string(word(now.mode)) + " in the place of " + word(old.mode), word(now.mode), word(old.mode));
  }

  void limits(const CompiledProfile& old, const CompiledProfile& now) {
    const auto said = [](const CompiledProfile& p, unsigned n) {
      if (((p.limited >> n) & 1) == 0 || n >= p.limits.size()) return std::string();
      return p.limits[n] == ~std::uint64_t{0} ? "infinity" : std::to_string(p.limits[n]);
    };
    for (unsigned number = 0; number < 16; ++number)
      if (const std::string had = said(old, number), has = said(now, number); had != has)
        add("rlimit", rlimit_name(number), has.empty() ? "no limit" : has, had.empty() ? "no limit" : had);
  }

  void networks(const CompiledProfile& old, const CompiledProfile& now) {
    constexpr int kFamilies = 46, kTypes = 11;
    for (int family = 1; family < kFamilies; ++family) {
      for (int type = 1; type < kTypes; ++type) {
        const std::string key{0, static_cast<char>(family), 0, static_cast<char>(type)};
        const bool had = ask_policy(old, PolicyClass::kNetwork, key) != 0;
        const bool has = ask_policy(now, PolicyClass::kNetwork, key) != 0;
        if (had != has)
          add("network", socket_family_name(family) + " " + socket_type_name(type), has ? "allowed" : "",
              had ? "allowed" : "");
      }
    }
  }

  std::string rule_for(const std::string& name, FileLetters added, FileLetters removed, bool owner) const {
    const RuleIndex* rules = added != 0 ? new_rules_ : old_rules_;
    const SourceRule* rule = rules == nullptr ? nullptr : rules->file_rule(name, added != 0 ? added : removed, owner);
    return rule == nullptr ? std::string() : rule->file + ":" + std::to_string(rule->line);
  }

  /// Names first, for others and then for owners where that differs from the former.
  void files(const CompiledProfile& old, const CompiledProfile& now) {
    if (!old.file || !now.file) {
      if (old.file.has_value() != now.file.has_value())
        add("file", "/", now.file ? "rules" : "", old.file ? "rules" : "");
      return;
    }
    Product product(*old.file, *now.file, options_.max_pairs);
    std::size_t count = 0;
    std::vector<LinkPair> links;
    const bool finished = product.run(old.file_start, now.file_start, true, [&](auto a, auto b, std::size_t at) {
      note_link(old, now, a, b, product, at, links);
      if (count >= options_.max_examples || old.file->accept(a) == now.file->accept(b)) return true;
      const std::string name = product.example(at);
      const FileAnswer was = ask_file(old, name), is = ask_file(now, name);
      const bool for_others = was.other != is.other;
      const FileLetters before = for_others ? was.other : was.owner, after = for_others ? is.other : is.owner;
      const FileLetters added = after & ~before, removed = before & ~after;
      if (was.other_exec.kind != is.other_exec.kind || was.other_exec.target != is.other_exec.target)
        add("exec transition", name, exec_words(is.other_exec), exec_words(was.other_exec),
            rule_for(name, kX, 0, false));
      ++count;
      if (added == 0 && removed == 0) return true;
      add(for_others ? "file" : "owner's file", name, letters_and_exec(added), letters_and_exec(removed),
          rule_for(name, added, removed, !for_others));
      return true;
    });
    diff_.stopped |= !finished;
    for (const LinkPair& pair : links) targets(old, now, pair);
  }

  /// Where a name may be linked: what follows it and a NUL are the names that it may lead to.
  struct LinkPair {
    Automaton::State before = 0;
    Automaton::State after = 0;
    std::string name;
  };

  void note_link(const CompiledProfile& old, const CompiledProfile& now, Automaton::State a, Automaton::State b,
                 const Product& product, std::size_t at, std::vector<LinkPair>& links) const {
    const Automaton::State from = old.file->step(a, 0), to = now.file->step(b, 0);
    if ((from == Automaton::kDead && to == Automaton::kDead) || links.size() >= options_.max_examples) return;
    for (const LinkPair& known : links)
      if (known.before == from && known.after == to) return;
    links.push_back({from, to, product.example(at)});
  }

  /// One target that only one of the two lets a name be linked to, each way.
  void targets(const CompiledProfile& old, const CompiledProfile& now, const LinkPair& pair) {
    Product product(*old.file, *now.file, options_.max_pairs);
    bool more = false, less = false;
    const bool finished = product.run(pair.before, pair.after, true, [&](auto, auto, std::size_t at) {
      const std::string target = product.example(at);
      const bool had = ask_link(old, pair.name, target, true), has = ask_link(now, pair.name, target, true);
      if (had == has || (has ? more : less)) return true;
      (has ? more : less) = true;
      add("link", pair.name + " -> " + target, has ? "allowed" : "", had ? "allowed" : "");
      return !(more && less);
    });
    diff_.stopped |= !finished;
  }

  static bool changes_profile(const Automaton& automaton) {
    for (Automaton::State state = 0; state < automaton.states(); ++state)
      if ((automaton.accept(state) & kChangeProfile) != 0) return true;
    return false;
  }

  /// change_profile rules stand in the file automaton, under the profile's name in the place of a path.
  void changes(const CompiledProfile& old, const CompiledProfile& now) {
    if (!old.file || !now.file || (!changes_profile(*old.file) && !changes_profile(*now.file))) return;
    Product product(*old.file, *now.file, options_.max_pairs);
    std::size_t count = 0;
    const bool finished = product.run(old.file_start, now.file_start, false, [&](auto a, auto b, std::size_t at) {
      if (((old.file->accept(a) ^ now.file->accept(b)) & kChangeProfile) == 0) return true;
      const bool has = (now.file->accept(b) & kChangeProfile) != 0;
      add("change_profile", product.example(at), has ? "allowed" : "", has ? "" : "allowed");
      return ++count < kMostOfOneKind;
    });
    diff_.stopped |= !finished;
  }

  void policies(const CompiledProfile& old, const CompiledProfile& now, const Area& area) {
    if (!old.policy || !now.policy) return;
    const auto at_class = [&](const CompiledProfile& p) {
      return p.policy->walk(p.policy->step(p.policy_start, static_cast<unsigned char>(area.klass)), area.prefix);
    };
    Product product(*old.policy, *now.policy, options_.max_pairs);
    std::set<std::string> said;
    const bool finished = product.run(at_class(old), at_class(now), false, [&](auto a, auto b, std::size_t at) {
      // The first states only say that the class is mediated.
      const std::string key = product.example(at);
      if (key.size() < area.least) return true;
      const std::uint32_t had = ask_policy(old, area.klass, std::string(area.prefix) + key);
      const std::uint32_t has = ask_policy(now, area.klass, std::string(area.prefix) + key);
      if (had == has || old.policy->accept(a) == now.policy->accept(b)) return true;
      const std::string words = area.words(key);
      if (said.insert(words).second) add(area.name, words, bit_words(area, has & ~had), bit_words(area, had & ~has));
      return said.size() < options_.max_examples;
    });
    diff_.stopped |= !finished;
  }

  const ProfileDecider& before_;
  const ProfileDecider& after_;
  const DiffOptions& options_;
  Diff& diff_;
  std::string name_;
  const RuleIndex* old_rules_ = nullptr;
  const RuleIndex* new_rules_ = nullptr;
};

}  // namespace

Diff diff_profiles(const ProfileDecider& before, const ProfileDecider& after, const DiffOptions& options) {
  Diff diff;
  Comparer comparer(before, after, options, diff);
  if (before.profiles().size() == 1 && after.profiles().size() == 1) {
    comparer.compare(before.profiles()[0], after.profiles()[0]);
    return diff;
  }
  std::map<std::string, const CompiledProfile*> old;
  for (const CompiledProfile& profile : before.profiles()) old[profile.name] = &profile;
  for (const CompiledProfile& profile : after.profiles()) {
    const auto found = old.find(profile.name);
    if (found == old.end()) {
      diff.only_new.push_back(profile.name);
      continue;
    }
    comparer.compare(*found->second, profile);
    old.erase(found);
  }
  for (const auto& [name, profile] : old) diff.only_old.push_back(name);
  return diff;
}

}  // namespace cordon::apparmor
