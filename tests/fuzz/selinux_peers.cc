// rooms: selinux policy facts kernel base
// --peer's words, and programs that nobody recorded: the other end is a domain of the policy, or cannot be told.
#include "selinux/peers.h"

#include "installed.h"
#include "support.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon::selinux;
  if (!fuzz::installed()) return 0;
  const PolicyDb& policy = fuzz::installed()->policy;
  // The list, a NUL, an address or path, a NUL, its label.
  const std::string_view text = fuzz::text_of(data, size);
  const std::size_t first = std::min(text.find('\0'), text.size());
  const std::string_view rest = text.substr(std::min(first + 1, text.size()));
  const std::size_t second = std::min(rest.find('\0'), rest.size());
  const std::string what(rest.substr(0, second));
  const std::string label(rest.substr(std::min(second + 1, rest.size())));
  const auto named = read_peers(std::string(text.substr(0, first)), policy);
  const Peers peers(policy, "own_t", named ? *named : std::map<std::string, std::string>());
  for (const Peer& peer : {peers.listener(what, label), peers.runner(what, label)}) {
    fuzz::require(!peer.domain.empty() || peer.assumed.empty());
    fuzz::require(peer.domain.empty() || policy.has_type(peer.domain));
    if (named && named->contains(what)) fuzz::require(peer.domain == named->at(what) && peer.assumed.empty());
  }
  return 0;
}
