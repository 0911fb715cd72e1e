#include <algorithm>
#include <catch2/catch.hpp>

#include "selinux/bottlerocket.h"
#include "selinux/cil.h"
#include "selinux/container.h"
#include "selinux/decider.h"
#include "selinux/link.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

const char* const kPodman = R"([{"Name":"web","EffectiveCaps":["CAP_NET_BIND_SERVICE"],"Mounts":[
  {"Type":"bind","Source":"/var/log/web","Destination":"/logs","Mode":"","RW":true},
  {"Type":"bind","Source":"/srv/data","Destination":"/data","Mode":"Z","RW":true}],
  "Config":{"ExposedPorts":{"80/tcp":{}}},"HostConfig":{"Privileged":false,"CapAdd":["CAP_CHOWN"],"PortBindings":{"80/tcp":[]},"Devices":[]}}])";
const char* const kCri =
    R"({"status":{"metadata":{"name":"pod"},"mounts":[{"containerPath":"/d","hostPath":"/etc","readonly":true}]},
  "info":{"privileged":true,"runtimeSpec":{"process":{"capabilities":{"effective":["CAP_KILL"]}}}}})";

}  // namespace

TEST_CASE("every engine's inspect is read") {
  const auto podman = read_container_info(kPodman, "web.json");
  REQUIRE(podman.ok());
  CHECK(podman->form == "podman");
  CHECK(podman->capabilities == std::vector<std::string>{"chown", "net_bind_service"});
  CHECK(podman->ports == std::vector<ContainerPort>{{"tcp", 80}});
  REQUIRE(podman->mounts.size() == 2);
  CHECK(podman->mounts[0].relabelled);
  const auto cri = read_container_info(kCri, "pod.json");
  REQUIRE(cri.ok());
  CHECK((cri->form == "cri" && cri->privileged && !cri->mounts[0].writable));
  const auto oci = read_container_info(
      R"({"ociVersion":"1.0","mounts":[{"source":"/a","destination":"/b","type":"bind","options":["ro"]}]})", "c");
  REQUIRE(oci.ok());
  CHECK(oci->mounts == std::vector<ContainerMount>{{"/a", "/b", false, false}});
}

namespace {

// Written by hand in the shapes that the engines document: docker's API v1.43, nerdctl's two modes, CRI-O's and
// containerd's answers to crictl.
const char* const kDocker =
    R"([{"Id":"0123abcd","Created":"2024-01-01T00:00:00Z","Path":"nginx","Args":[],"State":{"Status":"running","Pid":7},
  "Name":"/front","HostConfig":{"Binds":["/srv/www:/usr/share/nginx/html:ro","/srv/own:/own:Z"],"NetworkMode":"default","PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"8080"}]},
  "Privileged":false,"CapAdd":["NET_ADMIN"],"CapDrop":null,"Devices":[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"}],"SecurityOpt":null},
  "Mounts":[{"Type":"bind","Source":"/srv/www","Destination":"/usr/share/nginx/html","Mode":"ro","RW":false,"Propagation":"rprivate"},
  {"Type":"bind","Source":"/srv/own","Destination":"/own","Mode":"Z","RW":true,"Propagation":"rprivate"},
  {"Type":"volume","Name":"data","Source":"/var/lib/docker/volumes/data/_data","Destination":"/data","Driver":"local","Mode":"nozero","RW":true}],
  "Config":{"Hostname":"h","ExposedPorts":{"443/tcp":{},"80/tcp":{}},"Image":"nginx"},"NetworkSettings":{"Ports":{"53/udp":null}}}])";
const char* const kNerdctl =
    R"([{"Id":"abcd","Created":"2024-01-01T00:00:00Z","Path":"/bin/sh","Args":[],"State":{"Status":"running","Running":true,"Pid":7},
  "Image":"docker.io/library/alpine:latest","Name":"worker","Driver":"overlayfs","Platform":"linux",
  "Mounts":[{"Type":"bind","Source":"/etc/worker","Destination":"/conf","Mode":"ro,rprivate","RW":false,"Propagation":"rprivate"}],
  "Config":{"AttachStdin":false},"NetworkSettings":{"Ports":{"9000/tcp":[{"HostIp":"0.0.0.0","HostPort":"9000"}]}}}])";
