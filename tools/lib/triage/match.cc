#include "triage/match.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "base/text.h"

namespace cordon::triage {
namespace {

constexpr std::size_t kCategories = 1024;

/// The high end of "low-high", its categories as bits. A level that cannot be read has none.
std::bitset<kCategories> categories(std::string_view level) {
  std::bitset<kCategories> set;
  const auto dash = level.find('-');
  const auto high = dash == level.npos ? level : level.substr(dash + 1);
  const auto colon = high.find(':');
  if (colon == high.npos) return set;
  for (auto part : split(high.substr(colon + 1), ',')) {
    const auto dot = part.find('.');
    const auto number = [](std::string_view text) {
      return text.starts_with("c") ? parse_number<std::size_t>(text.substr(1)) : std::nullopt;
    };
    const auto from = number(part.substr(0, dot));
    const auto to = dot == part.npos ? from : number(part.substr(dot + 1));
    if (!from || !to) continue;
    for (auto c = *from; c <= *to && c < kCategories; ++c) set.set(c);
  }
  return set;
}

bool mcs_apart(const View& view) {
  const auto source = view.first(Field::kSourceLevel);
  const auto target = view.first(Field::kTargetLevel);
  return target.find(':') != target.npos && !level_dominates(source, target);
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](auto word) { return text.find(word) != text.npos; });
}

bool in_container(const View& view) {
  const auto type = view.first(Field::kSourceType);
  if (type.starts_with("container_") || type.starts_with("svirt_lxc") || type == "spc_t" || type.ends_with(".process"))
    return true;
  const auto profile = view.first(Field::kProfile);
  if (contains_any(profile,
                   {"docker-default", "containers-default", "cri-containerd", "crio-default", "lxc-container"}))
    return true;
  return contains_any(view.first(Field::kUnit), {"docker-", "libpod-", "crio-", "cri-containerd-"}) ||
         (view.first(Field::kUnit).size() >= 12 &&
          view.first(Field::kUnit).find_first_not_of("0123456789abcdef") == std::string_view::npos);
}

bool same_type(const View& view) {
  return !view.first(Field::kSourceType).empty() && view.first(Field::kSourceType) == view.first(Field::kTargetType);
}

bool has_path(const View& view) { return view.first(Field::kPath).starts_with("/"); }

bool compat_arch(const View& view) {
  const auto arch = view.first(Field::kArch);
  return arch == "i386" || arch == "x32" || arch == "arm";
}

bool confined(const View& view) {
  const auto type = view.first(Field::kSourceType);
  return !type.starts_with("unconfined") && type != "initrc_t" && type != "init_t" && type != "kernel_t";
}

constexpr auto kPredicates = std::to_array<NamedPredicate>({
    {"mcs_apart", "the source's MCS categories do not hold all of the target's", mcs_apart},
    {"in_container", "a container's domain, default profile or id", in_container},
    {"same_type", "source and target type are the same", same_type},
    {"has_path", "the record holds an absolute path", has_path},
    {"compat_arch", "the call came through a 32-bit ABI", compat_arch},
    {"confined", "the source is not a domain that is meant to do almost everything", confined},
});

bool any_glob(const std::vector<std::string>& globs, std::string_view value) {
  return std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return glob_matches(glob, value); });
}

bool field_matches(const Condition& condition, const View& view) {
  const auto& values = view.of(condition.field);
  const auto test = [&](const std::string& value) { return any_glob(condition.globs, value); };
  if (condition.every) return !values.empty() && std::all_of(values.begin(), values.end(), test);
  return std::any_of(values.begin(), values.end(), test);
}

}  // namespace

bool glob_matches(std::string_view glob, std::string_view text) {
  std::size_t g = 0, t = 0, star = glob.npos, back = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      back = t;
    } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
      ++g;
      ++t;
    } else if (star != glob.npos) {
      g = star + 1;
      t = ++back;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

std::optional<std::size_t> predicate_named(std::string_view name) {
  for (std::size_t i = 0; i < kPredicates.size(); ++i)
    if (kPredicates[i].name == name) return i;
  return std::nullopt;
}

const NamedPredicate& predicate(std::size_t index) { return kPredicates[index]; }

bool level_dominates(std::string_view high, std::string_view low) {
  return (categories(low) & ~categories(high)).none();
}

bool matches(const Condition& condition, const View& view) {
  const auto holds = [&](const Condition& child) { return matches(child, view); };
  const auto& children = condition.children;
  switch (condition.kind) {
    case Condition::Kind::kAll: return std::all_of(children.begin(), children.end(), holds);
    case Condition::Kind::kAny: return std::any_of(children.begin(), children.end(), holds);
    case Condition::Kind::kNot: return std::none_of(children.begin(), children.end(), holds);
    case Condition::Kind::kField: return field_matches(condition, view);
    case Condition::Kind::kNamed: return predicate(condition.named).test(view);
  }
  return false;
}

}  // namespace cordon::triage
