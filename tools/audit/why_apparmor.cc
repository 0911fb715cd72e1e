#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "apparmor/translate.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "facts/describe.h"
#include "why.h"

namespace cordon::audit_tool {
namespace {

using apparmor::SourceProfile;
using apparmor::SourceRule;

constexpr std::size_t kMaxProfileBytes = 16u << 20;

/// A directory's plain files, sorted; apparmor_parser passes over the same leftovers.
std::vector<std::string> files_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return {path};
  std::vector<std::string> files;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), &closedir);
  for (const dirent* entry = dir ? readdir(dir.get()) : nullptr; entry != nullptr; entry = readdir(dir.get())) {
    const std::string name = entry->d_name;
    const bool leftover =
        name.front() == '.' || name.back() == '~' || name.find(".dpkg-") != std::string::npos || name == "README";
    const std::string file = path + "/" + name;
    if (!leftover && stat(file.c_str(), &status) == 0 && S_ISREG(status.st_mode)) files.push_back(file);
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string place(const SourceRule& rule) {
  return fmt::format("{}:{}: {}", printable(rule.file), rule.line, printable(rule.text));
}

Cause denied_by(const SourceRule& rule) {
  return {"deny",
          "a deny rule wins over whatever allows it",
          {place(rule)},
          {"take the deny rule out, or make it narrower"}};
}

/// What a file rule must give.
struct FileNeed {
  std::string name;
  apparmor::FileLetters letters;
  bool owner;
  std::string text() const {
    return apparmor::letters_text(letters & ~apparmor::FileLetters{apparmor::kX}) +
           ((letters & apparmor::kX) != 0 ? "x" : "");
  }
};

/// What stands in the way of a file access, by asking for less until something gives it.
Cause file_cause(const SourceProfile& profile, const apparmor::RuleIndex& rules, const FileNeed& need) {
  if (const SourceRule* rule = rules.file_rule(need.name, need.letters, need.owner)) {
    if (rule->rule.deny) return denied_by(*rule);
    return {"allowed",
            "the profile as it stands in the file allows it: it was changed since, or is not loaded",
            {place(*rule)},
            {"apparmor_parser -r " + printable(profile.file)}};
  }
  if (!need.owner)
    if (const SourceRule* rule = rules.file_rule(need.name, need.letters, true))
      return {"owner",
              "the rule is for files of the program's own user, and this one belongs to another",
              {place(*rule)},
              {"give the file to that user, or add a rule without 'owner'"}};
  Cause cause{"no_rule", "no rule of the profile gives " + need.text(), {}, {}};
  for (apparmor::FileLetters bit = 1; bit <= apparmor::kX; bit <<= 1)
    if ((need.letters & bit) != 0)
      if (const SourceRule* rule = rules.file_rule(need.name, bit, true)) {
        cause.words = "no rule gives all of " + need.text() + "; the nearest gives " +
                      (bit == apparmor::kX ? "x" : apparmor::letters_text(bit));
        cause.rules.push_back(place(*rule));
        return cause;
      }
  if (const SourceRule* rule = rules.any_file_rule(need.name)) {
    cause.words += "; the nearest is for the same name and gives other access";
    cause.rules.push_back(place(*rule));
  }
  return cause;
}

Cause other_cause(const SourceProfile& profile, const apparmor::RuleIndex& rules, const Operation& operation) {
  apparmor::TranslateContext context;
  context.from_log = context.addresses = true;
  context.dialect = apparmor::Dialect::k50;
  context.profile = profile.name;
  const auto translation = apparmor::translate(operation, context);
  if (translation.rules.empty()) return {"no_rule", "AppArmor's language has no rule for it", {}, {}};
  const auto& like = translation.rules.front();
  if (const SourceRule* rule = rules.rule(like.klass, like)) {
    if (rule->rule.deny) return denied_by(*rule);
    return {
        "abi",
        "a rule of the file covers it: the profile was changed since, is not loaded, or is compiled for an ABI that "
        "has no rules of this class",
        {place(*rule)},
        {"apparmor_parser -r " + printable(profile.file)}};
  }
  Cause cause{"no_rule", fmt::format("no {} rule of the profile covers it", apparmor::keyword(like.klass)), {}, {}};
  if (const SourceRule* rule = rules.nearest(like.klass, like)) {
    cause.words += "; the nearest is";
    cause.rules.push_back(place(*rule));
  }
  return cause;
}

std::string rules_for(const Fact& fact) {
  apparmor::TranslateContext context;
  context.from_log = context.addresses = true;
  context.dialect = apparmor::Dialect::k50;
  context.profile = fact.subject.domain;
  std::vector<std::string> texts;
  for (const auto& rule : apparmor::translate(fact.operation, context).rules) texts.push_back(apparmor::to_text(rule));
  return join(texts, " ");
}

Cause disconnected(const SourceProfile* profile, const FileOp& op) {
  const bool has_flag = profile != nullptr && std::find(profile->flags.begin(), profile->flags.end(),
                                                        "attach_disconnected") != profile->flags.end();
  Cause cause{"disconnected", "the path " + printable(op.path) + " lies outside of the mount namespace's root", {}, {}};
  cause.mends.push_back(has_flag ? "the profile has attach_disconnected already: add a rule for /" + printable(op.path)
                                 : "flags=(attach_disconnected) on the profile, and a rule for /" + printable(op.path));
  return cause;
}

Cause cause_of(const Fact& fact, const SourceProfile* profile, const apparmor::RuleIndex* rules) {
  const auto* file = std::get_if<FileOp>(&fact.operation);
  if (file != nullptr && file->disconnected) return disconnected(profile, *file);
  Cause cause{"profile_unknown", "the profile's text was not found; its rules cannot be looked into", {}, {}};
  const auto* exec = std::get_if<ExecOp>(&fact.operation);
  if (profile != nullptr && file != nullptr)
    cause = file_cause(*profile, *rules,
                       {apparmor::mediated_name(*file), apparmor::letters_for(*file), file->owner == Owner::kSelf});
  else if (profile != nullptr && exec != nullptr)
    cause = file_cause(*profile, *rules, {exec->path, apparmor::kX, false});
  else if (profile != nullptr)
    cause = other_cause(*profile, *rules, fact.operation);
  if (cause.kind != "deny" && cause.kind != "allowed")
    if (const std::string missing = rules_for(fact); !missing.empty()) cause.mends.push_back("add: " + missing);
  return cause;
}

}  // namespace

