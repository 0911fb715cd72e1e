#include "triage/fold.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace cordon::triage {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

struct Run {
  std::size_t digits = 0, lower = 0, upper = 0, size = 0, switches = 0;
  bool hex = true;
};

Run measure(std::string_view text) {
  Run run;
  int last = -1;
  for (const char c : text) {
    const int kind = is_digit(c) ? 0 : is_lower(c) ? 1 : 2;
    run.digits += kind == 0;
    run.lower += kind == 1;
    run.upper += kind == 2;
    run.hex = run.hex && is_hex(c);
    run.switches += last >= 0 && kind != last;
    last = kind;
    ++run.size;
  }
  return run;
}

/// mktemp(3) and tempfile names: at least six characters that change between digits and letters, or between the
/// cases, more often than words do.
bool looks_random(const Run& run) {
  if (run.size < 6) return false;
  if (run.digits > 0 && run.lower + run.upper > 0) return run.switches >= 3;
  return run.lower > 0 && run.upper > 1 && run.switches >= 3;
}

bool is_generated(std::string_view word) {
  const Run run = measure(word);
  if (run.digits == run.size) return run.size >= 4;
  if (run.hex && run.size >= 8 && run.digits > 0) return true;
  return looks_random(run);
}

bool is_uuid(std::string_view text) {
  if (text.size() < 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    if (dash ? (c != '-' && c != '_') : !is_hex(c)) return false;
  }
  return true;
}

/// A random part may hold '_' (Python's tempfile); it is cut into words there, each judged alone.
std::string fold_component(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size();) {
    if (is_uuid(part.substr(i))) {
      out += '*';
      i += 36;
      continue;
    }
    std::size_t end = i;
    while (end < part.size() && is_word(part[end])) ++end;
    if (end == i) {
      out += part[i++];
      continue;
    }
    const auto word = part.substr(i, end - i);
    if (is_generated(word)) {
      if (out.empty() || out.back() != '*') out += '*';
    } else {
      out += word;
    }
    i = end;
  }
  return out;
}

bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

bool is_temporary(std::string_view before) {
  return before.starts_with("/tmp/") || before.starts_with("/var/tmp/") || before.starts_with("/dev/shm/");
}

/// Directories whose numbered children are processes, users, sessions or descriptors.
bool numbers_below(std::string_view before) {
  return before == "/proc/" || before.ends_with("/task/") || before.ends_with("/fd/") || before.ends_with("/fdinfo/") ||
         before == "/run/user/" || before == "/var/run/user/" || before == "/dev/pts/" ||
         before.ends_with("/snapshots/");
}

/// "prefix" + exactly what mkstemp appends: "cc2wQQNX", "tmpkh26poh9". Only below a temporary directory, where every
/// last word of 8 to 12 characters with a digit or a capital inside is taken for one.
std::string fold_temporary(std::string_view part) {
  const std::string folded = fold_component(part);
  if (folded.find('*') != std::string::npos) return folded;
  const auto dot = part.find('.');
  const auto word = part.substr(0, dot);
  const Run run = measure(word);
  const bool mixed = run.size >= 8 && run.size <= 16 && (run.digits > 0 || run.upper > 1) && run.lower > 0;
  if (!mixed) return folded;
  const std::size_t keep = word.size() > 8 ? word.size() - 8 : 2;
  return std::string(word.substr(0, keep)) + "*" + (dot == part.npos ? "" : std::string(part.substr(dot)));
}

}  // namespace

std::string fold_path(std::string_view path) {
  if (path.find('/') == path.npos) {
    const auto open = path.find(":[");
    if (open != path.npos && path.ends_with("]")) return std::string(path.substr(0, open)) + ":[*]";
    if (path.starts_with("[") && path.ends_with("]")) return "[*]";
  }
  std::string out;
  std::size_t start = 0;
  while (start <= path.size()) {
    auto end = path.find('/', start);
    if (end == path.npos) end = path.size();
    const auto part = path.substr(start, end - start);
    const auto before = path.substr(0, start);
    if (all_digits(part) && numbers_below(before))
      out += '*';
    else if (is_temporary(before) && !part.empty())
      out += fold_temporary(part);
    else
      out += fold_component(part);
    if (end < path.size()) out += '/';
    start = end + 1;
  }
  return out;
}

std::string fold_comm(std::string_view comm) {
  const auto cut = comm.find_first_of("/:#");
  if (cut == comm.npos || cut == 0) return std::string(comm);
  const bool numbered = std::any_of(comm.begin() + static_cast<std::ptrdiff_t>(cut), comm.end(), is_digit);
  return numbered ? std::string(comm.substr(0, cut + 1)) + "*" : std::string(comm);
}

std::string fold_profile(std::string_view profile) { return std::string(profile.substr(0, profile.find("//null-"))); }

bool is_below(std::string_view path, std::string_view directory) {
  if (!path.starts_with(directory)) return false;
  return path.size() == directory.size() || directory.ends_with("/") || path[directory.size()] == '/';
}

std::string common_directory(std::string_view a, std::string_view b) {
  std::size_t same = 0, slash = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) {
    if (a[same] == '/') slash = same;
    ++same;
  }
  const bool whole = (same == a.size() && (same == b.size() || b[same] == '/')) ||
                     (same == b.size() && same < a.size() && a[same] == '/');
  const auto out = whole ? a.substr(0, same) : a.substr(0, slash);
  return out.empty() ? "/" : std::string(out);
}

}  // namespace cordon::triage
