// rooms: selinux policy facts kernel base
// A base module's CIL of any bytes: its neverallow statements are found or the text is refused.
#include "selinux/neverallow.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto rules = cordon::selinux::Neverallows::parse(fuzz::text_of(data, size), "fuzz.cil");
  if (rules) (void)rules->size();
  return 0;
}
