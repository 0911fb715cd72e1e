// Pins of any bytes are read or refused; a pin always has its reason, and its operation can be written.
#include "facts/describe.h"
#include "facts/json_codec.h"
#include "facts/pins.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fuzz::MemoryFile file(fuzz::text_of(data, size));
  const auto pins = cordon::read_pins(file.path());
  if (!pins) return 0;
  for (const cordon::Pin& pin : *pins) {
    fuzz::require(!pin.reason.empty());
    std::string json;
    cordon::codec::write(json, pin.operation);
    (void)cordon::describe(pin.operation);
  }
  return 0;
}
