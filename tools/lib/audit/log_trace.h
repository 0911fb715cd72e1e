#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "audit/denial.h"
#include "audit/reader.h"
#include "facts/trace.h"

namespace cordon::audit {

/// The decisions as a section of a trace. The run id is the hash of the facts, so that the same log read twice counts
/// once. `complete`: nothing was lost on the way (every malformed line or undecodable record is a loss).
std::string trace_section(const std::vector<Denial>& denials, std::uint64_t lost);

/// Facts of events, written as sections of a trace. Holds each fact once, as text, until a section is full: memory
/// does not grow with the log.
class FactSections {
 public:
  static constexpr std::size_t kSectionBytes = 14u << 20;
  using SourceName = std::function<const std::string&(std::uint32_t)>;
  using Write = std::function<void(const std::string& text)>;

  FactSections(SourceName source_name, Write write);
  ~FactSections();
  FactSections(const FactSections&) = delete;
  FactSections& operator=(const FactSections&) = delete;

  void add(const Event& event);
  /// Writes the last section; `malformed` lines are lost to it.
  void finish(std::uint64_t malformed);
  std::uint64_t decisions() const;
  std::uint64_t undecoded() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct LogFacts {
  Trace trace;
  ReadCounts counts;
  std::uint64_t decisions = 0;    ///< records that hold a decision
  std::vector<Denial> undecoded;  ///< those that no fact could be made of
};

/// The facts of several logs. Unreadable logs are told in `diagnostics` (kError); the others are read all the same.
Result<LogFacts> read_log_facts(const std::vector<std::string>& paths, const ReadOptions& options,
                                Diagnostics& diagnostics);

/// True if the file's beginning looks like a log that this room reads rather than a trace or a profile: one of its
/// first lines holds an audit record. Compressed files are looked into.
bool looks_like_log(const std::string& path);

}  // namespace cordon::audit
