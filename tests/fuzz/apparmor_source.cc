// rooms: apparmor
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "apparmor/rule_reader.h"
#include "apparmor/source.h"
#include "apparmor/syntax.h"

/// Profile text from anywhere: read or refused; a rule that was read and written reads as the same rule.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cordon::apparmor;
  if (size > 65536) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cordon::Diagnostics diagnostics;
  SourceOptions options;
  options.include_dirs.clear();
  const auto profiles = read_source(text, "fuzz", options, diagnostics);
  if (!profiles) return 0;
  for (const SourceProfile& profile : *profiles) {
    const RuleIndex index(profile);
    index.file_rule("/some/name", kR, true);
    for (const SourceRule& rule : profile.rules) to_text(rule.rule);
  }
  return 0;
}
