#include "seccomp/reference.h"

#include <algorithm>
#include <cerrno>

#include "seccomp/names.h"

namespace cordon::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint64_t kHighHalf = 0xffffffff00000000;

/// libseccomp gives a multiplexer its selector as first argument and leaves the other positions as they are, though
/// they mean something else there: socketcall's second argument is a pointer.
std::vector<ArgCondition> multiplexed_conditions(const std::vector<ArgCondition>& conditions, std::uint32_t selector) {
  std::vector<ArgCondition> out = {{0, Compare::kEq, selector, 0}};
  std::copy_if(conditions.begin(), conditions.end(), std::back_inserter(out),
               [](const ArgCondition& c) { return c.index != 0; });
  return out;
}

using Values = std::set<std::uint64_t>;

void add_neighbours(Values& out, std::uint64_t value) {
  out.insert({value, value - 1, value + 1, value & 0xffffffff, value | kHighHalf, value ^ (std::uint64_t{1} << 32),
              static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int32_t>(value)))});
}

/// For a mask: values that agree in it with junk elsewhere, and values that differ from it in one masked bit.
void add_masked(Values& out, std::uint64_t mask, std::uint64_t value) {
  out.insert({value, value | ~mask, value ^ mask, (value ^ mask) | ~mask});
  for (std::uint64_t bits = mask, seen = 0; bits != 0 && seen < 40; bits &= bits - 1, ++seen)
    out.insert(value ^ (bits & (~bits + 1)));
}

Values interesting(const std::vector<CallRule>& rules, std::uint32_t index) {
  Values out = {0, 1, ~std::uint64_t{0}};
  for (const CallRule& rule : rules)
    for (const ArgCondition& c : rule.conditions) {
      if (c.index != index) continue;
      if (c.op == Compare::kMaskedEq)
        add_masked(out, c.value, c.value_two);
      else
        add_neighbours(out, c.value);
    }
  return out;
}

/// A value that the condition accepts.
std::uint64_t witness(const ArgCondition& c) {
  switch (c.op) {
    case Compare::kNe:
    case Compare::kGt: return c.value + 1;
    case Compare::kLt: return c.value - 1;
    case Compare::kMaskedEq: return c.value_two;
    default: return c.value;
  }
}

using Vectors = std::vector<std::array<std::uint64_t, 6>>;

Vectors product(const std::vector<std::pair<std::uint32_t, Values>>& positions) {
  Vectors out(1);
  for (const auto& [index, values] : positions) {
    Vectors next;
    next.reserve(out.size() * values.size());
    for (const auto& base : out)
      for (const std::uint64_t value : values) {
        next.push_back(base);
        next.back().at(index) = value;
      }
    out = std::move(next);
  }
  return out;
}

/// Around each rule's witness, one position at a time: the rule's own boundaries, and the values of all other rules.
Vectors around_rules(const std::vector<CallRule>& rules,
                     const std::vector<std::pair<std::uint32_t, Values>>& positions) {
  std::map<std::uint32_t, Values> witnesses;
  for (const CallRule& rule : rules)
    for (const ArgCondition& c : rule.conditions) witnesses[c.index].insert(witness(c));
  Vectors out;
  for (const CallRule& rule : rules) {
    std::array<std::uint64_t, 6> base{};
    for (const ArgCondition& c : rule.conditions) base.at(c.index) = witness(c);
    out.push_back(base);
    for (const auto& [index, ignored] : positions) {
      Values values = interesting({rule}, index);
      values.merge(Values(witnesses[index]));
      for (const std::uint64_t value : values) {
        out.push_back(base);
        out.back().at(index) = value;
      }
    }
  }
  return out;
}

}  // namespace

seccomp_data data_of(const Call& call) {
  seccomp_data data{};
  data.nr = static_cast<int>(call.number);
  data.arch = arch_info(call.arch).audit_arch;
  for (std::size_t i = 0; i < 6; ++i) {
    const std::uint64_t arg = has_narrow_arguments(call.arch) ? call.args[i] & 0xffffffff : call.args[i];
    data.args[i] = is_big_endian(call.arch) ? (arg << 32 | arg >> 32) : arg;
  }
  return data;
}

