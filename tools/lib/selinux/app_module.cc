#include "selinux/app_module.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "selinux/demand.h"
#include "selinux/extended.h"
#include "selinux/guard.h"
#include "selinux/own_ports.h"
#include "selinux/private_types.h"
#include "selinux/resolve.h"
#include "selinux/shape.h"
#include "selinux/tables.h"
#include "selinux/vectors.h"

namespace cordon::selinux {
namespace {

/// Told apart from a type of the policy that has the name already.
constexpr std::string_view kOwnSuffix = "_cordon";

class Builder {
 public:
  Builder(const Policy& policy, const PolicyDb& base, const Labels& labels, const AppOptions& options)
      : policy_(policy), base_(base), labels_(labels), options_(options), extended_(policy) {}

  Result<AppModule> run();

 private:
  Result<void> name_it();
  bool take_name(const std::string& name);
  bool taken(const std::string& type) const;
  void declare();
  void label_program();
  void respell_contexts();
  void let_callers_in();
  void add_baseline();
  void add_rule(std::size_t index, Resolver& resolver);
  bool is_of_another(const Operation& operation) const;
  void correct_label(const Operation& operation, Resolved& target, Resolver& resolver);
  void add_demand(const Demand& demand, const Resolved& target, std::size_t index);
  void settle_port(const Target& port, Resolved& target, std::size_t index);
  void grant_stream(const GrantRow& row);
  void add_with_open();
  void add_with_create();
  void hide_libselinux();
  void follow_symlinks();
  void tell_booleans();
  void summarise();
  bool knows(const std::string& klass) const { return base_.has_class(klass); }
  std::vector<std::string> known_perms(const std::string& klass, const std::vector<std::string>& perms) const;
  void allow(const std::string& source, const std::string& target, const std::string& klass,
             const std::vector<std::string>& perms) {
    if (knows(klass)) module().allow(source, target, klass, known_perms(klass, perms));
  }
  Module& module() { return out_.module; }
  void note(std::size_t rule, Fit fit, std::string why) { out_.notes.push_back({rule, {fit, std::move(why)}}); }

