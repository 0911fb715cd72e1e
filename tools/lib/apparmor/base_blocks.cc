#include "apparmor/base_blocks.h"

#include <algorithm>

#include "apparmor/text.h"
#include "base/bytes.h"

namespace cordon::apparmor {
namespace {

/// A head's first name, without what marks a hat.
std::string name_of(const Statement& statement) {
  for (const std::string& word : statement.words) {
    if (word == "profile" || word == "hat" || word == "^") continue;
    return unescape_name(unquoted(word[0] == '^' ? word.substr(1) : word));
  }
  return {};
}

bool names(const Statement& statement, const std::string& wanted) {
  return std::any_of(statement.words.begin(), statement.words.end(),
                     [&](const std::string& word) { return unescape_name(unquoted(word)) == wanted; });
}

const Statement* main_block(const std::vector<Statement>& statements, const Policy& policy) {
  std::vector<const Statement*> blocks;
  for (const Statement& statement : statements)
    if (statement.kind == StatementKind::kProfile) blocks.push_back(&statement);
  for (const std::string* wanted : {&policy.name, &policy.program})
    for (const Statement* block : blocks)
      if (!wanted->empty() && names(*block, *wanted)) return block;
  return blocks.size() == 1 ? blocks.front() : nullptr;
}

}  // namespace

Result<BaseBlocks> BaseBlocks::find(const std::vector<Statement>& statements, const Policy& policy,
                                    const std::string& file) {
  const Statement* main = main_block(statements, policy);
  if (main == nullptr)
    return Error{ErrorCode::kBadInput,
                 "no profile named " + printable(policy.name) + " or attached to " + printable(policy.program), file,
                 "name the profile with -n"};
  BaseBlocks out;
  out.main_ = name_of(*main);
  out.collect(statements, "");
  return out;
}

void BaseBlocks::collect(const std::vector<Statement>& statements, const std::string& above) {
  for (const Statement& statement : statements) {
    const bool block = statement.kind == StatementKind::kProfile || statement.kind == StatementKind::kHat;
    const std::string name = block ? above + (above.empty() ? "" : "//") + name_of(statement) : above;
    if (block) blocks_.emplace(name, &statement);
    collect(statement.body, name);
  }
}

const Statement* BaseBlocks::block(const std::string& full_name) const {
  const auto found = blocks_.find(full_name);
  return found == blocks_.end() ? nullptr : found->second;
}

std::vector<std::string> BaseBlocks::profiles_of(const Rule& rule, const Policy& policy,
                                                 const ProfileDecider& decider) const {
  const Subject& subject = rule.grant().subject;
  if (subject.domain.starts_with('^')) return {main_ + "//" + sayable(subject.domain.substr(1))};
  if (subject.exe.empty() || subject.exe == policy.program) return {main_};
  std::vector<std::string> reached;
  for (const CompiledProfile* profile : decider.reached_by(subject.exe))
    if (block(profile->name) != nullptr) reached.push_back(profile->name);
  if (reached.empty()) reached.push_back(main_);
  return reached;
}

}  // namespace cordon::apparmor
