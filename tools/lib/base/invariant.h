#pragma once

namespace cordon {

/// Prints the broken invariant and aborts; used in release builds too, since a security tool that goes on
/// with a broken state may grant what was never seen.
[[noreturn]] void invariant_broken(const char* expression, const char* file, int line);

}  // namespace cordon

#define CORDON_INVARIANT(expression) \
  ((expression) ? static_cast<void>(0) : ::cordon::invariant_broken(#expression, __FILE__, __LINE__))
