#include "selinux/policydb.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

#include "base/digest.h"
#include "base/fd.h"
#include "selinux/policydb_impl.h"

namespace cordon::selinux {
namespace {

// Magic numbers at the start of the files that libsepol writes (sepol/policydb.h, sepol/module.h), little-endian.
constexpr std::uint32_t kKernelMagic = 0xf97cff8c;
constexpr std::uint32_t kModuleMagic = 0xf97cff8d;
constexpr std::uint32_t kPackageMagic = 0xf97cff8f;
constexpr std::size_t kMaxPolicyBytes = std::size_t{512} << 20;

std::optional<std::uint32_t> number_at(std::string_view bytes, std::size_t offset) {
  if (bytes.size() < offset + 4) return std::nullopt;
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i)
    out |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[offset + i])) << (8 * i);
  return out;
}

Error bad(std::string what, const std::string& where, std::string hint = {}) {
  return Error{ErrorCode::kBadInput, std::move(what), where, std::move(hint)};
}

/// What the header says before libsepol sees the rest: magic, target string, version.
Result<void> check_header(std::string_view bytes, const std::string& where) {
  const auto magic = number_at(bytes, 0);
  if (!magic) return bad("the file is too short to be an SELinux policy", where);
  if (*magic == kModuleMagic || *magic == kPackageMagic)
    return bad("this is a policy module, not a whole policy", where, "give the policy with --policy, the module apart");
  if (*magic != kKernelMagic)
    return bad("not a binary SELinux policy", where,
               "a policy is a file such as /etc/selinux/default/policy/policy.33");
  const auto length = number_at(bytes, 4);
  if (!length || *length > 32 || bytes.size() < 12 + *length) return bad("the policy is cut in its header", where);
  const std::string_view target = bytes.substr(8, *length);
  if (target != POLICYDB_STRING) return bad(fmt::format("a policy for {}, not for Linux", target), where);
  const std::uint32_t version = *number_at(bytes, 8 + *length);
  if (version > POLICYDB_VERSION_MAX)
    return bad(fmt::format("policy version {}; this program reads up to version {}", version, POLICYDB_VERSION_MAX),
               where, "build it with an older version: semodule and secilc take -c");
  return {};
}

struct NameOrder {
  std::vector<std::string> names;
  static int take(hashtab_key_t key, hashtab_datum_t, void* self) {
    static_cast<NameOrder*>(self)->names.emplace_back(key);
    return 0;
  }
};

std::vector<std::string> sorted_names(const symtab_t& table) {
  NameOrder order;
  hashtab_map(table.table, NameOrder::take, &order);
  std::sort(order.names.begin(), order.names.end());
  return order.names;
}

Result<void> parse(PolicyDb::Impl& impl, std::string_view bytes, const std::string& where) {
  SepolMessages messages;
  if (policydb_init(&impl.db) != 0) return bad("libsepol cannot make a policy", where);
  const int failed = policydb_from_image(messages.handle(), const_cast<char*>(bytes.data()), bytes.size(), &impl.db);
  // On failure libsepol has destroyed the database itself.
  if (failed != 0)
    return bad("the policy does not parse: " + (messages.text().empty() ? "it is cut or damaged" : messages.text()),
               where);
  impl.loaded = true;
  if (impl.db.policy_type != POLICY_KERN) return bad("this is a policy module, not a whole policy", where);
  // It makes the table of sids too.
  if (policydb_load_isids(&impl.db, &impl.sids) != 0) return bad("the policy's initial contexts are damaged", where);
  evaluate_conds(&impl.db);
  return {};
}

/// Reads a policy in a child first: libsepol takes a damaged one's counts at their word, and may run for hours or
/// crash. Where no child can be had, the policy is read at once.
class Trial {
 public:
  Trial(std::string_view bytes, const std::string& where) : where_(where), child_(fork()) {
    if (child_ != 0) return;
    constexpr rlim_t kSeconds = 5;  // of CPU time; a whole distribution's policy takes a twentieth of one
    const rlimit limit{kSeconds, kSeconds + 1};
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CPU, &limit);
    setrlimit(RLIMIT_CORE, &none);
    PolicyDb::Impl impl;
    (void)parse(impl, bytes, where);
    _exit(0);
  }
  Result<void> end() const;

 private:
  const std::string& where_;
  pid_t child_;
};

