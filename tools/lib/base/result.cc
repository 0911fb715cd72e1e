#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace cordon {

void invariant_broken(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "cordon: internal error: %s does not hold (%s:%d)\n", expression, file, line);
  std::abort();
}

std::string to_text(const Error& error) {
  std::string text = error.where;
  if (!text.empty()) text += ": ";
  text += error.what;
  if (!error.hint.empty()) text += " (" + error.hint + ")";
  return text;
}

}  // namespace cordon
