#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"

namespace cordon::audit {

/// A line that was meant as a record and could not be read.
struct Malformed {
  std::uint32_t source = 0;
  std::uint64_t line = 0;
  std::uint64_t byte = 0;
  std::string_view problem;  ///< static text
};

/// A stretch of one source, whole lines only, with the records found in it. Owns every byte that they view.
struct Block {
  std::vector<char> bytes;
  std::deque<std::string> side;  ///< text that had to be put together: JSON strings, joined lines
  std::deque<Place> places;      ///< those that records point to
  std::vector<Record> records;
  std::vector<Malformed> malformed;
  std::uint64_t lines = 0;
  std::uint64_t other_lines = 0;  ///< lines that hold no record
  std::uint64_t sequence = 0;     ///< 0, 1, 2, … over all sources

  /// The bytes stay as they are: to zero them for each use costs as much as to read them.
  void clear() {
    side.clear();
    places.clear();
    records.clear();
    malformed.clear();
    lines = other_lines = 0;
  }
};

}  // namespace cordon::audit
