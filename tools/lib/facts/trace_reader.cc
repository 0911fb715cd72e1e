#include <algorithm>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "facts/json_reader.h"
#include "facts/trace_input.h"
#include "facts/trace_io.h"

namespace cordon {
namespace codec {

Form read(Cursor& at, const Element& element, std::string& bytes) {
  std::string_view text;
  if (element.get(text) == simdjson::SUCCESS) {
    bytes = text;
    return Form::kGood;
  }
  simdjson::dom::object wrapped;
  if (element.get(wrapped) != simdjson::SUCCESS || wrapped.size() != 1) return Form::kBad;
  if (wrapped["hex"].get(text) != simdjson::SUCCESS) return Form::kBad;
  auto decoded = from_hex(text);
  if (!decoded) return at.bad("hex");
  bytes = std::move(*decoded);
  return Form::kGood;
}

Form read(Cursor&, const Element& element, bool& value) {
  return element.get(value) == simdjson::SUCCESS ? Form::kGood : Form::kBad;
}

namespace {

template <std::size_t Index = 0>
Form read_operation(Cursor& at, std::string_view kind, const simdjson::dom::object& members, Operation& operation) {
  if constexpr (Index == std::variant_size_v<Operation>) {
    return Form::kUnknown;
  } else {
    using Op = std::variant_alternative_t<Index, Operation>;
    if (Op::kKind != kind) return read_operation<Index + 1>(at, kind, members, operation);
    return read_fields(at, members, operation.emplace<Index>(), {"op"});
  }
}

}  // namespace

Form read(Cursor& at, const Element& element, Operation& operation) {
  simdjson::dom::object members;
  std::string_view kind;
  if (element.get(members) != simdjson::SUCCESS) return Form::kBad;
  if (members["op"].get(kind) != simdjson::SUCCESS) return at.bad("op");
  return read_operation(at, kind, members, operation);
}

}  // namespace codec

namespace {

using codec::Cursor;
using codec::Form;

/// The members of a fact line.
struct FactLine {
  std::string id;
  Subject subject;
  Operation operation;
  Verdict verdict;
  Origin origin;
  static constexpr auto fields() {
    return std::tuple{field("id", &FactLine::id), field("subject", &FactLine::subject),
                      field("operation", &FactLine::operation), field("verdict", &FactLine::verdict),
                      field("origin", &FactLine::origin)};
  }
};

struct TallyLine {
  std::string id;
  Tally tally;
};

/// What subject and operation are, whatever came of it.
FactId deed(Fact fact) {
  fact.verdict = {};
  return fact_id(fact);
}

Tally larger(const Tally& a, const Tally& b) { return a.count >= b.count ? a : b; }

}  // namespace

struct TraceReader::State {
  explicit State(Diagnostics& d) : diagnostics(d) {}

  Diagnostics& diagnostics;
  simdjson::dom::parser parser{kMaxLineBytes + 1};
  std::vector<Fact> facts;
  std::unordered_map<std::string, std::size_t> by_id;
  std::vector<Run> runs;
  std::unordered_map<std::string, std::size_t> run_by_id;
  std::vector<std::pair<std::size_t, Fact>> tried;  ///< with the index of its run
  std::set<std::string> unknown;
  std::uint64_t unknown_lines = 0;
  std::string file;
  std::size_t current = SIZE_MAX;  ///< the run whose section we are in