  const Policy& policy_;
  const PolicyDb& base_;
  const Labels& labels_;
  const AppOptions& options_;
  AppModule out_;
  std::string program_label_;
  std::set<std::string> searched_;  // types of the directories on the way
  std::set<std::pair<std::string, std::string>> guarded_;
  std::set<std::string> assumed_;
  std::set<std::string> mislabelled_;
  std::set<std::string> generic_ports_;  // "tcp 8080 (unreserved_port_t)"
  ExtendedPerms extended_;
};

/// The operation with the path of its pattern.
Operation concrete(const Grant& grant) {
  if (!grant.pattern) return grant.operation;
  Operation out = grant.operation;
  if (auto* file = std::get_if<FileOp>(&out)) file->path = sample_of(*grant.pattern);
  if (auto* exec = std::get_if<ExecOp>(&out)) exec->path = sample_of(*grant.pattern);
  return out;
}

bool has(const std::vector<std::string>& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// "python3.11" is python: what comes after the letters is a version.
bool is_interpreter(const std::string& program, const std::string& label) {
  if (has(place_tables().interpreter_types, label)) return true;
  std::string name = program.substr(program.find_last_of('/') + 1);
  name.erase(std::find_if(name.begin(), name.end(), [](char c) { return c < 'a' || c > 'z'; }), name.end());
  return has(place_tables().interpreter_names, name);
}

std::vector<std::string> Builder::known_perms(const std::string& klass, const std::vector<std::string>& perms) const {
  std::vector<std::string> out;
  for (const std::string& perm : perms)
    if (base_.has_perm(klass, perm)) out.push_back(perm);
  return out;
}

bool Builder::take_name(const std::string& name) {
  module().name = name;
  out_.domain = name + "_t";
  out_.exec_type = name + "_exec_t";
  return !taken(out_.domain) && !taken(out_.exec_type);
}

bool Builder::taken(const std::string& type) const { return base_.has_type(type) || base_.has_attribute(type); }

Result<void> Builder::name_it() {
  const std::string wanted = to_identifier(policy_.name);
  if (!is_identifier(policy_.name) && wanted.ends_with(policy_.name))
    out_.summary.push_back(
        fmt::format("{} is no name that a module can have, so it is called {}", policy_.name, wanted));
  if (take_name(wanted)) return {};
  if (take_name(wanted + std::string(kOwnSuffix))) {
    out_.summary.push_back(fmt::format("the policy already has {}_t or {}_exec_t, so the module is called {}", wanted,
                                       wanted, module().name));
    return {};
  }
  return Error{ErrorCode::kUsage, fmt::format("the policy already has a type {} or {}", out_.domain, out_.exec_type),
               base_.where(), fmt::format("choose another name, such as -n my_{}", wanted)};
}

void Builder::declare() {
  Module& m = module();
  m.types = {out_.domain, out_.exec_type};
  for (const std::string& attribute : baseline_tables().domain_attributes)
    if (base_.has_attribute(attribute)) {
      m.type_attributes[out_.domain].insert(attribute);
      out_.added.push_back(
          fmt::format("{} joins the attribute {}: what the policy grants every domain", out_.domain, attribute));
    }
  for (const std::string& attribute : baseline_tables().exec_attributes)
    if (base_.has_attribute(attribute)) m.type_attributes[out_.exec_type].insert(attribute);
  if (options_.permissive) m.permissive.insert(out_.domain);
  if (!policy_.complete) m.remarks.push_back("INCOMPLETE: a recording behind this module was cut off or lost events.");
}

void Builder::label_program() {
  const std::string entry_perms[] = {"entrypoint", "execute", "getattr", "ioctl", "lock", "map", "open", "read"};
  const std::vector<std::string> perms(std::begin(entry_perms), std::end(entry_perms));
  allow(out_.domain, out_.exec_type, "file", perms);
  if (base_.has_type("fs_t")) allow(out_.exec_type, "fs_t", "filesystem", {"associate"});
  if (policy_.program.empty()) return;
  const std::string label(type_of(labels_.lookup(policy_.program, FileKind::kRegular).value_or("")));
  if (options_.label_interpreter || !is_interpreter(policy_.program, label)) {
    module().contexts.push_back({escape_path(labels_.aliased(policy_.program)), "--", out_.exec_type, "s0"});
    program_label_ = out_.exec_type;
    return;
  }
  program_label_ = base_.has_type(label) ? label : "bin_t";
  allow(out_.domain, program_label_, "file", perms);
  out_.added.push_back(fmt::format(
      "{} keeps the label {}: {}. Start it with: runcon -t {} -- COMMAND, or label a wrapper {}; --label-interpreter "
      "labels it all the same",
      printable(policy_.program), program_label_, place_tables().interpreter_reason, out_.domain, out_.exec_type));
}

void Builder::respell_contexts() {
  for (FileContext& context : module().contexts) {
    if (!labels_.has_line(context.regex)) continue;
    out_.added.push_back(fmt::format(
        "{}: the policy labels it too, so that the line is spelled otherwise and comes after", context.regex));
    context.regex = respelled(context.regex);
  }
  std::sort(module().contexts.begin(), module().contexts.end());
}

void Builder::let_callers_in() {
  for (const CallerRow& row : baseline_tables().callers) {
    const bool wanted = options_.callers.empty() ? row.automatic : has(options_.callers, row.domain);
    if (!wanted || !base_.has_type(row.domain) || !base_.has_role(row.role)) continue;
    Module& m = module();
    m.role_types.insert({row.role, out_.domain});
    m.type_rules.insert({"type_transition", row.domain, out_.exec_type, "process", {}, out_.domain});
    allow(row.domain, out_.exec_type, "file", {"execute", "getattr", "map", "open", "read"});
    for (const GrantRow& grant : baseline_tables().to_domain) allow(row.domain, out_.domain, grant.klass, grant.perms);
    for (const GrantRow& hidden : baseline_tables().quiet)
      m.rules[{RuleKind::kDontaudit, row.domain, out_.domain, hidden.klass}].insert(hidden.perms.begin(),
                                                                                    hidden.perms.end());
    for (const GrantRow& grant : baseline_tables().from_caller)
      allow(out_.domain, row.domain, grant.klass, grant.perms);
    out_.added.push_back(
        fmt::format("{} enters {} by {} ({}); its descriptors, pipes and sockets serve as standard streams", row.domain,
                    out_.domain, out_.exec_type, row.reason));
  }
  if (base_.has_role("system_r")) module().role_types.insert({"system_r", out_.domain});
}

void Builder::grant_stream(const GrantRow& row) {
  std::vector<std::string> types;
  for (const std::string& type : row.types) {
    if (!base_.has_type(type)) continue;
    allow(out_.domain, type, row.klass, row.perms);
    types.push_back(type);
  }
  if (!types.empty()) out_.added.push_back(fmt::format("{}:{}: {}", join(types, ", "), row.klass, row.reason));
}

void Builder::add_baseline() {
  for (const GrantRow& row : baseline_tables().self) allow(out_.domain, out_.domain, row.klass, row.perms);
  for (const GrantRow& row : baseline_tables().streams) grant_stream(row);
}

void Builder::add_demand(const Demand& demand, const Resolved& target, std::size_t index) {
  const std::vector<std::string> perms = known_perms(demand.klass, demand.perms);
  if (perms.size() < demand.perms.size() && base_.handle_unknown() != "allow")
    note(index, Fit::kNarrower, fmt::format("the policy has no such permission: {}:{}", target.type, demand.klass));
  const bool own = module().types.contains(target.type);
  const auto hits = own && target.type != out_.exec_type ? std::vector<GuardHit>{}
                                                         : guard_hits(out_.domain, target.type, demand.klass, perms);
  std::set<std::string> left(perms.begin(), perms.end());
  for (const GuardHit& hit : hits) {
    for (const std::string& perm : hit.perms) left.erase(perm);
    const std::string what = fmt::format("{}:{} {{ {} }}", target.type, demand.klass, join(hit.perms, " "));
    note(index, Fit::kNarrower, fmt::format("{} is left out: {}; {}", what, hit.why, hit.instead));
    if (guarded_.insert({what, hit.id}).second)
      out_.left_out.push_back(fmt::format("{} ({}); {}", what, hit.why, hit.instead));
  }
  if (demand.klass == "dir" && demand.perms == std::vector<std::string>{"search"} && !own)
    searched_.insert(target.type);
  allow(out_.domain, target.type, demand.klass, {left.begin(), left.end()});
  extended_.needs(policy_.rules[index].grant(), demand,
                  {RuleKind::kAllow, out_.domain, target.type == out_.domain ? "self" : target.type, demand.klass});
}

/// A port that no service is known for shares its label with all such ports.
void Builder::settle_port(const Target& port, Resolved& target, std::size_t index) {
  if (port.kind != TargetKind::kPort || !is_generic_port(target.type)) return;
  if (options_.own_ports) {
    target.type = add_own_port(module(), port, base_);
    return;
  }
  note(index, Fit::kWider, fmt::format("SELinux grants by label: every port of type {}", target.type));
  generic_ports_.insert(fmt::format("{} {} ({})", port.text, port.port, target.type));
}

/// A logged access vector that belongs to another domain: this module is not the place to allow it.
bool Builder::is_of_another(const Operation& operation) const {
  const auto* vector = std::get_if<AvOp>(&operation);
  return vector != nullptr && type_of(vector->source) != out_.domain;
}

/// The kind of an object class, if it is one of files.
std::optional<FileKind> kind_of_class(const std::string& klass) {
  for (const FileKind kind : {FileKind::kRegular, FileKind::kDirectory, FileKind::kSymlink, FileKind::kCharDevice,
                              FileKind::kBlockDevice, FileKind::kFifo, FileKind::kSocket})
    if (class_of(kind) == klass) return kind;
  return std::nullopt;
}

/// A logged denial tells the label on the disk; where the policy's file contexts say otherwise, theirs is granted.
void Builder::correct_label(const Operation& operation, Resolved& target, Resolver& resolver) {
  const auto* logged = std::get_if<AvOp>(&operation);
  const auto kind = logged == nullptr || logged->path.empty() || logged->path.front() != '/'
                        ? std::nullopt
                        : kind_of_class(logged->klass);
  if (!kind || module().types.contains(target.type) || !labels_.lookup(logged->path, *kind)) return;
  const Resolved& wanted = resolver.path(logged->path, *kind);
  if (wanted.type.empty() || wanted.type == target.type || wanted.type == out_.domain) return;
  mislabelled_.insert(
      fmt::format("{} bears {} on the disk, where the file contexts say {}: restorecon -v it; {} is what is granted",
                  printable(logged->path), target.type, wanted.type, wanted.type));
  target = wanted;
}

void Builder::add_rule(std::size_t index, Resolver& resolver) {
  const Grant& grant = policy_.rules[index].grant();
  if (is_of_another(grant.operation))
    return note(index, Fit::kNone, "the denial is of another domain, and is not granted here");
  const Demands demands = demands_of(
      concrete(grant), [this](std::string_view klass) { return base_.has_class(klass); }, base_.messages_by_type());
  if (!demands.untold.empty()) note(index, Fit::kNarrower, "not granted, since it cannot be told: " + demands.untold);
  std::string shared;
  for (const Demand& demand : demands.all) {
    Resolved target = resolver.target(demand.target);
    settle_port(demand.target, target, index);
    correct_label(grant.operation, target, resolver);
    if (target.type.empty()) {
      note(index, Fit::kNarrower,
           fmt::format("{} {{ {} }} is not granted: {}", demand.klass, join(demand.perms, " "), target.why));
      continue;
    }
    if (!target.assumed.empty()) assumed_.insert(target.assumed);
    if (!module().types.contains(target.type) && demand.target.kind == TargetKind::kPath && demand.klass != "dir")
      shared = target.type;
    add_demand(demand, target, index);
  }
  if (!shared.empty())
    note(index, Fit::kWider, fmt::format("SELinux grants by label: every object of type {}", shared));
}

/// Which of fstat and TCGETS a C library calls on a file that it opened differs by version.
void Builder::add_with_open() {
  std::vector<Access> opened;
  for (const auto& [access, perms] : module().rules)
    if (access.source == out_.domain && perms.contains("open")) opened.push_back(access);
  for (const Access& access : opened) {
    const auto more = known_perms(access.klass, baseline_tables().with_open);
    module().rules[access].insert(more.begin(), more.end());
  }
  if (!opened.empty())
    out_.added.push_back(fmt::format("{} with every open: {}", join(baseline_tables().with_open, " and "),
                                     baseline_tables().with_open_reason));
}

/// A connect that found no name left only a lookup in the recording.
void Builder::add_with_create() {
  for (const GrantRow& row : baseline_tables().with_create) {
    const auto made = module().rules.find({RuleKind::kAllow, out_.domain, "self", row.klass});
    if (made == module().rules.end() || !made->second.contains("create")) continue;
    allow(out_.domain, out_.domain, row.klass, row.perms);
    out_.added.push_back(fmt::format("self:{} {{ {} }}: {}", row.klass, join(row.perms, " "), row.reason));
  }
}

bool uses_libselinux(const Rule& rule) {
  const auto* file = std::get_if<FileOp>(&rule.grant().operation);
  return file != nullptr &&
         (file->path.find("/libselinux.so") != file->path.npos || file->path.starts_with("/sys/fs/selinux"));
}

void Builder::hide_libselinux() {
  if (std::none_of(policy_.rules.begin(), policy_.rules.end(), uses_libselinux)) return;
  for (const GrantRow& row : baseline_tables().libselinux)
    for (const std::string& type : row.types) {
      const auto perms = known_perms(row.klass, row.perms);
      if (base_.has_type(type))
        module().rules[{RuleKind::kDontaudit, out_.domain, type, row.klass}].insert(perms.begin(), perms.end());
    }
}

/// The recorder tells every symlink that it passes, and a log that is fed back to its recording names what was refused
/// itself; other sources tell neither.
bool tells_symlinks(const Policy& policy) {
  const auto recorded = [](const Head& run) { return run.engine == "ptrace"; };
  const auto told = [&](const Head& run) { return recorded(run) || run.engine == "log"; };
  return std::any_of(policy.runs.begin(), policy.runs.end(), recorded) &&
         std::all_of(policy.runs.begin(), policy.runs.end(), told);
}

void Builder::follow_symlinks() {
  if (tells_symlinks(policy_)) return;
  for (const std::string& type : searched_) allow(out_.domain, type, "lnk_file", {"getattr", "read"});
  if (!searched_.empty())
    out_.added.push_back("symlinks in the directories on the way: the sources name paths with symlinks resolved");
}

/// A switch of the policy's own is for every domain of the attribute that it stands for: a rule for this one opens
/// less.
void Builder::tell_booleans() {
  std::map<std::string, std::set<std::string>> by_switch;
  for (const auto& [access, perms] : module().rules) {
    if (access.kind != RuleKind::kAllow || access.source != out_.domain || module().types.contains(access.target))
      continue;
    for (const std::string& attribute : module().type_attributes[out_.domain])
      for (const std::string& perm : perms)
        for (const BooleanFix& fix :
             booleans_for(base_, {attribute, access.target == "self" ? attribute : access.target, access.klass}, perm))
          if (fix.set.size() == 1)
            by_switch[fmt::format("{}={}", fix.set[0].name, fix.set[0].on ? "on" : "off")].insert(
                fmt::format("{}:{} {}", access.target, access.klass, perm));
  }
  for (const auto& [setting, vectors] : by_switch)
    out_.summary.push_back(
        fmt::format("setsebool {} would allow {} of its permissions too ({}), but to every domain: the module allows "
                    "them to {} alone",
                    setting, vectors.size(), *vectors.begin(), out_.domain));
}

bool labels_a_port(const Module& module, const std::string& type) {
  return std::any_of(module.ports.begin(), module.ports.end(),
                     [&](const PortContext& port) { return port.type == type; });
}

void Builder::summarise() {
  const Module& m = out_.module;
  std::set<std::string> targets;
  std::size_t rules = 0;
  for (const auto& [access, perms] : m.rules) {
    if (access.source != out_.domain) continue;
    ++rules;
    if (access.target != "self" && !m.types.contains(access.target)) targets.insert(access.target);
  }
  out_.summary.push_back(
      fmt::format("domain {}, entered by {}", out_.domain, program_label_.empty() ? out_.exec_type : program_label_));
  out_.summary.push_back(
      fmt::format("{} over {} of the policy", counted(rules, "allow rule"), counted(targets.size(), "type")));
  std::vector<std::string> own;
  for (const std::string& type : m.types)
    if (type != out_.domain && type != out_.exec_type && !labels_a_port(m, type)) own.push_back(type);
  out_.summary.push_back(own.empty() ? "no files of its own" : "its own files: " + join(own, ", "));
  for (const std::string& line : semanage_lines(m))
    out_.summary.push_back("its own port, which the .cil labels and a .pp does not: " + line);
  if (!generic_ports_.empty())
    out_.summary.push_back(
        fmt::format("ports that share a label with all that no service is known for: {}; --own-ports gives them a type",
                    fmt::join(generic_ports_, ", ")));
  for (const std::string& line : mislabelled_) out_.summary.push_back("mislabelled: " + line);
  for (const std::string& line : assumed_) out_.summary.push_back("assumed: " + line + "; --peer names another");
  for (const std::string& line : out_.left_out) out_.summary.push_back("left out: " + line);
}

Result<AppModule> Builder::run() {
  if (auto named = name_it(); !named) return named.error();
  declare();
  label_program();
  let_callers_in();
  auto no_labels = Labels::of_module({}, base_.mls());
  if (!no_labels) return no_labels.error();
  const Resolver plain(base_, labels_, *no_labels, out_.domain);
  const auto paths = private_paths(policy_, module().name, plain);
  add_private_types(module(), paths, out_.domain, base_);
  respell_contexts();
  auto own_labels = Labels::of_module(module().contexts, base_.mls());
  if (!own_labels) return own_labels.error();
  Resolver resolver(base_, labels_, *own_labels, out_.domain);
  resolver.knows(module().types);
  resolver.names_peers(options_.peers);
  for (std::string& words : add_transitions(module(), paths, out_.domain, resolver))
    out_.added.push_back("no transition: " + std::move(words));
  for (const Rule& rule : policy_.rules)
    if (const auto* op = std::get_if<UnixOp>(&rule.grant().operation); op != nullptr && op->act == SocketAct::kBind)
      resolver.listens_at(op->address);
  add_baseline();
  extended_.leave(module(), out_.domain);
  for (std::size_t i = 0; i < policy_.rules.size(); ++i) add_rule(i, resolver);
  add_with_open();
  add_with_create();
  hide_libselinux();
  follow_symlinks();
  if (base_.version() >= ExtendedPerms::kFirstVersion) extended_.narrow(module(), out_.domain, !options_.any_ioctl);
  if (module().types.size() > 2)
    out_.added.push_back("the program may manage its own files in full: make, read, write, rename, delete");
  std::sort(out_.added.begin(), out_.added.end());
  summarise();
  tell_booleans();
  return std::move(out_);
}

}  // namespace

Result<AppModule> build_app_module(const Policy& policy, const PolicyDb& base, const Labels& labels,
                                   const AppOptions& options, Diagnostics& diagnostics) {
  auto built = Builder(policy, base, labels, options).run();
  if (built)
    for (const std::string& line : built->left_out) diagnostics.warn("SELinux: left out " + line);
  return built;
}

}  // namespace cordon::selinux