const char* const kNerdctlNative =
    R"([{"ID":"abcd","Labels":{"nerdctl/name":"worker","nerdctl/namespace":"default"},"Image":"docker.io/library/alpine:latest",
  "Runtime":{"Name":"io.containerd.runc.v2"},"Spec":{"ociVersion":"1.0.2","process":{"args":["sh"],"capabilities":{"effective":["CAP_CHOWN","CAP_KILL"]}},
  "mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/conf","type":"bind","source":"/etc/worker","options":["rbind","ro"]}]},"Process":{"Pid":7}}])";
const char* const kCrio =
    R"({"status":{"id":"77","metadata":{"attempt":0,"name":"api"},"state":"CONTAINER_RUNNING","labels":{"io.kubernetes.container.name":"api"},
  "mounts":[{"containerPath":"/etc/hosts","hostPath":"/var/lib/kubelet/pods/1/etc-hosts","propagation":"PROPAGATION_PRIVATE","readonly":false,"selinuxRelabel":true},
  {"containerPath":"/logs","hostPath":"/var/log/api","propagation":"PROPAGATION_PRIVATE","readonly":false,"selinuxRelabel":false}]},
  "info":{"sandboxID":"78","pid":7,"privileged":false,"runtimeSpec":{"ociVersion":"1.0.2-dev","process":{"capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL","CAP_NET_BIND_SERVICE"]}}}}})";
const char* const kContainerdCri = R"({"status":{"id":"79","metadata":{"attempt":0,"name":"db"},"mounts":[]},
  "info":{"sandboxID":"80","config":{"metadata":{"name":"db"}},"runtimeSpec":{"process":{"capabilities":{"effective":["CAP_FOWNER"]}}}}})";

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("docker, nerdctl, CRI-O and containerd are read in their own shapes") {
  const auto docker = read_container_info(kDocker, "d");
  REQUIRE(docker.ok());
  CHECK((docker->form == "docker" && docker->name == "front" && !docker->privileged));
  CHECK(docker->capabilities == Names{"net_admin"});
  CHECK(docker->devices == Names{"/dev/fuse"});
  CHECK(docker->ports == std::vector<ContainerPort>{{"tcp", 80}, {"tcp", 443}, {"udp", 53}});
  CHECK(docker->mounts == std::vector<ContainerMount>{{"/srv/own", "/own", true, true},
                                                      {"/srv/www", "/usr/share/nginx/html", false, false},
                                                      {"/var/lib/docker/volumes/data/_data", "/data", true, false}});
  const auto nerdctl = read_container_info(kNerdctl, "n");
  REQUIRE(nerdctl.ok());
  CHECK(nerdctl->name == "worker");
  CHECK(nerdctl->mounts == std::vector<ContainerMount>{{"/etc/worker", "/conf", false, false}});
  CHECK(nerdctl->ports == std::vector<ContainerPort>{{"tcp", 9000}});
  const auto native = read_container_info(kNerdctlNative, "n");
  REQUIRE(native.ok());
  CHECK(native->name == "worker");
  CHECK(native->capabilities == Names{"chown", "kill"});
  CHECK(native->mounts == nerdctl->mounts);
  const auto crio = read_container_info(kCrio, "c");
  REQUIRE(crio.ok());
  CHECK((crio->form == "cri" && crio->name == "api"));
  CHECK(crio->capabilities == Names{"kill", "net_bind_service"});
  CHECK(crio->mounts == std::vector<ContainerMount>{{"/var/lib/kubelet/pods/1/etc-hosts", "/etc/hosts", true, true},
                                                    {"/var/log/api", "/logs", true, false}});
  const auto containerd = read_container_info(kContainerdCri, "c");
  REQUIRE(containerd.ok());
  CHECK((containerd->name == "db" && containerd->capabilities == Names{"fowner"}));
}

