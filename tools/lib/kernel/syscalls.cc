#include "kernel/syscalls.h"

#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace cordon {
namespace {

struct Newer {
  std::int32_t number;
  std::string_view name;
};
// Calls that Debian 12's libseccomp 2.5.4 lacks. From 424 on a number means the same call on every architecture
// (linux/scripts/syscall.tbl).
constexpr Newer kNewer[] = {
    {451, "cachestat"},         {452, "fchmodat2"},         {453, "map_shadow_stack"}, {454, "futex_wake"},
    {455, "futex_wait"},        {456, "futex_requeue"},     {457, "statmount"},        {458, "listmount"},
    {459, "lsm_get_self_attr"}, {460, "lsm_set_self_attr"}, {461, "lsm_list_modules"}, {462, "mseal"},
    {463, "setxattrat"},        {464, "getxattrat"},        {465, "listxattrat"},      {466, "removexattrat"},
    {467, "open_tree_attr"},    {468, "file_getattr"},      {469, "file_setattr"},
};
// x86_64 only (arch/x86/entry/syscalls/syscall_64.tbl): the kernel's own probes call them from user space.
constexpr Newer kNewerX86_64[] = {{335, "uretprobe"}, {336, "uprobe"}};

constexpr std::int32_t kX32Bit = 0x40000000;

struct Table {
  std::vector<std::string> by_number;  // index: number without the x32 bit
  std::map<std::string, std::int32_t, std::less<>> by_name;
  std::map<std::int32_t, std::string> odd;  // ARM's private calls lie at 0xf0000
  std::vector<std::string_view> sorted;
};

constexpr std::int32_t kHighest = 1100;  // above every number in use, x32's own included (512 to 547)

void add(Table& table, std::int32_t number, std::string_view name, std::int32_t bit) {
  table.by_number[static_cast<std::size_t>(number)] = name;
  table.by_name.emplace(name, number | bit);
}

std::string resolve(const ArchInfo& info, std::int32_t number) {
  char* name = seccomp_syscall_resolve_num_arch(info.scmp_token, number);
  std::string result = name == nullptr ? "" : name;
  std::free(name);
  return result;
}

void add_newer(Table& table, Arch arch, std::int32_t bit) {
  for (const Newer& row : kNewer)
    if (table.by_number[static_cast<std::size_t>(row.number)].empty()) add(table, row.number, row.name, bit);
  if (arch != Arch::kX86_64) return;
  for (const Newer& row : kNewerX86_64)
    if (table.by_number[static_cast<std::size_t>(row.number)].empty()) add(table, row.number, row.name, bit);
}

void add_arm_private(Table& table, const ArchInfo& info) {
  for (std::int32_t number = 0xf0000; number < 0xf0010; ++number) {
    std::string name = resolve(info, number);
    if (name.empty()) continue;
    table.by_name.emplace(name, number);
    table.odd.emplace(number, std::move(name));
  }
}

Table build(Arch arch) {
  const ArchInfo& info = arch_info(arch);
  const std::int32_t bit = arch == Arch::kX32 ? kX32Bit : 0;
  Table table;
  table.by_number.resize(kHighest);
  for (std::int32_t number = 0; number < kHighest; ++number) {
    const std::string name = resolve(info, number | bit);
    if (!name.empty()) add(table, number, name, bit);
  }
  add_newer(table, arch, bit);
  if (arch == Arch::kArm) add_arm_private(table, info);
  for (const auto& [name, number] : table.by_name) table.sorted.push_back(name);
  return table;
}

const Table& table_of(Arch arch) {
  static std::array<std::once_flag, 8> once;
  static std::array<std::unique_ptr<Table>, 8> tables;
  const auto index = static_cast<std::size_t>(arch);
  std::call_once(once[index], [&] { tables[index] = std::make_unique<Table>(build(arch)); });
  return *tables[index];
}

}  // namespace

std::string_view syscall_name(Arch arch, std::int64_t number) {
  const Table& table = table_of(arch);
  if (arch == Arch::kX32) number &= ~std::int64_t{kX32Bit};
  if (number >= 0 && number < kHighest) return table.by_number[static_cast<std::size_t>(number)];
  if (number < 0 || number > INT32_MAX) return {};
  const auto found = table.odd.find(static_cast<std::int32_t>(number));
  return found == table.odd.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<std::int32_t> syscall_number(Arch arch, std::string_view name) {
  const Table& table = table_of(arch);
  const auto found = table.by_name.find(name);
  if (found == table.by_name.end()) return std::nullopt;
  return found->second;
}

bool libseccomp_knows(Arch arch, std::string_view name) {
  return seccomp_syscall_resolve_name_arch(arch_info(arch).scmp_token, std::string(name).c_str()) != __NR_SCMP_ERROR;
}

const std::vector<std::string_view>& all_syscalls(Arch arch) { return table_of(arch).sorted; }

}  // namespace cordon
