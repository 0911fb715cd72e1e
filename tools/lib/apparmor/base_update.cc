#include "apparmor/base_update.h"

#include <algorithm>
#include <map>

#include "apparmor/base_blocks.h"
#include "apparmor/decide.h"
#include "apparmor/logged.h"
#include "apparmor/syntax.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

struct Missing {
  std::map<std::string, std::vector<ProfileRule>> rules;  ///< by the full name of the profile that lacks them
  std::vector<std::string> refused;
  std::size_t already = 0;
};

/// What the first of the profiles that do not refuse it by a deny says; the rule goes there.
struct Asked {
  Decision decision;
  std::string profile;
};
Asked ask(ProfileDecider& decider, const Rule& rule, const std::vector<std::string>& profiles) {
  Asked first;
  for (const std::string& profile : profiles) {
    Fact fact;
    fact.operation = rule.grant().operation;
    fact.subject.domain = profile;
    Decision decision = decider.decide(fact);
    const bool allowed = decision.ruling == Ruling::kAllowed;
    if (first.profile.empty() || allowed) first = {std::move(decision), profile};
    if (allowed) break;
  }
  return first;
}

Missing missing_rules(ProfileDecider& decider, const BaseBlocks& blocks, const Policy& policy,
                      const EmitOptions& options) {
  Missing missing;
  for (const Rule& rule : policy.rules) {
    const Asked asked = ask(decider, rule, blocks.profiles_of(rule, policy, decider));
    const Decision& decision = asked.decision;
    // A hat that is not there yet decides nothing.
    const bool exists = blocks.block(asked.profile) != nullptr;
    // A shape is more than the name that it is shown with: it is asked for unless the very rule is there.
    const bool settled = exists && (decision.ruling == Ruling::kAllowed || decision.ruling == Ruling::kNotApplicable);
    if (settled && !rule.grant().pattern) {
      ++missing.already;
      continue;
    }
    if (exists && decision.ruling == Ruling::kDenied && decision.by != "no rule") {
      missing.refused.push_back(decision.by);
      continue;
    }
    TranslateContext context;
    context.dialect = options.dialect;
    context.profile = asked.profile;
    const Translation said = translate(rule.grant(), context);
    auto& rules = missing.rules[asked.profile];
    rules.insert(rules.end(), said.rules.begin(), said.rules.end());
  }
  for (auto& [profile, rules] : missing.rules) normalise(rules);
  return missing;
}

/// Takes out what the profile holds word for word, or with more letters.
void drop_present(std::vector<ProfileRule>& rules, const ProfileDecider& decider, const std::string& profile) {
  for (const SourceProfile& source : decider.source()) {
    if (source.name != profile) continue;
    std::erase_if(rules, [&](const ProfileRule& rule) {
      return std::any_of(source.rules.begin(), source.rules.end(), [&](const SourceRule& there) {
        return mergeable(there.rule, rule) && (rule.letters & ~there.rule.letters) == 0 &&
               std::includes(there.rule.words.begin(), there.rule.words.end(), rule.words.begin(), rule.words.end()) &&
               (rule.exec.empty() || rule.exec == there.rule.exec);
      });
    });
  }
}

/// The blanks in front of the block's last rule, so that new ones stand in line with the old.
std::string indent_of(std::string_view text, const Statement& block) {
  if (block.body.empty()) return "  ";
  const std::size_t begin = block.body.back().begin;
  const std::size_t line = text.rfind('\n', begin) == std::string_view::npos ? 0 : text.rfind('\n', begin) + 1;
  const std::string_view before = text.substr(line, begin - line);
  return before.find_first_not_of(" \t") == std::string_view::npos ? std::string(before) : "  ";
}

struct Insertion {
  std::size_t at = 0;
  std::string text;
};

/// Before the line of the closing brace, if nothing but blanks stands before it there; else right before the brace.
Insertion insertion(std::string_view text, const Statement& block, const std::vector<std::string>& lines) {
  std::size_t at = text.rfind('\n', block.close);
  at = at == std::string_view::npos ? 0 : at + 1;
  const bool own_line = text.substr(at, block.close - at).find_first_not_of(" \t") == std::string_view::npos;
  Insertion out{own_line ? at : block.close, own_line ? "" : "\n"};
  const std::string indent = indent_of(text, block);
  out.text += indent + "# Added from recordings:\n";
  for (const std::string& line : lines) out.text += indent + line + "\n";
  return out;
}

/// A hat with its rules, as lines of its profile's block.
std::vector<std::string> hat_lines(const std::string& hat, const std::vector<std::string>& rules) {
  std::vector<std::string> lines{"^" + quote_name(hat) + " {"};
  for (const std::string& rule : rules) lines.push_back("  " + rule);
  lines.emplace_back("}");
  return lines;
}

/// What goes into each block: a hat that is missing goes whole into its profile's.
std::map<std::string, std::vector<std::string>> lines_by_block(const Missing& missing, const BaseBlocks& blocks) {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [profile, rules] : missing.rules) {
    std::vector<std::string> lines;
    for (const ProfileRule& rule : rules) lines.push_back(to_text(rule));
    if (lines.empty()) continue;
    const bool exists = blocks.block(profile) != nullptr;
    if (!exists) lines = hat_lines(profile.substr(blocks.main().size() + 2), lines);
    auto& to = out[exists ? profile : blocks.main()];
    to.insert(to.end(), lines.begin(), lines.end());
  }
  return out;
}

std::string with_lines(std::string_view text, const Missing& missing, const BaseBlocks& blocks) {
  std::vector<Insertion> all;
  for (const auto& [profile, lines] : lines_by_block(missing, blocks))
    all.push_back(insertion(text, *blocks.block(profile), lines));
  std::sort(all.begin(), all.end(), [](const Insertion& a, const Insertion& b) { return a.at > b.at; });
  std::string out(text);
  for (const Insertion& one : all) out.insert(one.at, one.text);
  return out;
}

}  // namespace

Result<BaseUpdate> update_profile(std::string_view text, const std::string& file, const Policy& policy,
                                  const EmitOptions& options, Diagnostics& diagnostics) {
  const auto statements = parse_syntax(text, file);
  if (!statements) return statements.error();
  const LoggedPolicy seen = with_logged_programs(policy);
  const auto blocks = BaseBlocks::find(*statements, seen.policy, file);
  if (!blocks) return blocks.error();
  auto decider = read_profile_text(text, file, diagnostics);
  if (!decider) return decider.error();
  Missing missing = missing_rules(**decider, *blocks, generalise(seen.policy, options.generalise), options);
  BaseUpdate update;
  for (auto& [profile, rules] : missing.rules) {
    drop_present(rules, **decider, profile);
    for (const ProfileRule& rule : rules) update.added.push_back(to_text(rule));
  }
  update.already = missing.already;
  update.refused = std::move(missing.refused);
  update.text = std::string(text);
  if (update.added.empty()) return update;
  update.text = with_lines(text, missing, *blocks);
  if (const auto checked = read_profile_text(update.text, file, diagnostics); !checked) return checked.error();
  return update;
}

}  // namespace cordon::apparmor
