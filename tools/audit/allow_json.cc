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
    samples.push_back({{"comm", bytes_json(sample.comm)},
                       {"exe", bytes_json(sample.exe)},
                       {"path", bytes_json(sample.path)},
                       {"event", bytes_json(sample.event)},
                       {"source", bytes_json(sample.source)},
                       {"line", sample.line}});
  return {{"count", denial.tally.count},     {"first_ms", denial.tally.first_ms},
          {"last_ms", denial.tally.last_ms}, {"outcome", name_of(denial.outcome)},
          {"samples", std::move(samples)},   {"other_records", denial.other_samples}};
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

/// A rule's permissions by where they are told.
struct Shares {
  std::vector<std::string> given;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>>
      refused;                                              ///< by the reason and what to do instead
  std::map<std::string, std::vector<std::string>> unknown;  ///< by what is unknown
};

Shares shares_of(const TeRule& rule) {
  Shares out;
  for (const auto& [perm, state] : rule.perms) {
    if (!state.refused.empty())
      out.refused[{state.refused, state.instead}].push_back(perm);
    else if (state.unknown)
      out.unknown[state.reasons.empty() ? "" : state.reasons.front().words].push_back(perm);
    else
      out.given.push_back(perm);
  }
  return out;
}

Json entry_of(const TeRule& rule, const Gathered& gathered, const Json& extra) {
  Json entry = {{"source", rule.source}, {"target", rule.target}, {"class", rule.klass}};
  entry.update(extra);
  entry["count"] = count_of(rule.denials, gathered.denials);
  entry["evidence"] = evidence_of(rule.denials, gathered.denials);
  return entry;
}

Json given_json(const TeRule& rule, const std::vector<std::string>& perms, const InterfaceChoice* interface,
                const Gathered& gathered) {
  Json details = Json::object();
  for (const std::string& perm : perms) {
    const PermissionState& state = rule.perms.at(perm);
    details[perm] = {{"allowed", state.allowed}, {"reasons", reasons_json(state)}, {"remarks", state.remarks}};
  }
  Json entry = entry_of(
      rule, gathered,
      {{"permissions", perms}, {"details", std::move(details)}, {"ioctls", rule.ioctls}, {"nlmsg_types", rule.nlmsgs}});
  if (interface != nullptr)
    entry["interface"] = {{"call", interface->call}, {"excess", interface->excess}, {"beyond", interface->beyond}};
  return entry;
}

void write_rules(const SelinuxRules& selinux, const Gathered& gathered, const TeOptions& options, JsonStream& out) {
  out.begin_array("rules");
  for (std::size_t i = 0; i < selinux.rules.size(); ++i) {
    const auto interface = options.interfaces.find(i);
    const auto given = shares_of(selinux.rules[i]).given;
    if (!given.empty())
      out.item(given_json(selinux.rules[i], given, interface == options.interfaces.end() ? nullptr : &interface->second,
                          gathered));
  }
  out.end_array();
}

void write_roles(const SelinuxRules& selinux, const Gathered& gathered, JsonStream& out) {
  out.begin_array("roles");
  for (const RoleRule& role : selinux.roles)
    out.item({{"role", role.role},
              {"type", role.type},
              {"remark", role.remark},
              {"evidence", evidence_of(role.denials, gathered.denials)}});
  out.end_array();
}

void write_left_out(const SelinuxRules& selinux, const Gathered& gathered, JsonStream& out) {
  out.begin_array("refused");
  for (const TeRule& rule : selinux.rules)
    for (const auto& [why, perms] : shares_of(rule).refused)
      out.item(entry_of(rule, gathered, {{"permissions", perms}, {"why", why.first}, {"instead", why.second}}));
  out.end_array();
  out.begin_array("unknown");
  for (const TeRule& rule : selinux.rules)
    for (const auto& [why, perms] : shares_of(rule).unknown)
      out.item(entry_of(rule, gathered, {{"permissions", perms}, {"why", why}}));
  out.end_array();
}

Json profile_json(const ApparmorProfile& profile, const Gathered& gathered) {
  Json rules = Json::array(), children = Json::array();
  for (const auto& rule : profile.rules) rules.push_back(apparmor::to_text(rule));
  for (const auto& [name, child] : profile.children) children.push_back(profile_json(child, gathered));
  return {{"profile", bytes_json(profile.name)},
          {"namespace", bytes_json(profile.name_space)},
          {"rules", rules},
          {"flags", profile.flags},
          {"comments", profile.comments},
          {"children", children},
          {"evidence", evidence_of(profile.denials, gathered.denials)}};
}

Json program_json(const SeccompProgram& program, const Gathered& gathered) {
  Json calls = Json::object();
  for (const auto& [arch, names] : program.calls) calls[std::string(arch_info(arch).name)] = names;
  return {{"program", bytes_json(program.program)},
          {"calls", calls},
          {"without_name", program.without_name},
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

Result<void> write_allow_json(const Gathered& gathered, const SelinuxRules& selinux, const ApparmorRules& apparmor,
                              const SeccompRules& seccomp, const std::vector<Judgement>& fates,
                              const TeOptions& options, Write write) {
  JsonStream out(std::move(write));
  out.member("version", 1);
  out.member("kind", options.dontaudit ? "dontaudit" : "allow");
  write_rules(selinux, gathered, options, out);
  write_roles(selinux, gathered, out);
  write_left_out(selinux, gathered, out);
  out.begin_array("apparmor");
  for (const auto& [name, profile] : apparmor.profiles) out.item(profile_json(profile, gathered));
  out.end_array();
  out.begin_array("seccomp");
  for (const auto& [name, program] : seccomp.programs) out.item(program_json(program, gathered));
  out.end_array();
  out.member("notes", gathered.notes);
  out.member("counts", counts_object(gathered, fates));
  return out.finish();
}

}  // namespace cordon::audit_tool