TEST_CASE("an inspect alone grants its devices, and says what docker's does not tell") {
  PolicyDb* policy = shared_policy();
  const auto contexts = find_file_contexts();
  if (policy == nullptr || !contexts) return;
  const auto labels = Labels::open(*contexts);
  const auto info = read_container_info(kDocker, "d");
  const auto made = build_container_module(nullptr, &*info, *policy, *labels, {});
  REQUIRE(made.ok());
  CHECK(made->module.rules.at({RuleKind::kAllow, "front_t", "fuse_device_t", "chr_file"}).contains("open"));
  CHECK(made->module.rules.at({RuleKind::kAllow, "front_t", "self", "capability"}) ==
        std::set<std::string>{"net_admin"});
  CHECK(std::any_of(made->summary.begin(), made->summary.end(),
                    [](const std::string& line) { return line.find("docker's inspect lists only") != line.npos; }));
}

TEST_CASE("what is no inspect is refused") {
  for (const char* text : {"", "[", "{}", "[]", "null", "[1]", R"({"HostConfig":1})"})
    CHECK_FALSE(read_container_info(text, "x").ok());
  CHECK_FALSE(read_container_info(std::string(100000, '['), "x").ok());
}

TEST_CASE("a container's module links and grants what was touched") {
  PolicyDb* shared = shared_policy();
  const auto contexts = find_file_contexts();
  if (shared == nullptr || !contexts) return;
  auto policy = PolicyDb::load(shared->where());
  const auto labels = Labels::open(*contexts);
  REQUIRE((policy.ok() && labels.ok()));
  const auto info = read_container_info(kPodman, "web.json");
  Policy recorded;
  recorded.name = "web";
  FileOp log;
  log.path = "/logs/access";
  log.perms = FilePerm::kAppend;
  log.kind = FileKind::kRegular;
  recorded.rules.push_back(Rule::observed({{}, log, std::nullopt}, {"f"}));
  const auto made = build_container_module(&recorded, &*info, *policy, *labels, {});
  INFO((made ? "" : to_text(made.error())));
  REQUIRE(made.ok());
  CHECK(made->run_option == "--security-opt label=type:web_t");
  CHECK(made->module.rules.at({RuleKind::kAllow, "web_t", "var_log_t", "file"}) ==
        std::set<std::string>{"append", "open"});
  Diagnostics diagnostics;
  const auto cil = read_cil(made->cil, "web.cil", diagnostics);
  REQUIRE(cil.ok());
  const auto linked = link_module(*policy, *cil, diagnostics);
  INFO((linked ? "" : to_text(linked.error())));
  REQUIRE(linked.ok());
  CHECK(policy->is_valid_context("system_u:system_r:web_t:s0"));
  CHECK(policy->allows("system_u:system_r:web_t:s0", "system_u:object_r:shadow_t:s0", "file", "read") == false);
  ContainerOptions inherits;
  inherits.templates = true;
  const auto block = build_container_module(nullptr, &*info, *policy, *labels, inherits);
  CHECK((block.ok() == false || block->cil.starts_with("(block web\n  (blockinherit container)\n")));
}

TEST_CASE("nothing to go by is refused") {
  PolicyDb* policy = shared_policy();
  const auto contexts = find_file_contexts();
  if (policy == nullptr || !contexts) return;
  const auto labels = Labels::open(*contexts);
  CHECK_FALSE(build_container_module(nullptr, nullptr, *policy, *labels, {}).ok());
}

namespace {

FileOp file(const std::string& path, FilePerms perms) {
  FileOp out;
  out.path = path;
  out.perms = perms;
  out.kind = FileKind::kRegular;
  return out;
}

Policy recorded(const std::vector<Operation>& operations) {
  Policy out;
  out.name = "web";
  for (const Operation& operation : operations)
    out.rules.push_back(Rule::observed({{}, operation, std::nullopt}, {"f"}));
  return out;
}

/// The installed policy with the types of container-selinux, as a host that runs containers has them.
Result<PolicyDb> policy_with_containers() {
  auto policy = PolicyDb::load(shared_policy()->where());
  Module m;
  m.name = "containers";
  m.types = {"container_t", "container_runtime_t", "container_file_t"};
  m.type_attributes = {
      {"container_t", {"domain"}}, {"container_runtime_t", {"domain"}}, {"container_file_t", {"file_type"}}};
  m.role_types = {{"system_r", "container_t"}, {"system_r", "container_runtime_t"}};
  m.allow("container_file_t", "fs_t", "filesystem", {"associate"});
  Diagnostics diagnostics;
  if (auto linked = link_module(*policy, m, diagnostics); !linked) return linked.error();
  return policy;
}

}  // namespace

