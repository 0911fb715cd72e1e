#include "audit/scanner.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "audit/enricher_line.h"
#include "audit/line.h"

namespace cordon::audit {
namespace {

using std::string_view;

bool starts_with(string_view text, string_view what) { return text.substr(0, what.size()) == what; }

bool is_export_name(string_view line) {
  return !line.empty() && line.size() <= 64 &&
         line.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == string_view::npos;
}

/// dbus-daemon's messages may hold a line feed: the record goes on until its msg='…' is closed.
bool is_open(string_view body) {
  const std::size_t at = body.find("msg='");
  return at != string_view::npos && body.find('\'', at + 5) == string_view::npos;
}

std::size_t last_feed(string_view text) {
  const void* hit = text.empty() ? nullptr : memrchr(text.data(), '\n', text.size());
  return hit ? static_cast<std::size_t>(static_cast<const char*>(hit) - text.data()) : string_view::npos;
}

/// How many bytes are whole lines. A last line that may go on in the next one waits for it.
std::size_t whole_lines(string_view text) {
  const std::size_t end = last_feed(text);
  if (end == string_view::npos) return 0;
  const std::size_t start = last_feed(text.substr(0, end)) + 1;  // npos + 1 is 0
  return is_open(text.substr(start, end - start)) ? start : end + 1;
}

/// rsyslog writes a control character as '#' and three octal digits: auditd's separator comes as "#035" before the
/// first of the upper-case names. Where it stands in the body; npos: it does not. A quoted name may hold the same
/// letters.
std::size_t escaped_separator(string_view body) {
  constexpr string_view kEscaped = "#035";
  bool quoted = false;
  for (std::size_t at = 0, counted = 0; (at = body.find(kEscaped, at)) != string_view::npos; at += kEscaped.size()) {
    const string_view before = body.substr(counted, at - counted), rest = body.substr(at + kEscaped.size());
    quoted ^= std::count(before.begin(), before.end(), '"') % 2 != 0;
    counted = at;
    const std::size_t key = rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (!quoted && key != string_view::npos && key > 0 && rest[key] == '=') return at;
  }
  return string_view::npos;
}

constexpr std::size_t kLengthBytes = 8;  // systemd's export format: little-endian, before a binary value

std::uint64_t little_endian(string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

}  // namespace

Scanner::Scanner(std::unique_ptr<ByteSource> source, std::uint32_t source_index, std::string json_field)
    : source_(std::move(source)), index_(source_index), json_(std::move(json_field)) {}
Scanner::~Scanner() = default;

Result<bool> Scanner::next(Block& block) {
  const std::size_t before = carry_.size();
  if (block.bytes.size() < before + kBlockSize) block.bytes.resize(before + kBlockSize);
  std::memcpy(block.bytes.data(), carry_.data(), before);
  std::size_t used = before;
  Result<std::size_t> got = std::size_t{0};
  do {
    got = source_->read(block.bytes.data() + used, before + kBlockSize - used);
    if (got) used += *got;
  } while (got && *got > 0 && used < before + kBlockSize && !source_->is_stream());
  const string_view text(block.bytes.data(), used);
  const std::size_t whole = whole_lines(text);
  take_text(text.substr(0, whole), block);
  keep_tail(text.substr(whole), block);
  if (!got) return got.error();
  return *got > 0;
}

/// The unfinished last line waits for the next block, unless it is longer than any line may be.
void Scanner::keep_tail(string_view tail, Block& block) {
  if (skipping_ || tail.size() > kMaxLine) {
    if (!skipping_) {
      ++line_;
      ++block.lines;
      report("the line is longer than 1 MiB", block);
    }
    skipping_ = true;
    byte_ += tail.size();
    tail = {};
  }
  carry_.assign(tail);
}

void Scanner::take_text(string_view text, Block& block) {
  while (!text.empty()) {
    if (!binary_name_.empty()) {
      const std::size_t want = binary_.size() < kLengthBytes
                                   ? kLengthBytes - binary_.size()
                                   : kLengthBytes + little_endian(binary_) + 1 - binary_.size();
      const std::size_t part = std::min(want, text.size());
      binary_.append(text.substr(0, part));
      text.remove_prefix(part);
      byte_ += part;
      take_binary(block);
      continue;
    }
    const std::size_t end = text.find('\n');
    const string_view line = text.substr(0, end);
    if (skipping_) {
      skipping_ = false;
    } else {
      ++line_;
      ++block.lines;
      take_line(line, block);
    }
    const std::size_t step = end == string_view::npos ? text.size() : end + 1;
    text.remove_prefix(step);
    byte_ += step;
  }
}

/// A binary value of the export format, as soon as it is whole.
void Scanner::take_binary(Block& block) {
  if (binary_.size() < kLengthBytes) return;
  const std::uint64_t length = little_endian(binary_);
  if (length > kMaxLine) {
    report("a journal field claims more than 1 MiB", block);
    entry_.reset();
    binary_name_.clear();
    return;
  }
  if (binary_.size() < kLengthBytes + length + 1) return;
  if (const auto member = entry_ ? journal_member(binary_name_) : nullptr)
    ((*entry_).*member).assign(binary_, kLengthBytes, length);
  line_ += static_cast<std::uint64_t>(std::count(binary_.begin() + kLengthBytes, binary_.end(), '\n'));
  binary_name_.clear();
}

void Scanner::take_line(string_view line, Block& block) {
  if (entry_ || starts_with(line, "__CURSOR="))
    if (take_export_line(line, block)) return;
  if (join_cri(line, block)) return;
  take_record_line(line, block);
}

void Scanner::take_record_line(string_view line, Block& block) {
  Record record;
  record.line = line_;
  record.byte = byte_;
  record.source = index_;
  const std::size_t first = line.find_first_not_of(' ');
  if (first != 0 && goes_on(line, block)) return;
  const bool json = first != string_view::npos && line[first] == '{';
  auto parsed = json ? json_.parse(line, block, record) : parse_line(line, record);
  if (parsed.kind == LineKind::kOther && !json) parsed = parse_enricher_line(line, block, record);
  if (parsed.kind == LineKind::kRecord && !json && !starts_with(line, "type=")) restore_separator(record, block);
  account(parsed, record, block);
}

/// A syslog daemon between auditd and the file leaves the bytes as they are but for the separator.
void Scanner::restore_separator(Record& record, Block& block) {
  const std::size_t at = escaped_separator(record.body);
  if (at == string_view::npos) return;
  std::string& body = block.side.emplace_back(record.body);
  body.replace(at, 4, 1, '\x1d');
  record.body = body;
}

/// True if the line is the rest of the last record, which then views both.
bool Scanner::goes_on(string_view line, Block& block) {
  if (line.empty() || block.records.empty()) return false;
  Record& last = block.records.back();
  if (last.type != kUserAvc || last.line + 1 != line_ || !is_open(last.body)) return false;
  const auto end = reinterpret_cast<std::uintptr_t>(last.body.data() + last.body.size());
  const auto start = reinterpret_cast<std::uintptr_t>(line.data());
  if (start <= end || start - end > 8) return false;  // not beside each other: one of them was put together
  last.body = string_view(last.body.data(), static_cast<std::size_t>(line.data() + line.size() - last.body.data()));
  ++block.other_lines;
  return true;
}

void Scanner::account(ParsedLine parsed, Record& record, Block& block) {
  switch (parsed.kind) {
    case LineKind::kRecord: block.records.push_back(record); break;
    case LineKind::kOther: ++block.other_lines; break;
    case LineKind::kMalformed: block.malformed.push_back({index_, record.line, record.byte, parsed.problem}); break;
  }
}

void Scanner::report(string_view problem, Block& block) { block.malformed.push_back({index_, line_, byte_, problem}); }

/// journalctl -o export: an entry runs from __CURSOR= to a blank line. True if the line was part of one.
bool Scanner::take_export_line(string_view line, Block& block) {
  if (!entry_) {
    entry_ = std::make_unique<JournalEntry>();
    entry_line_ = line_;
    entry_byte_ = byte_;
  }
  const std::size_t equals = line.find('=');
  if (line.empty()) {
    end_export_entry(block);
  } else if (equals != string_view::npos && is_export_name(line.substr(0, equals))) {
    if (const auto member = journal_member(line.substr(0, equals))) ((*entry_).*member).assign(line.substr(equals + 1));
    ++block.other_lines;
  } else if (is_export_name(line)) {
    binary_name_.assign(line);
    binary_.clear();
    ++block.other_lines;
  } else {
    end_export_entry(block);
    return false;
  }
  return true;
}

void Scanner::end_export_entry(Block& block) {
  Record record;
  record.line = entry_line_;
  record.byte = entry_byte_;
  record.source = index_;
  JournalEntry entry = std::move(*entry_);
  entry_.reset();
  account(entry.message.empty() ? ParsedLine{} : parse_journal_entry(std::move(entry), block, record), record, block);
}

/// CRI logs ("TIME stdout P text") cut long lines into parts marked P; the last part bears F. True while parts are
/// outstanding; otherwise `line` becomes the whole.
bool Scanner::join_cri(string_view& line, Block& block) {
  const std::size_t blank = line.substr(0, 48).find(' ');
  if (blank == string_view::npos || blank < 20 || line[4] != '-') return false;
  const string_view rest = line.substr(blank + 1);
  if (!starts_with(rest, "stdout ") && !starts_with(rest, "stderr ")) return false;
  const string_view tagged = rest.substr(7);
  const bool partial = starts_with(tagged, "P ");
  if (!partial && cri_.empty()) return false;
  cri_.append(partial || starts_with(tagged, "F ") ? tagged.substr(2) : tagged);
  if (partial && cri_.size() <= kMaxLine) {
    ++block.other_lines;
    return true;
  }
  block.side.push_back(std::move(cri_));
  cri_.clear();
  line = block.side.back();
  return false;
}

void Scanner::finish(Block& block) {
  if (!carry_.empty()) take_text(std::string_view(block.side.emplace_back(std::move(carry_))), block);
  carry_.clear();
  if (entry_) end_export_entry(block);
}

}  // namespace cordon::audit
