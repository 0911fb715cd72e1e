#pragma once

#include <memory>
#include <string>

#include "audit/block.h"
#include "audit/input.h"
#include "audit/json_line.h"

namespace cordon::audit {

inline constexpr std::size_t kBlockSize = 256 * 1024;
/// A longer line is malformed and passed over without being kept. The kernel's longest record is 8,970 bytes
/// (MAX_AUDIT_MESSAGE_LENGTH); a JSON line with escapes may be six times that.
inline constexpr std::size_t kMaxLine = 1024 * 1024;

/// Cuts one source into blocks of whole lines and finds the records in them.
class Scanner {
 public:
  Scanner(std::unique_ptr<ByteSource> source, std::uint32_t source_index, std::string json_field);
  ~Scanner();
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  /// For a source that comes in pieces: how much of it was read before.
  void start_at(std::uint64_t line, std::uint64_t byte) {
    line_ = line;
    byte_ = byte;
  }
  std::uint64_t line() const { return line_; }
  std::uint64_t byte() const { return byte_; }

  /// Fills a cleared block. False at the end (the block may still hold the last line).
  /// An error ends the source; what the block holds is valid.
  Result<bool> next(Block& block);
  /// Takes what is left of an unfinished last line as a line.
  void finish(Block& block);

 private:
  void take_text(std::string_view text, Block& block);
  void take_line(std::string_view line, Block& block);
  void take_record_line(std::string_view line, Block& block);
  bool goes_on(std::string_view line, Block& block);
  static void restore_separator(Record& record, Block& block);
  void account(ParsedLine parsed, Record& record, Block& block);
  void take_binary(Block& block);
  bool take_export_line(std::string_view line, Block& block);
  void end_export_entry(Block& block);
  bool join_cri(std::string_view& line, Block& block);
  void report(std::string_view problem, Block& block);
  void keep_tail(std::string_view tail, Block& block);

  std::unique_ptr<ByteSource> source_;
  std::uint32_t index_;
  JsonLineReader json_;
  std::string carry_;                    ///< the unfinished last line
  bool skipping_ = false;                ///< inside of an over-long line
  std::uint64_t line_ = 0;               ///< of the line being taken, 1-based
  std::uint64_t byte_ = 0;               ///< of its first byte
  std::unique_ptr<JournalEntry> entry_;  ///< inside of a journal export entry
  std::uint64_t entry_line_ = 0, entry_byte_ = 0;
  std::string binary_name_;  ///< export: a field whose value comes as length and bytes
  std::string binary_;
  std::string cri_;  ///< CRI: the parts of a line so far
};

}  // namespace cordon::audit
