// rooms: selinux policy facts kernel base
// A module of any content: names that cannot stand in policy are named; else what the writers write reads back the
// same.
#include "selinux/cil.h"
#include "selinux/interface_file.h"
#include "selinux/module.h"
#include "support.h"

namespace {

using namespace cordon;
using namespace cordon::selinux;

/// A fit name of few, or any bytes. Files' names in transitions are fit ones: the writers leave others out.
std::string name_of_choice(fuzz::Choices& choices) {
  const std::uint8_t kind = choices.byte();
  return kind < 250 ? "n" + std::to_string(kind % 8) + "_t" : choices.bytes();
}

void add_rule(Module& module, fuzz::Choices& choices) {
  const std::string a = name_of_choice(choices), b = name_of_choice(choices), c = name_of_choice(choices);
  switch (choices.below(8)) {
    case 0: module.types.insert(a); break;
    case 1: module.permissive.insert(a); break;
    case 2: module.role_types.insert({a, b}); break;
    case 3:
      module.type_rules.insert(
          {"type_transition", a, b, "file", choices.below(2) == 0 ? "" : "name" + std::to_string(choices.below(4)), c});
      break;
    case 4: module.contexts.push_back({"/" + a, choices.below(2) == 0 ? "" : "--", b, "s0"}); break;
    case 5:
      (module.*kExtendedKinds[choices.below(2)].rules)[{RuleKind::kAllow, a, b, "file"}].insert(
          static_cast<std::uint16_t>(choices.byte() * 256 + choices.byte()));
      break;
    default:
      module.rules[{RuleKind::kAllow, a, choices.below(4) == 0 ? "self" : b, "file"}].insert(
          choices.below(2) == 0 ? "read" : c);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int kMostRules = 64;
  fuzz::Choices choices(fuzz::text_of(data, size));
  Module module;
  module.name = "fuzz";
  for (int i = 0; i < kMostRules && choices.more(); ++i) add_rule(module, choices);
  const std::string te = write_te(module), cil = write_cil(module, true);
  (void)write_interfaces(module, "fuzz_t", "fuzz_exec_t");
  if (!bad_names(module).empty()) return 0;
  Diagnostics diagnostics;
  const auto again = read_cil(cil, "written.cil", diagnostics);
  fuzz::require(again.ok() && again->rules == module.rules && again->ioctls == module.ioctls &&
                again->messages == module.messages && again->type_rules == module.type_rules);
  const auto lines = read_fc(write_fc(module, ContextStyle::kMls), "written.fc");
  fuzz::require(lines.ok() && lines->size() == module.contexts.size());
  return 0;
}