Reference::Reference(const Profile& profile, Runtime runtime, Arch host)
    : arches_(filtered_arches(profile, host)),
      default_value_(kernel_value(profile.default_action, profile.default_errno_ret)) {
  if (runtime == Runtime::kRunc) stub_ = stub_limits(profile);
  for (const SyscallRule& rule : profile.rules) {
    if (kernel_value(rule.action, rule.errno_ret) == default_value_) continue;
    for (const std::string& name : rule.names)
      if (is_known_name(name))
        for (const Arch arch : arches_) add(arch, rule, name);
  }
}

void Reference::add(Arch arch, const SyscallRule& rule, const std::string& name) {
  const std::uint32_t value = kernel_value(rule.action, rule.errno_ret);
  for (const auto& conditions : condition_sets(rule)) {
    if (const auto number = number_on(arch, name))
      rules_[{arch, static_cast<std::uint32_t>(*number)}].push_back({value, conditions, rule.pointer});
    if (const auto mux = multiplexed_on(arch, name))
      rules_[{arch, static_cast<std::uint32_t>(mux->number)}].push_back(
          {value, multiplexed_conditions(conditions, mux->selector), rule.pointer});
  }
}

bool Reference::above_stub(const Call& call) const {
  const bool x32_call = (call.number & kX32Bit) != 0;
  for (const StubLimit& limit : stub_) {
    if (arch_info(limit.arch).audit_arch != arch_info(call.arch).audit_arch) continue;
    if (limit.arch == Arch::kS390x && call.number == 0) return true;
    const bool x86 = limit.arch == Arch::kX86_64 || limit.arch == Arch::kX32;
    if (x86 && (limit.arch == Arch::kX32) != x32_call) continue;
    if (call.number > limit.largest) return true;
  }
  return false;
}

const std::vector<CallRule>& Reference::rules_of(Arch arch, std::uint32_t number) const {
  static const std::vector<CallRule> none;
  const auto found = rules_.find({arch, number});
  return found == rules_.end() ? none : found->second;
}

Answer Reference::ask(const Call& call) const {
  Answer answer;
  if (above_stub(call)) {
    answer.values = {SECCOMP_RET_ERRNO | ENOSYS};
    return answer;
  }
  if (std::find(arches_.begin(), arches_.end(), call.arch) == arches_.end()) {
    answer.values = {SECCOMP_RET_KILL_THREAD};  // libseccomp's action for an ABI that the filter does not list
    return answer;
  }
  for (const CallRule& rule : rules_of(call.arch, call.number)) {
    const bool holds = std::all_of(rule.conditions.begin(), rule.conditions.end(), [&](const ArgCondition& c) {
      return c.holds(has_narrow_arguments(call.arch) ? call.args.at(c.index) & 0xffffffff : call.args.at(c.index));
    });
    if (!holds) continue;
    answer.values.insert(rule.value);
    answer.pointers.push_back(rule.pointer);
  }
  answer.is_default = answer.values.empty();
  if (answer.is_default) answer.values = {default_value_};
  return answer;
}

std::vector<std::array<std::uint64_t, 6>> argument_classes(const std::vector<CallRule>& rules,
                                                           const std::map<std::uint32_t, std::uint64_t>& fixed,
                                                           std::size_t limit) {
  std::vector<std::pair<std::uint32_t, Values>> positions;
  std::size_t combinations = 1;
  for (std::uint32_t index = 0; index < 6; ++index) {
    const bool used = std::any_of(rules.begin(), rules.end(), [&](const CallRule& rule) {
      return std::any_of(rule.conditions.begin(), rule.conditions.end(),
                         [&](const ArgCondition& c) { return c.index == index; });
    });
    if (!used || fixed.contains(index)) continue;
    positions.emplace_back(index, interesting(rules, index));
    combinations = std::min(combinations * positions.back().second.size(), limit + 1);
  }
  Vectors out = combinations <= limit ? product(positions) : around_rules(rules, positions);
  for (auto& vector : out)
    for (const auto& [index, value] : fixed) vector.at(index) = value;
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace cordon::seccomp
