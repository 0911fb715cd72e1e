#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/diagnostics.h"
#include "base/fd.h"
#include "facts/trace.h"

namespace cordon {

/// The trace's lines as text, each ending in '\n'. Canonical: the same value gives the same bytes.
std::string head_line(const Head& head);
std::string proc_line(const std::string& run, const Proc& proc);
std::string fact_line(const std::string& run, const Fact& fact);  ///< with its id and origin, without its tally
/// A call that was begun and has not returned yet; its verdict is kUnwatched. Counts only in a section without an end,
/// where no fact of the same subject and operation tells its result.
std::string tried_line(const std::string& run, const Fact& fact);
/// The same from what canonical_json() gave, for who holds facts as text.
std::string fact_line(const std::string& run, const FactId& id, std::string_view canonical, const Origin& origin);
std::string tally_line(const std::string& run, const FactId& id, const Tally& tally);
std::string end_line(const std::string& run, const End& end);

/// The id of a fact from its canonical JSON.
FactId fact_id_of(std::string_view canonical);

/// The canonical JSON of subject, operation and verdict: what a fact's id is the hash of.
std::string canonical_json(const Fact& fact);

/// The whole trace as text: its runs in order, each with the facts that it saw. read(write(t)) == t.
std::string write_trace(const Trace& trace);

/// Reads traces one after another into one set. Same run id: counted once. Errors name file and line.
class TraceReader {
 public:
  explicit TraceReader(Diagnostics& diagnostics);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  /// A file (compressed or not) or "-".
  Result<void> add_file(const std::string& path);
  /// Text that is already in memory; `where` stands in for a file name in messages.
  Result<void> add_text(std::string_view text, const std::string& where);
  /// The merged set. The reader is empty afterwards.
  Trace finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All files into one set.
Result<Trace> read_traces(const std::vector<std::string>& paths, Diagnostics& diagnostics);

}  // namespace cordon
