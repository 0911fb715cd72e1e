#include "apparmor/breadth.h"

#include <set>

#include "apparmor/data.h"
#include "apparmor/glob.h"
#include "apparmor/text.h"
#include "apparmor/translate.h"
#include "apparmor/walk.h"
#include "base/bytes.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

/// What the facts needed, by name.
struct Used {
  std::map<std::string, FileLetters> letters;
  std::set<std::string> capabilities;
};

Used used_by(const Trace& trace) {
  Used used;
  for (const Fact& fact : trace.facts) {
    if (const auto* file = std::get_if<FileOp>(&fact.operation))
      used.letters[mediated_name(*file)] |= letters_for(*file);
    if (const auto* exec = std::get_if<ExecOp>(&fact.operation)) used.letters[exec->path] |= kX | kR | kM;
    if (const auto* capability = std::get_if<CapabilityOp>(&fact.operation)) used.capabilities.insert(capability->name);
  }
  return used;
}

std::string place(const SourceRule* rule) {
  return rule == nullptr ? std::string() : rule->file + ":" + std::to_string(rule->line);
}

void probe_profile(const ProfileDecider& decider, const CompiledProfile& profile, const Used& used, Breadth& out) {
  const RuleIndex* rules = decider.source_for(profile.name);
  for (const Probe& probe : path_probes()) {
    ++out.probes;
    const auto seen = used.letters.find(probe.path);
    const FileLetters needed = seen == used.letters.end() ? 0 : seen->second;
    const FileAnswer answer = ask_file(profile, probe.path);
    const FileLetters open = (answer.owner | answer.other) & probe.letters & ~needed;
    if (open != probe.letters) continue;
    const std::string what = probe.path + " " + letters_text(open & ~FileLetters{kX}) + ((open & kX) != 0 ? "x" : "");
    out.exposures.push_back(
        {profile.name, what, probe.risk, rules == nullptr ? "" : place(rules->file_rule(probe.path, open, true))});
  }
  for (const CapabilityProbe& probe : capability_probes()) {
    ++out.probes;
    const auto number = capability_number(probe.name);
    if (!number || !ask_capability(profile, *number) || used.capabilities.count(probe.name) != 0) continue;
    ProfileRule like;
    like.words.insert(probe.name);
    out.exposures.push_back({profile.name, "capability " + probe.name, probe.risk,
                             rules == nullptr ? "" : place(rules->rule(RuleClass::kCapability, like))});
  }
}

/// A file rule is used if a name that a fact touched matches it and one of its letters was needed.
void unused_file_rules(const SourceProfile& profile, const Used& used, Breadth& out) {
  for (const SourceRule& candidate : profile.rules) {
    const ProfileRule& rule = candidate.rule;
    ++out.rules;
    if (rule.klass != RuleClass::kFile || rule.deny || rule.pattern.empty()) continue;
    const bool wild = is_glob(rule.pattern);
    out.wildcard_rules += wild ? 1 : 0;
    const auto expanded = expand_variables(rule.pattern, profile.variables);
    const auto glob = expanded ? Glob::parse(*expanded) : std::nullopt;
    if (!glob) continue;
    bool needed = false;
    for (auto at = used.letters.lower_bound(glob->literal_prefix()); !needed && at != used.letters.end(); ++at) {
      if (at->first.compare(0, glob->literal_prefix().size(), glob->literal_prefix()) != 0) break;
      needed = (granted_letters(rule) & at->second) != 0 && glob->matches(at->first);
    }
    if (!needed) out.unused_rules.push_back(place(&candidate) + ": " + printable(candidate.text));
  }
}

}  // namespace

Breadth breadth(ProfileDecider& decider, const Trace& trace) {
  Breadth out;
  const Used used = used_by(trace);
  for (const CompiledProfile& profile : decider.profiles()) probe_profile(decider, profile, used, out);
  for (const SourceProfile& profile : decider.source()) unused_file_rules(profile, used, out);
  return out;
}

}  // namespace cordon::apparmor
