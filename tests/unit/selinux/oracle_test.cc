#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <random>

#include "selinux/cil.h"
#include "selinux/diff.h"
#include "selinux/link.h"
#include "selinux/module_files.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Contexts of a type as a process and as an object; those that are valid in the policy.
std::vector<std::string> contexts_of(const PolicyDb& policy, const std::string& type) {
  std::vector<std::string> out;
  for (const char* start : {"system_u:system_r:", "unconfined_u:unconfined_r:", "system_u:object_r:"}) {
    std::string context = start + type + (policy.mls() ? ":s0" : "");
    if (policy.is_valid_context(context)) out.push_back(std::move(context));
  }
  return out;
}

}  // namespace

// Hidden: run by tests/selinux/linked-as-secilc, which compiles the policies.
TEST_CASE("the module linked in memory is the module compiled by secilc", "[.oracle]") {
  auto linked = PolicyDb::load(variable("CORDON_TEST_BASE"));
  auto compiled = PolicyDb::load(variable("CORDON_TEST_COMPILED"));
  REQUIRE((linked.ok() && compiled.ok()));
  Diagnostics diagnostics;
  const auto module = read_module({variable("CORDON_TEST_MODULE")}, true, diagnostics);
  REQUIRE(module.ok());
  REQUIRE(link_module(*linked, *module, diagnostics).ok());
  std::size_t compared = 0;
  std::size_t different = 0;
  std::size_t allowed = 0;
  const auto classes = linked->classes();
  const auto compare = [&](const std::string& source, const std::string& target) {
    for (const std::string& klass : classes) {
      for (const std::string& perm : linked->perms_of(klass)) {
        const auto ours = linked->allows(source, target, klass, perm);
        ++compared;
        allowed += ours.value_or(false) ? 1 : 0;
        if (ours == compiled->allows(source, target, klass, perm)) continue;
        if (++different < 20)
          UNSCOPED_INFO(source << " " << target << " " << klass << " " << perm << ": ours " << ours.value_or(false));
      }
    }
  };
  const auto types = linked->types();
  for (const std::string& own : module->types)
    for (std::size_t i = 0; i < types.size(); ++i) {
      if (i % 5 != 0 && !module->types.contains(types[i])) continue;
      for (const std::string& a : contexts_of(*linked, own))
        for (const std::string& b : contexts_of(*linked, types[i])) {
          compare(a, b);
          compare(b, a);
        }
    }
  CHECK(different == 0);
  CHECK(allowed > 1000);
  for (const TypeRule& rule : module->type_rules)
    CHECK(linked->new_type(rule.source, rule.target, rule.klass, rule.name) ==
          compiled->new_type(rule.source, rule.target, rule.klass, rule.name));
  WARN("compared " << compared << " permissions, " << allowed << " allowed");
}

// Hidden: run by tests/selinux/kernel-agrees, which asks a kernel the same.
TEST_CASE("a table of verdicts is written out", "[.vectors]") {
  const auto policy = PolicyDb::load(variable("CORDON_TEST_BASE"));
  REQUIRE(policy.ok());
  std::ofstream out(variable("CORDON_TEST_OUT"));
  const auto types = policy->types();
  const std::vector<std::string> classes = {
      "file", "dir",        "process", "tcp_socket", "capability", "unix_stream_socket",
      "fd",   "filesystem", "system",  "lnk_file"};
  std::mt19937 random(11);
  std::size_t written = 0;
  std::size_t allowed = 0;
  const auto any = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  const std::vector<std::string> often = {"small_t",     "unconfined_t", "init_t", "kernel_t",
                                          "small_tmp_t", "etc_t",        "lib_t",  "tmp_t"};
  const std::vector<std::string> ranges = {"s0", "s0:c1", "s0-s0:c0.c1023", "s0:c1,c2"};
  while (written < 1500) {
    const std::string source = "system_u:system_r:" + (random() % 4 == 0 ? any(types) : any(often)) + ":" + any(ranges);
    const std::string target = (random() % 3 == 0 ? "unconfined_u:unconfined_r:" : "system_u:object_r:") +
                               (random() % 2 == 0 ? any(types) : any(often)) + ":" + any(ranges);
    const std::string klass = any(classes);
    if (!policy->is_valid_context(source) || !policy->is_valid_context(target)) continue;
    for (const std::string& perm : policy->perms_of(klass)) {
      const bool may = policy->allows(source, target, klass, perm).value_or(false);
      out << source << ' ' << target << ' ' << klass << ' ' << perm << ' ' << may << '\n';
      allowed += may ? 1 : 0;
    }
    ++written;
  }
  CHECK(allowed > 500);
}

// Hidden: run by tests/selinux/audit2why-agrees. One line of reasons for each line "source target class permission".
TEST_CASE("requests are explained line by line", "[.explain]") {
  const auto policy = PolicyDb::load(variable("CORDON_TEST_BASE"));
  REQUIRE(policy.ok());
  std::ifstream in(variable("CORDON_TEST_IN"));
  std::ofstream out(variable("CORDON_TEST_OUT"));
  std::string source, target, klass, perm;
  while (in >> source >> target >> klass >> perm) {
    const Explanation explained = policy->explain(source, target, klass, {perm});
    for (const Reason& reason : explained.perms[0].reasons) {
      out << name_of(reason.kind);
      for (const BooleanFix& fix : reason.fixes) {
        out << '=';
        for (const BooleanSetting& setting : fix.set) out << setting.name << (setting.on ? "+" : "-");
      }
      out << ' ';
    }
    out << '\n';
  }
}
