// rooms: selinux policy facts kernel base
// What container engines say of a container, in any form, is read or refused; mounts and ports come sorted.
#include <algorithm>

#include "selinux/container_info.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto info = cordon::selinux::read_container_info(fuzz::text_of(data, size), "fuzz.json");
  if (!info) return 0;
  fuzz::require(!info->form.empty());
  fuzz::require(std::is_sorted(info->mounts.begin(), info->mounts.end()) &&
                std::is_sorted(info->ports.begin(), info->ports.end()));
  fuzz::require(std::is_sorted(info->capabilities.begin(), info->capabilities.end()));
  return 0;
}
