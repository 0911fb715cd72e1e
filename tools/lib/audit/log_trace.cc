#include "audit/log_trace.h"

#include <map>

#include "audit/scanner.h"
#include "base/digest.h"
#include "facts/trace_io.h"

namespace cordon::audit {
namespace {

constexpr std::size_t kRunIdDigits = 32;

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

std::string trace_section(const std::vector<Denial>& denials, std::uint64_t lost) {
  std::map<std::string, const Fact*> unique;  // by line, so that the order does not depend on the log's
  std::map<std::string, Tally> tallies;
  for (const Denial& denial : denials)
    for (const Fact& fact : denial.facts) {
      const std::string id = canonical_json(fact);
      unique.try_emplace(id, &fact);
      const auto [at, fresh] = tallies.try_emplace(id, denial.tally);
      if (!fresh) at->second.add(denial.tally);
    }
  std::string keys;
  for (const auto& [id, tally] : tallies)
    keys += id + std::to_string(tally.count) + ' ' + std::to_string(tally.first_ms) + '\n';
  const Head head = head_of(keys);
  std::string out = head_line(head);
  for (const auto& [id, fact] : unique) {
    out += fact_line(head.run, *fact);
    out += tally_line(head.run, fact_id(*fact), tallies.at(id));
  }
  End end;
  end.ok = true;
  end.lost = lost;
  return out + end_line(head.run, end);
}

Result<LogFacts> read_log_facts(const std::vector<std::string>& paths, const ReadOptions& options,
                                Diagnostics& diagnostics) {
  LogFacts out;
  LogReader* reader_at = nullptr;
  DenialStore store(Grain::kFact, [&](std::uint32_t index) -> const std::string& { return reader_at->source_name(index); });
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
