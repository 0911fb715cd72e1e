#pragma once

#include <optional>
#include <string_view>

#include "triage/rule.h"

namespace cordon::triage {

/// '*' stands for any run of bytes, '?' for one; everything else for itself.
bool glob_matches(std::string_view glob, std::string_view text);

/// A test that a rule can name because no field's glob can say it: "mcs_apart", "in_container", …
struct NamedPredicate {
  std::string_view name;
  std::string_view meaning;
  bool (*test)(const View& view);
};
std::optional<std::size_t> predicate_named(std::string_view name);
const NamedPredicate& predicate(std::size_t index);

bool matches(const Condition& condition, const View& view);

/// True if the categories of `high` (an MCS level, "s0:c1,c5" or "s0-s0:c0.c1023") hold all those of `low`.
bool level_dominates(std::string_view high, std::string_view low);

}  // namespace cordon::triage
