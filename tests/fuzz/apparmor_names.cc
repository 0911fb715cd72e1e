// rooms: apparmor
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "apparmor/glob.h"
#include "apparmor/syntax.h"
#include "apparmor/text.h"

/// A name of any bytes becomes one word that means only that name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cordon::apparmor;
  if (size > 4096) return 0;
  std::string name = "/";
  for (std::size_t i = 0; i < size; ++i)
    if (data[i] != 0 && !(data[i] == '/' && name.back() == '/')) name += static_cast<char>(data[i]);
  const std::string word = quote_name(name);
  const auto statements = parse_syntax("profile p {\n" + word + " r,\n}\n", "fuzz");
  if (!statements || statements->size() != 1 || statements->front().body.size() != 1) std::abort();
  const auto& words = statements->front().body.front().words;
  if (words.size() != 2 || unescape_name(unquoted(words[0])) != name) std::abort();
  const auto glob = Glob::parse(unquoted(words[0]));
  if (!glob || !glob->matches(name) || glob->matches(name + "x") || glob->literal_prefix() != name) std::abort();
  return 0;
}
