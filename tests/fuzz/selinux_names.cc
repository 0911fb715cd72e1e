// rooms: selinux policy facts kernel base
#include <algorithm>
#include <cstdint>
#include <string>

#include "base/invariant.h"
#include "selinux/cil.h"
#include "selinux/labels.h"
#include "selinux/module.h"

using namespace cordon;
using namespace cordon::selinux;

/// Whatever a file is called, its line of file contexts and its CIL statement hold one entry with one type, and its
/// named transition is written whole or, where no policy source can hold the name, not at all.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string path = "/" + std::string(reinterpret_cast<const char*>(data), size);
  Module module;
  module.name = "fuzz";
  module.contexts = {{escape_path(path), "--", "fuzz_t", "s0"}};
  const TypeRule transition{"type_transition", "fuzz_t", "tmp_t", "file", path.substr(path.find_last_of('/') + 1),
                            "fuzz_exec_t"};
  module.type_rules = {transition};
  Diagnostics diagnostics;
  const auto lines = read_fc(write_fc(module, ContextStyle::kMls), "fuzz.fc");
  CORDON_INVARIANT(lines.ok() && *lines == module.contexts);
  const auto cil = read_cil(write_cil(module, true), "fuzz.cil", diagnostics);
  CORDON_INVARIANT(cil.ok() && cil->contexts.size() == 1 && cil->contexts[0].regex == module.contexts[0].regex);
  CORDON_INVARIANT(cil->rules.empty() && cil->types.empty());
  CORDON_INVARIANT(cil->type_rules.empty() || cil->type_rules == module.type_rules);
  const std::string te = write_te(module);
  const auto lines_of_te = std::count(te.begin(), te.end(), '\n');
  module.type_rules = {};
  const std::string without = write_te(module);
  CORDON_INVARIANT(lines_of_te - std::count(without.begin(), without.end(), '\n') <=
                   6);  // its requires, a blank line and itself
  const std::string& regex = module.contexts[0].regex;
  CORDON_INVARIANT(std::all_of(regex.begin(), regex.end(), [](char c) { return c > ' ' && c < 0x7f; }));
  return 0;
}
