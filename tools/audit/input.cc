#include "input.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "audit/live.h"
#include "base/bytes.h"
#include "base/text.h"
#include "commands.h"

namespace cordon::audit_tool {

std::vector<cli::OptionRow> input_options() {
  return {
      {"-i,--input", "LOG", "a log to read, as if it stood at the end; '-' is standard input", "", "", true},
      {"-a,--all", "", "the host's audit logs (/var/log/audit, rotated ones first)"},
      {"-b,--boot", "", "the same, from the last boot on"},
      {"-d,--dmesg", "", "the kernel's message buffer"},
      {"--live", "", "the kernel's audit multicast group, until interrupted (needs CAP_AUDIT_READ)"},
      {"--follow", "", "goes on reading the last log as it grows and is rotated, until interrupted"},
      {"--field", "NAME", "NDJSON: the field that holds the line, dots between levels"},
      {"--strict", "", "exit 3 if a line is malformed"},
      {"--max-expand", "N", "give up a compressed log that expands more than N times", "", "4096"},
  };
}

namespace {

audit::ReadOptions read_options(const cli::Arguments& arguments, audit::EventFilter filter) {
  audit::ReadOptions options;
  options.filter = filter;
  options.json_field = arguments.get("field");
  options.live = arguments.has("live") || arguments.has("follow");
  options.limits.max_expansion = parse_number<std::uint64_t>(arguments.get("max-expand")).value_or(4096);
  return options;
}

std::vector<std::string> logs_named(const cli::Arguments& arguments) {
  std::vector<std::string> logs = arguments.positionals();
  for (const std::string& log : arguments.get_all("input")) logs.push_back(log);
  if (arguments.has("all") || arguments.has("boot")) logs.push_back("/var/log/audit");
  const bool other_source = arguments.has("dmesg") || arguments.has("live");
  if (logs.empty() && !other_source) logs.push_back("-");
  return logs;
}

void complain(Diagnostics& diagnostics, const Result<void>& outcome) {
  if (outcome) return;
  diagnostics.error(outcome.error().what, outcome.error().where, outcome.error().hint);
}

void read_special(const cli::Arguments& arguments, audit::LogReader& reader, Diagnostics& diagnostics) {
  if (arguments.has("dmesg")) {
    auto text = audit::kernel_messages();
    if (!text)
      complain(diagnostics, text.error());
    else
      complain(diagnostics, reader.read(audit::memory_source(*text), "dmesg"));
    reader.flush();
  }
  if (arguments.has("live")) complain(diagnostics, audit::read_multicast(reader));
}

/// All but the last log are read to their ends; that one is followed.
void read_and_follow(std::vector<std::string> logs, audit::LogReader& reader, Diagnostics& diagnostics) {
  const std::string last = logs.back();
  logs.pop_back();
  audit::read_logs(reader, logs, diagnostics);
  complain(diagnostics, audit::follow(reader, last));
}

}  // namespace

Logs read_input(const cli::Arguments& arguments, audit::EventFilter filter, const MakeSink& make_sink) {
  Logs logs;
  audit::EventSink sink;
  audit::LogReader reader(read_options(arguments, filter), [&](const audit::Event& event) { sink(event); });
  sink = make_sink(reader);
  std::vector<std::string> named = logs_named(arguments);
  if (named == std::vector<std::string>{"-"} && isatty(STDIN_FILENO))
    fmt::print(stderr, "{}: reading standard input; give a LOG, or -a for the host's\n", kTool);
  if (arguments.has("follow") && !named.empty())
    read_and_follow(std::move(named), reader, logs.diagnostics);
  else
    audit::read_logs(reader, named, logs.diagnostics);
  read_special(arguments, reader, logs.diagnostics);
  logs.counts = reader.counts();
  logs.unreadable = logs.diagnostics.has_errors();
  return logs;
}

void print_counts(const Logs& logs) {
  cli::show(kTool, logs.diagnostics);
  const audit::ReadCounts& counts = logs.counts;
  for (const audit::MalformedLine& bad : counts.first_malformed)
    fmt::print(stderr, "{}: malformed: {}:{} (byte {}): {}\n", kTool, printable(bad.source), bad.line, bad.byte,
               bad.problem);
  if (counts.malformed > counts.first_malformed.size())
    fmt::print(stderr, "{}: malformed: {} more\n", kTool, counts.malformed - counts.first_malformed.size());
  fmt::print(stderr, "{}: {} read = {} used + {} not wanted + {} malformed; {} without a record\n", kTool,
             counted(counts.records(), "record"), counts.used, counts.not_wanted, counts.malformed,
             counted(counts.other_lines, "line"));
}

std::string counts_json(const audit::ReadCounts& counts) {
  std::string out = fmt::format(
      "{{\"lines\":{},\"records\":{},\"used\":{},\"not_wanted\":{},\"malformed\":{},\"other_lines\":{},"
      "\"first_malformed\":[",
      counts.lines, counts.records(), counts.used, counts.not_wanted, counts.malformed, counts.other_lines);
  for (const audit::MalformedLine& bad : counts.first_malformed) {
    if (out.back() != '[') out += ',';
    out += "{\"source\":";
    append_json_string(out, printable(bad.source));
    out += fmt::format(",\"line\":{},\"byte\":{},\"problem\":", bad.line, bad.byte);
    append_json_string(out, bad.problem);
    out += '}';
  }
  return out + "]}";
}

int exit_of(const Logs& logs, const cli::Arguments& arguments, int otherwise) {
  if (logs.unreadable) return cli::kBadInput;
  if (arguments.has("strict") && logs.counts.malformed > 0) return cli::kBadInput;
  return otherwise;
}

}  // namespace cordon::audit_tool
