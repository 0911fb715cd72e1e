#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/terminal.h"
#include "base/text.h"
#include "confine/confine.h"
#include "flow/data_dir.h"
#include "front.h"
#include "ptrace/engine.h"
#include "selinux/policydb.h"

namespace cordon::front {
namespace {

enum class Health : std::uint8_t { kFine, kMissing, kBroken };

/// One line of the doctor's: what was looked at, how it is, what that means, and how to mend it.
struct Finding {
  std::string what;
  Health health = Health::kFine;
  std::string detail;
  std::string mend;
};

/// Programs that are used if they are there.
struct HelperRow {
  std::string_view program;
  std::string_view use;
  std::string_view package;
};
constexpr auto kHelpers = std::to_array<HelperRow>({
    {"apparmor_parser", "compiles AppArmor profiles, so that cordon-check can decide with them", "apparmor"},
    {"checkmodule", "compiles the SELinux module of the .pp", "checkpolicy"},
    {"semodule_package", "packs the .pp", "semodule-utils"},
});

std::string find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string search = path != nullptr ? path : "";
  search += ":/usr/sbin:/sbin:/usr/local/sbin";
  for (const std::string_view directory : split(search, ':')) {
    const std::string candidate = std::string(directory) + "/" + std::string(name);
    if (!directory.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

Finding kernel_finding() {
  utsname name{};
  ::uname(&name);
  return {"kernel", Health::kFine, fmt::format("Linux {} on {}", name.release, name.machine), ""};
}

Finding ptrace_finding(const RecorderSupport& support) {
  if (support.ptrace) return {"ptrace", Health::kFine, "programs can be recorded", ""};
  return {"ptrace", Health::kBroken, support.why_not, support.mend};
}

Finding filter_finding(const RecorderSupport& support) {
  if (support.filter) return {"seccomp", Health::kFine, "one stop a syscall; 'cordon try' works", ""};
  return {"seccomp", Health::kMissing, "no filter can be installed: recording falls back to two stops a syscall",
          support.mend.empty() ? "needs a kernel with CONFIG_SECCOMP_FILTER" : support.mend};
}

Finding notify_finding(const RecorderSupport& support) {
  if (support.notify) return {"notify", Health::kFine, "seccomp user notification can be used as engine", ""};
  return {"notify", Health::kMissing, "--engine notify is not possible here; ptrace is used",
          "needs Linux 5.5 and no other listener"};
}

Finding self_finding() {
  if (confine::switched_off())
    return {"own filter", Health::kMissing, "the readers run unconfined: CORDON_CONFINE=off, or an instrumented build",
            "unset CORDON_CONFINE"};
  const confine::Confinement done = confine::probe();
  if (done.lacking.empty()) return {"own filter", Health::kFine, "the readers run under filters of their own", ""};
  return {"own filter", Health::kMissing, "the readers run less confined: " + join(done.lacking, "; "),
          "nothing breaks; a newer kernel, or a container that lets seccomp filters be set, mends it"};
}

Finding lsm_finding() {
  const auto list = read_file("/sys/kernel/security/lsm", 4096);
  if (list) return {"LSMs", Health::kFine, std::string(trim(*list)) + " are active in this kernel", ""};
  return {"LSMs", Health::kMissing, "cannot be told here; profiles are made and checked all the same",
          "mount securityfs on /sys/kernel/security to see them"};
}

Finding policy_finding() {
  const auto policy = selinux::find_policy();
  if (policy) return {"SELinux policy", Health::kFine, *policy, ""};
  return {"SELinux policy", Health::kMissing, "none found: SELinux modules cannot be linked and checked",
          "apt-get install selinux-policy-default, or name one with --policy and --file-contexts"};
}

Finding helper_finding(const HelperRow& row) {
  const std::string path = find_program(row.program);
  if (!path.empty()) return {std::string(row.program), Health::kFine, path, ""};
  return {std::string(row.program), Health::kMissing, fmt::format("not found: {}", row.use),
          fmt::format("apt-get install {}", row.package)};
}

Finding data_finding() {
  const auto data = flow::data_dir();
  if (data) return {"data", Health::kFine, *data, ""};
  return {"data", Health::kBroken, data.error().what, data.error().hint};
}

std::vector<Finding> examine() {
  const RecorderSupport support = probe_recorder();
  std::vector<Finding> findings = {kernel_finding(),        ptrace_finding(support), filter_finding(support),
                                   notify_finding(support), self_finding(),          lsm_finding(),
                                   policy_finding()};
  for (const HelperRow& row : kHelpers) findings.push_back(helper_finding(row));
  findings.push_back(data_finding());
  return findings;
}

struct HealthRow {
  std::string_view word;
  Style style;
};
constexpr std::array<HealthRow, 3> kHealth = {
    {{"ok", Style::kGreen}, {"missing", Style::kYellow}, {"broken", Style::kRed}}};

void print_text(const std::vector<Finding>& findings) {
  const bool colour = wants_colour(STDOUT_FILENO);
  for (const Finding& finding : findings) {
    const HealthRow& row = kHealth[static_cast<std::size_t>(finding.health)];
    fmt::print("{} {:<18}{}\n", styled(fmt::format("{:<8}", row.word), row.style, colour), finding.what,
               printable(finding.detail));
    if (finding.health != Health::kFine) fmt::print("{:27}mend: {}\n", "", printable(finding.mend));
  }
}

void print_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Finding& f : findings)
    json.push_back({{"what", f.what},
                    {"health", kHealth[static_cast<std::size_t>(f.health)].word},
                    {"detail", printable(f.detail)},
                    {"mend", printable(f.mend)}});
  fmt::print("{}\n", json.dump(2));
}

int run_doctor(const cli::Arguments& arguments) {
  const std::vector<Finding> findings = examine();
  arguments.has("json") ? print_json(findings) : print_text(findings);
  for (const Finding& finding : findings)
    if (finding.health == Health::kBroken) return cli::kEnvironment;
  return cli::kFine;
}

}  // namespace

cli::CommandRow doctor_command() {
  return {"doctor",
          "tell what works on this machine, and how to mend what does not",
          "",
          {{"--json", "", "print JSON instead of text"}},
          {"cordon doctor"},
          run_doctor};
}

}  // namespace cordon::front
