// rooms: ptrace facts kernel base
// What a program hands to a netlink socket, in every form that a call has for it, with lengths, counts and addresses
// that lie: the types of its messages, each once. The program is this one: its memory is read as a tracee's is.
#include "ptrace/netlink.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstring>

#include "ptrace/engine.h"
#include "support.h"

namespace {

using namespace cordon;

struct Nowhere : FactSink {
  Result<void> on_head(const Head&) override { return {}; }
  Result<void> on_proc(const Proc&) override { return {}; }
  Result<void> on_fact(const Fact&, const FactId&, std::string_view) override { return {}; }
  Result<void> on_tried(const Fact&) override { return {}; }
  Result<void> on_tally(const FactId&, const Tally&) override { return {}; }
  Result<void> on_end(const End&) override { return {}; }
};

std::uint64_t address_of(const void* object) { return reinterpret_cast<std::uintptr_t>(object); }

constexpr const char* kCalls[] = {"write", "send", "sendto", "writev", "sendmsg", "sendmmsg"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const RecordOptions kOptions;
  static Nowhere sink;
  static World world(kOptions, sink);
  fuzz::Choices choices(fuzz::text_of(data, std::min<std::size_t>(size, 8)));
  Tracee tracee;
  tracee.tid = getpid();
  const std::size_t which = choices.below(std::size(kCalls));
  tracee.call.arch = choices.below(4) == 0 ? Arch::kI386 : Arch::kX86_64;
  std::string bytes(fuzz::text_of(data, size).substr(std::min<std::size_t>(size, 8)));
  const std::size_t length = bytes.size() + (choices.below(4) == 0 ? choices.byte() * 4096 : 0);
  iovec parts[2] = {{bytes.data(), length}, {choices.below(3) == 0 ? nullptr : bytes.data(), bytes.size() / 2}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = choices.below(4) == 0 ? choices.byte() * 257 : choices.below(3);
  mmsghdr messages[2] = {{message, 0}, {message, 0}};
  const std::uint64_t wholes[] = {address_of(bytes.data()), address_of(parts), address_of(&message),
                                  address_of(messages)};
  const std::uint64_t counts[] = {length, message.msg_iovlen, 0, choices.below(4) == 0 ? ~std::uint64_t{0} : 2};
  const std::size_t shape = which < 3 ? 0 : which - 2;
  const std::uint64_t at = choices.below(8) == 0 ? address_of(bytes.data()) : wholes[shape];
  const std::uint64_t args[6] = {0, at, counts[shape], 0, 0, 0};
  const CallRow* row = world.row_named(tracee.call.arch, kCalls[which]);
  const auto types = netlink::message_types(world, tracee, *row, args);
  fuzz::require(std::is_sorted(types.begin(), types.end()));
  fuzz::require(std::adjacent_find(types.begin(), types.end()) == types.end());
  return 0;
}
