#include "policy/align.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "policy/path_classes.h"

namespace cordon {
namespace {

constexpr std::size_t kMaxVarying = 64;

bool is_word(char c) { return alphabet_holds(Alphabet::kAlnum, static_cast<unsigned char>(c)); }

/// A name cut at its separators: words and the bytes between them in turn.
std::vector<std::string> cut(const std::string& name) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < name.size();) {
    const bool word = is_word(name[at]);
    std::size_t end = at;
    while (end < name.size() && is_word(name[end]) == word) ++end;
    parts.push_back(name.substr(at, end - at));
    at = end;
  }
  return parts;
}

/// "w-w.w": what the names of a family have in common without their words.
std::string skeleton(const std::string& name) {
  std::string out;
  for (const std::string& part : cut(name)) out += is_word(part[0]) ? "w" : part;
  return out;
}

std::size_t common_start(const std::vector<std::string>& words) {
  std::size_t length = words[0].size();
  for (const std::string& word : words) {
    length = std::min(length, word.size());
    while (words[0].compare(0, length, word, 0, length) != 0) --length;
  }
  return length;
}

std::size_t common_end(const std::vector<std::string>& words, std::size_t start) {
  std::size_t length = 0;
  const std::string& first = words[0];
  while (true) {
    for (const std::string& word : words)
      if (word.size() <= start + length || first[first.size() - 1 - length] != word[word.size() - 1 - length])
        return length;
    ++length;
  }
}

std::optional<Alphabet> smallest_alphabet(const std::vector<std::string>& words) {
  constexpr auto kOrder = std::to_array<Alphabet>(
      {Alphabet::kDigits, Alphabet::kHexLower, Alphabet::kHexUpper, Alphabet::kLowerDigits_, Alphabet::kAlnum});
  for (const Alphabet alphabet : kOrder) {
    const bool holds = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::all_of(word.begin(), word.end(),
                         [&](char c) { return alphabet_holds(alphabet, static_cast<unsigned char>(c)); });
    });
    if (holds) return alphabet;
  }
  return std::nullopt;
}

/// A common start that ends inside of a number or of random letters is chance: it goes back to where that began.
std::size_t settled_start(const std::vector<std::string>& words, std::size_t start) {
  const bool digits = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
    return word.size() > start && word[start] >= '0' && word[start] <= '9';
  });
  while (digits && start > 0 && words[0][start - 1] >= '0' && words[0][start - 1] <= '9') --start;
  return start;
}

PathPart varying(const std::vector<std::string>& middles, Alphabet alphabet) {
  std::size_t least = middles[0].size(), most = 0;
  for (const std::string& middle : middles) {
    least = std::min(least, middle.size());
    most = std::max(most, middle.size());
  }
  PathPart part;
  part.alphabet = alphabet;
  part.min = static_cast<std::uint32_t>(std::max<std::size_t>(least, 1));
  part.max = static_cast<std::uint32_t>(std::max<std::size_t>(most, 1));
  // Numbers grow: room for those that were not seen. Letters keep the length that was seen.
  if (alphabet == Alphabet::kDigits) {
    part.min = 1;
    part.max = std::max<std::uint32_t>(part.max + 1, 7);
  }
  return part;
}

/// Words that vary must be numbers or look drawn by chance; "one", "two" and "three" are names.
bool chance(const std::vector<std::string>& middles, Alphabet alphabet) {
  if (alphabet == Alphabet::kDigits) return true;
  const bool one_length =
      std::all_of(middles.begin(), middles.end(), [&](const std::string& m) { return m.size() == middles[0].size(); });
  const auto random = static_cast<std::size_t>(std::count_if(middles.begin(), middles.end(), [](const std::string& m) {
    return looks_random(m) || (m.size() >= 8 && m.find_first_of("0123456789") != std::string::npos);
  }));
  return one_length && middles[0].size() >= 4 && random * 2 >= middles.size();
}

bool append_column(const std::vector<std::string>& words, std::vector<PathPart>& out) {
  const std::size_t start = settled_start(words, common_start(words));
  const std::size_t end = common_end(words, start);
  std::vector<std::string> middles;
  for (const std::string& word : words) middles.push_back(word.substr(start, word.size() - start - end));
  const bool same = std::all_of(words.begin(), words.end(), [&](const std::string& word) { return word == words[0]; });
  if (same) {
    out.push_back({words[0], std::nullopt, 1, 0});
    return true;
  }
  auto alphabet = smallest_alphabet(middles);
  if (!alphabet || middles[0].empty()) return false;
  // A common end of random letters is chance as well, unless it is a number's or the words differ in length.
  std::size_t tail = end;
  if (*alphabet != Alphabet::kDigits) {
    middles.clear();
    for (const std::string& word : words) middles.push_back(word.substr(start));
    tail = 0;
    alphabet = smallest_alphabet(middles);
  }
  if (!alphabet || !chance(middles, *alphabet)) return false;
  if (std::any_of(middles.begin(), middles.end(), [](const auto& m) { return m.empty() || m.size() > kMaxVarying; }))
    return false;
  if (start != 0) out.push_back({words[0].substr(0, start), std::nullopt, 1, 0});
  out.push_back(varying(middles, *alphabet));
  if (tail != 0) out.push_back({words[0].substr(words[0].size() - tail), std::nullopt, 1, 0});
  return true;
}

}  // namespace

std::optional<std::vector<PathPart>> align_names(const std::vector<std::string>& names) {
  if (names.size() < 2) return std::nullopt;
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : names) rows.push_back(cut(name));
  for (const auto& row : rows)
    if (row.size() != rows[0].size()) return std::nullopt;
  std::vector<PathPart> parts;
  for (std::size_t column = 0; column < rows[0].size(); ++column) {
    std::vector<std::string> words;
    for (const auto& row : rows) words.push_back(row[column]);
    if (!append_column(words, parts)) return std::nullopt;
  }
  return parts;
}

std::vector<std::vector<std::string>> name_families(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::map<std::string, std::vector<std::string>> families;
  for (std::string& name : names) {
    // The letters before the first digit or capital keep unlike names apart; so does what follows the last dot.
    const std::size_t head = std::min<std::size_t>(name.find_first_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 2);
    const std::size_t dot = name.rfind('.');
    const std::string tail = dot == std::string::npos ? "" : name.substr(dot);
    families[skeleton(name) + '\0' + name.substr(0, head) + '\0' + tail].push_back(std::move(name));
  }
  std::vector<std::vector<std::string>> out;
  for (auto& [key, family] : families) out.push_back(std::move(family));
  return out;
}

}  // namespace cordon
