#include "policy/path_pattern.h"

#include <vector>

namespace cordon {
namespace {

bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
bool is_lower(unsigned char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(unsigned char c) { return c >= 'A' && c <= 'Z'; }

bool fits(const PathPart& part, std::string_view bytes) {
  if (!part.alphabet) return part.literal == bytes;
  for (const char c : bytes)
    if (!alphabet_holds(*part.alphabet, static_cast<unsigned char>(c))) return false;
  return bytes.size() >= part.min && (part.max == 0 || bytes.size() <= part.max);
}

/// The longest run of the part's alphabet from `at`, bounded by its maximum.
std::size_t reach(const PathPart& part, std::string_view path, std::size_t at) {
  std::size_t end = at;
  const std::size_t most = part.max == 0 ? path.size() : std::min<std::size_t>(path.size(), at + part.max);
  while (end < most && alphabet_holds(*part.alphabet, static_cast<unsigned char>(path[end]))) ++end;
  return end;
}

}  // namespace

bool alphabet_holds(Alphabet alphabet, unsigned char c) {
  switch (alphabet) {
    case Alphabet::kDigits: return is_digit(c);
    case Alphabet::kHexLower: return is_digit(c) || (c >= 'a' && c <= 'f');
    case Alphabet::kHexUpper: return is_digit(c) || (c >= 'A' && c <= 'F');
    case Alphabet::kHex: return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case Alphabet::kLowerDigits_: return is_digit(c) || is_lower(c) || c == '_';
    case Alphabet::kAlnum: return is_digit(c) || is_lower(c) || is_upper(c);
    case Alphabet::kWord: return is_digit(c) || is_lower(c) || is_upper(c) || c == '_' || c == '-' || c == '.';
    case Alphabet::kComponent: return c != '/' && c != 0;
    case Alphabet::kAny: return c != 0;
  }
  return false;
}

PathPattern PathPattern::exact(std::string path) {
  PathPattern pattern;
  pattern.parts.push_back({std::move(path), std::nullopt, 1, 0});
  return pattern;
}

bool PathPattern::is_exact() const {
  for (const PathPart& part : parts)
    if (part.alphabet) return false;
  return true;
}

/// reached[i]: the parts so far can end at byte i. Each part extends every such place; time is parts × bytes².
bool PathPattern::matches(std::string_view path) const {
  std::vector<bool> reached(path.size() + 1);
  reached[0] = true;
  for (const PathPart& part : parts) {
    std::vector<bool> next(path.size() + 1);
    for (std::size_t at = 0; at <= path.size(); ++at) {
      if (!reached[at]) continue;
      if (!part.alphabet) {
        if (path.substr(at, part.literal.size()) == part.literal && fits(part, path.substr(at, part.literal.size())))
          next[at + part.literal.size()] = true;
        continue;
      }
      const std::size_t end = reach(part, path, at);
      for (std::size_t to = at + part.min; to <= end; ++to) next[to] = true;
    }
    reached = std::move(next);
  }
  return reached[path.size()];
}

}  // namespace cordon
