// rooms: selinux policy facts kernel base
// A whole binary policy of any bytes: refused in words, or every question that we ask of it is answered. libsepol reads
// it in a child first, so that what libsepol makes of it is not what is tried here.
#include "selinux/diff.h"
#include "selinux/link.h"
#include "selinux/policydb.h"
#include "selinux/vectors.h"
#include "support.h"

namespace {

using namespace cordon;
using namespace cordon::selinux;

constexpr std::size_t kMost = 6;  // of each kind of name, asked in all pairs

template <class List>
void cut(List& list) {
  if (list.size() > kMost) list.resize(kMost);
}

void ask_labels(const PolicyDb& policy) {
  for (const char* protocol : {"tcp", "udp", "dccp", "sctp", "none"})
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{0, 80, 1024, 65535})
      (void)policy.port_context(protocol, port);
  for (const char* address : {"127.0.0.1", "::1", "fe80::1", "nowhere"}) (void)policy.node_context(address);
  for (const char* fstype : {"proc", "sysfs", "ext4", "none"}) {
    (void)policy.fs_context(fstype);
    for (const char* path : {"/", "/net/dev", ""}) (void)policy.genfs_context(fstype, path, "file");
  }
  for (const char* sid : {"kernel", "unlabeled", "port", "netif", "none"}) (void)policy.initial_context(sid);
}

void ask_vectors(const PolicyDb& policy) {
  auto types = policy.types();
  auto classes = policy.classes();
  cut(types);
  cut(classes);
  const std::string range = policy.mls() ? ":s0" : "";
  for (const std::string& source : types) {
    for (const std::string& attribute : policy.attributes_of(source)) (void)policy.types_of(attribute);
    (void)policy.ports_of_type("tcp", source);
    for (const std::string& target : types)
      for (const std::string& klass : classes) {
        const std::string from = "u:r:" + source + range, to = "u:object_r:" + target + range;
        const auto perms = policy.perms_of(klass);
        const Explanation explained = policy.explain(from, to, klass, perms);
        fuzz::require(explained.perms.size() == perms.size());
        (void)policy.allows_extended(from, to, klass, "ioctl", 0x5401);
        (void)policy.allows_extended(from, to, klass, "nlmsg", 18);
        (void)policy.new_type(source, target, klass, "n");
        for (const std::string& perm : perms) {
          (void)rules_allow(policy, {source, target, klass}, perm);
          (void)booleans_for(policy, {source, target, klass}, perm);
        }
      }
  }
}

void ask_all(const PolicyDb& policy) {
  (void)policy.booleans();
  (void)policy.permission_rules();
  (void)policy.handle_unknown();
  (void)policy.messages_by_type();
  ask_labels(policy);
  ask_vectors(policy);
  fuzz::require(diff_policies(policy, policy).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  auto policy = PolicyDb::load(file.path());
  if (!policy) {
    fuzz::require(!policy.error().what.empty());
    return 0;
  }
  ask_all(*policy);
  Module module;
  module.name = "fuzz";
  module.types = {"fuzz_t"};
  for (const char* attribute : {"every", "fuzz_attribute"}) module.type_attributes["fuzz_t"].insert(attribute);
  module.attributes = {"fuzz_attribute"};
  module.permissive = {"fuzz_t"};
  Diagnostics diagnostics;
  if (link_module(*policy, module, diagnostics)) ask_all(*policy);
  return 0;
}
