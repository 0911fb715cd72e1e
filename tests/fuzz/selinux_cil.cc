// rooms: selinux policy facts kernel base
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "selinux/cil.h"
#include "selinux/module.h"

using namespace cordon;
using namespace cordon::selinux;

/// What is read and bears only fit names is written and read back the same; all else is refused, never a crash.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  const auto module = read_cil(text, "fuzz.cil", diagnostics);
  if (!module) return 0;
  static_cast<void>(write_te(*module));
  static_cast<void>(write_fc(*module, ContextStyle::kMls));
  Module named = *module;
  named.name = "fuzz";
  if (!bad_names(named).empty()) return 0;
  const auto again = read_cil(write_cil(*module, true), "again.cil", diagnostics);
  CORDON_INVARIANT(again.ok() && again->rules.size() == module->rules.size());
  return 0;
}
