#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "facts/names.h"

/// The trace format's lines (man page cordon-trace(5)), as structs.
namespace cordon {

inline constexpr std::uint32_t kTraceVersion = 1;
inline constexpr std::uint32_t kTraceMinReader = 1;

/// How much of a syscall a recording looks at: numbers; policy-carrying arguments too; paths and results too.
enum class Detail : std::uint8_t { kSet, kArgs, kFull };
template <>
struct EnumNames<Detail> {
  static constexpr std::array kNames = std::to_array<std::string_view>({"set", "args", "full"});
};

/// Opens a section; everything up to its `end` belongs to the run.
struct Head {
  std::string format = "cordon-trace";
  std::uint32_t version = kTraceVersion;
  std::uint32_t min_reader = kTraceMinReader;
  std::string run;     ///< 32 hex digits, random
  std::string label;   ///< --run-label
  std::string tool;    ///< "cordon-record 0.1.0"
  std::string engine;  ///< "ptrace", "notify", "log", "strace", …
  Detail detail = Detail::kFull;
  std::string kernel;  ///< uname -r
  std::string arch;    ///< uname -m
  std::vector<std::string> argv;
  std::string cwd;
  std::string program;  ///< absolute path of the program that argv[0] named, symlinks resolved
  std::int64_t started_ms = 0;
  std::vector<std::string> unwatched;  ///< syscalls that this run let pass unseen (known-skip)
  std::vector<std::string> notes;      ///< what this run changed or could not see, in words
  static constexpr auto fields() {
    return std::tuple{field("format", &Head::format, Presence::kAlways),
                      field("version", &Head::version, Presence::kAlways),
                      field("min_reader", &Head::min_reader, Presence::kAlways),
                      field("run", &Head::run, Presence::kAlways),
                      field("label", &Head::label),
                      field("tool", &Head::tool, Presence::kAlways),
                      field("engine", &Head::engine, Presence::kAlways),
                      field("detail", &Head::detail, Presence::kAlways),
                      field("kernel", &Head::kernel),
                      field("arch", &Head::arch),
                      field("argv", &Head::argv),
                      field("cwd", &Head::cwd),
                      field("program", &Head::program),
                      field("started_ms", &Head::started_ms),
                      field("unwatched", &Head::unwatched),
                      field("notes", &Head::notes)};
  }
  auto operator<=>(const Head&) const = default;
};

/// A process of the run, written when it starts or execs.
struct Proc {
  std::int64_t pid = 0;
  std::int64_t parent = 0;
  std::string exe;
  std::string comm;
  std::vector<std::string> argv;
  std::uint32_t uid = 0;
  std::int64_t started_ms = 0;
  static constexpr auto fields() {
    return std::tuple{field("pid", &Proc::pid, Presence::kAlways),
                      field("parent", &Proc::parent),
                      field("exe", &Proc::exe),
                      field("comm", &Proc::comm),
                      field("argv", &Proc::argv),
                      field("uid", &Proc::uid),
                      field("started_ms", &Proc::started_ms)};
  }
  auto operator<=>(const Proc&) const = default;
};

/// Closes a section. A section without it is incomplete.
struct End {
  bool ok = false;
  std::uint64_t lost = 0;          ///< events known to be lost
  std::optional<int> exit_code;    ///< the command's
  std::optional<int> exit_signal;  ///< or the signal that ended it
  bool stopped_by_us = false;      ///< --until, --exercise, Ctrl-C
  std::int64_t ended_ms = 0;
  std::vector<std::string> notes;  ///< as in Head, for what turned up while running
  static constexpr auto fields() {
    return std::tuple{field("ok", &End::ok, Presence::kAlways),
                      field("lost", &End::lost, Presence::kAlways),
                      field("exit_code", &End::exit_code),
                      field("exit_signal", &End::exit_signal),
                      field("stopped_by_us", &End::stopped_by_us),
                      field("ended_ms", &End::ended_ms),
                      field("notes", &End::notes)};
  }
  auto operator<=>(const End&) const = default;
};

/// One run: everything between a head and its end.
struct Run {
  Head head;
  std::optional<End> end;
  std::vector<Proc> procs;
  std::map<std::size_t, Tally> tallies;  ///< by index into Trace::facts
  bool complete() const { return end.has_value() && end->ok && end->lost == 0; }
};

/// A set of facts, with the runs that they come from. Facts are sorted by content and unique; runs by run id.
struct Trace {
  std::vector<Fact> facts;  ///< tally and origin merged over all runs
  std::vector<Run> runs;
  std::uint64_t unknown_lines = 0;   ///< kinds that this version does not know, counted
  std::vector<std::string> unknown;  ///< and kept, sorted and unique
  bool complete() const;
};

}  // namespace cordon
