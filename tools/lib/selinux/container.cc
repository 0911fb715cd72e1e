#include "selinux/container.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/bytes.h"
#include "base/text.h"
#include "selinux/bottlerocket.h"
#include "selinux/container_view.h"
#include "selinux/demand.h"
#include "selinux/guard.h"
#include "selinux/operator_profile.h"
#include "selinux/private_types.h"
#include "selinux/resolve.h"
#include "selinux/tables.h"

namespace cordon::selinux {
namespace {

// What containers' processes are called: container-selinux, and its older names.
constexpr const char* kProcessTypes[] = {"container_t", "svirt_lxc_net_t"};
constexpr const char* kRuntimes[] = {
    "container_runtime_t", "container_engine_t", "dockerd_t", "podman_t", "crio_t", "unconfined_t", "init_t"};

class ContainerBuilder {
 public:
  ContainerBuilder(const Policy* recorded, const ContainerInfo* info, const PolicyDb& base, const Labels& labels,
                   const ContainerOptions& options)
      : recorded_(recorded), info_(info), base_(base), labels_(labels), options_(options) {}

  Result<ContainerModule> run();

 private:
  Result<void> name_it();
  void inherit();
  void let_runtimes_in();
  void add_recorded();
  void add_operation(const Operation& operation, Resolver& resolver);
  void add_info();
  void add_mount(const ContainerMount& mount);
  void add_device(const std::string& path);
  void allow(const std::string& target, const std::string& klass, const std::vector<std::string>& perms);
  void write_out();
  Module& module() { return out_.module; }

