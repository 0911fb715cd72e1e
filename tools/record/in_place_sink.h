#pragma once

#include <vector>

#include "ptrace/trace_sink.h"

namespace cordon {

/// The descriptors from 3 on that a program started now would inherit.
std::vector<int> inherited_descriptors();

/// Makes sure that the command does not inherit the recorder's own program, where it was started through
/// /proc/self/fd/N (`argv0`).
void keep_own_program_back(const char* argv0);

/// From here on, once in place, the process shows no other words than its name: what looks for the command by its words
/// must not find us.
void remember_words(int argc, char** argv);

/// The sink of a recorder that lives beside its command: once the command runs, it lets go of all that it holds in
/// common with it, and its own /proc entries are closed to the command (prctl(2), PR_SET_DUMPABLE).
class InPlaceSink final : public FactSink {
 public:
  InPlaceSink(FactSink& trace, std::vector<int> inherited) : trace_(trace), inherited_(std::move(inherited)) {}

  Result<void> on_head(const Head& head) override;
  Result<void> on_proc(const Proc& proc) override { return trace_.on_proc(proc); }
  Result<void> on_fact(const Fact& fact, const FactId& id, std::string_view canonical) override {
    return trace_.on_fact(fact, id, canonical);
  }
  Result<void> on_tried(const Fact& fact) override { return trace_.on_tried(fact); }
  Result<void> on_tally(const FactId& id, const Tally& tally) override { return trace_.on_tally(id, tally); }
  Result<void> on_end(const End& end) override { return trace_.on_end(end); }

 private:
  FactSink& trace_;
  std::vector<int> inherited_;
};

}  // namespace cordon
