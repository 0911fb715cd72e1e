#include <algorithm>

#include "base/digest.h"
#include "facts/json_codec.h"
#include "facts/trace_io.h"

namespace cordon {
namespace codec {

void write(std::string& out, const std::string& bytes) {
  if (is_utf8(bytes)) {
    append_json_string(out, bytes);
  } else {
    out += "{\"hex\":\"" + to_hex(bytes) + "\"}";
  }
}

void write(std::string& out, bool value) { out += value ? "true" : "false"; }

void write(std::string& out, const Operation& operation) {
  out += '{';
  std::visit(
      [&](const auto& op) {
        write_member(out, "op", std::string(op.kKind));
        write_fields(out, op);
      },
      operation);
  out += '}';
}

}  // namespace codec

namespace {

std::string line_start(std::string_view kind, const std::string& run) {
  std::string out = "{\"kind\":";
  append_json_string(out, kind);
  if (!run.empty()) codec::write_member(out, "run", run);
  return out;
}

template <class T>
std::string described_line(std::string_view kind, const std::string& run, const T& object) {
  std::string out = line_start(kind, run);
  codec::write_fields(out, object);
  return out + "}\n";
}

void write_identity(std::string& out, const Fact& fact) {
  codec::write_member(out, "subject", fact.subject);
  codec::write_member(out, "operation", fact.operation);
  codec::write_member(out, "verdict", fact.verdict);
}

}  // namespace

std::string head_line(const Head& head) { return described_line("head", {}, head); }
std::string proc_line(const std::string& run, const Proc& proc) { return described_line("proc", run, proc); }
std::string end_line(const std::string& run, const End& end) { return described_line("end", run, end); }

std::string canonical_json(const Fact& fact) {
  std::string out = "{";
  write_identity(out, fact);
  return out + "}";
}

FactId fact_id_of(std::string_view canonical) { return sha256_hex(canonical).substr(0, 32); }
FactId fact_id(const Fact& fact) { return fact_id_of(canonical_json(fact)); }

namespace {

std::string line_of_fact(std::string_view kind, const std::string& run, const FactId& id, std::string_view canonical,
                         const Origin& origin) {
  std::string out = line_start(kind, run);
  codec::write_member(out, "id", id);
  out.append(1, ',').append(canonical.substr(1, canonical.size() - 2));
  if (origin != Origin{}) codec::write_member(out, "origin", origin);
  return out + "}\n";
}

std::string line_of_fact(std::string_view kind, const std::string& run, const Fact& fact) {
  const std::string canonical = canonical_json(fact);
  return line_of_fact(kind, run, fact_id_of(canonical), canonical, fact.origin);
}

}  // namespace

std::string fact_line(const std::string& run, const FactId& id, std::string_view canonical, const Origin& origin) {
  return line_of_fact("fact", run, id, canonical, origin);
}
std::string fact_line(const std::string& run, const Fact& fact) { return line_of_fact("fact", run, fact); }
std::string tried_line(const std::string& run, const Fact& fact) { return line_of_fact("tried", run, fact); }

std::string tally_line(const std::string& run, const FactId& id, const Tally& tally) {
  std::string out = line_start("tally", run);
  codec::write_member(out, "id", id);
  codec::write_fields(out, tally);
  return out + "}\n";
}

namespace {

void write_run(std::string& out, const Trace& trace, const Run& run) {
  out += head_line(run.head);
  for (const Proc& proc : run.procs) out += proc_line(run.head.run, proc);
  for (const auto& [index, tally] : run.tallies) {
    out += fact_line(run.head.run, trace.facts[index]);
    out += tally_line(run.head.run, fact_id(trace.facts[index]), tally);
  }
  if (run.end) out += end_line(run.head.run, *run.end);
}

}  // namespace

std::string write_trace(const Trace& trace) {
  std::string out;
  for (const Run& run : trace.runs) write_run(out, trace, run);
  for (const std::string& line : trace.unknown) out += line + "\n";
  return out;
}

}  // namespace cordon
