// rooms: apparmor policy facts
// A profile of any text, and facts of any kind that it has to allow: every byte of the profile stays, in its order, and
// a second update adds nothing. What the profile allows already is asked of apparmor_parser: a moment each time.
#include "apparmor/base_blocks.h"
#include "apparmor/base_update.h"
#include "apparmor/logged.h"
#include "apparmor/parser_tool.h"
#include "support.h"
#include "traces.h"

namespace {

bool is_subsequence(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char c : whole)
    if (at < part.size() && part[at] == c) ++at;
  return at == part.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::apparmor;
  static const bool kParser = find_parser().ok();
  // The profile's text, a NUL, the facts one a line.
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t cut = text.find('\0');
  if (cut == std::string_view::npos) return 0;
  const std::string_view profile = text.substr(0, cut);
  const auto trace = fuzz::trace_of(text.substr(cut + 1));
  if (!trace) return 0;
  const Policy policy = policy_from(*trace, "fuzz");
  const LoggedPolicy seen = with_logged_programs(policy);
  fuzz::require(seen.policy.rules.size() <= policy.rules.size() * 2 + seen.remarks.size());
  const auto statements = parse_syntax(profile, "fuzz");
  const auto blocks = statements ? BaseBlocks::find(*statements, seen.policy, "fuzz") : Result<BaseBlocks>(Error{});
  if (!blocks || !kParser) return 0;
  fuzz::require(blocks->block(blocks->main()) != nullptr);
  Diagnostics diagnostics;
  const auto once = update_profile(profile, "fuzz", policy, {}, diagnostics);
  if (!once) return 0;
  fuzz::require(is_subsequence(profile, once->text));
  const auto twice = update_profile(once->text, "fuzz", policy, {}, diagnostics);
  fuzz::require(twice.ok() && twice->added.empty() && twice->text == once->text);
  return 0;
}
