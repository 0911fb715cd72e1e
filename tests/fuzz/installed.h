#pragma once

#include <optional>

#include "selinux/labels.h"
#include "selinux/policydb.h"

namespace fuzz {

/// The installed policy with its labels, read once; nothing where a machine has none.
struct Installed {
  cordon::selinux::PolicyDb policy;
  cordon::selinux::Labels labels;
};

inline const std::optional<Installed>& installed() {
  static const std::optional<Installed> kInstalled = []() -> std::optional<Installed> {
    const auto policy_file = cordon::selinux::find_policy();
    const auto contexts = cordon::selinux::find_file_contexts();
    if (!policy_file || !contexts) return std::nullopt;
    auto policy = cordon::selinux::PolicyDb::load(*policy_file);
    auto labels = cordon::selinux::Labels::open(*contexts);
    if (!policy || !labels) return std::nullopt;
    return Installed{std::move(*policy), std::move(*labels)};
  }();
  return kInstalled;
}

}  // namespace fuzz
