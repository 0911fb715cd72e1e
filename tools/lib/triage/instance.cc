#include "triage/instance.h"

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/text.h"
#include "facts/names.h"
#include "triage/fold.h"
#include "triage/match.h"

namespace cordon::triage {
namespace {

void merge_names(std::map<std::string, std::uint64_t>& into, const std::map<std::string, std::uint64_t>& more) {
  for (const auto& [name, count] : more) into[name] += count;
}

void sum_up(Finding& finding) {
  std::set<std::string> mechanisms;
  for (const auto& shape : finding.shapes) {
    finding.count += shape.count;
    finding.blocked += shape.blocked;
    if (shape.first_ms != 0 && (finding.first_ms == 0 || shape.first_ms < finding.first_ms))
      finding.first_ms = shape.first_ms;
    finding.last_ms = std::max(finding.last_ms, shape.last_ms);
    merge_names(finding.hosts, shape.hosts);
    merge_names(finding.units, shape.units);
    merge_names(finding.containers, shape.containers);
    merge_names(finding.places, shape.places);
    merge_names(finding.programs, shape.programs);
    merge_names(finding.paths, shape.paths);
    finding.timeline.merge(shape.timeline);
    mechanisms.emplace(name_of(shape.merged.verdict.by));
  }
  finding.mechanisms.assign(mechanisms.begin(), mechanisms.end());
}

bool is_identifier(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  });
}

std::string module_name(const Finding& finding, const View& view) {
  std::string name = "local_";
  for (const char c : view.first(Field::kProgram))
    name += is_identifier(std::string_view(&c, 1)) && c != '.' && c != '-' ? c : '_';
  return name + "_" + finding.id.substr(2);
}

/// What a fix may name: one path, or the directory that several share.
struct CommonPath {
  std::string path;
  bool several = false;
};

/// "/", "/etc", "/home": a command for all of it would reach far more than was denied.
bool is_top_directory(std::string_view path) { return std::count(path.begin(), path.end(), '/') < 2; }

/// The absolute path that was denied most often; of those alike, the first by name.
std::string most_frequent_path(const Finding& finding) {
  std::string best;
  std::uint64_t most = 0;
  for (const auto& [path, count] : finding.paths)
    if (path.starts_with("/") && count > most) {
      best = path;
      most = count;
    }
  return best;
}

CommonPath common_path(const Finding& finding) {
  CommonPath common;
  for (const auto& shape : finding.shapes) {
    if (shape.common.empty()) continue;
    common.several = common.several || shape.several_paths || (!common.path.empty() && common.path != shape.common);
    common.path = common.path.empty() ? shape.common : common_directory(common.path, shape.common);
  }
  if (common.several && is_top_directory(common.path)) return {most_frequent_path(finding), false};
  return common;
}

void path_blanks(Blanks& blanks, const Finding& finding, const View& view) {
  const auto [path, several] = common_path(finding);
  blanks["path"] = path;
  if (!path.empty()) {
    blanks["dir"] = several ? path : path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
    blanks["path_regex"] = escape_regex(path) + (several ? "(/.*)?" : "");
    blanks["dir_regex"] = escape_regex(blanks["dir"]) + "(/.*)?";
  }
  blanks["object"] = path;
  for (const auto field : {Field::kName, Field::kTargetType, Field::kPeer, Field::kTarget, Field::kSyscall})
    if (blanks["object"].empty()) blanks["object"] = view.first(field);
}

std::string joined(const std::set<std::string>& words, std::string_view separator = " ") {
  return join(std::vector<std::string>(words.begin(), words.end()), separator);
}

