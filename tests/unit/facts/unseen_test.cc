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
  const auto f = unseen(trace_of({{"read", "open"}, {"read", "open", "fsync"}, {"read", "unlink"}, {"read", "open"}}))[0];
  CHECK(f.runs == 4);
  CHECK(f.items == 4);
  CHECK(f.once == 2);
  CHECK(f.twice == 0);
  CHECK(f.expected_new == Approx(0.5));
  CHECK(f.coverage == Approx(1 - 2.0 / 9.0));  // U = 9 incidences, Q2 = 0
  CHECK(f.new_in_run == std::vector<std::size_t>{2, 1, 1, 0});
  CHECK(in_words(f) == "4 runs; the last added nothing; expect 0.5 new syscalls in the next; seen only once: fsync, unlink");
}

TEST_CASE("after T clean runs the bound is 3/T and one run promises nothing") {
  CHECK(unseen(trace_of({{"read"}, {"read"}, {"read"}, {"read"}, {"read"}, {"read"}}))[0].rule_of_three == Approx(0.5));
  CHECK(in_words(unseen(trace_of({{"read"}}))[0]).find("record more") != std::string::npos);
}
