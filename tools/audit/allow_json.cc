#include "allow_json.h"

#include <nlohmann/json.hpp>

#include "apparmor_rules.h"
#include "base/bytes.h"
#include "base/text.h"
#include "facts/names.h"
#include "remarks.h"
#include "seccomp_rules.h"

namespace cordon::audit_tool {

using Json = nlohmann::ordered_json;

Json bytes_json(const std::string& bytes) { return is_utf8(bytes) ? Json(bytes) : Json{{"hex", to_hex(bytes)}}; }

Json evidence_json(const audit::Denial& denial) {
  Json samples = Json::array();
  for (const audit::Evidence& sample : denial.samples)
    samples.push_back({{"comm", bytes_json(sample.comm)}, {"exe", bytes_json(sample.exe)}, {"path", bytes_json(sample.path)},
                       {"event", bytes_json(sample.event)}, {"source", bytes_json(sample.source)}, {"line", sample.line}});
  return {{"count", denial.tally.count},     {"first_ms", denial.tally.first_ms}, {"last_ms", denial.tally.last_ms},
          {"outcome", name_of(denial.outcome)}, {"samples", std::move(samples)},  {"other_records", denial.other_samples}};
}

Json reasons_json(const PermissionState& state) {
  Json reasons = Json::array();
  for (const selinux::Reason& reason : state.reasons) {
    Json fixes = Json::array();
    for (const auto& fix : reason.fixes) fixes.push_back({{"command", boolean_command(fix)}, {"opens", fix.opens}});
    Json one = {{"kind", selinux::name_of(reason.kind)}, {"words", reason.words}};
    if (!reason.rules.empty()) one["rules"] = reason.rules;
    if (!fixes.empty()) one["fixes"] = std::move(fixes);
    reasons.push_back(std::move(one));
  }
  return reasons;
}

namespace {

Json evidence_of(const std::vector<std::size_t>& indexes, const std::vector<audit::Denial>& denials) {
  Json out = Json::array();
  for (const std::size_t index : indexes)
    if (index < denials.size()) out.push_back(evidence_json(denials[index]));
  return out;
}

std::uint64_t count_of(const std::vector<std::size_t>& indexes, const std::vector<audit::Denial>& denials) {
  std::uint64_t count = 0;
  for (const std::size_t index : indexes) count += denials[index].tally.count;
  return count;
}

/// The rule's permissions that are given, and one entry of `refused` for each reason.
void add_rule(const TeRule& rule, const InterfaceChoice* interface, const Gathered& gathered, Json& rules, Json& refused, Json& unknown) {
  Json given = Json::array(), details = Json::object();
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> by_reason;
  std::map<std::string, std::vector<std::string>> not_known;
  for (const auto& [perm, state] : rule.perms) {
    if (!state.refused.empty()) by_reason[{state.refused, state.instead}].push_back(perm);
    else if (state.unknown) not_known[state.reasons.empty() ? "" : state.reasons.front().words].push_back(perm);
    else {
      given.push_back(perm);
      details[perm] = {{"allowed", state.allowed}, {"reasons", reasons_json(state)}, {"remarks", state.remarks}};
    }
  }
  const Json head = {{"source", rule.source}, {"target", rule.target}, {"class", rule.klass}};
  const auto with = [&](Json extra) {
    Json entry = head;
    entry.update(extra);
    entry["count"] = count_of(rule.denials, gathered.denials);
    entry["evidence"] = evidence_of(rule.denials, gathered.denials);
    return entry;
  };
  if (!given.empty())
    rules.push_back(with({{"permissions", given}, {"details", details}, {"ioctls", rule.ioctls}, {"nlmsg_types", rule.nlmsgs}}));
  if (!given.empty() && interface != nullptr)
    rules.back()["interface"] = {{"call", interface->call}, {"excess", interface->excess}, {"beyond", interface->beyond}};
  for (const auto& [why, perms] : by_reason) refused.push_back(with({{"permissions", perms}, {"why", why.first}, {"instead", why.second}}));
  for (const auto& [why, perms] : not_known) unknown.push_back(with({{"permissions", perms}, {"why", why}}));
}

Json profile_json(const ApparmorProfile& profile, const Gathered& gathered) {
  Json rules = Json::array(), children = Json::array();
  for (const auto& rule : profile.rules) rules.push_back(apparmor::to_text(rule));
  for (const auto& [name, child] : profile.children) children.push_back(profile_json(child, gathered));
  return {{"profile", bytes_json(profile.name)}, {"namespace", bytes_json(profile.name_space)}, {"rules", rules}, {"flags", profile.flags},
          {"comments", profile.comments}, {"children", children}, {"evidence", evidence_of(profile.denials, gathered.denials)}};
}

Json program_json(const SeccompProgram& program, const Gathered& gathered) {
  Json calls = Json::object();
  for (const auto& [arch, names] : program.calls) calls[std::string(arch_info(arch).name)] = names;
  return {{"program", bytes_json(program.program)}, {"calls", calls}, {"without_name", program.without_name},
          {"evidence", evidence_of(program.denials, gathered.denials)}};
}

}  // namespace

Json counts_object(const Gathered& gathered, const std::vector<Judgement>& fates) {
  const FateCounts counts = count_fates(gathered.denials, fates);
  std::map<std::string, std::uint64_t> unexplained;
  for (std::size_t i = 0; i < fates.size(); ++i)
    if (fates[i].fate == Fate::kUnexplained) unexplained[printable(fates[i].why)] += gathered.denials[i].tally.count;
  return {{"read", Json::parse(counts_json(gathered.logs.counts))},
          {"denials", counts.denials()},
          {"by_rules", counts.rules},
          {"by_findings", counts.findings},
          {"unexplained", counts.unexplained},
          {"unexplained_reasons", unexplained},
          {"filtered", gathered.filtered},
          {"not_denied", gathered.not_denied}};
}

Json allow_json(const Gathered& gathered, const SelinuxRules& selinux, const ApparmorRules& apparmor, const SeccompRules& seccomp,
                const std::vector<Judgement>& fates, const TeOptions& options) {
  Json rules = Json::array(), refused = Json::array(), unknown = Json::array(), roles = Json::array();
  for (std::size_t i = 0; i < selinux.rules.size(); ++i) {
    const auto interface = options.interfaces.find(i);
    add_rule(selinux.rules[i], interface == options.interfaces.end() ? nullptr : &interface->second, gathered, rules, refused, unknown);
  }
  for (const RoleRule& role : selinux.roles)
    roles.push_back({{"role", role.role}, {"type", role.type}, {"remark", role.remark}, {"evidence", evidence_of(role.denials, gathered.denials)}});
  Json profiles = Json::array(), programs = Json::array();
  for (const auto& [name, profile] : apparmor.profiles) profiles.push_back(profile_json(profile, gathered));
  for (const auto& [name, program] : seccomp.programs) programs.push_back(program_json(program, gathered));
  return {{"version", 1},
          {"kind", options.dontaudit ? "dontaudit" : "allow"},
          {"rules", rules},
          {"roles", roles},
          {"refused", refused},
          {"unknown", unknown},
          {"apparmor", profiles},
          {"seccomp", programs},
          {"notes", gathered.notes},
          {"counts", counts_object(gathered, fates)}};
}

}  // namespace cordon::audit_tool