ProfileShelf ProfileShelf::load(const std::vector<std::string>& paths, std::vector<std::string>& notes) {
  ProfileShelf shelf;
  for (const std::string& path : paths)
    for (const std::string& file : files_of(path)) {
      Diagnostics unused;
      const auto text = read_file(file, kMaxProfileBytes);
      auto profiles =
          text ? apparmor::read_source(*text, file, {}, unused) : Result<std::vector<SourceProfile>>(text.error());
      if (!profiles)
        notes.push_back("profile left aside: " + to_text(profiles.error()));
      else
        std::move(profiles->begin(), profiles->end(), std::back_inserter(shelf.profiles_));
    }
  return shelf;
}

const SourceProfile* ProfileShelf::named(const std::string& name) const {
  for (const SourceProfile& profile : profiles_)
    if (profile.name == name) return &profile;
  return nullptr;
}

const apparmor::RuleIndex& ProfileShelf::index(const SourceProfile& profile) const {
  auto& slot = indexes_[&profile];
  if (!slot) slot = std::make_unique<apparmor::RuleIndex>(profile);
  return *slot;
}

Explained explain_apparmor(const audit::Denial& denial, const ProfileShelf& shelf) {
  const Subject& subject = denial.facts.front().subject;
  Explained out;
  out.title = fmt::format("profile {}: {}", printable(subject.domain), printable(denial.details.operation));
  if (!denial.details.requested.empty())
    out.lines.push_back("asked " + printable(denial.details.requested) + ", refused " +
                        printable(denial.details.denied));
  if (!denial.details.info.empty()) out.lines.push_back("the kernel says: " + printable(denial.details.info));
  if (!subject.container.empty()) out.lines.push_back("policy namespace " + printable(subject.container));
  const SourceProfile* profile = subject.container.empty() ? shelf.named(subject.domain) : nullptr;
  const apparmor::RuleIndex* rules = profile != nullptr ? &shelf.index(*profile) : nullptr;
  for (const Fact& fact : denial.facts)
    out.parts.push_back({describe(fact.operation), {cause_of(fact, profile, rules)}});
  if (denial.details.info.find("no new privs") != std::string::npos)
    out.parts.front().causes.push_back({"no_new_privs",
                                        "the program runs with no_new_privs, which forbids the change of profile",
                                        {},
                                        {"unset NoNewPrivileges, or use a profile stack"}});
  if (denial.outcome == Outcome::kWouldDeny)
    out.parts.front().causes.push_back(
        {"complain", "the profile is in complain mode: it was logged and not blocked", {}, {}});
  out.fate = {Fate::kFinding, {}};
  return out;
}

}  // namespace cordon::audit_tool
