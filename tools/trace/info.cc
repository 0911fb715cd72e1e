#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "base/text.h"
#include "commands.h"
#include "facts/lists.h"
#include "facts/unseen.h"

namespace cordon::trace_tool {
namespace {

using Json = nlohmann::ordered_json;

std::string shell_words(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) {
    if (!text.empty()) text += ' ';
    text += printable(word);
  }
  return text;
}

std::string how_it_ended(const Run& run) {
  if (!run.end) return "cut off: no end line";
  std::string text = run.end->ok ? "complete" : "not ok";
  if (run.end->exit_code) text += fmt::format(", exit {}", *run.end->exit_code);
  if (run.end->exit_signal) text += fmt::format(", signal {}", *run.end->exit_signal);
  if (run.end->stopped_by_us) text += ", stopped by the recorder";
  if (run.end->lost != 0) text += fmt::format(", LOST {} events", run.end->lost);
  return text;
}

void print_run(const Run& run) {
  const Head& head = run.head;
  fmt::print("run {}{}\n", head.run.substr(0, 12), head.label.empty() ? "" : " (" + printable(head.label) + ")");
  fmt::print("  {}{} {}, engine {}, detail {}\n", printable(head.tool),
             head.kernel.empty() ? "," : " on Linux " + printable(head.kernel), printable(head.arch),
             printable(head.engine), name_of(head.detail));
  if (!head.argv.empty()) fmt::print("  {}\n", shell_words(head.argv));
  fmt::print("  {}; {}, {}\n", how_it_ended(run), counted(run.procs.size(), "program start"),
             counted(run.tallies.size(), "fact"));
  if (!head.unwatched.empty()) fmt::print("  did not watch {}\n", counted(head.unwatched.size(), "known syscall"));
  for (const std::string& note : head.notes) fmt::print("  note: {}\n", printable(note));
  if (run.end)
    for (const std::string& note : run.end->notes) fmt::print("  note: {}\n", printable(note));
}

void print_text(const Trace& trace) {
  for (const Run& run : trace.runs) print_run(run);
  fmt::print("\n{}:", counted(trace.facts.size(), "fact"));
  for (const auto& [kind, count] : facts_by_kind(trace)) fmt::print(" {} {}", count, kind);
  fmt::print("\n");
  if (trace.unknown_lines != 0) fmt::print("{} of unknown kinds, kept\n", counted(trace.unknown_lines, "line"));
  for (const Unseen& figures : unseen(trace)) {
    fmt::print("{}s: {}\n", figures.what, in_words(figures));
    if (const std::string more = figures_in_words(figures); !more.empty()) fmt::print("  {}\n", more);
  }
}

Json text_json(const std::string& bytes) { return is_utf8(bytes) ? Json(bytes) : Json{{"hex", to_hex(bytes)}}; }

Json run_json(const Run& run) {
  Json argv = Json::array();
  for (const std::string& word : run.head.argv) argv.push_back(text_json(word));
  Json json = {{"run", run.head.run},           {"label", text_json(run.head.label)},  {"tool", run.head.tool},
               {"engine", run.head.engine},     {"detail", name_of(run.head.detail)},  {"argv", argv},
               {"complete", run.complete()},    {"lost", run.end ? run.end->lost : 0}, {"facts", run.tallies.size()},
               {"processes", run.procs.size()}, {"unwatched", run.head.unwatched}};
  if (run.end && run.end->exit_code) json["exit_code"] = *run.end->exit_code;
  if (run.end && run.end->exit_signal) json["exit_signal"] = *run.end->exit_signal;
  return json;
}

Json unseen_json(const Unseen& f) {
  Json singletons = Json::array();
  for (const std::string& item : f.singletons) singletons.push_back(text_json(item));
  return {{"runs", f.runs},
          {"items", f.items},
          {"once", f.once},
          {"twice", f.twice},
          {"unwatched", f.unwatched},
          {"expected_new", f.expected_new},
          {"coverage", f.coverage},
          {"rule_of_three", f.rule_of_three},
          {"new_in_run", f.new_in_run},
          {"singletons", singletons},
          {"words", in_words(f)}};
}

void print_json(const Trace& trace) {
  Json runs = Json::array();
  for (const Run& run : trace.runs) runs.push_back(run_json(run));
  Json figures = Json::object();
  for (const Unseen& f : unseen(trace)) figures[std::string(f.what) + "s"] = unseen_json(f);
  const Json json = {{"complete", trace.complete()},
                     {"facts", trace.facts.size()},
                     {"kinds", facts_by_kind(trace)},
                     {"unknown_lines", trace.unknown_lines},
                     {"runs", runs},
                     {"unseen", figures}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

int info(const cli::Arguments& arguments) {
  const auto trace = load(arguments.positionals());
  if (!trace) return cli::fail(kTool, trace.error());
  arguments.has("json") ? print_json(*trace) : print_text(*trace);
  return cli::kFine;
}

}  // namespace cordon::trace_tool
