#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cordon {

/// Lower-case hex, two digits a byte.
std::string to_hex(std::string_view bytes);

/// The bytes, or nothing if the length is odd or a digit is not hex (either case).
std::optional<std::string> from_hex(std::string_view hex);

/// True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool is_utf8(std::string_view bytes);

/// For a screen: control bytes, DEL, C1 controls, bidi overrides and bytes that are not UTF-8 become \n, \t or \xNN;
/// the rest is left as it is. What comes out cannot move the cursor or recolour a terminal.
std::string printable(std::string_view bytes);

/// Appends a JSON string literal, quotes included. The bytes must be UTF-8.
void append_json_string(std::string& out, std::string_view utf8);

}  // namespace cordon
