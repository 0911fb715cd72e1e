#include "audit/record_type.h"

#include <libaudit.h>

#include <array>
#include <vector>

#include "base/text.h"

namespace cordon::audit {
namespace {

struct Named {
  std::string_view name;
  RecordType type = 0;
};

/// libaudit leaves these out when it was built without AppArmor. Source: linux/audit.h 1500-1599, libaudit.h.
constexpr std::array kApparmorNames = std::to_array<Named>({{"APPARMOR", 1500},
                                                            {"APPARMOR_AUDIT", 1501},
                                                            {"APPARMOR_ALLOWED", 1502},
                                                            {"APPARMOR_DENIED", 1503},
                                                            {"APPARMOR_HINT", 1504},
                                                            {"APPARMOR_STATUS", 1505},
                                                            {"APPARMOR_ERROR", 1506},
                                                            {"APPARMOR_KILL", 1507}});

/// A closed hash table of all names: one probe for almost every record.
class NameTable {
 public:
  NameTable() {
    for (int type = 1000; type < kMaxType; ++type)
      if (const char* name = audit_msg_type_to_name(type)) insert({name, static_cast<RecordType>(type)});
    for (const Named& row : kApparmorNames)
      if (find(row.name) == 0) insert(row);
  }
  RecordType find(std::string_view name) const {
    for (std::size_t at = slot_of(name); slots_[at].type != 0; at = (at + 1) & (kSize - 1))
      if (slots_[at].name == name) return slots_[at].type;
    return 0;
  }
  std::string_view name(RecordType type) const { return type < kMaxType ? names_[type] : std::string_view{}; }

 private:
  static constexpr std::size_t kSize = 2048;
  static std::size_t slot_of(std::string_view name) {
    std::size_t hash = name.size();
    for (const char c : name) hash = hash * 31 + static_cast<unsigned char>(c);
    return hash & (kSize - 1);
  }
  void insert(Named row) {
    std::size_t at = slot_of(row.name);
    while (slots_[at].type != 0) at = (at + 1) & (kSize - 1);
    slots_[at] = row;
    names_[row.type] = row.name;
  }
  std::array<Named, kSize> slots_{};
  std::array<std::string_view, kMaxType> names_{};
};

const NameTable& table() {
  static const NameTable kTable;
  return kTable;
}

}  // namespace

RecordType record_type_from_name(std::string_view name) {
  if (const RecordType known = table().find(name)) return known;
  constexpr std::string_view kUnknown = "UNKNOWN[";
  if (name.substr(0, kUnknown.size()) == kUnknown && name.back() == ']')
    name = name.substr(kUnknown.size(), name.size() - kUnknown.size() - 1);
  const auto number = parse_number<RecordType>(name);
  return number && *number < kMaxType ? *number : RecordType{0};
}

std::string record_type_name(RecordType type) {
  const std::string_view known = table().name(type);
  return known.empty() ? "UNKNOWN[" + std::to_string(type) + "]" : std::string(known);
}

TypeUse use_of(RecordType type) {
  if (type == kAvc || type == kUserAvc || type == kSelinuxErr || type == kSeccomp) return TypeUse::kDenial;
  if (type >= kApparmorFirst && type <= kApparmorLast) return TypeUse::kDenial;
  if ((type >= 1300 && type < 1400) || type == kAvcPath) return TypeUse::kCompanion;
  if (type >= kMacPolicyLoad && type < kApparmorFirst) return TypeUse::kPolicy;
  if ((type >= 1700 && type < 1800) || (type >= 2100 && type < 2200)) return TypeUse::kAnomaly;
  return TypeUse::kOther;
}

}  // namespace cordon::audit
