// rooms: seccomp policy facts kernel base
// Tables of a data folder, whatever is in them: read or refused by file and row; and what was read judges a profile.
#include "seccomp/data.h"
#include "seccomp/risk.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon;
  using namespace cordon::seccomp;
  // The first line is the table's name, what follows the document.
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return 0;
  Data tables;
  const auto read = read_table(text.substr(0, line), text.substr(line + 1), "fuzz.json", tables);
  if (!read) {
    fuzz::require(!read.error().what.empty() && read.error().where.starts_with("fuzz.json"));
    return 0;
  }
  for (const CveRow& row : tables.cves) fuzz::require(!row.needs.empty());
  for (const auto& [name, pack] : tables.packs) fuzz::require(name == pack.name);
  if (tables.risks.empty() && tables.cves.empty()) return 0;
  Profile everything;
  everything.default_action = Action::kAllow;
  everything.architectures = {native_arch()};
  const Assessment judged = assess(everything, tables);
  fuzz::require(judged.allowed <= judged.total && judged.risks.size() <= tables.risks.size());
  static_cast<void>(risk_summary(judged, tables));
  return 0;
}
