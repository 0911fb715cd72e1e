// rooms: apparmor
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apparmor/blob.h"
#include "apparmor/walk.h"

/// Compiled policies from anywhere: unpacked or refused; what is unpacked can be asked anything.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cordon::apparmor;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto profiles = unpack_policy(bytes);
  if (!profiles) return 0;
  const std::string_view name = bytes.substr(0, 64);
  for (const CompiledProfile& profile : *profiles) {
    ask_file(profile, name);
    ask_link(profile, name, "/target", true);
    ask_policy(profile, PolicyClass::kSignal, name);
    ask_change_profile(profile, name);
  }
  return 0;
}
