#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "report/learned.h"

namespace cordon::report {

/// A rule, or a fact where there is no policy, as the reports show it.
struct LearnedRow {
  std::string kind;                ///< the operation's kind
  std::string path;                ///< of file and exec rules; patterns with their classes in braces
  std::string what;                ///< permissions of a path, else the whole operation in words
  std::string basis;               ///< "observed", "generalised", "baseline", "pinned"
  std::string why;                 ///< pass, pack or file with the reason; empty for observed
  std::size_t evidence = 0;        ///< facts that carry it
  std::uint64_t times = 0;         ///< how often they were seen
  std::set<std::string> programs;  ///< whose facts they are: the last part of exe, else comm
};
std::vector<LearnedRow> rows_of(const LearnedReport& report);

/// One syscall with what the defaults say of it.
struct SyscallRow {
  std::string name, arguments, risk;
  std::uint64_t count = 0;
  std::vector<bool> in_default;  ///< one for each of report.defaults
};
std::vector<SyscallRow> syscalls_of(const LearnedReport& report);

struct TargetCounts {
  std::size_t allowed = 0, denied = 0, cannot_tell = 0, not_applicable = 0;
};
TargetCounts counts_of(const LearnedTarget& target);

/// The engines' default profiles and the table of risks, from what is compiled in, where the caller gave none.
LearnedReport with_tables(const LearnedReport& report);

std::string pattern_text(const PathPattern& pattern);

/// What all forms but the page share.
nlohmann::ordered_json json_of(const LearnedReport& report);

}  // namespace cordon::report
