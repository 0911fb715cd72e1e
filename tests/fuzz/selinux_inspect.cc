// rooms: selinux policy facts kernel base
#include <cstdint>
#include <string_view>

#include "base/invariant.h"
#include "selinux/container_info.h"

using namespace cordon;
using namespace cordon::selinux;

/// An engine's inspect of any bytes is read or refused, never a crash; what is read is sorted and names host paths
/// whole.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto info = read_container_info(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.json");
  if (!info) return 0;
  for (const ContainerMount& mount : info->mounts) CORDON_INVARIANT(mount.source.starts_with('/'));
  return 0;
}
