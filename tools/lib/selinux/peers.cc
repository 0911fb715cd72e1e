#include "selinux/peers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/text.h"
#include "selinux/tables.h"
#include "selinux/vectors.h"

namespace cordon::selinux {
namespace {

constexpr const char* kUnconfined = "unconfined_domain_type";

/// "mysqld_runtime_t" is named after mysqld_t.
bool is_named_after(const std::string& label, const std::string& domain) {
  return domain.ends_with("_t") && label.starts_with(domain.substr(0, domain.size() - 1));
}

std::vector<std::string> only_named_after(const std::string& label, std::vector<std::string> domains) {
  std::erase_if(domains, [&](const std::string& domain) { return !is_named_after(label, domain); });
  return domains;
}

}  // namespace

const std::vector<std::string>& Peers::domains() const {
  if (!domains_.empty()) return domains_;
  const auto unconfined =
      policy_->has_attribute(kUnconfined) ? policy_->types_of(kUnconfined) : std::vector<std::string>();
  for (std::string& type : policy_->types_of("domain"))
    if (type != own_ && !std::binary_search(unconfined.begin(), unconfined.end(), type))
      domains_.push_back(std::move(type));
  return domains_;
}

std::vector<std::string> Peers::sources(const std::string& target, const std::string& klass,
                                        const std::string& perm) const {
  std::vector<std::string> out;
  for (const std::string& domain : domains())
    if (rules_allow(*policy_, {domain, target, klass}, perm)) out.push_back(domain);
  return out;
}

Peer Peers::named(const std::string& what) const {
  const auto found = named_.find(what);
  return found == named_.end() ? Peer{} : Peer{found->second, {}};
}

Peer Peers::listener(const std::string& address, const std::string& label) const {
  if (Peer told = named(address); !told.domain.empty() || label.empty()) return told;
  std::vector<std::string> makers = sources(label, "sock_file", "create");
  const auto writers = sources(label, "sock_file", "write");
  std::map<std::string, std::size_t> clients;
  for (const std::string& maker : makers)
    for (const std::string& writer : writers)
      clients[maker] += writer != maker && (rules_allow(*policy_, {writer, maker, "unix_stream_socket"}, "connectto") ||
                                            rules_allow(*policy_, {writer, maker, "unix_dgram_socket"}, "sendto"))
                            ? 1
                            : 0;
  std::size_t most = 1;
  for (const auto& [maker, count] : clients) most = std::max(most, count);
  std::vector<std::string> served;
  for (const auto& [maker, count] : clients)
    if (count == most) served.push_back(maker);
  const std::pair<std::vector<std::string>, const char*> kWays[] = {
      {makers, "the only one that may make"},
      {served, "most users connect to it, of those that may make"},
      {only_named_after(label, makers), "named after it, of those that may make"}};
  for (const auto& [candidates, why] : kWays)
    if (candidates.size() == 1)
      return {candidates[0],
              fmt::format("{} listens at {} ({} sockets labelled {})", candidates[0], printable(address), why, label)};
  return {};
}

Peer Peers::runner(const std::string& program, const std::string& label) const {
  const Strings& shared = place_tables().interpreter_types;
  const bool tells = label.ends_with("_exec_t") && std::find(shared.begin(), shared.end(), label) == shared.end();
  if (Peer told = named(program); !told.domain.empty() || !tells) return told;
  for (const CallerRow& caller : baseline_tables().callers) {
    if (!caller.automatic || caller.role != "system_r" || !policy_->has_type(caller.domain)) continue;
    const auto entered = policy_->new_type(caller.domain, label, "process", "");
    if (entered && *entered != caller.domain && *entered != own_)
      return {*entered, fmt::format("{} runs in {}: {} starts what is labelled {} in it", printable(program), *entered,
                                    caller.domain, label)};
  }
  const auto entries = sources(label, "file", "entrypoint");
  if (entries.size() != 1) return {};
  return {entries[0],
          fmt::format("{} runs in {}: the only domain that {} is an entry to", printable(program), entries[0], label)};
}

Result<std::map<std::string, std::string>> read_peers(const std::string& list, const PolicyDb& policy) {
  std::map<std::string, std::string> out;
  for (const std::string_view word : split(list, ',')) {
    if (trim(word).empty()) continue;
    const std::size_t equals = word.rfind('=');
    const std::string domain(equals == word.npos ? std::string_view() : trim(word.substr(equals + 1)));
    if (domain.empty() || trim(word.substr(0, equals)).empty())
      return Error{
          ErrorCode::kUsage, fmt::format("'{}' names no peer", printable(word)), {}, "as in --peer /run/x/socket=x_t"};
    if (!policy.has_type(domain))
      return Error{ErrorCode::kUsage, fmt::format("the policy has no domain {}", printable(domain)), policy.where(),
                   "name the type that the peer runs in"};
    out[std::string(trim(word.substr(0, equals)))] = domain;
  }
  return out;
}

}  // namespace cordon::selinux
