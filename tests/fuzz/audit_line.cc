// One line of any bytes: what is found lies inside of the line, and its fields lie inside of its body.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/fields.h"
#include "audit/line.h"
#include "audit/prefix.h"

namespace {

using namespace cordon::audit;

void require(bool holds) {
  if (!holds) std::abort();
}

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  Record record;
  const ParsedLine parsed = parse_line(line, record);
  require((parsed.kind == LineKind::kMalformed) == !parsed.problem.empty());
  require(inside(parse_prefix(line).host, line));
  (void)parse_stamp(line);
  (void)parse_local_stamp(line);
  if (parsed.kind != LineKind::kRecord) return 0;
  require(inside(record.body, line) && inside(record.node, line));
  require(record.type != 0 && record.type < kMaxType);
  require(inside(inner_message(record.body), record.body));
  for (const Dialect dialect : {Dialect::kRaw, Dialect::kInterpreted}) {
    FieldWalker walker(record.body, dialect);
    for (Field field; walker.next(field);) {
      require(inside(field.key, record.body) && inside(field.raw, record.body));
      require(!field.key.empty());
      require(decode(field, dialect).size() <= field.raw.size());
    }
  }
  return 0;
}
