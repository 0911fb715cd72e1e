#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "audit/log_trace.h"
#include "base/bytes.h"
#include "base/text.h"
#include "facts/describe.h"
#include "modes.h"
#include "selinux/module_files.h"
#include "selinux/verify.h"
#include "selinux_inputs.h"

namespace cordon::check_tool {
namespace {

using selinux::Fixed;

/// The SELinux denials among the log's facts, in the trace's order.
std::vector<AvOp> denials_of(const Trace& trace) {
  std::vector<AvOp> denials;
  for (const Fact& fact : trace.facts)
    if (const auto* av = std::get_if<AvOp>(&fact.operation)) denials.push_back(*av);
  return denials;
}

void print_text(const selinux::Verification& verified, const std::vector<AvOp>& denials) {
  for (std::size_t i = 0; i < denials.size(); ++i) {
    const selinux::VerifiedDenial& one = verified.denials[i];
    fmt::print("{:<10} {}{}\n", selinux::name_of(one.fixed), describe(Operation(denials[i])),
               one.why.empty() ? "" : " — " + printable(one.why));
  }
  for (const std::string& rule : verified.excess) fmt::print("excess     {}\n", printable(rule));
  fmt::print("{} = {} fixed + {} remaining + {} allowed already + {} unknown to the policy; {} that none asked for\n",
             counted(denials.size(), "denial"), verified.count(Fixed::kFixed), verified.count(Fixed::kRemaining),
             verified.count(Fixed::kAllowed), verified.count(Fixed::kUnknown),
             counted(verified.excess.size(), "new rule"));
}

void print_json(const selinux::Verification& verified, const std::vector<AvOp>& denials) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (std::size_t i = 0; i < denials.size(); ++i)
    rows.push_back({{"denial", describe(Operation(denials[i]))},
                    {"verdict", selinux::name_of(verified.denials[i].fixed)},
                    {"remaining", verified.denials[i].remaining},
                    {"why", printable(verified.denials[i].why)}});
  const Json json = {{"fixed", verified.count(Fixed::kFixed)},
                     {"remaining", verified.count(Fixed::kRemaining)},
                     {"allowed", verified.count(Fixed::kAllowed)},
                     {"unknown", verified.count(Fixed::kUnknown)},
                     {"denials", rows},
                     {"excess", verified.excess}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

Result<int> verify(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  const auto modules = arguments.get_all("module");
  if (modules.empty())
    return Error{
        ErrorCode::kUsage, "--verify needs the module that is to mend the denials", {}, "name it with --module"};
  auto policy = selinux_policy(arguments);
  if (!policy) return policy.error();
  auto module = selinux::read_module(modules, policy->mls(), diagnostics);
  if (!module) return module.error();
  auto log = audit::read_log_facts(arguments.get_all("verify"), {}, diagnostics);
  if (!log) return log.error();
  if (diagnostics.has_errors()) return cli::kBadInput;
  const std::vector<AvOp> denials = denials_of(log->trace);
  auto verified = selinux::verify_denials(denials, *policy, *module, diagnostics);
  if (!verified) return verified.error();
  arguments.has("json") ? print_json(*verified, denials) : print_text(*verified, denials);
  const bool mended = verified->count(Fixed::kRemaining) == 0 && verified->count(Fixed::kUnknown) == 0;
  return mended ? cli::kFine : cli::kFindings;
}

}  // namespace cordon::check_tool
