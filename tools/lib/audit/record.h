#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "audit/record_type.h"

namespace cordon::audit {

/// How the values of a record's fields are written.
enum class Dialect : std::uint8_t {
  kRaw,          ///< as the kernel and auditd write: quoted, or hex where a quote, blank or control byte would be
  kInterpreted,  ///< as `ausearch -i` prints: unquoted, names for numbers
};

/// Where the program ran that a record is about, as its carrier says and not the record itself. Bytes; empty: not said.
struct Place {
  std::string unit;       ///< "httpd.service"
  std::string container;  ///< its name
  std::string container_id;
  /// What a fact's subject has one field for: the container if there is one, else the unit.
  const std::string& name() const {
    return !container.empty() ? container : !container_id.empty() ? container_id : unit;
  }
};

/// One record of one line. The views point into the block that the line was read in (see block.h).
struct Record {
  std::string_view body;         ///< what stands after "audit(…): "
  std::string_view node;         ///< node=, or the host of a syslog prefix, or _HOSTNAME; may be empty
  std::int64_t time_ms = 0;      ///< since the epoch; 0: the line has none
  std::uint64_t serial = 0;      ///< 0: the line has none, the record stands for itself
  std::uint64_t line = 0;        ///< 1-based, in its source
  std::uint64_t byte = 0;        ///< offset of the line in its (uncompressed) source
  const Place* place = nullptr;  ///< null: not said
  std::uint32_t source = 0;      ///< index into the reader's sources
  RecordType type = 0;
  bool numbered = false;  ///< the type stood there as a number ("1400", "UNKNOWN[1500]")
  Dialect dialect = Dialect::kRaw;
};

}  // namespace cordon::audit
