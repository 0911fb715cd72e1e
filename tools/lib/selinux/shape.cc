#include "selinux/shape.h"

#include <fmt/format.h>

#include <algorithm>

#include "selinux/labels.h"

namespace cordon::selinux {
namespace {

struct AlphabetRow {
  Alphabet alphabet;
  std::string_view set;
  char sample;
};
constexpr AlphabetRow kAlphabets[] = {
    {Alphabet::kDigits, "[0-9]", '0'},
    {Alphabet::kHexLower, "[0-9a-f]", '0'},
    {Alphabet::kHexUpper, "[0-9A-F]", '0'},
    {Alphabet::kHex, "[0-9A-Fa-f]", '0'},
    {Alphabet::kLowerDigits_, "[0-9_a-z]", '0'},
    {Alphabet::kAlnum, "[0-9A-Za-z]", '0'},
    {Alphabet::kWord, "[-.0-9A-Z_a-z]", '0'},
    {Alphabet::kComponent, "[^/]", '0'},
    {Alphabet::kAny, ".", '0'},
};

const AlphabetRow& row_of(Alphabet alphabet) {
  return *std::find_if(std::begin(kAlphabets), std::end(kAlphabets),
                       [&](const AlphabetRow& row) { return row.alphabet == alphabet; });
}

std::string repeat_of(const PathPart& part) {
  if (part.max == 0) return part.min == 0 ? "*" : part.min == 1 ? "+" : fmt::format("{{{},}}", part.min);
  if (part.min == part.max) return part.min == 1 ? "" : fmt::format("{{{}}}", part.min);
  return fmt::format("{{{},{}}}", part.min, part.max);
}

}  // namespace

std::string regex_of(const PathPattern& pattern) {
  std::string out;
  for (const PathPart& part : pattern.parts)
    out += part.alphabet ? std::string(row_of(*part.alphabet).set) + repeat_of(part) : escape_path(part.literal);
  return out;
}

std::string sample_of(const PathPattern& pattern) {
  constexpr std::uint32_t kLongest = 255;
  std::string out;
  for (const PathPart& part : pattern.parts)
    out += part.alphabet ? std::string(std::min(part.min, kLongest), row_of(*part.alphabet).sample) : part.literal;
  return out;
}

}  // namespace cordon::selinux
