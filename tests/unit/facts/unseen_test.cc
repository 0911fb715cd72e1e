#include <catch2/catch.hpp>

#include "facts/trace_io.h"
#include "facts/unseen.h"

using namespace cordon;

namespace {

/// Each run is the list of the syscalls that it made.
Trace trace_of(const std::vector<std::vector<std::string>>& runs) {
  std::string text;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    Head head;
    head.run = std::string(1, static_cast<char>('a' + i));
    head.started_ms = static_cast<std::int64_t>(i) + 1;
    text += head_line(head);
    for (const std::string& name : runs[i]) {
      SyscallOp op;
      op.name = name;
      text += fact_line(head.run, {{}, op, {}, {}, {}});
    }
    End end;
    end.ok = true;
    text += end_line(head.run, end);
  }
  Diagnostics diagnostics;
  TraceReader reader(diagnostics);
  REQUIRE(reader.add_text(text, "t"));
  return reader.finish();
}

}  // namespace

TEST_CASE("Good-Turing: singletons over runs, worked by hand") {
  const auto f =
      unseen(trace_of({{"read", "open"}, {"read", "open", "fsync"}, {"read", "unlink"}, {"read", "open"}}))[0];
  CHECK(f.runs == 4);
  CHECK(f.items == 4);
  CHECK(f.once == 2);
  CHECK(f.twice == 0);
  CHECK(f.expected_new == Approx(0.5));
  CHECK(f.coverage == Approx(1 - 2.0 / 9.0));  // U = 9 incidences, Q2 = 0
  CHECK(f.new_in_run == std::vector<std::size_t>{2, 1, 1, 0});
  CHECK(in_words(f) ==
        "4 runs; the last added nothing; expect 0.5 new syscalls in the next; seen only once: fsync, unlink");
}

TEST_CASE("the figures in words name new ones a run, coverage and the chance") {
  const auto f =
      unseen(trace_of({{"read", "open"}, {"read", "open", "fsync"}, {"read", "unlink"}, {"read", "open"}}))[0];
  CHECK(figures_in_words(f) ==
        "new in each run: 2, 1, 1, 0; sample coverage 77.8 %; chance of anything new in the next run at most 50 %");
  CHECK(figures_in_words(unseen(trace_of({{"read"}}))[0]).empty());
}

TEST_CASE("what later runs let pass unseen is no singleton") {
  Trace trace = trace_of({{"read", "open"}, {"fsync"}, {"fsync"}});
  trace.runs[1].head.unwatched = trace.runs[2].head.unwatched = {"open", "read"};
  const auto f = unseen(trace)[0];
  CHECK(f.once == 2);
  CHECK(f.unwatched == 2);
  CHECK(f.singletons.empty());
  CHECK(in_words(f) ==
        "3 runs; the last added nothing; nothing is known to be rare: 2 syscalls were not watched again");
  trace.runs[1].head.unwatched = trace.runs[2].head.unwatched = {"open"};
  CHECK(in_words(unseen(trace)[0]) ==
        "3 runs; the last added nothing; expect at most 0.7 new syscalls in the next; seen only once: read; 1 not "
        "watched again");
}

TEST_CASE("after T clean runs the bound is 3/T and one run promises nothing") {
  CHECK(unseen(trace_of({{"read"}, {"read"}, {"read"}, {"read"}, {"read"}, {"read"}}))[0].rule_of_three == Approx(0.5));
  CHECK(in_words(unseen(trace_of({{"read"}}))[0]).find("record more") != std::string::npos);
}