/// The file below /etc/apparmor.d/local; empty for a profile that a container engine makes and loads itself.
std::string local_profile(std::string_view profile) {
  constexpr std::string_view kMade[] = {"docker-default", "containers-default-*", "cri-containerd.apparmor.d",
                                        "crio-default", "lxc-container-*"};
  if (std::any_of(std::begin(kMade), std::end(kMade), [&](auto glob) { return glob_matches(glob, profile); }))
    return {};
  if (profile.starts_with("/")) profile.remove_prefix(1);
  std::string name(profile.substr(0, profile.find("//")));
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

std::string seccomp_json(const std::vector<std::string>& syscalls, std::string_view action) {
  std::string names;
  for (const auto& name : syscalls) names += (names.empty() ? "\"" : ", \"") + name + "\"";
  return "{ \"names\": [" + names + "], \"action\": " + std::string(action) + " }";
}

/// Commands that can be taken back by their own undo lines, or need none, come first.
Reversal reversal_of(const Fix& fix) {
  return fix.undo.empty() && fix.no_undo.empty() ? Reversal::kByHand : Reversal::kExact;
}

void add_fixes(Finding& finding, const CauseRule& rule, const Blanks& blanks) {
  for (const auto& form : rule.fixes)
    if (auto fix = make_fix(form, blanks, rule.id)) finding.fixes.push_back(std::move(*fix));
}

/// Shapes that were drawn in by a shared event may be of other rules; they do not speak for the finding.
std::size_t lead_of(const std::vector<Shape>& shapes, const CauseRule& rule) {
  std::size_t lead = 0;
  std::pair<bool, std::uint64_t> best{false, 0};
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const std::pair<bool, std::uint64_t> here{matches(rule.when, view_of(shapes[i])), shapes[i].count};
    if (i != 0 && here <= best) continue;
    lead = i;
    best = here;
  }
  return lead;
}

/// Attack signs are not to be allowed: what other rules would allow is left out.
bool may_join(const CauseRule& lead, const CauseRule& other) {
  return &lead != &other && lead.severity != Severity::kAttack;
}

}  // namespace

const Shape& lead_shape(const Finding& finding) {
  CORDON_INVARIANT(finding.lead < finding.shapes.size());
  return finding.shapes[finding.lead];
}

std::optional<Fix> make_fix(const FixTemplate& form, const Blanks& blanks, const std::string& rule) {
  Fix fix;
  fix.kind = form.kind;
  fix.rule = rule;
  fix.no_undo = form.no_undo;
  fix.title = *fill(form.title, blanks, Quote::kText);
  const auto add = [&](const std::vector<std::string>& lines, std::vector<std::string>& into) {
    for (const auto& line : lines) {
      const auto filled = fill(line, blanks, Quote::kShell);
      if (!filled) return false;
      into.push_back(*filled);
    }
    return true;
  };
  if (!add(form.commands, fix.commands) || !add(form.undo, fix.undo)) return std::nullopt;
  for (const auto& [name, body] : form.files) {
    const auto file = fill(name, blanks, Quote::kFile);
    const auto text = fill(body, blanks, Quote::kFile);
    if (!file || !text) return std::nullopt;
    fix.files.emplace_back(*file, *text);
  }
  for (const auto& [key, value] : form.with) {
    const auto filled = fill(value, blanks, Quote::kFile);
    if (!filled) return std::nullopt;
    fix.with[key] = *filled;
  }
  if (const auto path = blanks.find("path"); form.kind == FixKind::kRelabel && path != blanks.end())
    fix.below = path->second;
  fix.reversal = reversal_of(fix);
  return fix;
}

std::string module_source(const Finding& finding, const std::string& module, std::string_view keyword) {
  std::map<std::tuple<std::string, std::string, std::string>, std::set<std::string>> rules;
  std::set<std::string> types;
  std::map<std::string, std::set<std::string>> classes;
  for (const auto& shape : finding.shapes) {
    const auto* av = std::get_if<AvOp>(&shape.merged.operation);
    if (av == nullptr || av->perms.empty()) continue;
    const std::string source(split_context(av->source).type), target(split_context(av->target).type);
    if (!is_identifier(source) || !is_identifier(target) || !is_identifier(av->klass)) continue;
    if (!std::all_of(av->perms.begin(), av->perms.end(), is_identifier)) continue;
    rules[{source, source == target ? "self" : target, av->klass}].insert(av->perms.begin(), av->perms.end());
    types.insert({source, target});
    classes[av->klass].insert(av->perms.begin(), av->perms.end());
  }
  if (rules.empty()) return {};
  std::string out = "module " + module + " 1.0;\n\nrequire {\n";
  for (const auto& type : types) out += "\ttype " + type + ";\n";
  for (const auto& [klass, perms] : classes) out += "\tclass " + klass + " { " + joined(perms) + " };\n";
  out += "}\n\n";
  for (const auto& [key, perms] : rules)
    out += std::string(keyword) + " " + std::get<0>(key) + " " + std::get<1>(key) + ":" + std::get<2>(key) + " { " +
           joined(perms) + " };\n";
  return out;
}

