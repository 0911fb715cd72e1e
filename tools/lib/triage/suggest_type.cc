#include "triage/suggest_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "triage/fill.h"
#include "triage/fold.h"
#include "triage/instance.h"
#include "triage/selinux_requests.h"

namespace cordon::triage {
namespace {

constexpr std::size_t kSuggested = 2;

/// What a type's name says of its files: data before configuration, and never programs or what the system makes.
constexpr std::string_view kFitting[] = {"_content_t", "_data_t",  "_var_lib_t", "_share_t", "_rw_t",    "_file_t",
                                         "_spool_t",   "_cache_t", "_etc_t",     "_conf_t",  "_config_t"};

std::size_t fit_of(std::string_view type) {
  const auto at =
      std::find_if(std::begin(kFitting), std::end(kFitting), [&](auto suffix) { return type.ends_with(suffix); });
  return static_cast<std::size_t>(at - std::begin(kFitting));
}

bool allows_all(const selinux::PolicyDb& policy, const std::vector<std::vector<Request>>& requests,
                const std::string& type) {
  for (const auto& shape : requests)
    for (const auto& request : shape)
      for (const auto& perm : request.av.perms)
        if (!policy.allows(request.av.source, with_type(request.av.target, type), request.av.klass, perm)
                 .value_or(false))
          return false;
  return true;
}

/// The permissions on one file of that type beyond those asked for.
std::size_t opened(const selinux::PolicyDb& policy, const Request& request, const std::string& type) {
  std::size_t count = 0;
  for (const auto& perm : policy.perms_of(request.av.klass)) {
    const bool asked = std::find(request.av.perms.begin(), request.av.perms.end(), perm) != request.av.perms.end();
    count +=
        !asked &&
        policy.allows(request.av.source, with_type(request.av.target, type), request.av.klass, perm).value_or(false);
  }
  return count;
}

Fix fix_for(const Blanks& blanks, const std::string& type) {
  FixTemplate form;
  form.kind = FixKind::kRelabel;
  form.title = "Label {path} as " + type + ", for good";
  form.commands = {"semanage fcontext -a -t " + shell_quote(type) + " {path_regex}", "restorecon -RFv -- {path}"};
  form.undo = {"semanage fcontext -d {path_regex}", "restorecon -RFv -- {path}"};
  form.with = {{"type", type}};
  return make_fix(form, blanks, "policy").value_or(Fix{});
}

}  // namespace

std::vector<Fix> suggest_types(const selinux::PolicyDb& policy, const Finding& finding) {
  const auto requests = requests_of(finding);
  if (finding.rule != "label-generic" || requests.empty()) return {};
  const auto& first = requests.front().front();
  const auto source = split_context(first.av.source).type;
  const std::string stem(source.substr(0, source.rfind("_t") + 1));
  if (stem.size() < 3) return {};
  std::vector<std::tuple<std::size_t, std::size_t, std::string>> order;
  for (const auto& type : policy.types_of("file_type"))
    if (type.starts_with(stem) && fit_of(type) < std::size(kFitting) && allows_all(policy, requests, type))
      order.emplace_back(opened(policy, first, type), fit_of(type), type);
  std::sort(order.begin(), order.end());
  if (order.size() > kSuggested) order.resize(kSuggested);
  std::vector<Fix> fixes;
  const auto blanks = blanks_of(finding, lead_shape(finding));
  for (const auto& [opens, fit, type] : order)
    if (auto fix = fix_for(blanks, type); !fix.commands.empty()) fixes.push_back(std::move(fix));
  return fixes;
}

}  // namespace cordon::triage
