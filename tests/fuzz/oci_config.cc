// rooms: oci base
#include <cstdint>
#include <string>
#include <string_view>

#include "oci/annotation.h"
#include "oci/config.h"
#include "oci/runtime_command.h"

#include "base/invariant.h"
#include "base/text.h"

using namespace cordon;
using namespace cordon::oci;

/// A configuration of any bytes is read or refused; with other arguments it is read again, and only they differ. The
/// same bytes as words of a command line and as an annotation end in some answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> words;
  for (const std::string_view word : split(text, ' ')) words.emplace_back(word);
  const RuntimeCommand command = read_runtime_command(words);
  if (!command.name.empty())
    CORDON_INVARIANT(read_runtime_command(with_preserved(words, command, 7)).preserve_fds == 7);
  static_cast<void>(read_wishes({{"io.containers.trace-syscall", std::string(text)}}));
  const auto config = read_config(text, "fuzz");
  if (!config) return 0;
  const auto changed = with_args(text, "fuzz", {"recorder", "--"});
  if (!changed) return 0;
  const auto again = read_config(*changed, "changed");
  CORDON_INVARIANT(again.ok());
  CORDON_INVARIANT(((*again).args == std::vector<std::string>{"recorder", "--"}));
  CORDON_INVARIANT((*again).annotations == (*config).annotations && (*again).seccomp == (*config).seccomp);
  return 0;
}
