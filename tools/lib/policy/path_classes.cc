#include "policy/path_classes.h"

#include <array>
#include <nlohmann/json.hpp>
#include <span>

#include "base/embedded.h"
#include "base/invariant.h"
#include "base/text.h"

namespace cordon {

namespace policy_data {
std::span<const EmbeddedFile> embedded_files();
}

namespace {

using Token = PathClass::Token;
constexpr int kMaxDepth = 4;

struct AlphabetName {
  std::string_view name;
  Alphabet alphabet;
};
constexpr auto kAlphabets = std::to_array<AlphabetName>({
    {"digits", Alphabet::kDigits},
    {"hex_lower", Alphabet::kHexLower},
    {"hex_upper", Alphabet::kHexUpper},
    {"hex", Alphabet::kHex},
    {"lower_digits_", Alphabet::kLowerDigits_},
    {"alnum", Alphabet::kAlnum},
    {"word", Alphabet::kWord},
});

Alphabet alphabet_named(std::string_view name) {
  for (const AlphabetName& row : kAlphabets)
    if (row.name == name) return row.alphabet;
  CORDON_INVARIANT(false && "an alphabet of the class table is unknown");
  return Alphabet::kAlnum;
}

Token token_of(std::string_view inside) {
  Token token;
  if (inside == "keep" || inside == "keep.ext") {
    token.kind = inside == "keep" ? Token::Kind::kKeep : Token::Kind::kExtension;
    return token;
  }
  const std::size_t colon = inside.find(':');
  const std::size_t dash = inside.find('-', colon);
  token.kind = Token::Kind::kVaries;
  token.alphabet = alphabet_named(inside.substr(0, colon));
  token.min = parse_number<std::uint32_t>(inside.substr(colon + 1, dash - colon - 1)).value_or(1);
  token.max = dash == std::string_view::npos ? token.min
                                             : parse_number<std::uint32_t>(inside.substr(dash + 1)).value_or(token.min);
  return token;
}

std::vector<Token> shape_of(std::string_view text) {
  std::vector<Token> tokens;
  while (!text.empty()) {
    const std::size_t open = text.find('<');
    if (open != 0) {
      Token literal;
      literal.literal = std::string(text.substr(0, open));
      tokens.push_back(std::move(literal));
      text.remove_prefix(std::min(open, text.size()));
      continue;
    }
    const std::size_t close = text.find('>');
    tokens.push_back(token_of(text.substr(1, close - 1)));
    text.remove_prefix(close + 1);
  }
  return tokens;
}

std::vector<PathClass> load() {
  const auto json = nlohmann::ordered_json::parse(policy_data::embedded_files().front().text, nullptr, false);
  CORDON_INVARIANT(!json.is_discarded());
  std::vector<PathClass> rows;
  for (const auto& entry : json["classes"]) {
    PathClass row;
    row.name = entry["name"];
    row.reason = entry["reason"];
    const std::string folder = entry["folder"];
    for (const std::string_view part : split(folder, '/'))
      if (!part.empty()) row.folder.emplace_back(part);
    row.shape = shape_of(std::string(entry["shape"]));
    row.only_created = entry["when"] == "created";
    row.only_broad = entry.value("mode", "safe") == "broad";
    row.mixed = entry.value("mixed", false);
    row.word_before = entry.value("word_before", false);
    row.look_inside = entry.value("contents", "own") == "look";
    if (entry.contains("not_beside")) row.not_beside = alphabet_named(std::string(entry["not_beside"]));
    row.samples = entry["samples"].get<std::vector<std::string>>();
    row.not_samples = entry["not"].get<std::vector<std::string>>();
    rows.push_back(std::move(row));
  }
  return rows;
}

bool folder_fits(const std::vector<std::string>& pattern, std::string_view folder) {
  std::vector<std::string_view> have;
  for (const std::string_view part : split(folder, '/'))
    if (!part.empty()) have.push_back(part);
  const bool anywhere = !pattern.empty() && pattern[0] == "**";
  const std::size_t need = pattern.size() - (anywhere ? 1 : 0);
  if (have.size() < need || (!anywhere && have.size() != need)) return false;
  for (std::size_t i = 0; i < need; ++i) {
    const std::string& want = pattern[pattern.size() - 1 - i];
    if (want != "*" && want != have[have.size() - 1 - i]) return false;
  }
  return true;
}

bool is_digit_or_capital(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

/// Lays the tokens over the name from `at`, shortest kept bytes first, longest varying ones first.
class Matcher {
 public:
  Matcher(const PathClass& row, std::string_view name) : row_(row), name_(name) {}

  std::optional<ShapedName> run() {
    if (!from(0, 0)) return std::nullopt;
    return ShapedName{std::move(parts_), &row_};
  }

 private:
  bool from(std::size_t token, std::size_t at) {
    if (token == row_.shape.size()) return at == name_.size();
    const Token& now = row_.shape[token];
    switch (now.kind) {
      case Token::Kind::kLiteral:
        if (name_.substr(at, now.literal.size()) != now.literal) return false;
        return with({now.literal, std::nullopt, 1, 0}, token, at + now.literal.size());
      case Token::Kind::kExtension:
        if (at != name_.size() && name_[at] != '.') return false;
        return with({std::string(name_.substr(at)), std::nullopt, 1, 0}, token, name_.size());
      case Token::Kind::kKeep:
        for (std::size_t end = at; end <= name_.size(); ++end)
          if (with({std::string(name_.substr(at, end - at)), std::nullopt, 1, 0}, token, end)) return true;
        return false;
      case Token::Kind::kVaries: return varies(now, token, at);
    }
    return false;
  }

  bool varies(const Token& now, std::size_t token, std::size_t at) {
    std::size_t length = 0;
    while (length < now.max && at + length < name_.size() && holds(now.alphabet, at + length)) ++length;
    for (; length >= now.min && length > 0; --length) {
      const bool before = row_.not_beside && at > 0 && holds(*row_.not_beside, at - 1) && !hex_prefix(at);
      const bool behind = row_.not_beside && at + length < name_.size() && holds(*row_.not_beside, at + length);
      const bool no_word = row_.word_before && at > 0 && is_digit_or_capital(name_[at - 1]);
      const bool beside = before || behind || no_word;
      if (beside || (row_.mixed && !looks_random(name_.substr(at, length)))) continue;
      // Numbers grow; letters drawn by chance keep the length that was seen.
      const bool number = now.alphabet == Alphabet::kDigits;
      const auto seen = static_cast<std::uint32_t>(length);
      if (with({"", now.alphabet, number ? now.min : seen, number ? now.max : seen}, token, at + length)) return true;
    }
    return false;
  }

  /// The x of 0x is no digit of the number.
  bool hex_prefix(std::size_t at) const { return at >= 2 && name_.substr(at - 2, 2) == "0x"; }
  bool holds(Alphabet alphabet, std::size_t at) const {
    return alphabet_holds(alphabet, static_cast<unsigned char>(name_[at]));
  }

  bool with(PathPart part, std::size_t token, std::size_t at) {
    parts_.push_back(std::move(part));
    if (from(token + 1, at)) return true;
    parts_.pop_back();
    return false;
  }

  const PathClass& row_;
  std::string_view name_;
  std::vector<PathPart> parts_;
};

std::optional<ShapedName> classify_at(std::string_view folder, std::string_view name, bool created, bool broad,
                                      int depth);

/// Kept bytes are looked at again; empty ones fall away and neighbours of literal bytes join.
std::vector<PathPart> refined(std::vector<PathPart> parts, std::string_view folder, bool created, bool broad,
                              int depth) {
  std::vector<PathPart> out;
  for (PathPart& part : parts) {
    if (!part.alphabet && part.literal.empty()) continue;
    auto inner = part.alphabet ? std::nullopt : classify_at(folder, part.literal, created, broad, depth + 1);
    if (inner) {
      out.insert(out.end(), inner->parts.begin(), inner->parts.end());
    } else if (!part.alphabet && !out.empty() && !out.back().alphabet) {
      out.back().literal += part.literal;
    } else {
      out.push_back(std::move(part));
    }
  }
  return out;
}

std::optional<ShapedName> classify_at(std::string_view folder, std::string_view name, bool created, bool broad,
                                      int depth) {
  if (depth > kMaxDepth || name.empty()) return std::nullopt;
  for (const PathClass& row : path_classes()) {
    if ((row.only_created && !created) || (row.only_broad && !broad)) continue;
    // Kept bytes are a part of a name: rows about whole names do not look at them.
    if (depth > 0 && row.shape.front().kind != Token::Kind::kKeep) continue;
    auto shaped = folder_fits(row.folder, folder) ? lay_over(row, name) : std::nullopt;
    if (!shaped) continue;
    shaped->parts = refined(std::move(shaped->parts), folder, created, broad, depth);
    return shaped;
  }
  return std::nullopt;
}

enum class Look : std::uint8_t { kDigit, kLower, kUpper, kOther };
Look look_of(char c) {
  if (c >= '0' && c <= '9') return Look::kDigit;
  if (c >= 'a' && c <= 'z') return Look::kLower;
  return c >= 'A' && c <= 'Z' ? Look::kUpper : Look::kOther;
}

}  // namespace

const std::vector<PathClass>& path_classes() {
  static const std::vector<PathClass> rows = load();
  return rows;
}

std::optional<ShapedName> lay_over(const PathClass& row, std::string_view name) { return Matcher(row, name).run(); }

std::optional<ShapedName> classify(std::string_view folder, std::string_view name, bool created, bool broad) {
  return classify_at(folder, name, created, broad, 0);
}

bool looks_random(std::string_view bytes) {
  std::size_t changes = 0;
  bool digit = false, shouting = false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const Look now = look_of(bytes[i]);
    digit |= now == Look::kDigit || now == Look::kOther;
    if (i == 0) continue;
    const Look before = look_of(bytes[i - 1]);
    changes += now != before ? 1 : 0;
    shouting |= now == Look::kUpper && (before == Look::kUpper || i + 1 == bytes.size());
  }
  return changes >= 2 && (digit || shouting);
}

}  // namespace cordon