TEST_CASE("a container's facts are decided with the labels of its image and mounts") {
  const auto contexts = find_file_contexts();
  if (shared_policy() == nullptr || !contexts) return;
  const auto info = read_container_info(kPodman, "web.json");
  const std::vector<Operation> seen = {file("/app/conf", FilePerm::kRead),
                                       file("/app/new", FilePerms(FilePerm::kWrite) | FilePerm::kCreate),
                                       file("/logs/access", FilePerm::kAppend), file("/data/x", FilePerm::kWrite),
                                       file("/proc/meminfo", FilePerm::kRead)};
  const Policy policy = recorded(seen);
  auto base = policy_with_containers();
  auto labels = Labels::open(*contexts);
  REQUIRE((base.ok() && labels.ok()));
  const auto made = build_container_module(&policy, &*info, *base, *labels, {});
  REQUIRE(made.ok());
  CHECK_FALSE(made->module.types.contains("web_file_t"));
  CHECK(made->module.rules.at({RuleKind::kAllow, "web_t", "container_file_t", "file"}).contains("create"));
  CHECK(made->selinux_profile.find("kind: SelinuxProfile") != std::string::npos);
  CHECK(made->selinux_profile.find("    container_file_t:\n      dir:\n") != std::string::npos);
  CHECK(made->kubernetes == "securityContext:\n  seLinuxOptions:\n    type: web_t\n");
  Diagnostics diagnostics;
  auto read = read_cil(made->cil, "web.cil", diagnostics);
  REQUIRE(read.ok());
  auto decider = make_decider(std::move(*base), std::move(*labels), std::move(*read), diagnostics, {}, info->mounts);
  INFO((decider ? "" : to_text(decider.error())));
  REQUIRE(decider.ok());
  const auto ruling = [&](const Operation& operation) {
    Fact fact;
    fact.operation = operation;
    const Decision decision = (*decider)->decide(fact);
    UNSCOPED_INFO(decision.by << " | " << decision.why);
    return decision.ruling;
  };
  for (const Operation& operation : seen) CHECK(ruling(operation) == Ruling::kAllowed);
  CHECK(ruling(file("/logs/access", FilePerm::kUnlink)) == Ruling::kDenied);
  CHECK(ruling(file("/dev/mem", FilePerm::kRead)) == Ruling::kDenied);
}

TEST_CASE("Bottlerocket's least type that may write what was written is named, with why") {
  ContainerInfo info;
  info.mounts = {{"/etc/kubernetes", "/k8s", true, false},
                 {"/run", "/run", true, false},
                 {"/usr/share", "/share", true, false},
                 {"/var/data", "/data", true, false}};
  const auto with = [&](const std::vector<Operation>& operations) {
    const Policy policy = recorded(operations);
    return bottlerocket_type(&policy, &info);
  };
  CHECK(with({file("/data/x", FilePerm::kWrite), file("/k8s/x", FilePerm::kRead)}).starts_with("container_t, "));
  FileOp socket = file("/run/api.sock", FilePerm::kConnect);
  CHECK(with({socket}).starts_with("control_t, "));
  CHECK(with({socket, file("/k8s/x", FilePerm::kWrite)}).starts_with("super_t, "));
  CHECK(with({file("/k8s/x", FilePerm::kWrite)}).find("/etc/kubernetes/x, which is etc_t") != std::string::npos);
  CHECK(with({file("/share/x", FilePerm::kWrite)}).starts_with("none fits"));
  CHECK(bottlerocket_type(nullptr, &info).starts_with("none fits"));
  ContainerInfo privileged;
  privileged.privileged = true;
  CHECK(bottlerocket_type(nullptr, &privileged).starts_with("super_t, "));
  CHECK(bottlerocket_type(nullptr, nullptr).starts_with("container_t, "));
}
