// rooms: selinux policy facts kernel base
// A module of any rules in refpolicy's style, with interfaces of ours and of the input: each access that the module
// grants is granted by a rule or by a call, and nothing breaks out of the two blocks.
#include <set>

#include "selinux/interfaces.h"
#include "selinux/module.h"
#include "selinux/refpolicy_te.h"
#include "support.h"

namespace {

using namespace cordon;
using namespace cordon::selinux;

constexpr const char* kDomain = "fuzz_t";
constexpr const char* kOwn = R"m4(
interface(`n0_read',`
  gen_require(`
    type n0_t;
  ')
  allow $1 n0_t:file { getattr open read };
  allow $1 n1_t:dir search;
')
interface(`n1_all',`
  gen_require(`
    type n1_t; attribute n2_t;
  ')
  allow $1 { n1_t n2_t }:file { append create getattr ioctl lock open read rename setattr unlink write };
')
interface(`to_any',`
  allow $1 $2:file { read write };
')
)m4";

Module module_of(fuzz::Choices& choices) {
  static const char* const kPerms[] = {"append", "getattr", "ioctl", "open", "read", "search", "unlink", "write"};
  constexpr int kMostRules = 32;
  Module out;
  out.name = "fuzz";
  out.types = {kDomain, "fuzz_exec_t"};
  for (int i = 0; i < kMostRules && choices.more(); ++i) {
    const std::size_t kind = choices.below(16);
    const std::string target = kind == 15   ? choices.bytes()
                               : kind == 14 ? kDomain
                                            : "n" + std::to_string(kind % 5) + "_t";
    out.allow(choices.below(8) == 0 ? "n3_t" : kDomain, target, choices.below(4) == 0 ? "dir" : "file",
              {kPerms[choices.below(8)], kPerms[choices.below(8)]});
    if (choices.below(8) == 0) out.remarks.push_back(choices.bytes());
  }
  return out;
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++out;
  return out;
}

bool has_line(const std::string& te, const std::string& line) { return te.find("\n" + line + "\n") != te.npos; }

std::string rule_line(const Access& access, const std::set<std::string>& perms) {
  std::string list;
  for (const std::string& perm : perms) list += " " + perm;
  return "allow " + access.source + " " + access.target + ":" + access.klass +
         (perms.size() == 1 ? list : " {" + list + " }") + ";";
}

/// Rules that a call may stand for: the domain's, on types that are not the module's own.
Vectors needs_of(const Module& module) {
  Vectors out;
  for (const auto& [access, perms] : module.rules)
    if (access.source == kDomain && access.target != "self" && !module.types.contains(access.target))
      out[{access.source, access.target, access.klass}] = perms;
  return out;
}

bool is_called(const Interfaces& interfaces, const std::string& te, const Vectors& needed, const Vector& vector,
               const std::set<std::string>& perms) {
  constexpr std::size_t kAll = 1000;
  for (const InterfaceCall& call : interfaces.matches(kDomain, vector.target, vector.klass, perms, needed, kAll))
    if (has_line(te, call.text)) return call.excess <= kInterfaceBudget;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = std::min(text.find("\n%%\n"), text.size());
  fuzz::Choices choices(text.substr(0, end));
  const Module module = module_of(choices);
  const std::string given(text.substr(std::min(end + 4, text.size())));
  const auto interfaces = Interfaces::parse({{"own.if", kOwn}, {"given.if", given}}, nullptr);
  if (!interfaces) return 0;
  const RefpolicyText made = write_refpolicy_te(module, kDomain, *interfaces);
  if (!bad_names(module).empty()) return 0;  // refused by name
  fuzz::require(count(made.te, "\npolicy_module(fuzz, 1.0.0)\n") + made.te.starts_with("policy_module(fuzz, ") == 1);
  fuzz::require(count(made.te, "\ngen_require(`\n") == 1 && count(made.te, "\n')\n") == 1);
  fuzz::require(count(made.te, "\n}\n") == 0);
  const Vectors needed = needs_of(module);
  for (const auto& [access, perms] : module.rules)
    fuzz::require(has_line(made.te, rule_line(access, perms)) ||
                  is_called(*interfaces, made.te, needed, {access.source, access.target, access.klass}, perms));
  return 0;
}
