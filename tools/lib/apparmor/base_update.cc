#include "apparmor/base_update.h"

#include <algorithm>

#include "apparmor/decide.h"
#include "apparmor/syntax.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "base/bytes.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

std::string block_name(const Statement& statement) {
  for (const std::string& word : statement.words)
    if (word != "profile" && word != "hat") return unescape_name(unquoted(word));
  return {};
}

bool names(const Statement& statement, const std::string& wanted) {
  return std::any_of(statement.words.begin(), statement.words.end(),
                     [&](const std::string& word) { return unescape_name(unquoted(word)) == wanted; });
}

Result<const Statement*> find_block(const std::vector<Statement>& statements, const Policy& policy, const std::string& file) {
  std::vector<const Statement*> blocks;
  for (const Statement& statement : statements)
    if (statement.kind == StatementKind::kProfile) blocks.push_back(&statement);
  for (const std::string* wanted : {&policy.name, &policy.program})
    for (const Statement* block : blocks)
      if (!wanted->empty() && names(*block, *wanted)) return block;
  if (blocks.size() == 1) return blocks.front();
  return Error{ErrorCode::kBadInput, "no profile named " + printable(policy.name) + " or attached to " + printable(policy.program),
               file, "name the profile with -n"};
}

struct Missing {
  std::vector<ProfileRule> rules;
  std::vector<std::string> refused;
  std::size_t already = 0;
};

Missing missing_rules(ProfileDecider& decider, const std::string& profile, const Policy& policy, const EmitOptions& options) {
  TranslateContext context;
  context.dialect = options.dialect;
  context.profile = profile;
  Missing missing;
  for (const Rule& rule : policy.rules) {
    Fact fact;
    fact.operation = rule.grant().operation;
    fact.subject.domain = profile;
    const Decision decision = decider.decide(fact);
    // A shape is more than the name that it is shown with: it is asked for unless the very rule is there.
    const bool settled = decision.ruling == Ruling::kAllowed || decision.ruling == Ruling::kNotApplicable;
    if (settled && !rule.grant().pattern) {
      ++missing.already;
      continue;
    }
    if (decision.ruling == Ruling::kDenied && decision.by != "no rule") {
      missing.refused.push_back(decision.by);
      continue;
    }
    const Translation said = translate(rule.grant(), context);
    missing.rules.insert(missing.rules.end(), said.rules.begin(), said.rules.end());
  }
  normalise(missing.rules);
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

/// Before the line of the closing brace, if nothing but blanks stands before it there; else right before the brace.
std::string with_inserted(std::string_view text, const Statement& block, const std::vector<std::string>& lines) {
  std::size_t at = text.rfind('\n', block.close);
  at = at == std::string_view::npos ? 0 : at + 1;
  const bool own_line = text.substr(at, block.close - at).find_first_not_of(" \t") == std::string_view::npos;
  if (!own_line) at = block.close;
  std::string insertion = own_line ? "" : "\n";
  const std::string indent = indent_of(text, block);
  insertion += indent + "# Added from recordings:\n";
  for (const std::string& line : lines) insertion += indent + line + "\n";
  return std::string(text.substr(0, at)) + insertion + std::string(text.substr(at));
}

}  // namespace

Result<BaseUpdate> update_profile(std::string_view text, const std::string& file, const Policy& policy,
                                  const EmitOptions& options, Diagnostics& diagnostics) {
  const auto statements = parse_syntax(text, file);
  if (!statements) return statements.error();
  const auto block = find_block(*statements, policy, file);
  if (!block) return block.error();
  auto decider = read_profile_text(text, file, diagnostics);
  if (!decider) return decider.error();
  const std::string profile = block_name(**block);
  Missing missing = missing_rules(**decider, profile, generalise(policy, options.generalise), options);
  drop_present(missing.rules, **decider, profile);
  BaseUpdate update;
  update.already = missing.already;
  update.refused = std::move(missing.refused);
  update.text = std::string(text);
  for (const ProfileRule& rule : missing.rules) update.added.push_back(to_text(rule));
  if (update.added.empty()) return update;
  update.text = with_inserted(text, **block, update.added);
  if (const auto checked = read_profile_text(update.text, file, diagnostics); !checked) return checked.error();
  return update;
}

}  // namespace cordon::apparmor
