#include "triage/engine.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>
#include <tuple>

#include "base/digest.h"
#include "base/text.h"
#include "facts/names.h"
#include "triage/fold.h"
#include "triage/instance.h"
#include "triage/match.h"
#include "triage/where.h"

namespace cordon::triage {
namespace {

bool any_matches(const std::vector<std::string>& globs, std::string_view value) {
  return globs.empty() ||
         std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return glob_matches(glob, value); });
}

/// What draws two shapes of one event together: a finding absorbs another if at least half of the smaller one's
/// denials came in the same events.
class Groups {
 public:
  explicit Groups(std::size_t size) : parent_(size) { std::iota(parent_.begin(), parent_.end(), 0u); }
  std::uint32_t find(std::uint32_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void unite(std::uint32_t a, std::uint32_t b) { parent_[find(b)] = find(a); }

 private:
  std::vector<std::uint32_t> parent_;
};

auto rank_of(const CauseRule& rule) {
  return std::tuple(rule.fallback, rule.severity != Severity::kAttack, rule.general,
                    -static_cast<std::int64_t>(rule.weight), std::string_view(rule.id));
}

struct Bucket {
  const CauseRule* rule = nullptr;
  std::string key;
  std::vector<std::uint32_t> shapes;
  std::uint64_t count = 0;
};

auto rank_of(const Bucket& bucket) { return std::tuple(rank_of(*bucket.rule), std::string_view(bucket.key)); }

/// Unites buckets that are seen in the same events, then pours each group into its leading bucket.
std::vector<Bucket> unite(std::vector<Bucket> buckets, const std::vector<std::uint32_t>& bucket_of,
                          const std::unordered_map<std::uint64_t, std::uint64_t>& links) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> together;
  for (const auto& [pair, count] : links) {
    auto a = bucket_of[pair >> 32], b = bucket_of[pair & 0xffffffff];
    if (a != b) together[std::minmax(a, b)] += count;
  }
  Groups groups(buckets.size());
  for (const auto& [pair, count] : together)
    if (2 * count >= std::min(buckets[pair.first].count, buckets[pair.second].count))
      groups.unite(pair.first, pair.second);
  std::map<std::uint32_t, std::vector<std::uint32_t>> members;
  for (std::uint32_t i = 0; i < buckets.size(); ++i) members[groups.find(i)].push_back(i);
  std::vector<Bucket> united;
  for (auto& [root, list] : members) {
    std::sort(list.begin(), list.end(), [&](auto a, auto b) { return rank_of(buckets[a]) < rank_of(buckets[b]); });
    Bucket lead = std::move(buckets[list.front()]);
    for (std::size_t i = 1; i < list.size(); ++i) {
      auto& other = buckets[list[i]];
      lead.shapes.insert(lead.shapes.end(), other.shapes.begin(), other.shapes.end());
      lead.count += other.count;
    }
    united.push_back(std::move(lead));
  }
  return united;
}

}  // namespace

/// A container by its name or its id, whole or as the engines shorten it; a unit also by what stands for one.
bool Filter::accepts_place(const Fact& fact, const audit::Details& details) const {
  if (units.empty() && containers.empty() && hosts.empty()) return true;
  constexpr std::size_t kShortId = 12;
  const auto where = where_of(fact, details);
  if (!any_matches(hosts, where.host) || !any_matches(units, where.unit.empty() ? where.container : where.unit))
    return false;
  return any_matches(containers, where.container) || any_matches(containers, where.container_id) ||
         any_matches(containers, where.container.substr(0, kShortId)) ||
         any_matches(containers, where.container_id.substr(0, kShortId));
}

bool Filter::accepts(const Fact& fact, const audit::Details& details) const {
  const auto last = std::max(fact.tally.last_ms, fact.tally.first_ms);
  if (since_ms != 0 && last < since_ms) return false;
  if (until_ms != 0 && fact.tally.first_ms > until_ms) return false;
  if (!accepts_place(fact, details)) return false;
  if (!exes.empty() && !any_matches(exes, fact.subject.exe) && !any_matches(exes, fact.subject.comm)) return false;
  if (types.empty()) return true;
  const auto* av = std::get_if<AvOp>(&fact.operation);
  if (av == nullptr) return any_matches(types, name_of(fact.verdict.by));
  return any_matches(types, split_context(av->source).type) || any_matches(types, split_context(av->target).type) ||
         any_matches(types, name_of(fact.verdict.by));
}

const CauseRule& best_rule(const RuleSet& rules, const View& view) {
  const CauseRule* best = nullptr;
  for (const auto& rule : rules.rules) {
    if (best != nullptr && rank_of(*best) < rank_of(rule)) continue;
    if (matches(rule.when, view)) best = &rule;
  }
  return best == nullptr ? unexplained_rule() : *best;
}

std::string finding_key(const CauseRule& rule, const View& view) {
  std::string key = rule.id;
  for (const auto field : rule.group_by) {
    key += '\0';
    const auto value = view.first(field);
    const bool profile = field == Field::kProfile || field == Field::kPeer;
    key += profile ? fold_profile(value) : std::string(value);
  }
  if (rule.by_directory) {
    key += '\0';
    key += tree_of(view.first(Field::kPath));
  }
  return key;
}