Result<void> Trial::end() const {
  if (child_ < 0) return {};
  int status = 0;
  while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const bool endless = WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL);
  return bad(endless ? "the policy is damaged: reading it does not come to an end"
                     : "the policy is damaged: libsepol crashes on it",
             where_, "build the policy anew, or copy it again from where it came");
}

struct PolicyFile {
  std::string bytes;
  bool installed = false;
};

/// The file that is judged is the file that is read, whatever becomes of its name. By O_PATH, since the kernel's own
/// policy file can be open only once.
Result<PolicyFile> read_policy(const std::string& path) {
  const UniqueFd file(path == "-" ? -1 : open(path.c_str(), O_PATH | O_CLOEXEC));
  const bool installed = file && is_installed_policy(file.get());
  auto bytes = read_file(installed ? "/proc/self/fd/" + std::to_string(file.get()) : path, kMaxPolicyBytes);
  if (!bytes) return bytes.error();
  return PolicyFile{std::move(*bytes), installed};
}

Result<std::unique_ptr<PolicyDb::Impl>> parsed(std::string_view bytes, const std::string& where, std::string digest) {
  auto impl = std::make_unique<PolicyDb::Impl>();
  if (auto done = parse(*impl, bytes, where); !done) return done.error();
  impl->where = where;
  impl->digest = std::move(digest);
  return impl;
}

}  // namespace

