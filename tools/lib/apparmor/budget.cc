#include "apparmor/budget.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <tuple>

#include "apparmor/text.h"

namespace cordon::apparmor {
namespace {

constexpr double kSecondsPerNode = 1e-4;
constexpr std::size_t kLeastNames = 4;
constexpr int kPasses = 6;
/// Room for the globs, which the forecast counts as their text.
constexpr std::size_t kStatesWanted = kMaxStates * 9 / 10;

struct TreeRow {
  std::string_view tree;
  double risk;
  std::string_view reason;
};
/// How much is at stake when a folder's other names become reachable too. The longest tree that fits counts.
constexpr auto kTrees = std::to_array<TreeRow>({
    {"/usr/share/", 1, "data that the distribution installed"},
    {"/usr/lib/", 1, "libraries that the distribution installed"},
    {"/usr/include/", 1, "headers"},
    {"/usr/src/", 1, "sources"},
    {"/lib/", 1, "libraries"},
    {"/usr/", 2, "what the distribution installed"},
    {"/opt/", 3, "what a vendor installed"},
    {"/tmp/", 3, "temporary files, shared by all"},
    {"/var/tmp/", 3, "temporary files, shared by all"},
    {"/dev/shm/", 3, "shared memory"},
    {"/var/cache/", 3, "what can be made again"},
    {"/proc/", 4, "the kernel's view of processes"},
    {"/sys/", 4, "the kernel's view of devices"},
    {"/var/lib/", 6, "services' state"},
    {"/home/", 10, "people's files"},
    {"/root/", 12, "the administrator's files"},
    {"/etc/", 20, "configuration, keys and passwords"},
    {"/dev/", 50, "devices"},
});
constexpr double kOtherRisk = 8;

double risk_of(std::string_view folder, FileLetters letters) {
  const TreeRow* best = nullptr;
  for (const TreeRow& row : kTrees)
    if (folder.substr(0, row.tree.size()) == row.tree && (best == nullptr || row.tree.size() > best->tree.size()))
      best = &row;
  const double risk = best == nullptr ? kOtherRisk : best->risk;
  return (letters & (kW | kA | kL)) != 0 ? risk * 4 : risk;
}

std::size_t shared(std::string_view a, std::string_view b) {
  std::size_t length = 0;
  while (length < a.size() && length < b.size() && a[length] == b[length]) ++length;
  return length;
}

/// Nodes of the tree of sorted names: each adds what it does not share with the one before.
std::size_t tree_nodes(const std::vector<std::string_view>& sorted) {
  std::size_t nodes = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i)
    nodes += sorted[i].size() - (i == 0 ? 0 : shared(sorted[i - 1], sorted[i]));
  return nodes;
}

/// The smallest automaton for sorted words, built word by word: a branch that can grow no more is looked up among those
/// that are finished (Daciuk and others, 2000).
class Minimal {
 public:
  std::size_t count(const std::vector<std::pair<std::string_view, std::uint32_t>>& sorted) {
    path_.assign(1, {});
    std::string_view last;
    for (const auto& [word, label] : sorted) {
      const std::size_t common = shared(last, word);
      finish(common);
      for (std::size_t i = common; i < word.size(); ++i) path_.push_back({0, {}, word[i]});
      path_.back().label |= label;
      last = word;
    }
    finish(0);
    return known_.size() + 1;
  }

 private:
  struct Open {
    std::uint32_t label = 0;
    std::vector<std::pair<char, std::uint32_t>> out;
    char in = 0;
  };
  using Key = std::pair<std::uint32_t, std::vector<std::pair<char, std::uint32_t>>>;

  void finish(std::size_t depth) {
    while (path_.size() > depth + 1) {
      Open done = std::move(path_.back());
      path_.pop_back();
      const auto number = static_cast<std::uint32_t>(known_.size());
      const auto found = known_.emplace(Key{done.label, std::move(done.out)}, number).first;
      path_.back().out.emplace_back(done.in, found->second);
    }
  }

  std::vector<Open> path_;
  std::map<Key, std::uint32_t> known_;
};

std::uint32_t label_of(const ProfileRule& rule) {
  return rule.letters | (rule.owner ? 1U << 8 : 0) | (rule.exec.empty() ? 0 : 1U << 9) | (rule.deny ? 1U << 10 : 0);
}

bool may_coarsen(const ProfileRule& rule) {
  return rule.klass == RuleClass::kFile && rule.exec.empty() && !rule.deny && !rule.audit && rule.target.empty() &&
         rule.pattern.size() > 1 && rule.pattern[0] == '/';
}

/// The folder `up` levels above the name, with its slash; empty if that is the root or there is none.
std::string_view folder_above(std::string_view name, int up) {
  std::size_t end = name.size();
  if (end > 1 && name[end - 1] == '/') --end;
  for (int i = 0; i < up; ++i) {
    const std::size_t slash = name.rfind('/', end - 1);
    if (slash == std::string_view::npos || slash == 0) return {};
    end = slash;
  }
  return name.substr(0, end + 1);
}

struct Candidate {
  std::string folder;
  FileLetters letters = 0;
  bool owner = false;
  std::vector<std::size_t> members;
  std::size_t saving = 0;
  double worth = 0;
};

/// The state of the search: rules that still stand, and what stands in for those that do not.
class Planner {
 public:
  Planner(std::vector<ProfileRule> rules, double seconds) : rules_(std::move(rules)), seconds_(seconds) {
    gone_.resize(rules_.size());
  }