Engine::Engine(const RuleSet& rules, Filter filter) : rules_(rules), paths_(rules), filter_(std::move(filter)) {}

void Engine::link(const std::string& event, std::uint32_t shape, std::uint64_t count) {
  if (event.empty()) return;
  const auto hash = std::hash<std::string>{}(event);
  const auto known = events_.find(hash);
  if (known == events_.end()) {
    if (events_.size() < kMaxLinkedEvents) events_.emplace(hash, shape);
    return;
  }
  if (known->second == shape) return;
  const auto [low, high] = std::minmax(known->second, shape);
  links_[(std::uint64_t{low} << 32) | high] += count;
}

void Engine::add(const audit::Denial& denial, const std::function<std::string()>& raw) {
  ++records_;
  last_was_new_ = false;
  if (!denial.is_denial()) return;
  const auto count = std::max<std::uint64_t>(denial.tally.count, 1);
  if (denial.facts.empty()) {
    undecoded_ += count;
    problems_[denial.problem] += count;
    return;
  }
  bool fresh = false, counted = true;
  for (const auto& fact : denial.facts) {
    fresh = add(fact, denial.details, counted, raw) || fresh;
    counted = false;
  }
  last_was_new_ = fresh;
}

void Engine::add(const Fact& fact) {
  ++records_;
  last_was_new_ = is_denial(fact) && add(fact, {}, true, {});
}

bool Engine::add(const Fact& fact, const audit::Details& details, bool counted,
                 const std::function<std::string()>& raw) {
  const auto count = counted ? std::max<std::uint64_t>(fact.tally.count, 1) : 0;
  if (!filter_.accepts(fact, details)) {
    filtered_ += count;
    return false;
  }
  denials_ += count;
  auto key = shape_key(fact, details, paths_);
  auto at = index_.find(key);
  if (at == index_.end() && shapes_.size() >= kMaxShapes) {
    folded_ += count;
    key = std::string(name_of(fact.verdict.by)) + '\1' + std::string(kind_of(fact.operation));
    at = index_.find(key);
  }
  const bool fresh = at == index_.end();
  if (fresh) {
    at = index_.emplace(std::move(key), static_cast<std::uint32_t>(shapes_.size())).first;
    shapes_.emplace_back().key = at->first;
  }
  last_shape_ = at->second;
  shapes_[last_shape_].add(fact, details, counted, raw);
  link(fact.origin.event, last_shape_, std::max<std::uint64_t>(count, 1));
  if (!fresh) return false;
  const auto view = view_of(fact, details);
  return seen_findings_.insert(finding_key(best_rule(rules_, view), view)).second;
}

Finding Engine::last_finding() const {
  Shape shape = shapes_[last_shape_];
  shape.settle();
  const auto view = view_of(shape);
  const auto& rule = best_rule(rules_, view);
  std::vector<Shape> shapes;
  shapes.push_back(std::move(shape));
  return make_finding(rule, finding_key(rule, view), std::move(shapes), rules_);
}

std::vector<Finding> Engine::group() {
  std::map<std::string, std::uint32_t> by_key;
  std::vector<Bucket> buckets;
  std::vector<std::uint32_t> bucket_of(shapes_.size());
  for (std::uint32_t i = 0; i < shapes_.size(); ++i) {
    shapes_[i].settle();
    const auto view = view_of(shapes_[i]);
    const auto& rule = best_rule(rules_, view);
    auto key = finding_key(rule, view);
    const auto [at, fresh] = by_key.emplace(std::move(key), static_cast<std::uint32_t>(buckets.size()));
    if (fresh) buckets.push_back({&rule, at->first, {}, 0});
    bucket_of[i] = at->second;
    buckets[at->second].shapes.push_back(i);
    buckets[at->second].count += shapes_[i].count;
  }
  std::vector<Finding> findings;
  for (auto& bucket : unite(std::move(buckets), bucket_of, links_)) {
    std::vector<Shape> shapes;
    for (const auto i : bucket.shapes) shapes.push_back(std::move(shapes_[i]));
    findings.push_back(make_finding(*bucket.rule, bucket.key, std::move(shapes), rules_));
  }
  return findings;
}

void Engine::reset() {
  index_.clear();
  shapes_.clear();
  events_.clear();
  links_.clear();
  seen_findings_.clear();
  records_ = denials_ = filtered_ = folded_ = undecoded_ = 0;
  problems_.clear();
  last_was_new_ = false;
}

Triage Engine::finish(const std::vector<Prover*>& provers, const Baseline& baseline, std::int64_t now_ms) {
  Triage triage;
  auto findings = group();
  for (auto& finding : findings)
    (baseline.judge(finding, now_ms) ? triage.accepted : triage.findings).push_back(std::move(finding));
  prove_all(triage.findings, provers);
  rank_findings(triage.accepted);
  for (const auto* prover : provers)
    for (const auto& [name, digest] : prover->inputs()) triage.inputs[name] = digest;
  triage.records = records_;
  triage.undecoded = undecoded_;
  triage.problems = problems_;
  triage.denials = denials_;
  triage.filtered = filtered_;
  triage.folded = folded_;
  reset();
  return triage;
}

}  // namespace cordon::triage