std::vector<std::string> denied_syscalls(const Finding& finding) {
  std::set<std::string> names;
  for (const auto& shape : finding.shapes)
    if (const auto* call = std::get_if<SyscallOp>(&shape.merged.operation); call != nullptr && !call->name.empty())
      names.insert(call->name);
  return {names.begin(), names.end()};
}

Blanks blanks_of(const Finding& finding, const Shape& lead) {
  const auto view = view_of(lead);
  Blanks blanks;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Field::kCount_); ++i) {
    const auto field = static_cast<Field>(i);
    if (!view.of(field).empty()) blanks[std::string(name_of_field(field))] = view.of(field).front();
  }
  std::set<std::string> perms;
  for (const auto& shape : finding.shapes) {
    const auto other = view_of(shape);
    for (const auto& perm : other.of(Field::kPerm)) perms.insert(perm);
  }
  for (const auto* name : {"profile", "source_type", "mechanism"})
    if (blanks["program"].empty()) blanks["program"] = blanks[name];
  blanks["perms"] = joined(perms);
  blanks["id"] = finding.id;
  blanks["count"] = std::to_string(finding.count);
  blanks["module"] = module_name(finding, view);
  blanks["te"] = module_source(finding, blanks["module"], "allow");
  blanks["te_dontaudit"] = module_source(finding, blanks["module"], "dontaudit");
  blanks["apparmor_rules"] = join(apparmor_rules(finding), "\n");
  const auto syscalls = denied_syscalls(finding);
  blanks["syscalls"] = join(syscalls, " ");
  if (!syscalls.empty()) {
    blanks["seccomp_json"] = seccomp_json(syscalls, "\"SCMP_ACT_ALLOW\"");
    blanks["seccomp_enosys_json"] = seccomp_json(syscalls, "\"SCMP_ACT_ERRNO\", \"errnoRet\": 38");
  }
  const auto profile = fold_profile(view.first(Field::kProfile));
  blanks["profile"] = profile;
  if (!profile.empty()) blanks["local_profile"] = local_profile(profile);
  path_blanks(blanks, finding, view);
  return blanks;
}

Finding make_finding(const CauseRule& rule, const std::string& key, std::vector<Shape> shapes, const RuleSet& rules) {
  Finding finding;
  finding.id = "F-" + sha256_hex(key).substr(0, 10);
  finding.rule = rule.id;
  finding.title = rule.title;
  finding.reason = rule.reason;
  finding.source = rule.source;
  finding.risk = rule.risk;
  finding.severity = rule.severity;
  finding.shapes = std::move(shapes);
  std::sort(finding.shapes.begin(), finding.shapes.end(), [](const Shape& a, const Shape& b) { return a.key < b.key; });
  sum_up(finding);
  finding.lead = lead_of(finding.shapes, rule);
  const auto& lead = lead_shape(finding);
  const auto view = view_of(lead);
  const auto blanks = blanks_of(finding, lead);
  finding.summary = *fill(rule.summary, blanks, Quote::kText);
  add_fixes(finding, rule, blanks);
  for (const auto& other : rules.rules) {
    if (!may_join(rule, other) || !matches(other.when, view)) continue;
    if (!other.fallback) finding.also.push_back(other.title);
    add_fixes(finding, other, blanks);
  }
  return finding;
}

}  // namespace cordon::triage
