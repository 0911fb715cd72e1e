#include "seccomp/risk.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "seccomp/decide.h"
#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

bool passes(const Reference& reference, const Call& call) {
  const Answer answer = reference.ask(call);
  return std::any_of(answer.values.begin(), answer.values.end(), lets_pass);
}

/// Whether the call passes for some of the values that an exploit needs at an argument.
bool passes_with(const Reference& reference, Arch arch, std::uint32_t number, const RowArg& arg) {
  for (const std::uint64_t value : arg.values)
    for (const auto& vector : argument_classes(reference.rules_of(arch, number))) {
      Call call{arch, number, vector};
      call.args.at(arg.index) = (call.args.at(arg.index) & ~arg.mask) | (value & arg.mask);
      if (passes(reference, call)) return true;
    }
  return false;
}

bool meets(const Reference& reference, Arch arch, const CveNeed& need) {
  return std::any_of(need.calls.begin(), need.calls.end(), [&](const std::string& name) {
    const auto number = number_on(arch, name);
    if (!number) return false;
    // clone3 takes its flags behind a pointer: no argument keeps an exploit from them.
    if (!need.arg || name == "clone3") return reach_of(reference, arch, name) != Reach::kDenied;
    return passes_with(reference, arch, static_cast<std::uint32_t>(*number), *need.arg);
  });
}

void find_risks(Assessment& out, const Reference& reference, Arch arch, const Data& data) {
  for (const RiskRow& row : data.risks) {
    RiskFinding finding{&row, {}};
    for (const std::string& name : row.calls) {
      const Reach reach = reach_of(reference, arch, name);
      if (reach == Reach::kWhole || (reach == Reach::kFiltered && !row.unless_filtered))
        finding.calls.push_back({name, reach});
    }
    if (!finding.calls.empty()) out.risks.push_back(std::move(finding));
  }
}

std::string versus(const std::vector<Compared>& references, std::size_t (*figure)(const Assessment&)) {
  std::vector<std::string> parts;
  for (const Compared& reference : references)
    parts.push_back(reference.name + (parts.empty() ? "'s default " : "'s ") +
                    std::to_string(figure(reference.assessment)));
  return parts.empty() ? "" : " (" + join(parts, ", ") + ")";
}

}  // namespace

Reach reach_of(const Reference& reference, Arch arch, const std::string& name) {
  const auto number = number_on(arch, name);
  if (!number) return Reach::kDenied;
  bool some = false;
  bool all = true;
  for (const auto& vector : argument_classes(reference.rules_of(arch, static_cast<std::uint32_t>(*number)))) {
    const bool pass = passes(reference, {arch, static_cast<std::uint32_t>(*number), vector});
    some = some || pass;
    all = all && pass;
  }
  return !some ? Reach::kDenied : all ? Reach::kWhole : Reach::kFiltered;
}

Assessment assess(const Profile& profile, const Data& data, Arch arch) {
  Assessment out;
  const Reference reference(profile, Runtime::kPlain, arch_info(arch).native);
  out.total = names_on(arch).size();
  for (const std::string& name : names_on(arch)) {
    const Reach reach = reach_of(reference, arch, name);
    out.allowed += reach != Reach::kDenied;
    out.filtered += reach == Reach::kFiltered;
  }
  find_risks(out, reference, arch, data);
  for (const CveRow& cve : data.cves) {
    const bool open = std::all_of(cve.needs.begin(), cve.needs.end(),
                                  [&](const CveNeed& need) { return meets(reference, arch, need); });
    (open ? out.open_cves : out.blocked_cves).push_back(cve.id);
  }
  return out;
}

std::vector<Compared> reference_assessments(const Data& data) {
  std::vector<Compared> out;
  for (const ReferenceProfile& reference : data.references)
    out.push_back({reference.name, reference.source, assess(reference.profile, data, Arch::kX86_64)});
  return out;
}

std::vector<std::string> risk_summary(const Assessment& assessment, const Data& data) {
  const auto references = reference_assessments(data);
  const auto allowed = [](const Assessment& a) { return a.allowed; };
  const auto blocked = [](const Assessment& a) { return a.blocked_cves.size(); };
  std::vector<std::string> out = {fmt::format(
      "allows {} of {} calls{}; blocks the known entry of {} of {} listed CVEs{}", assessment.allowed, assessment.total,
      versus(references, allowed), assessment.blocked_cves.size(), data.cves.size(), versus(references, blocked))};
  for (const RiskFinding& finding : assessment.risks) {
    std::vector<std::string> names;
    for (const CallReach& call : finding.calls)
      names.push_back(call.name + (call.reach == Reach::kFiltered ? " (by argument)" : ""));
    out.push_back(fmt::format("risk {}, {}: {}: {}", finding.row->severity, finding.row->group, join(names, " "),
                              finding.row->reason));
  }
  return out;
}

}  // namespace cordon::seccomp
