#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "commands.h"
#include "facts/describe.h"
#include "facts/lists.h"
#include "facts/trace_io.h"

namespace cordon::trace_tool {
namespace {

int put(const std::string& text) {
  const auto written = write_all(STDOUT_FILENO, text, "standard output");
  return written ? cli::kFine : cli::fail(kTool, written.error());
}

std::string fact_words(const Fact& fact) {
  const std::string verdict = describe(fact.verdict);
  return fmt::format("{:>8}  {}{}\n", fact.tally.count, describe(fact.operation),
                     verdict.empty() ? "" : "  [" + verdict + "]");
}

}  // namespace

Result<Trace> load(const std::vector<std::string>& paths) {
  Diagnostics diagnostics;
  auto trace = read_traces(paths, diagnostics);
  cli::show(kTool, diagnostics);
  return trace;
}

int cat(const cli::Arguments& arguments) {
  const auto trace = load(arguments.positionals());
  if (!trace) return cli::fail(kTool, trace.error());
  if (arguments.has("json")) return put(write_trace(*trace));
  std::string text;
  for (const Fact& fact : trace->facts) text += fact_words(fact);
  return put(text);
}

int list(const cli::Arguments& arguments) {
  const auto trace = load(arguments.positionals());
  if (!trace) return cli::fail(kTool, trace.error());
  bool any = false;
  std::string text;
  for (const ListRow& row : list_rows()) {
    if (!arguments.has(row.option)) continue;
    any = true;
    for (const std::string& line : row.list(*trace)) text += line + "\n";
  }
  if (any) return put(text);
  return cli::fail(kTool, {ErrorCode::kUsage,
                           "nothing to list was named",
                           {},
                           "name one or more of --syscalls --files --net --caps --exec"});
}

int merge(const cli::Arguments& arguments) {
  const auto trace = load(arguments.positionals());
  if (!trace) return cli::fail(kTool, trace.error());
  const auto written = write_file_atomically(arguments.get("output"), write_trace(*trace));
  return written ? cli::kFine : cli::fail(kTool, written.error());
}

namespace {

std::vector<std::string> only_in(const Trace& one, const Trace& other, bool json) {
  std::vector<std::string> lines;
  for (const Fact& fact : one.facts) {
    if (std::binary_search(other.facts.begin(), other.facts.end(), fact, content_before)) continue;
    lines.push_back(json ? canonical_json(fact) : describe(fact.operation) + " " + describe(fact.verdict));
  }
  return lines;
}

std::string json_list(const std::vector<std::string>& items) { return "[" + join(items, ",") + "]"; }

}  // namespace

int diff(const cli::Arguments& arguments) {
  if (arguments.positionals().size() != 2)
    return cli::fail(kTool, {ErrorCode::kUsage, "diff takes two traces", {}, "as in: cordon-trace diff OLD NEW"});
  const auto old_trace = load({arguments.positionals()[0]});
  if (!old_trace) return cli::fail(kTool, old_trace.error());
  const auto new_trace = load({arguments.positionals()[1]});
  if (!new_trace) return cli::fail(kTool, new_trace.error());
  const bool json = arguments.has("json");
  const auto gone = only_in(*old_trace, *new_trace, json);
  const auto come = only_in(*new_trace, *old_trace, json);
  std::string text;
  if (json) text = "{\"only_old\":" + json_list(gone) + ",\"only_new\":" + json_list(come) + "}\n";
  for (const std::string& line : json ? std::vector<std::string>() : gone) text += "- " + line + "\n";
  for (const std::string& line : json ? std::vector<std::string>() : come) text += "+ " + line + "\n";
  const int status = put(text);
  if (status != cli::kFine) return status;
  return gone.empty() && come.empty() ? cli::kFine : cli::kFindings;
}

int validate(const cli::Arguments& arguments) {
  const auto trace = load(arguments.positionals());
  if (!trace) return cli::fail(kTool, trace.error());
  put(fmt::format("{} in {}{}; {}\n", counted(trace->facts.size(), "fact"), counted(trace->runs.size(), "run"),
                  trace->unknown_lines == 0 ? "" : ", " + counted(trace->unknown_lines, "line") + " of unknown kinds",
                  trace->complete() ? "complete" : "incomplete"));
  return trace->complete() ? cli::kFine : cli::kFindings;
}

}  // namespace cordon::trace_tool