  BudgetPlan run() {
    BudgetPlan plan;
    plan.before = plan.after = forecast(rules_);
    for (int pass = 1; pass <= kPasses && !fits(plan.after); ++pass) {
      coarsen(pass, plan.after);
      plan.after = forecast(standing());
    }
    plan.kept = kept();
    plan.coarsened = std::move(coarsened_);
    return plan;
  }

 private:
  bool fits(const Forecast& now) const { return now.states <= kStatesWanted && now.seconds <= seconds_; }

  std::vector<ProfileRule> kept() const {
    std::vector<ProfileRule> out;
    for (std::size_t i = 0; i < rules_.size(); ++i)
      if (!gone_[i]) out.push_back(rules_[i]);
    return out;
  }

  std::vector<ProfileRule> standing() const {
    std::vector<ProfileRule> out = kept();
    for (const Coarsened& one : coarsened_) out.push_back(one.rule);
    return out;
  }

  std::vector<Candidate> candidates(int up) const {
    std::map<std::tuple<std::string, FileLetters, bool>, Candidate> groups;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const ProfileRule& rule = rules_[i];
      const std::string_view folder =
          gone_[i] || !may_coarsen(rule) ? std::string_view() : folder_above(rule.pattern, up);
      if (folder.empty() || is_glob(folder)) continue;
      Candidate& group = groups[{std::string(folder), rule.letters, rule.owner}];
      group.folder = std::string(folder);
      group.letters = rule.letters;
      group.owner = rule.owner;
      group.members.push_back(i);
    }
    std::vector<Candidate> out;
    for (auto& [key, group] : groups) {
      if (group.members.size() < kLeastNames) continue;
      weigh(group);
      out.push_back(std::move(group));
    }
    std::stable_sort(out.begin(), out.end(), [](const Candidate& a, const Candidate& b) { return a.worth > b.worth; });
    return out;
  }

  void weigh(Candidate& group) const {
    std::vector<std::string_view> names;
    for (const std::size_t i : group.members)
      names.push_back(std::string_view(rules_[i].pattern).substr(group.folder.size()));
    std::sort(names.begin(), names.end());
    group.saving = tree_nodes(names);
    group.worth = static_cast<double>(group.saving) / risk_of(group.folder, group.letters);
  }

  void coarsen(int up, Forecast now) {
    for (const Candidate& group : candidates(up)) {
      if (fits(now)) return;
      ProfileRule rule;
      rule.pattern = group.folder + (up == 1 ? "*" : "**");
      rule.letters = group.letters;
      rule.owner = group.owner;
      // A folder's own name ends in a slash, which a single star does not match.
      const bool folders = up == 1 && std::any_of(group.members.begin(), group.members.end(),
                                                  [&](std::size_t i) { return rules_[i].pattern.back() == '/'; });
      if (folders) rule.pattern += "{,/}";
      coarsened_.push_back({rule, group.members.size()});
      for (const std::size_t i : group.members) gone_[i] = true;
      now.nodes -= std::min(now.nodes, group.saving);
      now.states -= std::min(now.states, group.saving);
      now.seconds = static_cast<double>(now.nodes) * kSecondsPerNode;
    }
  }

  std::vector<ProfileRule> rules_;
  std::vector<bool> gone_;
  std::vector<Coarsened> coarsened_;
  double seconds_;
};

}  // namespace

Forecast forecast(const std::vector<ProfileRule>& rules) {
  std::vector<std::pair<std::string_view, std::uint32_t>> words;
  for (const ProfileRule& rule : rules)
    if (rule.klass == RuleClass::kFile) words.emplace_back(rule.pattern, label_of(rule));
  std::sort(words.begin(), words.end());
  std::vector<std::string_view> names;
  for (const auto& [name, label] : words) names.push_back(name);
  Forecast out;
  out.nodes = tree_nodes(names);
  out.states = Minimal().count(words);
  out.seconds = static_cast<double>(out.nodes) * kSecondsPerNode;
  return out;
}

BudgetPlan plan_budget(std::vector<ProfileRule> rules, double seconds) {
  return Planner(std::move(rules), seconds).run();
}

}  // namespace cordon::apparmor
