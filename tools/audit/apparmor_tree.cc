#include "apparmor_tree.h"

#include <algorithm>

#include "apparmor/label.h"
#include "apparmor/translate.h"
#include "base/text.h"

namespace cordon::audit_tool {
namespace {

using apparmor::kLearning;
using apparmor::Transition;

/// Deeper ones run under the innermost: a profile's reader, and people, have an end.
constexpr std::size_t kMaxNesting = 24;

std::string key_of(const std::string& space, const std::string& label) { return space + '\0' + label; }

std::string basename_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

ProfilePlace parts_of(std::string_view label) {
  ProfilePlace parts;
  std::size_t begin = 0;
  for (const std::size_t end : apparmor::label_ends(label)) {
    parts.emplace_back(label.substr(begin, end - begin));
    begin = end + 2;
  }
  return parts;
}

}  // namespace

LearningTree::LearningTree(const std::vector<audit::Denial>& denials, apparmor::Dialect dialect,
                           apparmor::ExecMode mode)
    : mode_(mode) {
  for (const audit::Denial& denial : denials)
    if (denial.by == Mechanism::kAppArmor)
      for (const Fact& fact : denial.facts) learn(fact);
  if (nodes_.empty()) return;
  for (const audit::Denial& denial : denials)
    if (denial.by == Mechanism::kAppArmor)
      for (const Fact& fact : denial.facts) own_grants(fact, dialect);
  for (const auto& [parent, started] : std::map(children_)) {
    if (nodes_.count(parent) != 0) continue;
    const std::size_t end = parent.find('\0');
    settle(parent.substr(0, end), parts_of(std::string_view(parent).substr(end + 1)), {parent});
  }
}

void LearningTree::learn(const Fact& fact) {
  const auto* exec = std::get_if<ExecOp>(&fact.operation);
  const auto* domain = std::get_if<DomainOp>(&fact.operation);
  const bool hat = domain != nullptr && domain->act == "change_hat";
  if (exec == nullptr && !hat) return;
  const std::string& label = hat ? domain->target : exec->transition;
  const std::string start = fact.subject.domain + std::string(kLearning);
  if (fact.subject.domain.empty() || !label.starts_with(start) || label.size() == start.size()) return;
  const std::string& space = fact.subject.container;
  const std::string parent = key_of(space, fact.subject.domain), key = key_of(space, label);
  nodes_[key] = {parent, hat ? label.substr(start.size()) : exec->path, hat};
  children_[parent].insert(key);
}

void LearningTree::own_grants(const Fact& fact, apparmor::Dialect dialect) {
  apparmor::TranslateContext context;
  context.dialect = dialect;
  context.from_log = true;
  const std::string key = key_of(fact.subject.container, fact.subject.domain);
  taken_.insert(key);
  for (const apparmor::ProfileRule& rule : apparmor::translate(fact.operation, context).rules)
    if (std::string grant = apparmor::strong_grant(rule); !grant.empty()) grants_[key].insert(std::move(grant));
}

LearningTree::Labels LearningTree::started_by(const std::string& key) const {
  const auto found = children_.find(key);
  return found == children_.end() ? Labels{} : found->second;
}

LearningTree::Labels LearningTree::below(const Labels& labels) const {
  Labels all;
  std::vector<std::string> pending(labels.begin(), labels.end());
  while (!pending.empty()) {
    const Labels next = started_by(pending.back());
    pending.pop_back();
    for (const std::string& key : next)
      if (all.insert(key).second) pending.push_back(key);
  }
  return all;
}

/// What each file's programs do wherever they ran below these labels, with all that they started.
std::map<std::string, LearningTree::Labels> LearningTree::grants_by_file(const Labels& labels) const {
  std::map<std::string, Labels> out;
  for (const std::string& key : below(labels)) {
    Labels& grants = out[nodes_.at(key).name];
    Labels run = below({key});
    run.insert(key);
    for (const std::string& one : run)
      if (const auto found = grants_.find(one); found != grants_.end())
        grants.insert(found->second.begin(), found->second.end());
  }
  return out;
}

LearningTree::Step LearningTree::choose(const std::string& space, const ProfilePlace& owner, const std::string& file,
                                        const Labels& own, const Labels& started) {
  Step step;
  if (mode_ == apparmor::ExecMode::kInherit || owner.size() > kMaxNesting) return step;
  step.transition =
      mode_ == apparmor::ExecMode::kChild ? Transition::kChild : apparmor::transition_by_privileges(own, started);
  if (step.transition != Transition::kBeside) return step;
  const std::string profile = basename_of(owner.front()) + "." + basename_of(file);
  std::size_t& named = named_[key_of(space, owner.front())];
  if (named >= apparmor::kMaxNamedTransitions || !taken_.insert(key_of(space, profile)).second) {
    step.transition = Transition::kChild;
    return step;
  }
  ++named;
  step.profile = profile;
  return step;
}

void LearningTree::settle(const std::string& space, const ProfilePlace& owner, const Labels& labels) {
  Labels own;
  for (const std::string& key : labels)
    if (const auto found = grants_.find(key); found != grants_.end())
      own.insert(found->second.begin(), found->second.end());
  const auto grants = grants_by_file(labels);
  auto& steps = steps_[key_of(space, join(owner, "//"))];
  std::map<ProfilePlace, Labels> apart;
  std::vector<std::string> pending(labels.begin(), labels.end());
  for (std::size_t at = 0; at < pending.size(); ++at) {
    for (const std::string& key : started_by(pending[at])) {
      const Node& node = nodes_.at(key);
      ProfilePlace place = owner;
      if (node.hat) {
        place.push_back(node.name);
      } else {
        auto known = steps.find(node.name);
        if (known == steps.end())
          known = steps.emplace(node.name, choose(space, owner, node.name, own, grants.at(node.name))).first;
        if (known->second.transition == Transition::kChild) place.push_back(node.name);
        if (known->second.transition == Transition::kBeside) place = {known->second.profile};
      }
      places_[key] = place;
      if (place == owner)
        pending.push_back(key);
      else
        apart[place].insert(key);
    }
  }
  for (const auto& [place, members] : apart) settle(space, place, members);
}

ProfilePlace LearningTree::place(const std::string& name_space, const std::string& label) const {
  for (std::size_t end = label.size(); end != std::string::npos && end != 0; end = label.rfind(kLearning, end - 1)) {
    const auto found = places_.find(key_of(name_space, label.substr(0, end)));
    if (found == places_.end()) continue;
    ProfilePlace place = found->second;
    if (end < label.size())
      for (std::string& part : parts_of(std::string_view(label).substr(end + 2))) place.push_back(std::move(part));
    return place;
  }
  return parts_of(label);
}

std::string LearningTree::label(const std::string& name_space, const std::string& label) const {
  return label.find(kLearning) == std::string::npos ? label : join(place(name_space, label), "//");
}

LearningTree::Step LearningTree::step(const std::string& name_space, const ProfilePlace& place,
                                      const std::string& file) const {
  const auto steps = steps_.find(key_of(name_space, join(place, "//")));
  if (steps == steps_.end()) return {};
  const auto found = steps->second.find(file);
  return found == steps->second.end() ? Step{} : found->second;
}

}  // namespace cordon::audit_tool
