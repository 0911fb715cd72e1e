#include "facts/unseen.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/text.h"
#include "facts/describe.h"

namespace cordon {
namespace {

using ItemOf = std::optional<std::string> (*)(const Fact&);

std::optional<std::string> syscall_of(const Fact& fact) {
  const auto* op = std::get_if<SyscallOp>(&fact.operation);
  if (op == nullptr) return std::nullopt;
  SyscallOp bare = *op;
  bare.args.clear();
  bare.clone_flags.reset();
  bare.executable = Executable::kUntold;
  return describe(Operation(bare));
}

std::optional<std::string> argument_of(const Fact& fact) {
  const auto* op = std::get_if<SyscallOp>(&fact.operation);
  if (op == nullptr || op->args.empty()) return std::nullopt;
  return describe(fact.operation);
}

std::optional<std::string> path_of(const Fact& fact) {
  const auto* op = std::get_if<FileOp>(&fact.operation);
  if (op == nullptr || fact.verdict.outcome == Outcome::kFailed) return std::nullopt;
  return op->path;
}

struct ItemRow {
  std::string_view what;
  ItemOf item;
};
constexpr std::array<ItemRow, 3> kItems = {{{"syscall", syscall_of}, {"argument", argument_of}, {"path", path_of}}};

std::vector<const Run*> complete_runs_by_start(const Trace& trace) {
  std::vector<const Run*> runs;
  for (const Run& run : trace.runs)
    if (run.complete()) runs.push_back(&run);
  std::stable_sort(runs.begin(), runs.end(),
                   [](const Run* a, const Run* b) { return a->head.started_ms < b->head.started_ms; });
  return runs;
}

/// Chao and Jost, Ecology 93 (2012), for incidence data: 1 - (Q1/U) ((T-1)Q1 / ((T-1)Q1 + 2 Q2)).
double sample_coverage(double runs, double once, double twice, double incidences) {
  if (incidences == 0) return 0;
  const double grown = (runs - 1) * once;
  if (grown == 0) return once == 0 ? 1 : 1 - once / incidences;
  return 1 - once / incidences * (grown / (grown + 2 * twice));
}

/// The items that a run let pass unseen (known-skip) are not known to be absent from it. It names calls, whatever their
/// arguments were; paths are always watched.
bool watched(const Run& run, const std::string& call) {
  const auto& skipped = run.head.unwatched;
  return call.empty() || std::find(skipped.begin(), skipped.end(), call) == skipped.end();
}

std::string call_of(const Fact& fact) {
  const auto* op = std::get_if<SyscallOp>(&fact.operation);
  return op == nullptr ? std::string() : op->name;
}

/// What is known of an item over the runs.
struct Sightings {
  std::size_t runs = 0;
  std::string call;  ///< the syscall that it is about, if any
};

bool may_be_in_other_runs(const Sightings& sightings, const std::vector<const Run*>& runs) {
  return std::any_of(runs.begin(), runs.end(), [&](const Run* run) { return !watched(*run, sightings.call); });
}

Unseen figures_for(const ItemRow& row, const Trace& trace, const std::vector<const Run*>& runs) {
  Unseen figures;
  figures.what = row.what;
  figures.runs = runs.size();
  std::map<std::string, Sightings> seen_in;
  std::size_t incidences = 0;
  for (const Run* run : runs) {
    std::map<std::string, std::string> here;
    for (const auto& [index, tally] : run->tallies)
      if (auto item = row.item(trace.facts[index])) here.emplace(std::move(*item), call_of(trace.facts[index]));
    std::size_t fresh = 0;
    for (const auto& [item, call] : here) {
      Sightings& sightings = seen_in[item];
      sightings.call = call;
      fresh += sightings.runs++ == 0 ? 1 : 0;
    }
    incidences += here.size();
    figures.new_in_run.push_back(fresh);
  }
  figures.items = seen_in.size();
  for (const auto& [item, sightings] : seen_in) {
    figures.twice += sightings.runs == 2 ? 1 : 0;
    if (sightings.runs != 1) continue;
    ++figures.once;
    if (may_be_in_other_runs(sightings, runs))
      ++figures.unwatched;
    else
      figures.singletons.push_back(item);
  }
  const auto total = static_cast<double>(figures.runs);
  const auto once = static_cast<double>(figures.once);
  figures.expected_new = total == 0 ? 0 : once / total;
  figures.coverage = sample_coverage(total, once, static_cast<double>(figures.twice), static_cast<double>(incidences));
  figures.rule_of_three = once == 0 && total > 0 ? 3 / total : 0;
  return figures;
}

}  // namespace

std::vector<Unseen> unseen(const Trace& trace) {
  const auto runs = complete_runs_by_start(trace);
  std::vector<Unseen> all;
  for (const ItemRow& row : kItems) all.push_back(figures_for(row, trace, runs));
  return all;
}

std::string in_words(const Unseen& f, std::size_t max_singletons) {
  if (f.runs == 0) return "no complete run";
  if (f.runs == 1) return "1 run: record more to learn what it may have missed";
  const std::size_t last = f.new_in_run.back();
  std::string text = fmt::format("{}; the last added {}", counted(f.runs, "run"),
                                 last == 0 ? "nothing" : counted(last, "new " + std::string(f.what)));
  if (f.once == f.unwatched && f.unwatched != 0)
    return text + fmt::format("; nothing is known to be rare: {} not watched again",
                              counted(f.unwatched, std::string(f.what)) + (f.unwatched == 1 ? " was" : " were"));
  if (f.once == 0)
    return text + fmt::format(
                      "; every {} was seen more than once; the next run shows a new one with at most {:.0f} % "
                      "chance (3/T)",
                      f.what, std::min(1.0, f.rule_of_three) * 100);
  text += fmt::format("; expect {}{:.1f} new {}s in the next; seen only once: ", f.unwatched == 0 ? "" : "at most ",
                      f.expected_new, f.what);
  const std::size_t named = f.singletons.size();
  std::vector<std::string> shown(f.singletons.begin(),
                                 f.singletons.begin() + static_cast<std::ptrdiff_t>(std::min(max_singletons, named)));
  text += join(shown, ", ");
  if (named > max_singletons) text += fmt::format(" and {} more", named - max_singletons);
  if (f.unwatched != 0) text += fmt::format("; {} not watched again", f.unwatched);
  return text;
}

std::string figures_in_words(const Unseen& f) {
  if (f.runs < 2) return {};
  std::vector<std::string> fresh;
  for (const std::size_t count : f.new_in_run) fresh.push_back(std::to_string(count));
  const double chance = f.once == 0 ? f.rule_of_three : f.expected_new;
  return fmt::format(
      "new in each run: {}; sample coverage {:.1f} %; chance of anything new in the next run at most {:.0f} %{}",
      join(fresh, ", "), f.coverage * 100, std::min(1.0, chance) * 100,
      f.unwatched == 0 ? "" : " (known-skip makes these the worst case)");
}

}  // namespace cordon
