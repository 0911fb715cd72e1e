#include "audit/log_trace.h"

#include <algorithm>
#include <utility>

#include "audit/decision_index.h"
#include "audit/decode.h"
#include "audit/scanner.h"
#include "base/digest.h"
#include "facts/trace_io.h"

namespace cordon::audit {
namespace {

constexpr std::size_t kRunIdDigits = 32;
constexpr std::size_t kChunk = 64 * 1024;  // written at a time

/// A subject's exe stands for its comm, as in recordings.
Head head_of(const std::string& body) {
  Head head;
  head.run = sha256_hex(body).substr(0, kRunIdDigits);
  head.tool = std::string("cordon-audit ") + CORDON_VERSION;
  head.engine = "log";
  head.notes = {"made from log records: only what was refused, or would have been, is in it"};
  return head;
}

}  // namespace

namespace {

/// A fact as text, where it was first seen, how often.
struct FactText {
  std::string canonical;
  Origin origin;
  Tally tally;
};

/// Ordered by the facts' text, so that the log's order does not show; the same fact of several records is one.
void write_facts(std::vector<FactText> facts, std::uint64_t lost, const FactSections::Write& write) {
  std::stable_sort(facts.begin(), facts.end(), [](const auto& a, const auto& b) { return a.canonical < b.canonical; });
  std::vector<std::pair<FactId, const FactText*>> lines;
  for (FactText& fact : facts) {
    if (!lines.empty() && lines.back().second->canonical == fact.canonical) {
      FactText& first = facts[static_cast<std::size_t>(lines.back().second - facts.data())];
      first.tally.add(fact.tally);
      first.origin = std::min(first.origin, fact.origin);
    } else {
      lines.emplace_back(fact_id_of(fact.canonical), &fact);
    }
  }
  std::string keys;
  for (const auto& [id, fact] : lines)
    keys += id + std::to_string(fact->tally.count) + ' ' + std::to_string(fact->tally.first_ms) + '\n';
  const Head head = head_of(keys);
  std::string out = head_line(head);
  for (const auto& [id, fact] : lines) {
    out += fact_line(head.run, id, fact->canonical, fact->origin);
    out += tally_line(head.run, id, fact->tally);
    if (out.size() < kChunk) continue;
    write(out);
    out.clear();
  }
  End end;
  end.ok = true;
  end.lost = lost;
  write(out + end_line(head.run, end));
}

}  // namespace

std::string trace_section(const std::vector<Denial>& denials, std::uint64_t lost) {
  std::vector<FactText> facts;
  for (const Denial& denial : denials)
    for (const Fact& fact : denial.facts) facts.push_back({canonical_json(fact), fact.origin, denial.tally});
  std::string out;
  write_facts(std::move(facts), lost, [&](const std::string& text) { out += text; });
  return out;
}

struct FactSections::State {
  /// What the records of one key stand for: `size` facts from `first` on; none: no fact can be made of them.
  struct Group {
    std::uint32_t first = 0, size = 0;
    bool decision = false;
  };
  static constexpr std::size_t kPerFact = 320;  ///< the containers' own bytes, roughly

  void add_record(const Event& event, const Record& record);
  const Group& group_of(const DecisionRecord& from, DecisionKind kind);
  void write_section(std::uint64_t malformed);

  SourceName source_name;
  Write write;
  DecisionIndex<Group> groups;
  std::vector<FactText> facts;
  std::string key;
  std::size_t held_bytes = 0;
  std::uint64_t decisions = 0, undecoded = 0, lost = 0;
};

FactSections::FactSections(SourceName source_name, Write write) : state_(std::make_unique<State>()) {
  state_->source_name = std::move(source_name);
  state_->write = std::move(write);
}
FactSections::~FactSections() = default;

const FactSections::State::Group& FactSections::State::group_of(const DecisionRecord& from, DecisionKind kind) {
  const auto placed = groups.place(key);
  Group& group = placed.first;
  if (!placed.second) return group;
  const auto denial = decode_decision(from, kind, source_name(from.record.source));
  group = {static_cast<std::uint32_t>(facts.size()), 0, denial.has_value()};
  held_bytes += key.size() + kPerFact;
  if (denial)
    for (const Fact& fact : denial->facts) {
      facts.push_back({canonical_json(fact), fact.origin, {}});
      held_bytes += facts.back().canonical.size() + fact.origin.source.size() + kPerFact;
      ++group.size;
    }
  return group;
}

void FactSections::State::add_record(const Event& event, const Record& record) {
  const DecisionRecord from{event, record, text_of(record)};
  const DecisionKind kind = decision_kind(record, from.text);
  if (!decision_key(from, kind, Grain::kFact, key)) return;
  const Group& group = group_of(from, kind);
  if (!group.decision) return;
  ++decisions;
  if (group.size == 0) ++undecoded, ++lost;
  for (std::uint32_t i = 0; i < group.size; ++i)
    facts[group.first + i].tally.add({1, 0, record.time_ms, record.time_ms});
}

void FactSections::State::write_section(std::uint64_t malformed) {
  groups.clear();
  write_facts(std::exchange(facts, {}), lost + malformed, write);
  lost = held_bytes = 0;
}

void FactSections::add(const Event& event) {
  for (const Record* record : event.records) state_->add_record(event, *record);
  if (state_->held_bytes > kSectionBytes) state_->write_section(0);
}

void FactSections::finish(std::uint64_t malformed) { state_->write_section(malformed); }
std::uint64_t FactSections::decisions() const { return state_->decisions; }
std::uint64_t FactSections::undecoded() const { return state_->undecoded; }

Result<LogFacts> read_log_facts(const std::vector<std::string>& paths, const ReadOptions& options,
                                Diagnostics& diagnostics) {
  LogFacts out;
  LogReader* reader_at = nullptr;
  DenialStore store(Grain::kFact,
                    [&](std::uint32_t index) -> const std::string& { return reader_at->source_name(index); });
  LogReader reader(options, [&](const Event& event) { store.add(event); });
  reader_at = &reader;
  out.counts = read_logs(reader, paths, diagnostics);
  std::vector<Denial> denials = store.take();
  std::uint64_t lost = out.counts.malformed;
  for (Denial& denial : denials) {
    out.decisions += denial.tally.count;
    if (!denial.facts.empty()) continue;
    lost += denial.tally.count;
    out.undecoded.push_back(denial);
  }
  TraceReader trace(diagnostics);
  if (auto added = trace.add_text(trace_section(denials, lost), "log"); !added) return added.error();
  out.trace = trace.finish();
  return out;
}

bool looks_like_log(const std::string& path) {
  auto source = open_source(path);
  if (!source) return false;
  Scanner scanner(*std::move(source), 0, {});
  Block block;
  const auto more = scanner.next(block);
  if (more && !*more) scanner.finish(block);
  return !block.records.empty();
}

}  // namespace cordon::audit
