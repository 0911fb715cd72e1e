// Hex, printable text, JSON strings and command splitting: total, and true to their inverses.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20) || c == 0x7f; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  require(cordon::from_hex(cordon::to_hex(bytes)) == bytes);
  (void)cordon::from_hex(bytes);
  std::string shown = cordon::printable(bytes);
  require(cordon::is_utf8(shown));
  for (char c : shown) require(!is_control(c));
  if (cordon::is_utf8(bytes)) {
    std::string literal;
    cordon::append_json_string(literal, bytes);
    for (char c : literal) require(static_cast<unsigned char>(c) >= 0x20);  // RFC 8259, section 7
  }
  std::vector<std::string> owned;
  for (std::string_view part : cordon::split(bytes, ',')) owned.emplace_back(part);
  require(cordon::join(owned, ",") == bytes);
  (void)cordon::split_command(bytes);
  (void)cordon::parse_number<std::uint32_t>(bytes);
  (void)cordon::parse_number<std::int64_t>(bytes, 16);
  return 0;
}
