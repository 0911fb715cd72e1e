#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "selinux/app_module.h"
#include "selinux/backend.h"
#include "selinux/decider.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

/// CPU seconds of this process: what else the machine does at the time is not measured.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// Of the children that have ended.
double child_seconds() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

std::vector<Fact> many_files(int count) {
  static const char* const kRoots[] = {"/usr/share/doc", "/etc", "/var/lib/app", "/usr/lib/app",
                                       "/home/user/src", "/tmp", "/opt/app/data"};
  std::vector<Fact> out;
  for (int i = 0; i < count; ++i) {
    FileOp op;
    op.path = std::string(kRoots[i % 7]) + "/d" + std::to_string(i % 211) + "/file" + std::to_string(i);
    op.kind = FileKind::kRegular;
    op.perms = i % 7 == 2 || i % 7 == 5 ? FilePerms(FilePerm::kCreate) | FilePerm::kWrite
                                        : FilePerms(FilePerm::kRead) | FilePerm::kGetattr;
    Fact fact;
    fact.operation = op;
    out.push_back(fact);
  }
  return out;
}

}  // namespace

// Hidden: run by tests/bench/selinux, which sets the limits.
TEST_CASE("10 000 facts are synthesised and decided", "[.bench]") {
  const auto path = find_policy();
  const auto contexts = find_file_contexts();
  if (!path || !contexts) return;
  const auto facts = many_files(10000);
  Policy policy;
  policy.name = "speed";
  policy.program = "/usr/bin/speed";
  for (const Fact& fact : facts)
    policy.rules.push_back(Rule::observed({fact.subject, fact.operation, std::nullopt}, {"f"}));
  Diagnostics diagnostics;
  double start = cpu_seconds();
  auto base = PolicyDb::load(*path);
  auto labels = Labels::open(*contexts);
  REQUIRE((base.ok() && labels.ok()));
  auto built = build_app_module(policy, *base, *labels, {}, diagnostics);
  REQUIRE(built.ok());
  std::cout << "synthesise_s " << cpu_seconds() - start << "\n";
  start = cpu_seconds();
  auto again = PolicyDb::load(*path);
  auto again_labels = Labels::open(*contexts);
  auto decider = make_decider(std::move(*again), std::move(*again_labels), std::move(built->module), diagnostics);
  REQUIRE(decider.ok());
  std::size_t allowed = 0;
  for (const Fact& fact : facts) allowed += (*decider)->decide(fact).ruling == Ruling::kAllowed ? 1 : 0;
  std::cout << "decide_s " << cpu_seconds() - start << "\npeak_mb " << peak_megabytes() << "\n";
  CHECK(allowed == facts.size());
}

TEST_CASE("a policy is loaded from its own place and from another", "[.bench]") {
  const auto path = find_policy();
  if (!path) return;
  const auto copy = std::filesystem::temp_directory_path() / ("cordon-bench-" + std::to_string(getpid()));
  std::filesystem::copy_file(*path, copy);
  constexpr int kTimes = 5;
  for (const auto& [name, place] : {std::pair("load_own_s", *path), std::pair("load_other_s", copy.string())}) {
    const double start = cpu_seconds() + child_seconds();
    for (int i = 0; i < kTimes; ++i) REQUIRE(PolicyDb::load(place).ok());
    std::cout << name << " " << (cpu_seconds() + child_seconds() - start) / kTimes << "\n";
  }
  std::filesystem::remove(copy);
}

TEST_CASE("8 500 denials are explained", "[.bench]") {
  const auto path = find_policy();
  if (!path) return;
  const double start = cpu_seconds();
  auto policy = PolicyDb::load(*path);
  REQUIRE(policy.ok());
  const auto types = policy->types();
  std::size_t explained = 0;
  for (std::size_t i = 0; explained < 8500; ++i) {
    const std::string source = "system_u:system_r:" + types[(i * 7919) % types.size()] + ":s0";
    if (!policy->is_valid_context(source)) continue;
    const std::string target = "system_u:object_r:" + types[(i * 104729 + 13) % types.size()] + ":s0";
    explained += policy->explain(source, target, "file", {"read", "write", "open"}).perms.size() == 3 ? 1 : 0;
  }
  std::cout << "explain_8500_s " << cpu_seconds() - start << "\npeak_mb " << peak_megabytes() << "\n";
}
