#include "selinux/boolean.h"

#include <algorithm>
#include <bit>
#include <set>

namespace cordon::selinux {
namespace {

// checkpolicy allows at most COND_EXPR_MAXDEPTH terms; a CIL condition may name more booleans than are worth trying.
constexpr std::size_t kMaxBooleans = 12;

using State = std::map<std::uint32_t, bool>;  // by the boolean's value; absent: as the policy has it

bool state_of(const policydb_t& db, const State& changed, std::uint32_t boolean) {
  const auto found = changed.find(boolean);
  return found != changed.end() ? found->second : db.bool_val_to_struct[boolean - 1]->state != 0;
}

bool apply(std::uint32_t operation, bool a, bool b) {
  switch (operation) {
    case COND_OR: return a || b;
    case COND_AND: return a && b;
    case COND_XOR: return a != b;
    case COND_EQ: return a == b;
    default: return a != b;
  }
}

bool holds(const policydb_t& db, const cond_node_t& node, const State& changed) {
  std::vector<bool> stack;
  for (const cond_expr_t* term = node.expr; term != nullptr; term = term->next) {
    if (term->expr_type == COND_BOOL) {
      stack.push_back(state_of(db, changed, term->boolean));
    } else if (term->expr_type == COND_NOT && !stack.empty()) {
      stack.back() = !stack.back();
    } else if (stack.size() >= 2) {
      const bool right = stack.back();
      stack.pop_back();
      stack.back() = apply(term->expr_type, stack.back(), right);
    }
  }
  return !stack.empty() && stack.back();
}

std::vector<std::uint32_t> booleans_in(const cond_node_t& node) {
  std::set<std::uint32_t> out;
  for (const cond_expr_t* term = node.expr; term != nullptr; term = term->next)
    if (term->expr_type == COND_BOOL) out.insert(term->boolean);
  return {out.begin(), out.end()};
}

std::vector<BooleanSetting> named(const policydb_t& db, const State& changed) {
  std::vector<BooleanSetting> out;
  for (const auto& [boolean, on] : changed) out.push_back({db.sym_val_to_name[SYM_BOOLS][boolean - 1], on});
  std::sort(out.begin(), out.end());
  return out;
}

/// The minimal changes that bring the condition to `wanted`, smallest first.
std::vector<State> changes_for(const policydb_t& db, const cond_node_t& node, bool wanted) {
  const auto booleans = booleans_in(node);
  if (booleans.size() > kMaxBooleans) return {};
  std::vector<std::uint32_t> masks;
  for (std::uint32_t mask = 1; mask < (1U << booleans.size()); ++mask) masks.push_back(mask);
  std::stable_sort(masks.begin(), masks.end(),
                   [](std::uint32_t a, std::uint32_t b) { return std::popcount(a) < std::popcount(b); });
  std::vector<State> out;
  std::vector<std::uint32_t> found;
  for (std::uint32_t mask : masks) {
    if (std::any_of(found.begin(), found.end(), [&](std::uint32_t smaller) { return (smaller & mask) == smaller; }))
      continue;
    State changed;
    for (std::size_t i = 0; i < booleans.size(); ++i)
      if ((mask & (1U << i)) != 0) changed[booleans[i]] = db.bool_val_to_struct[booleans[i] - 1]->state == 0;
    if (holds(db, node, changed) != wanted) continue;
    found.push_back(mask);
    out.push_back(std::move(changed));
  }
  return out;
}

std::size_t allow_rules(const cond_av_list_t* list) {
  std::size_t out = 0;
  for (; list != nullptr; list = list->next) out += (list->node->key.specified & AVTAB_ALLOWED) != 0 ? 1 : 0;
  return out;
}

/// How many allow rules become active with the change.
std::size_t opened_by(const PolicyDb::Impl& impl, const State& changed) {
  const auto key = named(impl.db, changed);
  if (const auto known = impl.opens.find(key); known != impl.opens.end()) return known->second;
  std::size_t out = 0;
  for (const cond_node_t* node = impl.db.cond_list; node != nullptr; node = node->next) {
    const bool now = holds(impl.db, *node, {});
    const bool then = holds(impl.db, *node, changed);
    if (now != then) out += allow_rules(then ? node->true_list : node->false_list);
  }
  impl.opens.emplace(key, out);
  return out;
}

}  // namespace

std::vector<BooleanFix> boolean_fixes(const PolicyDb::Impl& impl, const std::vector<MatchedRule>& disabled) {
  std::set<State> changes;
  for (const MatchedRule& rule : disabled) {
    const ConditionalRule* condition = impl.conditional(rule.node);
    if (condition == nullptr) continue;
    for (State& change : changes_for(impl.db, *condition->node, condition->on_true)) changes.insert(std::move(change));
  }
  std::vector<BooleanFix> out;
  for (const State& change : changes) {
    const bool has_smaller = std::any_of(changes.begin(), changes.end(), [&](const State& other) {
      return other.size() < change.size() && std::includes(change.begin(), change.end(), other.begin(), other.end());
    });
    if (has_smaller) continue;
    const std::size_t all = opened_by(impl, change);
    out.push_back({named(impl.db, change), all == 0 ? 0 : all - 1});
  }
  std::sort(out.begin(), out.end(), [](const BooleanFix& a, const BooleanFix& b) {
    return std::tuple(a.opens, a.set.size(), a.set) < std::tuple(b.opens, b.set.size(), b.set);
  });
  return out;
}

}  // namespace cordon::selinux
