#include "read.h"

#include <fmt/format.h>
#include <unistd.h>

#include "audit/denial.h"
#include "audit/live.h"
#include "base/terminal.h"
#include "base/text.h"
#include "options.h"
#include "triage/baseline.h"

namespace cordon::triage_tool {
namespace {

std::vector<std::string> logs_named(const cli::Arguments& arguments) {
  auto logs = arguments.positionals();
  for (const auto& log : arguments.get_all("input")) logs.push_back(log);
  if (arguments.has("all")) logs.push_back("/var/log/audit");
  if (logs.empty() && !arguments.has("dmesg")) logs.push_back("-");
  return logs;
}

/// The event's records as auditd would have written them.
std::string raw_of(const audit::Event& event) {
  constexpr std::size_t kMost = 4096;
  std::string out;
  for (const auto* record : event.records) {
    if (out.size() > kMost) return out + "…\n";
    out += fmt::format("type={} msg=audit({}.{:03}:{}): ", audit::record_type_name(record->type),
                       record->time_ms / 1000, record->time_ms % 1000, record->serial);
    out += record->body.substr(0, kMost);
    out += '\n';
  }
  return out;
}

void complain(Diagnostics& diagnostics, const Result<void>& outcome) {
  if (!outcome) diagnostics.error(outcome.error().what, outcome.error().where, outcome.error().hint);
}

void read_dmesg(audit::LogReader& reader, Diagnostics& diagnostics) {
  auto text = audit::kernel_messages();
  if (!text) return complain(diagnostics, text.error());
  complain(diagnostics, reader.read(audit::memory_source(*text), "dmesg"));
  reader.flush();
}

void read_named(const cli::Arguments& arguments, audit::LogReader& reader, Diagnostics& diagnostics) {
  auto named = logs_named(arguments);
  if (named == std::vector<std::string>{"-"} && ::isatty(STDIN_FILENO) != 0)
    fmt::print(stderr, "{}: reading standard input; give a LOG, or -a for the host's\n", kTool);
  if (arguments.has("follow") && !named.empty()) {
    const auto last = named.back();
    named.pop_back();
    audit::read_logs(reader, named, diagnostics);
    return complain(diagnostics, audit::follow(reader, last));
  }
  audit::read_logs(reader, named, diagnostics);
}

}  // namespace

ReadOutcome read_logs(const cli::Arguments& arguments, triage::Engine& engine, Diagnostics& diagnostics,
                      const std::function<void()>& each) {
  audit::ReadOptions options;
  options.json_field = arguments.get("field");
  options.live = arguments.has("follow");
  Progress progress;
  std::uint64_t events = 0;
  const audit::LogReader* self = nullptr;
  const auto source_name = [&](std::uint32_t index) -> const std::string& { return self->source_name(index); };
  audit::LogReader reader(options, [&](const audit::Event& event) {
    for (const auto& denial : audit::decode_decisions(event, source_name)) {
      engine.add(denial, [&] { return raw_of(event); });
      if (each) each();
    }
    if (++events % 4096 == 0) progress.show(counted(events, "event") + " read");
  });
  self = &reader;
  read_named(arguments, reader, diagnostics);
  if (arguments.has("dmesg")) read_dmesg(reader, diagnostics);
  progress.clear();
  return {reader.counts(), diagnostics.has_errors()};
}

Result<triage::Filter> filter_of(const cli::Arguments& arguments, std::int64_t now_ms) {
  triage::Filter filter;
  const auto time = [&](const char* name, std::int64_t& into) -> Result<void> {
    if (!arguments.has(name)) return {};
    const auto at = triage::parse_time(arguments.get(name), now_ms);
    if (!at)
      return Error{ErrorCode::kUsage, "not a time: " + arguments.get(name), std::string("--") + name,
                   "write 2026-01-31, 2026-01-31T12:00, @SECONDS, 3h or 2d"};
    into = *at;
    return {};
  };
  if (auto ok = time("since", filter.since_ms); !ok) return ok.error();
  if (auto ok = time("until", filter.until_ms); !ok) return ok.error();
  filter.units = arguments.get_all("unit");
  filter.containers = arguments.get_all("container");
  filter.hosts = arguments.get_all("host");
  filter.exes = arguments.get_all("exe");
  filter.types = arguments.get_all("type");
  return filter;
}

}  // namespace cordon::triage_tool
