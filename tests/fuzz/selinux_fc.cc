// rooms: selinux policy facts kernel base
#include <cstdint>
#include <string_view>

#include "selinux/cil.h"
#include "selinux/context.h"

using namespace cordon;
using namespace cordon::selinux;

/// File contexts and contexts of any bytes are read or refused, never a crash.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(read_fc(text, "fuzz.fc"));
  static_cast<void>(parse_context(text));
  static_cast<void>(to_identifier(text));
  return 0;
}
