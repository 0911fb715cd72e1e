#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "apparmor/diff.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "flow/backends.h"
#include "modes.h"
#include "seccomp/backend.h"
#include "seccomp/diff.h"
#include "seccomp/read.h"
#include "selinux/diff.h"
#include "selinux/module_files.h"
#include "selinux/package.h"

namespace cordon::check_tool {
namespace {

/// A difference in words. `grows`: the new profile allows what the old one did not.
struct Line {
  bool grows = false;
  std::string what;
};

struct Compared {
  std::vector<Line> lines;
  std::vector<std::string> remarks;
};

using Compare = Result<Compared> (*)(const std::vector<std::string>&, const std::vector<std::string>&,
                                     const BackendOptions&, Diagnostics&);

Result<seccomp::Profile> seccomp_profile(const std::vector<std::string>& files, const BackendOptions& options,
                                         Diagnostics& diagnostics) {
  auto read = seccomp::read_profile_file(files[0], diagnostics);
  if (!read) return read.error();
  return seccomp::resolved(read->profile, seccomp::host_for(options, read->dialect));
}

Result<Compared> compare_seccomp(const std::vector<std::string>& before, const std::vector<std::string>& after,
                                 const BackendOptions& options, Diagnostics& diagnostics) {
  auto old_profile = seccomp_profile(before, options, diagnostics);
  if (!old_profile) return old_profile.error();
  auto new_profile = seccomp_profile(after, options, diagnostics);
  if (!new_profile) return new_profile.error();
  const seccomp::Diff found = seccomp::diff_profiles(*old_profile, *new_profile, seccomp::Runtime::kCrun);
  Compared compared;
  for (const seccomp::Change& change : found.changes) {
    const std::string text = seccomp::to_text(change);
    const bool signed_text = text.starts_with("+ ") || text.starts_with("- ");
    compared.lines.push_back({change.grows() || !change.shrinks(), signed_text ? text.substr(2) : text});
  }
  for (const seccomp::SettingChange& setting : found.settings) compared.lines.push_back({setting.grows, setting.what});
  compared.remarks.push_back(fmt::format("{} classes of calls compared", found.calls));
  if (found.unlisted > 0)
    compared.remarks.push_back(fmt::format("{} more differences of calls of which 16 are listed", found.unlisted));
  return compared;
}

std::string words(const apparmor::Difference& d) {
  std::string text = d.profile + ": " + d.area + " " + d.example;
  if (!d.added.empty()) text += ", new: " + d.added;
  if (!d.removed.empty()) text += ", gone: " + d.removed;
  return text + (d.by.empty() ? "" : " (" + d.by + ")");
}

Result<Compared> compare_apparmor(const std::vector<std::string>& before, const std::vector<std::string>& after,
                                  const BackendOptions& options, Diagnostics& diagnostics) {
  auto old_profiles = apparmor::read_profiles(before, options, diagnostics);
  if (!old_profiles) return old_profiles.error();
  auto new_profiles = apparmor::read_profiles(after, options, diagnostics);
  if (!new_profiles) return new_profiles.error();
  const apparmor::Diff found = apparmor::diff_profiles(**old_profiles, **new_profiles);
  Compared compared;
  for (const apparmor::Difference& d : found.differences) compared.lines.push_back({!d.added.empty(), words(d)});
  for (const std::string& name : found.only_old) compared.lines.push_back({false, "profile " + name + " is gone"});
  for (const std::string& name : found.only_new) compared.lines.push_back({true, "profile " + name + " is new"});
  if (found.stopped) compared.remarks.push_back("stopped at the limit of states: there may be more differences");
  return compared;
}

Compared compared_vectors(const std::vector<selinux::VectorChange>& changes) {
  Compared out;
  for (const selinux::VectorChange& change : changes)
    out.lines.push_back({change.added, change.rule + (change.condition.empty() ? "" : " " + change.condition)});
  return out;
}

Result<bool> is_policy(const std::vector<std::string>& files) {
  auto bytes = read_file(files[0]);
  if (!bytes) return bytes.error();
  return selinux::is_policy(*bytes);
}

Result<Compared> compare_policies(const std::string& before, const std::string& after) {
  auto old_policy = selinux::PolicyDb::load(before);
  if (!old_policy) return old_policy.error();
  auto new_policy = selinux::PolicyDb::load(after);
  if (!new_policy) return new_policy.error();
  return compared_vectors(selinux::diff_policies(*old_policy, *new_policy));
}

Result<Compared> compare_selinux(const std::vector<std::string>& before, const std::vector<std::string>& after,
                                 const BackendOptions&, Diagnostics& diagnostics) {
  const auto first = is_policy(before);
  const auto second = is_policy(after);
  if (!first || !second) return !first ? first.error() : second.error();
  if (*first != *second)
    return Error{ErrorCode::kUsage, "one is a whole policy, the other a module", printable(after[0]),
                 "compare like with like; what a module adds to a policy, cordon-check --verify tells"};
  if (*first) return compare_policies(before[0], after[0]);
  auto old_module = selinux::read_module(before, true, diagnostics);
  if (!old_module) return old_module.error();
  auto new_module = selinux::read_module(after, true, diagnostics);
  if (!new_module) return new_module.error();
  return compared_vectors(selinux::diff_modules(*old_module, *new_module));
}

struct CompareRow {
  std::string_view language;
  Compare compare;
};
constexpr std::array<CompareRow, 3> kComparers = {
    {{"seccomp", compare_seccomp}, {"apparmor", compare_apparmor}, {"selinux", compare_selinux}}};

Result<ProfileFiles> one_profile(const std::string& path) {
  auto inputs = sort_inputs({path});
  if (!inputs) return inputs.error();
  if (inputs->profiles.empty())
    return Error{ErrorCode::kBadInput, "not a profile of any language that is known here", printable(path), {}};
  return inputs->profiles[0];
}

void print_text(const Compared& compared) {
  for (const Line& line : compared.lines) fmt::print("{} {}\n", line.grows ? '+' : '-', printable(line.what));
  const auto grown = std::count_if(compared.lines.begin(), compared.lines.end(), [](const Line& l) { return l.grows; });
  fmt::print("{}: {} wider, {} narrower\n", counted(compared.lines.size(), "difference"), grown,
             compared.lines.size() - static_cast<std::size_t>(grown));
  for (const std::string& remark : compared.remarks) fmt::print("{}\n", printable(remark));
}

void print_json(const std::string_view language, const Compared& compared) {
  nlohmann::ordered_json lines = nlohmann::ordered_json::array();
  for (const Line& line : compared.lines)
    lines.push_back({{"change", line.grows ? "wider" : "narrower"}, {"what", printable(line.what)}});
  const nlohmann::ordered_json json = {{"language", language}, {"differences", lines}, {"remarks", compared.remarks}};
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

Result<int> diff(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  if (arguments.positionals().size() != 2)
    return Error{
        ErrorCode::kUsage, "--diff takes two profiles of one language", {}, "as in: cordon-check --diff OLD NEW"};
  auto before = one_profile(arguments.positionals()[0]);
  if (!before) return before.error();
  auto after = one_profile(arguments.positionals()[1]);
  if (!after) return after.error();
  if (before->backend != after->backend)
    return Error{ErrorCode::kUsage, "the two profiles are of different languages", {}, "compare like with like"};
  auto options = flow::backend_options(arguments);
  if (!options) return options.error();
  for (const CompareRow& row : kComparers) {
    if (row.language != before->backend->name()) continue;
    auto compared = row.compare(before->files, after->files, *options, diagnostics);
    if (!compared) return compared.error();
    arguments.has("json") ? print_json(row.language, *compared) : print_text(*compared);
    return compared->lines.empty() ? cli::kFine : cli::kFindings;
  }
  return Error{ErrorCode::kUsage, "profiles of this language cannot be compared", {}, {}};
}

}  // namespace cordon::check_tool
