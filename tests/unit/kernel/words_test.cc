#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "kernel/names.h"
#include "kernel/syscall_table.h"

using namespace cordon;

TEST_CASE("numbers without a name go through their digits and back") {
  CHECK(errno_number("4000") == 4000);
  for (const char* odd : {"", "12x", "EWHAT"}) CHECK_FALSE(errno_number(odd));
  CHECK(signal_name(99) == "99");
  CHECK(capability_name(63) == "63");
  CHECK_FALSE(capability_number("no_such"));
  CHECK(socket_type_number(socket_type_name(77)) == 77);
  CHECK(rlimit_number(rlimit_name(77)) == 77U);
}

TEST_CASE("limits, types and protocols by their names") {
  CHECK(rlimit_number("nofile") == 7U);
  CHECK(rlimit_name(7) == "nofile");
  CHECK(socket_type_number("seqpacket") == SOCK_SEQPACKET);
  CHECK(socket_protocol_number(AF_NETLINK, "route") == 0);
  CHECK(socket_protocol_number(AF_INET, "udp") == 17);
  CHECK(socket_protocol_number(AF_INET, "") == 0);
  CHECK_FALSE(socket_protocol_number(AF_INET, "no-such"));
  CHECK(socket_protocol_name(AF_INET, 0).empty());
  CHECK(socket_protocol_name(AF_PACKET, 3) == "3");
}

TEST_CASE("mount's words: what recurses, what is not known") {
  CHECK(mount_flag_words(MS_REC | MS_RDONLY) == std::vector<std::string>{"rec", "ro"});
  CHECK(mount_flag_number("rec") == MS_REC);
  CHECK_FALSE(mount_flag_number("rro"));
  CHECK_FALSE(mount_flag_number("no-such"));
  CHECK(open_flags_text(std::uint64_t{1} << 40) == "O_RDONLY|0x10000000000");
}

TEST_CASE("every capability has a name that leads back to it") {
  const auto& all = all_capabilities();
  REQUIRE(all.size() >= 41);
  for (unsigned i = 0; i < all.size(); ++i) {
    CHECK(capability_name(i) == all[i]);
    CHECK(capability_number(all[i]) == i);
  }
}

TEST_CASE("calls behind a multiplexer are named: socketcall(2), ipc(2)") {
  CHECK(socketcall_name(1) == "socket");
  CHECK(socketcall_name(20) == "sendmmsg");
  CHECK(socketcall_name(999).empty());
  CHECK(ipc_call_name(2) == "semget");
  CHECK(ipc_call_name(0x10000 | 21) == "shmat");  // the high half is the call's version
  CHECK(ipc_call_name(99).empty());
}
