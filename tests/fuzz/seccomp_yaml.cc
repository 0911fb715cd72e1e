// rooms: seccomp policy facts kernel base
// YAML and JSON documents of any bytes are parsed or refused; what was parsed can be written and parsed again.
#include <nlohmann/json.hpp>

#include "seccomp/json.h"
#include "seccomp/read.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon::seccomp;
  const std::string_view text = fuzz::text_of(data, size);
  for (const auto& document : {parse_yaml(text, "fuzz"), parse_json(text, "fuzz")}) {
    if (!document) continue;
    const std::string once = document->dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    const auto again = parse_json(once, "again");
    if (again) fuzz::require(again->dump() == once);
  }
  return 0;
}
