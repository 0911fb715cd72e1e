// rooms: selinux policy facts kernel base
// A module package of any bytes becomes CIL that our reader takes or refuses.
#include "selinux/cil.h"
#include "selinux/package.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon::selinux;
  const auto cil = package_to_cil(fuzz::text_of(data, size), "fuzz.pp");
  cordon::Diagnostics diagnostics;
  if (cil) (void)read_cil(*cil, "fuzz.cil", diagnostics);
  return 0;
}
