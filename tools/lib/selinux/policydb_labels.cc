#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "selinux/policydb_impl.h"

// What the policy itself says of labels: ports, nodes, file systems without labels, new objects.
namespace cordon::selinux {
namespace {

std::uint8_t protocol_number(std::string_view name) {
  if (name == "tcp") return IPPROTO_TCP;
  if (name == "udp" || name == "udplite") return IPPROTO_UDP;
  if (name == "dccp") return IPPROTO_DCCP;
  return name == "sctp" ? IPPROTO_SCTP : 0;
}

std::string type_in(const PolicyDb::Impl& impl, const ocontext_t& entry) {
  return impl.type_name(entry.context[0].type);
}

std::optional<std::string> named_context(const PolicyDb::Impl& impl, const context_struct_t& context) {
  sepol_security_id_t sid = 0;
  impl.use();
  if (sepol_sidtab_context_to_sid(&impl.sids, const_cast<context_struct_t*>(&context), &sid) != 0) return std::nullopt;
  std::string text = impl.text(sid);
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

std::optional<std::string> PolicyDb::port_context(std::string_view protocol, std::uint16_t port) const {
  const std::uint8_t number = protocol_number(protocol);
  for (const ocontext_t* entry = impl_->db.ocontexts[OCON_PORT]; entry != nullptr; entry = entry->next)
    if (entry->u.port.protocol == number && port >= entry->u.port.low_port && port <= entry->u.port.high_port)
      return named_context(*impl_, entry->context[0]);
  return initial_context("port");
}

std::vector<PortLabel> PolicyDb::ports_of_type(std::string_view protocol, std::string_view type) const {
  std::vector<PortLabel> out;
  const std::uint8_t number = protocol_number(protocol);
  for (const ocontext_t* entry = impl_->db.ocontexts[OCON_PORT]; entry != nullptr; entry = entry->next)
    if (entry->u.port.protocol == number && type_in(*impl_, *entry) == type)
      out.push_back({std::string(type), entry->u.port.low_port, entry->u.port.high_port});
  return out;
}

std::optional<std::string> PolicyDb::node_context(std::string_view address) const {
  in_addr v4{};
  in6_addr v6{};
  const std::string text(address);
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    for (const ocontext_t* entry = impl_->db.ocontexts[OCON_NODE]; entry != nullptr; entry = entry->next)
      if ((v4.s_addr & entry->u.node.mask) == entry->u.node.addr) return named_context(*impl_, entry->context[0]);
  } else if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    std::uint32_t words[4];
    std::memcpy(words, &v6, sizeof words);
    for (const ocontext_t* entry = impl_->db.ocontexts[OCON_NODE6]; entry != nullptr; entry = entry->next) {
      bool same = true;
      for (int i = 0; i < 4; ++i) same = same && (words[i] & entry->u.node6.mask[i]) == entry->u.node6.addr[i];
      if (same) return named_context(*impl_, entry->context[0]);
    }
  }
  return initial_context("node");
}

std::optional<std::string> PolicyDb::genfs_context(std::string_view fstype, std::string_view path,
                                                   std::string_view klass) const {
  const auto* datum = impl_->klass(klass);
  for (const genfs_t* fs = impl_->db.genfs; fs != nullptr; fs = fs->next) {
    if (fs->fstype != fstype) continue;
    const ocontext_t* best = nullptr;
    std::size_t longest = 0;
    for (const ocontext_t* entry = fs->head; entry != nullptr; entry = entry->next) {
      const std::string_view prefix = entry->u.name;
      const bool of_class = entry->v.sclass == 0 || (datum != nullptr && entry->v.sclass == datum->s.value);
      if (!of_class || !path.starts_with(prefix) || (best != nullptr && prefix.size() <= longest)) continue;
      best = entry;
      longest = prefix.size();
    }
    if (best != nullptr) return named_context(*impl_, best->context[0]);
  }
  return std::nullopt;
}

std::optional<std::string> PolicyDb::fs_context(std::string_view fstype) const {
  for (const ocontext_t* entry = impl_->db.ocontexts[OCON_FSUSE]; entry != nullptr; entry = entry->next)
    if (entry->u.name == fstype) return named_context(*impl_, entry->context[0]);
  return genfs_context(fstype, "/", "dir");
}

std::optional<std::string> PolicyDb::initial_context(std::string_view sid_name) const {
  // SECINITSID numbers, security/selinux/include/initial_sid_to_string.h; the binary policy holds numbers only.
  static constexpr std::pair<std::string_view, sepol_security_id_t> kInitial[] = {
      {"kernel", 1}, {"security", 2}, {"unlabeled", 3}, {"file", 5},    {"port", 9},
      {"netif", 10}, {"netmsg", 11},  {"node", 12},     {"devnull", 27}};
  for (const auto& [name, sid] : kInitial) {
    if (name != sid_name) continue;
    std::string text = impl_->text(sid);
    return text.empty() ? std::nullopt : std::optional(text);
  }
  return std::nullopt;
}

std::optional<std::string> PolicyDb::new_type(std::string_view source, std::string_view target, std::string_view klass,
                                              std::string_view name) const {
  const std::uint32_t s = impl_->type_value(source);
  const std::uint32_t t = impl_->type_value(target);
  const auto* datum = impl_->klass(klass);
  if (s == 0 || t == 0 || datum == nullptr) return std::nullopt;
  const std::string last(name);
  if (!last.empty()) {
    filename_trans_key_t key{t, datum->s.value, const_cast<char*>(last.c_str())};
    const void* found = hashtab_search(impl_->db.filename_trans, reinterpret_cast<const char*>(&key));
    for (auto* rule = static_cast<const filename_trans_datum_t*>(found); rule != nullptr; rule = rule->next)
      if (ebitmap_get_bit(&rule->stypes, s - 1) != 0) return impl_->type_name(rule->otype);
  }
  for (const MatchedRule& rule : impl_->match(s, t, datum->s.value, AVTAB_TRANSITION))
    if (rule.enabled) return impl_->type_name(rule.data);
  const bool of_source = klass == "process" || klass.ends_with("socket");
  return std::string(of_source ? source : target);
}

}  // namespace cordon::selinux
