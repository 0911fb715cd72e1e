#include <catch2/catch.hpp>

#include "selinux/cil.h"
#include "selinux/container.h"
#include "selinux/link.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

const char* const kPodman = R"([{"Name":"web","EffectiveCaps":["CAP_NET_BIND_SERVICE"],"Mounts":[
  {"Type":"bind","Source":"/var/log/web","Destination":"/logs","Mode":"","RW":true},
  {"Type":"bind","Source":"/srv/data","Destination":"/data","Mode":"Z","RW":true}],
  "Config":{"ExposedPorts":{"80/tcp":{}}},"HostConfig":{"Privileged":false,"CapAdd":["CAP_CHOWN"],"PortBindings":{"80/tcp":[]},"Devices":[]}}])";
const char* const kCri = R"({"status":{"metadata":{"name":"pod"},"mounts":[{"containerPath":"/d","hostPath":"/etc","readonly":true}]},
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
  const auto oci = read_container_info(R"({"ociVersion":"1.0","mounts":[{"source":"/a","destination":"/b","type":"bind","options":["ro"]}]})", "c");
  REQUIRE(oci.ok());
  CHECK(oci->mounts == std::vector<ContainerMount>{{"/a", "/b", false, false}});
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
  CHECK(made->module.rules.at({RuleKind::kAllow, "web_t", "var_log_t", "file"}) == std::set<std::string>{"append", "open"});
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
