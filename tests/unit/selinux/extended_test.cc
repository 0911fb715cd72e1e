#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "selinux/backend.h"
#include "selinux/link.h"
#include "selinux/policydb_impl.h"
#include "selinux_testing.h"

using namespace cordon;
using namespace cordon::selinux;

namespace {

void add_perm(policydb_t& db, const char* klass, const char* name) {
  auto* datum = static_cast<class_datum_t*>(hashtab_search(db.symtab[SYM_CLASSES].table, klass));
  REQUIRE((datum != nullptr && datum->permissions.nprim < 32));
  auto* perm = static_cast<perm_datum_t*>(std::calloc(1, sizeof(perm_datum_t)));
  perm->s.value = ++datum->permissions.nprim;
  REQUIRE(hashtab_insert(datum->permissions.table, strdup(name), perm) == 0);
}

/// The installed policy as one of 2025: libsepol 3.4 and secilc can neither name the capability nor write such rules.
struct NewerPolicy {
  std::filesystem::path directory;
  std::string path;

  NewerPolicy() {
    auto policy = PolicyDb::load(shared_policy()->where());
    REQUIRE(policy.ok());
    policydb_t& db = policy->impl().db;
    REQUIRE(ebitmap_set_bit(&db.policycaps, kCapabilityNetlinkExtended, 1) == 0);
    for (const char* klass : {"netlink_route_socket", "netlink_tcpdiag_socket"}) add_perm(db, klass, "nlmsg");
    SepolMessages messages;
    void* bytes = nullptr;
    std::size_t size = 0;
    REQUIRE(policydb_to_image(messages.handle(), &db, &bytes, &size) == 0);
    std::string name = (std::filesystem::temp_directory_path() / "cordon-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory = name;
    path = (directory / "policy").string();
    std::ofstream(path, std::ios::binary).write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
    std::free(bytes);
  }
  ~NewerPolicy() { std::filesystem::remove_all(directory); }
};

Fact message(std::uint16_t type, const std::string& protocol = "route", SocketAct act = SocketAct::kSend) {
  NetOp op;
  op.act = act;
  op.family = "netlink";
  op.type = "raw";
  op.protocol = protocol;
  op.message = type;
  Fact fact;
  fact.operation = op;
  return fact;
}

Fact command(const std::string& klass, std::uint32_t number) {
  IoctlOp op;
  op.klass = klass;
  op.command = number;
  Fact fact;
  fact.operation = op;
  return fact;
}

struct Emitted {
  Emission files;
  std::unique_ptr<Decider> decider;
  std::string bytes(const std::string& suffix) const {
    for (const EmittedFile& file : files.files)
      if (file.suffix == suffix) return file.bytes;
    return {};
  }
  Ruling ruling(const Fact& fact) const { return decider->decide(fact).ruling; }
};

Emitted emit(const std::vector<Fact>& facts, const NewerPolicy& newer, std::map<std::string, std::string> values = {}) {
  Policy policy;
  policy.name = "small";
  policy.program = "/usr/bin/small";
  for (const Fact& fact : facts)
    policy.rules.push_back(Rule::observed({fact.subject, fact.operation, std::nullopt}, {fact_id(fact)}));
  BackendOptions options;
  options.values = std::move(values);
  options.values["policy"] = newer.path;
  Diagnostics diagnostics;
  auto emission = selinux_backend().emit(policy, options, diagnostics);
  INFO((emission ? "" : to_text(emission.error())));
  REQUIRE(emission.ok());
  Emitted out{std::move(*emission), nullptr};
  const std::string cil = (newer.directory / "small.cil").string();
  std::ofstream(cil, std::ios::binary) << out.bytes(".cil");
  auto decider = selinux_backend().read({cil}, options, diagnostics);
  INFO((decider ? "" : to_text(decider.error())));
  REQUIRE(decider.ok());
  out.decider = std::move(*decider);
  return out;
}

}  // namespace

TEST_CASE("where the policy tells netlink messages by type, just those that were sent are granted") {
  if (shared_policy() == nullptr) return;
  const NewerPolicy newer;
  const std::vector<Fact> facts = {message(26), message(18, "sock_diag", SocketAct::kWrite)};
  const Emitted made = emit(facts, newer);
  CHECK(made.bytes(".te").find("allow small_t self:netlink_route_socket { nlmsg write };") != std::string::npos);
  CHECK(made.bytes(".te").find("allowxperm small_t self:netlink_route_socket nlmsg { 0x001a };") != std::string::npos);
  CHECK(made.bytes(".cil").find("(allowx small_t self (nlmsg netlink_tcpdiag_socket (0x0012)))") != std::string::npos);
  CHECK(made.bytes(".te").find("nlmsg_read") == std::string::npos);
  for (const Fact& fact : facts) CHECK(made.ruling(fact) == Ruling::kAllowed);
  CHECK(made.ruling(message(24)) == Ruling::kDenied);
  CHECK(made.ruling(message(20, "sock_diag", SocketAct::kWrite)) == Ruling::kDenied);
  Diagnostics diagnostics;
  const auto plain = PolicyDb::load(shared_policy()->where());
  CHECK((plain.ok() && !plain->messages_by_type()));
}

TEST_CASE("a netlink socket's commands and messages are narrowed together, or neither") {
  if (shared_policy() == nullptr) return;
  const NewerPolicy newer;
  const std::vector<Fact> facts = {message(26), command("netlink_route_socket", 0x8933)};
  const Emitted both = emit(facts, newer);
  CHECK(both.bytes(".te").find("self:netlink_route_socket ioctl {") != std::string::npos);
  CHECK(both.bytes(".te").find("self:netlink_route_socket nlmsg { 0x001a };") != std::string::npos);
  for (const Fact& fact : facts) CHECK(both.ruling(fact) == Ruling::kAllowed);
  CHECK(both.ruling(command("netlink_route_socket", 0x8934)) == Ruling::kDenied);
  const Emitted neither = emit(facts, newer, {{"ioctl", "any"}});
  CHECK(neither.bytes(".te").find("allowxperm") == std::string::npos);
  CHECK(neither.ruling(message(24)) == Ruling::kAllowed);
  CHECK(neither.ruling(command("netlink_route_socket", 0x8934)) == Ruling::kAllowed);
}
