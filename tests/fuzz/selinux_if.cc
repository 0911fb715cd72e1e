// rooms: selinux policy facts kernel base
#include <cstdint>
#include <string>

#include "base/invariant.h"
#include "selinux/interfaces.h"

using namespace cordon;
using namespace cordon::selinux;

/// An .if file of any bytes is expanded or given up on, never a crash and never without end.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const auto all = Interfaces::parse({{"fuzz.if", std::string(reinterpret_cast<const char*>(data), size)}}, nullptr);
  CORDON_INVARIANT(all.ok());
  for (const InterfaceCall& call : all->matches("x_t", "a_t", "file", {"read"}, {}))
    CORDON_INVARIANT(!call.text.empty());
  return 0;
}