PolicyDb::PolicyDb(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PolicyDb::PolicyDb(PolicyDb&&) noexcept = default;
PolicyDb& PolicyDb::operator=(PolicyDb&&) noexcept = default;
PolicyDb::~PolicyDb() = default;

Result<PolicyDb> PolicyDb::load(const std::string& path, bool digest) {
  auto file = read_policy(path);
  if (!file) return file.error();
  if (auto header = check_header(file->bytes, path); !header) return header.error();
  std::optional<Trial> trial;
  if (!file->installed) trial.emplace(file->bytes, path);
  std::string hash = digest ? sha256_hex(file->bytes) : std::string();
  if (trial)
    if (auto ended = trial->end(); !ended) return ended.error();
  auto impl = parsed(file->bytes, path, std::move(hash));
  if (!impl) return impl.error();
  return PolicyDb(std::move(*impl));
}

Result<PolicyDb> PolicyDb::from_bytes(std::string_view bytes, const std::string& where, bool digest) {
  if (auto header = check_header(bytes, where); !header) return header.error();
  auto impl = parsed(bytes, where, digest ? sha256_hex(bytes) : std::string());
  if (!impl) return impl.error();
  return PolicyDb(std::move(*impl));
}

bool PolicyDb::is_valid_context(const std::string& context) const { return impl_->sid(context).has_value(); }
unsigned PolicyDb::version() const { return impl_->db.policyvers; }
bool PolicyDb::mls() const { return impl_->db.mls != 0; }
bool PolicyDb::messages_by_type() const {
  return ebitmap_get_bit(&impl_->db.policycaps, kCapabilityNetlinkExtended) != 0;
}
const std::string& PolicyDb::where() const { return impl_->where; }
const std::string& PolicyDb::digest() const { return impl_->digest; }

std::string_view PolicyDb::handle_unknown() const {
  if (impl_->db.handle_unknown == SEPOL_ALLOW_UNKNOWN) return "allow";
  return impl_->db.handle_unknown == SEPOL_REJECT_UNKNOWN ? "reject" : "deny";
}

bool PolicyDb::has_type(std::string_view name) const {
  const auto* datum = find_symbol<type_datum_t>(impl_->db.symtab[SYM_TYPES], name);
  return datum != nullptr && datum->flavor != TYPE_ATTRIB;
}

bool PolicyDb::has_attribute(std::string_view name) const {
  const auto* datum = find_symbol<type_datum_t>(impl_->db.symtab[SYM_TYPES], name);
  return datum != nullptr && datum->flavor == TYPE_ATTRIB;
}

bool PolicyDb::has_role(std::string_view name) const {
  return find_symbol<role_datum_t>(impl_->db.symtab[SYM_ROLES], name) != nullptr;
}

bool PolicyDb::has_user(std::string_view name) const {
  return find_symbol<user_datum_t>(impl_->db.symtab[SYM_USERS], name) != nullptr;
}

bool PolicyDb::has_class(std::string_view name) const { return impl_->klass(name) != nullptr; }

bool PolicyDb::has_perm(std::string_view klass, std::string_view perm) const {
  const auto* datum = impl_->klass(klass);
  return datum != nullptr && impl_->perm_bit(*datum, perm) != 0;
}

std::vector<std::string> PolicyDb::perms_of(std::string_view klass) const {
  std::vector<std::string> out;
  const auto* datum = impl_->klass(klass);
  if (datum == nullptr) return out;
  NameOrder order;
  hashtab_map(datum->permissions.table, NameOrder::take, &order);
  if (datum->comdatum != nullptr) hashtab_map(datum->comdatum->permissions.table, NameOrder::take, &order);
  std::sort(order.names.begin(), order.names.end(), [&](const std::string& a, const std::string& b) {
    return impl_->perm_bit(*datum, a) < impl_->perm_bit(*datum, b);
  });
  return order.names;
}

std::vector<std::string> PolicyDb::classes() const { return sorted_names(impl_->db.symtab[SYM_CLASSES]); }

std::vector<std::string> PolicyDb::types() const {
  std::vector<std::string> out = sorted_names(impl_->db.symtab[SYM_TYPES]);
  std::erase_if(out, [this](const std::string& name) { return !has_type(name); });
  return out;
}

std::vector<std::string> PolicyDb::attributes_of(std::string_view type) const {
  std::vector<std::string> out;
  const std::uint32_t value = impl_->type_value(type);
  if (value == 0) return out;
  for (std::uint32_t bit : bits_of(impl_->db.type_attr_map[value - 1]))
    if (bit + 1 != value) out.push_back(impl_->type_name(bit + 1));
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> PolicyDb::types_of(std::string_view attribute) const {
  std::vector<std::string> out;
  const std::uint32_t value = impl_->type_value(attribute);
  if (value == 0) return out;
  for (std::uint32_t bit : bits_of(impl_->db.attr_type_map[value - 1])) out.push_back(impl_->type_name(bit + 1));
  if (out.empty() && has_type(attribute)) out.emplace_back(attribute);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<BooleanSetting> PolicyDb::booleans() const {
  std::vector<BooleanSetting> out;
  for (const std::string& name : sorted_names(impl_->db.symtab[SYM_BOOLS]))
    out.push_back({name, find_symbol<cond_bool_datum_t>(impl_->db.symtab[SYM_BOOLS], name)->state != 0});
  return out;
}

std::size_t PolicyDb::permission_rules() const {
  std::size_t count = 0;
  const auto tally = [](avtab_key_t* key, avtab_datum_t*, void* total) {
    if ((key->specified & AVTAB_ALLOWED) != 0) ++*static_cast<std::size_t*>(total);
    return 0;
  };
  avtab_map(&impl_->db.te_avtab, tally, &count);
  avtab_map(&impl_->db.te_cond_avtab, tally, &count);
  return count;
}

std::optional<bool> PolicyDb::allows(const std::string& source, const std::string& target, const std::string& klass,
                                     const std::string& perm) const {
  const auto s = impl_->sid(source);
  const auto t = impl_->sid(target);
  const auto* datum = impl_->klass(klass);
  const std::uint32_t bit = datum == nullptr ? 0 : impl_->perm_bit(*datum, perm);
  if (!s || !t || bit == 0) return std::nullopt;
  return (impl_->allowed(*s, *t, datum->s.value) & bit) != 0;
}

}  // namespace cordon::selinux