  const Policy* recorded_;
  const ContainerInfo* info_;
  const PolicyDb& base_;
  const Labels& labels_;
  const ContainerOptions& options_;
  ContainerModule out_;
  std::string domain_;     // as the module's rules name it
  std::string file_type_;  // of the container's own files
};

std::string first_known(const PolicyDb& base, std::span<const char* const> types) {
  for (const char* type : types)
    if (base.has_type(type)) return type;
  return {};
}

Result<void> ContainerBuilder::name_it() {
  if (recorded_ == nullptr && info_ == nullptr)
    return Error{ErrorCode::kUsage, "a container module needs a trace or an inspect of the container", {}, {}};
  const std::string wanted = !options_.name.empty() ? options_.name : info_ != nullptr ? info_->name : recorded_->name;
  module().name = to_identifier(wanted);
  domain_ = module().name + "_t";
  if (base_.has_type(domain_))
    return Error{ErrorCode::kUsage, fmt::format("the policy already has a type {}", domain_), base_.where(),
                 fmt::format("choose another name, such as -n my_{}", module().name)};
  out_.type = options_.templates ? module().name + ".process" : domain_;
  file_type_ = first_known(base_, kContainerFileTypes);
  if (file_type_.empty()) {
    file_type_ = module().name + "_file_t";
    module().types.insert(file_type_);
    for (const std::string& attribute : place_tables().file_attributes)
      if (base_.has_attribute(attribute)) module().type_attributes[file_type_].insert(attribute);
    out_.added.push_back(fmt::format("the policy has no container_file_t: label the image's files {}", file_type_));
  }
  return {};
}

/// The attributes of the policy's own container type carry what every container may do.
void ContainerBuilder::inherit() {
  Module& m = module();
  m.types.insert(domain_);
  const std::string like = first_known(base_, kProcessTypes);
  const auto attributes = like.empty() ? baseline_tables().domain_attributes : base_.attributes_of(like);
  for (const std::string& attribute : attributes)
    if (base_.has_attribute(attribute)) m.type_attributes[domain_].insert(attribute);
  out_.added.push_back(like.empty() ? "the policy has no container type: the base is what every domain may do"
                                    : fmt::format("what every container may do: the attributes of {}", like));
  if (base_.has_role("system_r")) m.role_types.insert({"system_r", domain_});
  for (const char* klass : {"file", "lnk_file", "dir"}) {
    static const std::vector<std::string> kRead = {"getattr", "open", "read", "search"};
    allow(file_type_, klass, kRead);
  }
  allow(file_type_, "file", {"entrypoint", "execute", "execute_no_trans", "map"});
  out_.added.push_back(fmt::format("the image: {} may be read and executed", file_type_));
}

void ContainerBuilder::let_runtimes_in() {
  for (const char* runtime : kRuntimes) {
    if (!base_.has_type(runtime)) continue;
    module().allow(runtime, domain_, "process", {"sigkill", "signal", "signull", "transition"});
    module().allow(domain_, runtime, "fd", {"use"});
    module().allow(domain_, runtime, "fifo_file", {"append", "getattr", "ioctl", "read", "write"});
    module().allow(domain_, runtime, "process", {"sigchld"});
  }
  for (const GrantRow& row : baseline_tables().self) module().allow(domain_, domain_, row.klass, row.perms);
  for (const char* type :
       {"devpts_t", "container_devpts_t", "null_device_t", "zero_device_t", "urandom_device_t", "random_device_t"})
    if (base_.has_type(type)) allow(type, "chr_file", {"append", "getattr", "ioctl", "lock", "open", "read", "write"});
}

void ContainerBuilder::allow(const std::string& target, const std::string& klass,
                             const std::vector<std::string>& perms) {
  std::vector<std::string> known;
  for (const std::string& perm : perms)
    if (base_.has_perm(klass, perm)) known.push_back(perm);
  for (const GuardHit& hit : guard_hits(domain_, target, klass, known)) {
    if (target == file_type_) break;
    std::erase_if(known, [&](const std::string& perm) {
      return std::find(hit.perms.begin(), hit.perms.end(), perm) != hit.perms.end();
    });
    out_.notes.push_back(
        fmt::format("{}:{} {{ {} }} is left out: {}; {}", target, klass, join(hit.perms, " "), hit.why, hit.instead));
  }
  module().allow(domain_, target, klass, known);
}

void ContainerBuilder::add_operation(const Operation& operation, Resolver& resolver) {
  const Demands demands = demands_of(
      operation, [this](std::string_view klass) { return base_.has_class(klass); }, base_.messages_by_type());
  for (const Demand& demand : demands.all) {
    const Resolved target = resolver.target(demand.target);
    if (!target.assumed.empty()) out_.notes.push_back("assumed: " + target.assumed + "; --peer names another");
    if (target.type.empty())
      out_.notes.push_back(
          fmt::format("{} {{ {} }} is not granted: {}", demand.klass, join(demand.perms, " "), target.why));
    else
      allow(target.type, demand.klass, demand.perms);
  }
  if (!demands.untold.empty()) out_.notes.push_back("not granted, since it cannot be told: " + demands.untold);
}

void ContainerBuilder::add_recorded() {
  auto none = Labels::of_module({}, base_.mls());
  if (recorded_ == nullptr || !none) return;
  Resolver resolver(base_, labels_, *none, domain_);
  resolver.knows(module().types);
  resolver.names_peers(options_.peers);
  resolver.looks_into({file_type_, info_ == nullptr ? std::vector<ContainerMount>() : info_->mounts});
  for (const Rule& rule : recorded_->rules)
    if (const auto* op = std::get_if<UnixOp>(&rule.grant().operation); op != nullptr && op->act == SocketAct::kBind)
      resolver.listens_at(op->address);
  for (const Rule& rule : recorded_->rules) {
    Operation operation = rule.grant().operation;
    if (auto* file = std::get_if<FileOp>(&operation)) *file = file_of(rule.grant());
    add_operation(operation, resolver);
  }
}

void ContainerBuilder::add_mount(const ContainerMount& mount) {
  if (mount.relabelled) return;
  const auto label = labels_.lookup(mount.source, FileKind::kUnknown);
  const std::string type(type_of(label.value_or("")));
  if (!base_.has_type(type)) {
    out_.notes.push_back(
        fmt::format("the mount {} has no label here: run with :z, or label it", printable(mount.source)));
    return;
  }
  allow(type, "dir", {"getattr", "open", "read", "search"});
  allow(type, "file", {"getattr", "open", "read"});
  allow(type, "lnk_file", {"getattr", "read"});
  if (mount.writable)
    for (const char* klass : {"dir", "file", "lnk_file", "sock_file"})
      allow(type, klass, place_tables().manage.at(klass));
  out_.added.push_back(fmt::format("the mount {} ({}): {} by the inspect, no recording tells what of it is used",
                                   printable(mount.source), type, mount.writable ? "read and written" : "read"));
}

void ContainerBuilder::add_device(const std::string& path) {
  bool known = false;
  for (const FileKind kind : {FileKind::kCharDevice, FileKind::kBlockDevice}) {
    const std::string type(type_of(labels_.lookup(path, kind).value_or("")));
    if (!base_.has_type(type)) continue;
    known = true;
    allow(type, class_of(kind), {"append", "getattr", "ioctl", "lock", "map", "open", "read", "write"});
    out_.added.push_back(fmt::format("the device {} ({}:{}): by the inspect, no recording tells what of it is used",
                                     printable(path), type, class_of(kind)));
  }
  if (!known) out_.notes.push_back(fmt::format("the device {} has no label here, and is not granted", printable(path)));
}

void ContainerBuilder::add_info() {
  if (info_ == nullptr) return;
  if (recorded_ == nullptr) {
    for (const ContainerMount& mount : info_->mounts) add_mount(mount);
    for (const std::string& device : info_->devices) add_device(device);
    if (info_->form == "docker")
      out_.notes.push_back(
          "docker's inspect lists only the capabilities that were added: record the container for the default ones "
          "that it uses");
    for (const std::string& name : info_->capabilities) {
      CapabilityOp capability;
      capability.name = name;
      const Demands demands = demands_of(capability, [](std::string_view) { return true; });
      for (const Demand& demand : demands.all) allow(domain_, demand.klass, demand.perms);
    }
  }
  for (const ContainerPort& port : info_->ports) {
    const auto label = base_.port_context(port.protocol, port.port);
    const std::string klass = port.protocol + "_socket";
    if (label) allow(std::string(type_of(*label)), klass, {"name_bind"});
    allow(domain_, klass,
          {"accept", "bind", "create", "getattr", "getopt", "listen", "read", "setopt", "shutdown", "write"});
    if (base_.has_type("node_t")) allow("node_t", klass, {"node_bind"});
  }
}

/// The module as a block that inherits from the templates' `container`, as udica's are.
std::string as_block(const Module& module, const std::string& domain) {
  std::string out = fmt::format("(block {}\n  (blockinherit container)\n", module.name);
  for (const auto& [access, perms] : module.rules)
    if (access.source == domain)
      out += fmt::format("  (allow process {} ({} ({})))\n", access.target == "self" ? "process" : access.target,
                         access.klass, fmt::join(perms, " "));
  return out + ")\n";
}

template <class List>
void tidy(List& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

void ContainerBuilder::write_out() {
  out_.cil = options_.templates ? as_block(module(), domain_) : write_cil(module(), base_.mls());
  out_.run_option = "--security-opt label=type:" + out_.type;
  out_.kubernetes = fmt::format("securityContext:\n  seLinuxOptions:\n    type: {}\n", out_.type);
  const OperatorProfile profile = operator_profile(module(), domain_);
  out_.selinux_profile = profile.yaml;
  out_.bottlerocket = bottlerocket_type(recorded_, info_);
  tidy(out_.added);
  tidy(out_.notes);
  out_.summary = {
      fmt::format("type {}; its level, and so its categories, stay the engine's to choose", out_.type),
      fmt::format("semodule -i {}.cil{}; then run with {}", module().name,
                  options_.templates ? " /usr/share/udica/templates/base_container.cil" : "", out_.run_option),
      fmt::format("Kubernetes: securityContext: {{seLinuxOptions: {{type: {}}}}}", out_.type),
      "Bottlerocket, which loads no modules: " + out_.bottlerocket};
  out_.summary.push_back(profile.yaml.empty()
                             ? "no SelinuxProfile: the operator cannot declare the type of the container's files"
                             : "with the SelinuxProfile in place of the .cil, a pod's type is " + profile.type);
  out_.summary.insert(out_.summary.end(), profile.remarks.begin(), profile.remarks.end());
  out_.summary.insert(out_.summary.end(), out_.notes.begin(), out_.notes.end());
}

Result<ContainerModule> ContainerBuilder::run() {
  if (auto named = name_it(); !named) return named.error();
  inherit();
  let_runtimes_in();
  add_recorded();
  add_info();
  if (const auto bad = bad_names(module()); !bad.empty())
    return Error{ErrorCode::kRefused, "a name cannot stand in policy source: " + bad.front(), {}, {}};
  write_out();
  return std::move(out_);
}

}  // namespace

Result<ContainerModule> build_container_module(const Policy* recorded, const ContainerInfo* info, const PolicyDb& base,
                                               const Labels& labels, const ContainerOptions& options) {
  return ContainerBuilder(recorded, info, base, labels, options).run();
}

}  // namespace cordon::selinux
