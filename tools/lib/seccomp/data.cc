#include "seccomp/data.h"

#include <unistd.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/diagnostics.h"
#include "base/fd.h"
#include "kernel/names.h"
#include "seccomp/json.h"
#include "seccomp/read.h"

namespace cordon::seccomp {
namespace {

using Json = nlohmann::ordered_json;

struct Embedded {
  std::string_view path;
  std::string_view text;
};
constexpr Embedded kEmbedded[] = {
#include "embedded.inc"
};

/// Reads rows; the first thing missing or wrong is remembered with its file and row.
class Rows {
 public:
  Rows(const Json& root, std::string where) : root_(root), where_(std::move(where)) {}

  template <class Make>
  auto all(Make make) {
    std::vector<decltype(make(root_))> out;
    const auto rows = root_.find("rows");
    if (rows == root_.end() || !rows->is_array())
      fail("no rows");
    else
      for (const Json& row : *rows) {
        ++at_;
        if (row.is_object())
          out.push_back(make(row));
        else
          fail("a row that is no object");
      }
    return out;
  }

  std::string word(const Json& row, const char* key, bool needed = true) {
    const auto found = row.find(key);
    if (found != row.end() && found->is_string()) return found->get<std::string>();
    if (needed) fail(std::string("no ") + key);
    return {};
  }

  std::vector<std::string> words(const Json& row, const char* key, bool needed = true) {
    std::vector<std::string> out;
    const auto found = row.find(key);
    if (found == row.end() || !found->is_array()) {
      if (needed) fail(std::string("no ") + key);
      return out;
    }
    for (const Json& one : *found)
      if (one.is_string()) out.push_back(one.get<std::string>());
    return out;
  }

