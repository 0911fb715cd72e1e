#include "seccomp/names.h"

#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

namespace cordon::seccomp {
namespace {

constexpr int kNumbersScanned = 1024;  // above every table of libseccomp 2.5 and 2.6
constexpr int kX32Bit = 0x40000000;

struct Table {
  std::vector<std::string> by_number = std::vector<std::string>(kNumbersScanned);
  std::vector<std::string> names;
  std::map<std::string, int, std::less<>> numbers;
  int highest = 0;
};

Table make_table(Arch arch) {
  Table table;
  const int base = arch == Arch::kX32 ? kX32Bit : 0;
  for (int i = 0; i < kNumbersScanned; ++i) {
    char* name = seccomp_syscall_resolve_num_arch(arch_info(arch).scmp_token, base + i);
    if (name == nullptr) continue;
    table.by_number[static_cast<std::size_t>(i)] = name;
    table.names.emplace_back(name);
    table.numbers.emplace(name, base + i);
    table.highest = base + i;
    std::free(name);
  }
  return table;
}

const Table& table_of(Arch arch) {
  static std::array<std::optional<Table>, 8> tables;
  auto& table = tables.at(static_cast<std::size_t>(arch));
  if (!table) table = make_table(arch);
  return *table;
}

bool has_socketcall(Arch arch) { return arch == Arch::kI386 || arch == Arch::kS390x || arch == Arch::kPpc64le; }

struct Call {
  std::string_view name;
  std::uint32_t selector;
};

// linux/net.h SYS_*
constexpr auto kSocketCalls = std::to_array<Call>(
    {{"socket", 1},      {"bind", 2},        {"connect", 3},    {"listen", 4},      {"accept", 5},
     {"getsockname", 6}, {"getpeername", 7}, {"socketpair", 8}, {"send", 9},        {"recv", 10},
     {"sendto", 11},     {"recvfrom", 12},   {"shutdown", 13},  {"setsockopt", 14}, {"getsockopt", 15},
     {"sendmsg", 16},    {"recvmsg", 17},    {"accept4", 18},   {"recvmmsg", 19},   {"sendmmsg", 20}});

// linux/ipc.h
constexpr auto kIpcCalls = std::to_array<Call>({{"semop", 1},
                                                {"semget", 2},
                                                {"semctl", 3},
                                                {"semtimedop", 4},
                                                {"msgsnd", 11},
                                                {"msgrcv", 12},
                                                {"msgget", 13},
                                                {"msgctl", 14},
                                                {"shmat", 21},
                                                {"shmdt", 22},
                                                {"shmget", 23},
                                                {"shmctl", 24}});

}  // namespace

std::optional<int> number_on(Arch arch, std::string_view name) {
  const Table& table = table_of(arch);
  const auto found = table.numbers.find(name);
  if (found == table.numbers.end()) return std::nullopt;
  return found->second;
}

int resolved_number(Arch arch, std::string_view name) {
  return seccomp_syscall_resolve_name_arch(arch_info(arch).scmp_token, std::string(name).c_str());
}

const std::string& name_on(Arch arch, int number) {
  static const std::string none;
  const int index = arch == Arch::kX32 ? number - kX32Bit : number;
  if (index < 0 || index >= kNumbersScanned) return none;
  return table_of(arch).by_number[static_cast<std::size_t>(index)];
}

bool is_known_name(std::string_view name) {
  return seccomp_syscall_resolve_name(std::string(name).c_str()) != __NR_SCMP_ERROR;
}

const std::vector<std::string>& names_on(Arch arch) { return table_of(arch).names; }
int highest_on(Arch arch) { return table_of(arch).highest; }

std::optional<Multiplexed> multiplexed_on(Arch arch, std::string_view name) {
  if (!has_socketcall(arch)) return std::nullopt;
  const auto in = [&](const auto& calls, std::string_view mux) -> std::optional<Multiplexed> {
    const auto found = std::find_if(calls.begin(), calls.end(), [&](const Call& call) { return call.name == name; });
    const auto number = number_on(arch, mux);
    if (found == calls.end() || !number) return std::nullopt;
    return Multiplexed{*number, found->selector};
  };
  if (auto mux = in(kSocketCalls, "socketcall")) return mux;
  return in(kIpcCalls, "ipc");
}

}  // namespace cordon::seccomp
