// rooms: selinux policy facts kernel base
#include <cstdint>
#include <string>

#include "base/invariant.h"
#include "selinux/context_matcher.h"
#include "selinux/labels.h"

using namespace cordon;
using namespace cordon::selinux;

/// The last line is a path, what stands before it are lines of file contexts: no crash, and an escaped path is itself.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 4096) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find_last_of('\n');
  const std::string path = "/" + text.substr(end == text.npos ? 0 : end + 1);
  if (const auto matcher = ContextMatcher::parse(text.substr(0, end == text.npos ? 0 : end));
      matcher && ContextMatcher::takes(path)) {
    static_cast<void>(matcher->lookup(path, "--"));
    static_cast<void>(matcher->lookup(matcher->aliased(path), ""));
  }
  if (path.find('\0') == path.npos) CORDON_INVARIANT(literal_of(respelled(escape_path(path))) == path);
  return 0;
}
