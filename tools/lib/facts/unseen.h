#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "facts/trace.h"

/// What a further run may still show, from how often each item turned up over the runs so far.
namespace cordon {

/// Incidence figures for one kind of item over T complete runs. Formulae and limits: cordon-trace(1), UNSEEN.
struct Unseen {
  std::string_view what;      ///< "syscall", "argument", "path"
  std::size_t runs = 0;       ///< T
  std::size_t items = 0;      ///< distinct
  std::size_t once = 0;       ///< Q1: items in exactly one run
  std::size_t twice = 0;      ///< Q2
  std::size_t unwatched = 0;  ///< those of `once` that other runs let pass unseen: they may have been there too
  double expected_new = 0;    ///< Good-Turing: Q1/T new ones in the next run; also bounds P(any new one)
  double coverage = 0;        ///< estimated share of incidences that known items make up (Chao and Jost 2012)
  double rule_of_three = 0;   ///< 3/T, where Q1 is 0; else 0
  std::vector<std::size_t> new_in_run;  ///< in order of start
  std::vector<std::string> singletons;  ///< the items seen in one run only although all watched for them, sorted
};

/// Syscalls, arguments and paths. Incomplete runs are left out: what they did not see says nothing.
std::vector<Unseen> unseen(const Trace& trace);

/// "5 runs; the last added nothing; expect 0.4 new syscalls in the next; seen only once: fsync, unlinkat"
std::string in_words(const Unseen& figures, std::size_t max_singletons = 8);

/// "new in each run: 31, 2, 0; sample coverage 99.1 %; chance of anything new in the next run at most 40 %": empty for
/// less than two runs.
std::string figures_in_words(const Unseen& figures);

}  // namespace cordon
