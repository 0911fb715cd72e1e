#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "audit/record.h"

namespace cordon::audit {

enum class Quote : std::uint8_t { kBare, kDouble, kSingle };

/// One key=value of a record's body, not decoded. A view into the body.
struct Field {
  std::string_view key;
  std::string_view raw;  ///< without the quotes
  Quote quote = Quote::kBare;
  bool closed = true;  ///< false: the closing quote is missing (a truncated record)
};

/// Walks the fields of a body in order. Total: any bytes give some sequence of fields, in linear time.
/// Words without '=' are passed over. auditd's separator 0x1d (enriched logs) counts as a blank.
class FieldWalker {
 public:
  FieldWalker(std::string_view body, Dialect dialect) : rest_(body), dialect_(dialect) {}
  bool next(Field& field);
  std::string_view rest() const { return rest_; }  ///< what was not walked yet

 private:
  void take_value(Field& field);
  void take_quoted(Field& field);
  std::size_t interpreted_end() const;
  std::string_view rest_;
  Dialect dialect_;
};

/// The first field of that name; an empty view if there is none.
std::optional<Field> find_field(std::string_view body, std::string_view key, Dialect dialect = Dialect::kRaw);

/// Whether the kernel logs this field as an "untrusted string" (quoted, or bare upper-case hex).
/// Source: kernel audit_log_untrustedstring() callers and libaudit's typetab.
bool is_encoded_field(std::string_view key);

/// The value as bytes: hex decoded where the field may be encoded and is bare; "(null)" and "?" of encoded fields
/// are empty. Hex of odd length is kept as it stands.
std::string decode(const Field& field, Dialect dialect);

/// The same for a named field of a body; empty if absent.
std::string decoded_field(std::string_view body, std::string_view key, Dialect dialect);

/// What USER_* records carry inside msg='…'; the body itself if it has none.
std::string_view inner_message(std::string_view body);

}  // namespace cordon::audit
