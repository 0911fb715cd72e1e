#include "selinux/context.h"

#include <algorithm>

namespace cordon::selinux {
namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What checkmodule refuses as a module's name, in lower or in upper case: the keywords of checkpolicy's
/// policy_scan.l, each between blanks.
constexpr std::string_view kKeywords =
    " alias allow allowxperm and attribute attribute_role auditallow auditallowxperm auditdeny bool category class "
    "clone common constrain default_range default_role default_type default_user devicetreecon dom domby dominance "
    "dontaudit dontauditxperm else eq expandattribute false fs_use_task fs_use_trans fs_use_xattr fscon genfscon "
    "glblub h1 h2 high ibendportcon ibpkeycon if incomp inherits iomemcon ioportcon l1 l2 level low low-high "
    "mlsconstrain mlsvalidatetrans module netifcon neverallow neverallowxperm nodecon not optional or pcidevicecon "
    "permissive pirqcon policycap portcon r1 r2 r3 range range_transition require role role_transition "
    "roleattribute roles sameuser sensitivity sid source t1 t2 t3 target true tunable type type_change type_member "
    "type_transition typealias typeattribute typebounds types u1 u2 u3 user validatetrans xor ";

bool is_keyword(std::string_view name) {
  std::string folded(name);
  if (std::none_of(name.begin(), name.end(), is_lower))
    for (char& c : folded) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return kKeywords.find(' ' + folded + ' ') != kKeywords.npos;
}

bool breaks_context(char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }

}  // namespace

std::optional<Context> parse_context(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), breaks_context)) return std::nullopt;
  const std::size_t first = text.find(':');
  const std::size_t second = first == text.npos ? text.npos : text.find(':', first + 1);
  if (second == text.npos) return std::nullopt;
  const std::size_t third = text.find(':', second + 1);
  Context out{std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1)),
              std::string(text.substr(second + 1, third == text.npos ? text.npos : third - second - 1)),
              third == text.npos ? std::string() : std::string(text.substr(third + 1))};
  if (out.user.empty() || out.role.empty() || out.type.empty()) return std::nullopt;
  return out;
}

std::string to_text(const Context& context) {
  std::string out = context.user + ":" + context.role + ":" + context.type;
  if (!context.range.empty()) out += ":" + context.range;
  return out;
}

std::string_view type_of(std::string_view context) {
  const std::size_t first = context.find(':');
  const std::size_t second = first == context.npos ? context.npos : context.find(':', first + 1);
  if (second == context.npos) return {};
  const std::size_t third = context.find(':', second + 1);
  return context.substr(second + 1, third == context.npos ? context.npos : third - second - 1);
}

bool is_identifier(std::string_view name) {
  if (name.empty() || name.size() > 255 || !is_letter(name.front()) || is_keyword(name)) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
}

std::string to_identifier(std::string_view name) {
  std::string out;
  for (char c : name.substr(0, 128)) out += is_letter(c) || is_digit(c) ? c : '_';
  if (out.empty() || !is_letter(out.front()) || is_keyword(out)) out.insert(0, "m_");
  return out;
}

}  // namespace cordon::selinux