  Error bad(const InputLine& line, std::string what) const {
    return {ErrorCode::kBadInput, std::move(what), file + ":" + std::to_string(line.number),
            "the trace was altered or mixed with other text; record again, or remove the line"};
  }
  Result<void> add(const InputLine& line);
  Result<void> dispatch(const InputLine& line, const simdjson::dom::object& members);
  Result<void> add_head(const InputLine& line, const simdjson::dom::object& members);
  Result<void> add_proc(const InputLine& line, const simdjson::dom::object& members);
  Result<void> add_fact(const InputLine& line, const simdjson::dom::object& members);
  Result<void> add_tried(const InputLine& line, const simdjson::dom::object& members);
  Result<void> add_tally(const InputLine& line, const simdjson::dom::object& members);
  Result<void> add_end(const InputLine& line, const simdjson::dom::object& members);
  Result<void> torn(const InputLine& line);
  Result<Run*> run_of(const InputLine& line, const simdjson::dom::object& members);
  Result<std::optional<FactLine>> read_fact(const InputLine& line, const simdjson::dom::object& members);
  Result<std::size_t> intern(const InputLine& line, Fact fact, const std::string& id);
  std::size_t place_of(Fact fact, const FactId& id);
  void settle_tried();
  void keep_unknown(const InputLine& line);
  void note_section_end();
};

void TraceReader::State::keep_unknown(const InputLine& line) {
  ++unknown_lines;
  unknown.insert(std::string(line.text));
}

Result<void> TraceReader::State::torn(const InputLine& line) {
  diagnostics.warn("the last line is cut off and was left out; the recording was stopped before its end",
                   file + ":" + std::to_string(line.number));
  return {};
}

Result<void> TraceReader::State::add(const InputLine& line) {
  if (trim(line.text).empty()) return {};
  simdjson::dom::element element;
  simdjson::dom::object members;
  const auto failed = parser.parse(line.text.data(), line.text.size(), true).get(element);
  if (failed != simdjson::SUCCESS) {
    if (line.torn) return torn(line);
    return bad(line, std::string("not a line of a trace: ") + simdjson::error_message(failed));
  }
  if (element.get(members) != simdjson::SUCCESS) return bad(line, "not a line of a trace: no JSON object");
  return dispatch(line, members);
}

Result<void> TraceReader::State::dispatch(const InputLine& line, const simdjson::dom::object& members) {
  using Handler = Result<void> (State::*)(const InputLine&, const simdjson::dom::object&);
  static constexpr std::pair<std::string_view, Handler> kHandlers[] = {
      {"head", &State::add_head},   {"proc", &State::add_proc},   {"fact", &State::add_fact},
      {"tried", &State::add_tried}, {"tally", &State::add_tally}, {"end", &State::add_end},
  };
  std::string_view kind;
  if (members["kind"].get(kind) != simdjson::SUCCESS) return bad(line, "not a line of a trace: no \"kind\"");
  if (kind != "head" && runs.empty()) return bad(line, "a trace begins with a head line, this has none");
  for (const auto& [name, handler] : kHandlers)
    if (name == kind) return (this->*handler)(line, members);
  keep_unknown(line);
  return {};
}

Result<void> TraceReader::State::add_head(const InputLine& line, const simdjson::dom::object& members) {
  std::string_view format;
  std::uint64_t min_reader = 0;
  std::uint64_t version = 0;
  if (members["format"].get(format) != simdjson::SUCCESS || format != "cordon-trace")
    return bad(line, "the head is not of format \"cordon-trace\"");
  if (members["min_reader"].get(min_reader) != simdjson::SUCCESS ||
      members["version"].get(version) != simdjson::SUCCESS)
    return bad(line, "the head names no version");
  if (min_reader > kTraceVersion)
    return Error{ErrorCode::kBadInput,
                 "the trace is of version " + std::to_string(version) + " and needs a reader of version " +
                     std::to_string(min_reader) + "; this one reads up to version " + std::to_string(kTraceVersion),
                 file + ":" + std::to_string(line.number), "use a newer cordon"};
  Run run;
  Cursor at;
  const Form form = codec::read_fields(at, members, run.head, {"kind"});
  if (form == Form::kBad) return bad(line, "the head is malformed at " + at.where);
  if (form == Form::kUnknown && version <= kTraceVersion) return bad(line, "the head has a member that is not known");
  if (run.head.run.empty()) return bad(line, "the head has no run id");
  const auto [found, fresh] = run_by_id.try_emplace(run.head.run, runs.size());
  current = found->second;
  if (fresh) runs.push_back(std::move(run));
  return {};
}

Result<Run*> TraceReader::State::run_of(const InputLine& line, const simdjson::dom::object& members) {
  std::string_view id;
  if (members["run"].get(id) != simdjson::SUCCESS) return &runs[current];
  const auto found = run_by_id.find(std::string(id));
  if (found == run_by_id.end()) return bad(line, "names a run that has no head before it");
  return &runs[found->second];
}

Result<void> TraceReader::State::add_proc(const InputLine& line, const simdjson::dom::object& members) {
  auto run = run_of(line, members);
  if (!run) return run.error();
  Proc proc;
  Cursor at;
  const Form form = codec::read_fields(at, members, proc, {"kind", "run"});
  if (form == Form::kBad) return bad(line, "malformed at " + at.where);
  if (form == Form::kUnknown)
    keep_unknown(line);
  else
    (*run)->procs.push_back(std::move(proc));
  return {};
}

Result<std::size_t> TraceReader::State::intern(const InputLine& line, Fact fact, const std::string& id) {
  const std::string content_id = fact_id(fact);
  if (!id.empty() && id != content_id) return bad(line, "the fact's id is not that of its content");
  const auto known = by_id.find(content_id);
  if (known != by_id.end() && !facts[known->second].same_as(fact)) return bad(line, "two different facts have one id");
  return place_of(std::move(fact), content_id);
}

std::size_t TraceReader::State::place_of(Fact fact, const FactId& id) {
  const auto [found, fresh] = by_id.try_emplace(id, facts.size());
  if (fresh) {
    facts.push_back(std::move(fact));
  } else {
    Origin& origin = facts[found->second].origin;
    origin = std::min(origin, fact.origin);
  }
  return found->second;
}

/// Nothing, and the line is kept, if it holds what this version does not know.
Result<std::optional<FactLine>> TraceReader::State::read_fact(const InputLine& line,
                                                              const simdjson::dom::object& members) {
  FactLine read;
  Cursor at;
  const Form form = codec::read_fields(at, members, read, {"kind", "run"});
  if (form == Form::kBad) return bad(line, "malformed at " + at.where);
  if (form == Form::kUnknown) {
    keep_unknown(line);
    return std::optional<FactLine>();
  }
  return std::optional(std::move(read));
}

Result<void> TraceReader::State::add_fact(const InputLine& line, const simdjson::dom::object& members) {
  auto run = run_of(line, members);
  if (!run) return run.error();
  auto read = read_fact(line, members);
  if (!read) return read.error();
  if (!*read) return {};
  FactLine& fact = **read;
  auto index = intern(line, {fact.subject, fact.operation, fact.verdict, {}, fact.origin}, fact.id);
  if (!index) return index.error();
  (*run)->tallies.try_emplace(*index, Tally{1, 0, 0, 0});
  return {};
}

Result<void> TraceReader::State::add_tried(const InputLine& line, const simdjson::dom::object& members) {
  auto run = run_of(line, members);
  if (!run) return run.error();
  auto read = read_fact(line, members);
  if (!read) return read.error();
  if (!*read) return {};
  FactLine& line_read = **read;
  Fact fact{line_read.subject, line_read.operation, line_read.verdict, {}, line_read.origin};
  if (!line_read.id.empty() && line_read.id != fact_id(fact))
    return bad(line, "the fact's id is not that of its content");
  tried.emplace_back(static_cast<std::size_t>(*run - runs.data()), std::move(fact));
  return {};
}

Result<void> TraceReader::State::add_tally(const InputLine& line, const simdjson::dom::object& members) {
  auto run = run_of(line, members);
  if (!run) return run.error();
  std::string_view id;
  Tally tally;
  Cursor at;
  if (members["id"].get(id) != simdjson::SUCCESS) return bad(line, "the tally names no fact");
  const Form form = codec::read_fields(at, members, tally, {"kind", "run", "id"});
  if (form == Form::kBad) return bad(line, "malformed at " + at.where);
  const auto fact = by_id.find(std::string(id));
  if (form == Form::kUnknown || fact == by_id.end()) {
    keep_unknown(line);
    return {};
  }
  const auto [slot, fresh] = (*run)->tallies.try_emplace(fact->second, tally);
  if (!fresh) slot->second = slot->second.last_ms == 0 ? tally : larger(slot->second, tally);
  return {};
}

Result<void> TraceReader::State::add_end(const InputLine& line, const simdjson::dom::object& members) {
  auto run = run_of(line, members);
  if (!run) return run.error();
  End end;
  Cursor at;
  const Form form = codec::read_fields(at, members, end, {"kind", "run"});
  if (form != Form::kGood) return bad(line, "the end is malformed at " + at.where);
  if (!(*run)->end || (!(*run)->end->ok && end.ok)) (*run)->end = std::move(end);
  return {};
}

/// A section that was cut off does not tell how its last calls ended: those are facts without a result. Where a section
/// has its end, every call's fact is there.
void TraceReader::State::settle_tried() {
  std::map<std::size_t, std::set<FactId>> done;
  for (const auto& [run, fact] : tried)
    if (!runs[run].end && done.try_emplace(run).second)
      for (const auto& [index, tally] : runs[run].tallies) done[run].insert(deed(facts[index]));
  for (auto& [run, fact] : tried) {
    if (runs[run].end || done[run].count(deed(fact)) != 0) continue;
    const FactId id = fact_id(fact);
    runs[run].tallies.try_emplace(place_of(std::move(fact), id), Tally{1, 1, 0, 0});
  }
}

void TraceReader::State::note_section_end() {
  if (runs.empty()) return;
  for (const Run& run : runs)
    if (run.end && run.end->lost != 0)
      diagnostics.warn("run " + run.head.run + " lost " + counted(run.end->lost, "event"), file,
                       "what it saw is used, what it missed is not known; its notes say why (cordon-trace info)");
  for (const Run& run : runs)
    if (!run.end)
      diagnostics.warn("run " + run.head.run + " is incomplete: it has no end line", file,
                       "the recording was cut off; what it saw is used, what it missed is not known");
}

TraceReader::TraceReader(Diagnostics& diagnostics) : state_(std::make_unique<State>(diagnostics)) {}
TraceReader::~TraceReader() = default;

Result<void> TraceReader::add_file(const std::string& path) {
  state_->file = path == "-" ? "standard input" : printable(path);
  const std::size_t before = state_->runs.size();
  state_->current = SIZE_MAX;
  auto done = for_each_line(path, [this](const InputLine& line) { return state_->add(line); });
  if (!done) return done;
  if (before == state_->runs.size() && state_->current == SIZE_MAX)
    return Error{ErrorCode::kBadInput, "is empty: a trace begins with a head line", state_->file, {}};
  return {};
}

Result<void> TraceReader::add_text(std::string_view text, const std::string& where) {
  state_->file = where;
  return for_each_line_of(text, [this](const InputLine& line) { return state_->add(line); });
}

namespace {

/// Sorts the facts by content and renumbers the runs' tallies.
void sort_facts(Trace& trace) {
  std::vector<std::size_t> order(trace.facts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return content_before(trace.facts[a], trace.facts[b]); });
  std::vector<std::size_t> place(order.size());
  std::vector<Fact> sorted;
  sorted.reserve(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    sorted.push_back(std::move(trace.facts[order[i]]));
  }
  trace.facts = std::move(sorted);
  for (Run& run : trace.runs) {
    std::map<std::size_t, Tally> moved;
    for (const auto& [index, tally] : run.tallies) moved.emplace(place[index], tally);
    run.tallies = std::move(moved);
  }
}

void settle(Trace& trace) {
  std::sort(trace.runs.begin(), trace.runs.end(), [](const Run& a, const Run& b) { return a.head.run < b.head.run; });
  sort_facts(trace);
  for (Fact& fact : trace.facts) fact.tally = {};
  for (Run& run : trace.runs) {
    std::sort(run.procs.begin(), run.procs.end());
    run.procs.erase(std::unique(run.procs.begin(), run.procs.end()), run.procs.end());
    for (const auto& [index, tally] : run.tallies) trace.facts[index].tally.add(tally);
  }
}

}  // namespace

Trace TraceReader::finish() {
  state_->settle_tried();
  state_->note_section_end();
  Trace trace;
  trace.facts = std::move(state_->facts);
  trace.runs = std::move(state_->runs);
  trace.unknown_lines = state_->unknown_lines;
  trace.unknown.assign(state_->unknown.begin(), state_->unknown.end());
  state_ = std::make_unique<State>(state_->diagnostics);
  settle(trace);
  return trace;
}

Result<Trace> read_traces(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  TraceReader reader(diagnostics);
  for (const std::string& path : paths)
    if (auto added = reader.add_file(path); !added) return added.error();
  return reader.finish();
}

}  // namespace cordon