  std::optional<std::uint64_t> number(const Json& row, const char* key) {
    const auto found = row.find(key);
    if (found == row.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
  }

  /// "args": all entries are on one index; each gives "value" or "values", and a mask if it is not 32 bits.
  std::optional<RowArg> arg(const Json& row) {
    const auto found = row.find("args");
    if (found == row.end() || !found->is_array() || found->empty()) return std::nullopt;
    RowArg out;
    for (const Json& one : *found) {
      const std::uint64_t index = number(one, "index").value_or(0);
      if (index > 5) fail("an argument index over 5");
      out.index = static_cast<std::uint32_t>(index);
      out.mask = number(one, "mask").value_or(out.mask);
      if (const auto value = number(one, "value")) out.values.push_back(*value);
      if (const auto many = one.find("values"); many != one.end())
        for (const Json& value : *many) out.values.push_back(value.get<std::uint64_t>());
    }
    return out;
  }

  void fail(std::string what) {
    if (!error_) error_ = Error{ErrorCode::kBadInput, std::move(what), where_ + " row " + std::to_string(at_), {}};
  }
  std::optional<Error> error_;

 private:
  const Json& root_;
  std::string where_;
  std::size_t at_ = 0;
};

Pack pack_of(const Json& root, Rows& rows) {
  Pack pack{
      rows.word(root, "pack"), rows.word(root, "kind"), rows.word(root, "what"), rows.word(root, "source"), {}, {}, {}};
  if (const auto told = root.find("told_by"); told != root.end()) {
    pack.told_by_maps = rows.words(*told, "maps", false);
    pack.told_by_reads = rows.words(*told, "reads", false);
  }
  pack.rows = rows.all([&](const Json& row) {
    return PackRow{rows.words(row, "names"), rows.arg(row), rows.word(row, "when", false) == "new_privs",
                   rows.word(row, "reason"), rows.word(row, "source", false)};
  });
  return pack;
}

TwinRow twin_of(const Json& row, Rows& rows) {
  TwinRow out{rows.words(row, "seen"), rows.words(row, "grants", false), rows.arg(row), rows.word(row, "reason")};
  if (out.grants.empty()) out.grants = out.seen;
  return out;
}

TimingRow timing_of(const Json& row, Rows& rows) {
  return {rows.words(row, "seen"), rows.words(row, "with", false), rows.words(row, "grants"), rows.arg(row),
          rows.word(row, "reason")};
}

ErrnoRow errno_row_of(const Json& row, Rows& rows) {
  const auto number = errno_number(rows.word(row, "errno"));
  if (!number) rows.fail("an unknown errno");
  return {rows.words(row, "names"), static_cast<std::uint32_t>(number.value_or(0)), rows.word(row, "reason")};
}

FallbackRow fallback_of(const Json& row, Rows& rows) {
  const auto flags = rows.number(row, "flags");
  if (!flags) rows.fail("no flags");
  return {flags.value_or(0), rows.word(row, "caller"), rows.word(row, "reason")};
}

ArgumentRow argument_of(const Json& row, Rows& rows) {
  ArgumentRow out{rows.word(row, "argument"),
                  ArgumentLevel::kSafe,
                  rows.number(row, "mask"),
                  {},
                  rows.word(row, "always_reason", false),
                  rows.word(row, "reason")};
  if (const auto level = argument_level(rows.word(row, "level")))
    out.level = *level;
  else
    rows.fail("an unknown level");
  if (const auto always = row.find("always"); always != row.end())
    for (const Json& value : *always) out.always.push_back(value.value("value", std::uint64_t{0}));
  return out;
}

RiskRow risk_of(const Json& row, Rows& rows) {
  return {rows.word(row, "group"),
          rows.word(row, "severity"),
          rows.words(row, "calls"),
          row.value("unless_filtered", false),
          rows.word(row, "capability", false),
          rows.word(row, "reason")};
}

CveRow cve_of(const Json& row, Rows& rows) {
  CveRow out{rows.word(row, "cve"), rows.word(row, "what"), {}, rows.word(row, "source")};
  if (const auto needs = row.find("needs"); needs != row.end())
    for (const Json& need : *needs) out.needs.push_back({rows.words(need, "calls"), rows.arg(need)});
  if (out.needs.empty()) rows.fail("no needs");
  return out;
}

Result<void> add_reference(const Json& root, const std::string& where, Data& data) {
  Diagnostics ignored;
  const auto profile = root.find("profile");
  if (profile == root.end()) return Error{ErrorCode::kBadInput, "no profile", where, {}};
  auto read = read_profile(profile->dump(), where, ignored);
  if (!read) return read.error();
  data.references.push_back({root.value("reference", ""), root.value("source", ""), std::move(read->profile)});
  return {};
}

/// Throws Json::exception for a field of another type than the table has.
Result<void> add_table(std::string_view path, std::string_view text, const std::string& where, Data& data) {
  auto root = parse_json(text, where);
  if (!root) return root.error();
  Rows rows(*root, where);
  if (path.starts_with("packs/")) {
    Pack pack = pack_of(*root, rows);
    data.packs.insert_or_assign(pack.name, std::move(pack));
  } else if (path.starts_with("references/")) {
    return add_reference(*root, where, data);
  } else if (path == "twins.json") {
    data.twins = rows.all([&](const Json& row) { return twin_of(row, rows); });
  } else if (path == "timing.json") {
    data.timings = rows.all([&](const Json& row) { return timing_of(row, rows); });
  } else if (path == "errno.json") {
    data.errnos = rows.all([&](const Json& row) { return errno_row_of(row, rows); });
  } else if (path == "fallbacks.json") {
    data.fallbacks = rows.all([&](const Json& row) { return fallback_of(row, rows); });
  } else if (path == "arguments.json") {
    data.arguments = rows.all([&](const Json& row) { return argument_of(row, rows); });
  } else if (path == "risk.json") {
    data.risks = rows.all([&](const Json& row) { return risk_of(row, rows); });
  } else if (path == "cves.json") {
    data.cves = rows.all([&](const Json& row) { return cve_of(row, rows); });
  }
  if (rows.error_) return *rows.error_;
  return {};
}

Result<std::shared_ptr<const Data>> read_tables(const std::string& data_dir) {
  constexpr std::size_t kMaxTableBytes = std::size_t{4} << 20;
  auto data = std::make_shared<Data>();
  for (const Embedded& embedded : kEmbedded) {
    const std::string path = data_dir + "/profiles/seccomp/" + std::string(embedded.path);
    std::string text(embedded.text);
    std::string where = std::string(embedded.path) + " (built in)";
    if (!data_dir.empty() && access(path.c_str(), R_OK) == 0) {
      auto file = read_file(path, kMaxTableBytes);
      if (!file) return file.error();
      text = std::move(*file);
      where = path;
    }
    if (auto ok = read_table(embedded.path, text, where, *data); !ok) return ok.error();
  }
  return std::shared_ptr<const Data>(std::move(data));
}

}  // namespace

std::optional<ArgumentLevel> argument_level(std::string_view word) {
  constexpr auto kWords = std::to_array<std::string_view>({"none", "safe", "tight"});
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (kWords[i] == word) return static_cast<ArgumentLevel>(i);
  return std::nullopt;
}

Result<void> read_table(std::string_view path, std::string_view text, const std::string& where, Data& data) {
  try {
    return add_table(path, text, where, data);
  } catch (const Json::exception& error) {
    return Error{ErrorCode::kBadInput, error.what(), where, {}};
  }
}

Result<std::shared_ptr<const Data>> load_data(const std::string& data_dir) {
  static std::map<std::string, std::shared_ptr<const Data>> loaded;
  if (const auto found = loaded.find(data_dir); found != loaded.end()) return found->second;
  auto data = read_tables(data_dir);
  if (data) loaded[data_dir] = *data;
  return data;
}

}  // namespace cordon::seccomp
