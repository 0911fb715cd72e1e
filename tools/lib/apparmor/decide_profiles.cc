#include <algorithm>

#include "apparmor/decide.h"
#include "apparmor/label.h"
#include "apparmor/text.h"
#include "apparmor/walk.h"

/// Which profiles a fact's subject may run under.
namespace cordon::apparmor {

const CompiledProfile* ProfileDecider::named(std::string_view name) const {
  for (const CompiledProfile& profile : profiles_)
    if (profile.name == name) return &profile;
  return nullptr;
}

const RuleIndex* ProfileDecider::source_for(const std::string& profile) const {
  for (std::size_t i = 0; i < source_.size(); ++i)
    if (source_[i].name == profile) return &index_[i];
  return nullptr;
}

const CompiledProfile* ProfileDecider::after_exec(const CompiledProfile& from, const std::string& path,
                                                  const ExecAnswer& exec) const {
  using Kind = ExecAnswer::Kind;
  if (exec.kind == Kind::kInherit) return &from;
  if (exec.kind == Kind::kTable) {
    if (const CompiledProfile* exact = named(exec.target)) return exact;
    return named(from.name + "//" + exec.target);
  }
  if (exec.kind != Kind::kChild && exec.kind != Kind::kName) return nullptr;
  const std::string prefix = exec.kind == Kind::kChild ? from.name + "//" : std::string();
  for (const CompiledProfile& profile : profiles_) {
    if (profile.name == prefix + path) return &profile;
    const bool inside = prefix.empty() || profile.name.compare(0, prefix.size(), prefix) == 0;
    if (!inside || !profile.attachment || &profile == &from) continue;
    if (profile.attachment->accept(profile.attachment->walk(Automaton::kStart, path)) != 0) return &profile;
  }
  return exec.falls_back_to_inherit ? &from : nullptr;
}

/// Every profile that some profile's exec transition leads to for the program, the main one's first. A program that is
/// started from several places may run under several.
std::vector<const CompiledProfile*> ProfileDecider::reached_by(const std::string& exe) const {
  std::vector<const CompiledProfile*> reached;
  for (const CompiledProfile& from : profiles_) {
    const ExecAnswer exec = ask_file(from, exe).other_exec;
    if (exec.kind == ExecAnswer::Kind::kNone) continue;
    const CompiledProfile* next = after_exec(from, exe, exec);
    if (next != nullptr && std::find(reached.begin(), reached.end(), next) == reached.end()) reached.push_back(next);
  }
  return reached;
}

/// A recording knows a hat by its own name, not by its profile's.
std::vector<const CompiledProfile*> ProfileDecider::hats_named(std::string_view hat) const {
  std::vector<const CompiledProfile*> hats;
  for (const CompiledProfile& profile : profiles_)
    if (profile.name.ends_with("//" + sayable(std::string(hat)))) hats.push_back(&profile);
  return hats;
}

std::vector<const CompiledProfile*> ProfileDecider::profiles_of_label(std::string_view label) const {
  const std::string root(label.substr(0, label.find("//", 1)));
  const CompiledProfile* main = named(root);
  for (const CompiledProfile& profile : profiles_)
    if (main == nullptr && profile.attachment &&
        profile.attachment->accept(profile.attachment->walk(Automaton::kStart, root)) != 0)
      main = &profile;
  if (main == nullptr || label.size() == root.size())
    return main == nullptr ? std::vector<const CompiledProfile*>{} : std::vector{main};
  const std::size_t learned = label.rfind(kLearning);
  const bool in_learned = learned != std::string_view::npos;
  if (in_learned && label.substr(learned + kLearning.size(), 1) == "/")
    return reached_by(std::string(label.substr(learned + kLearning.size())));
  const std::string_view hat = in_learned ? label.substr(learned + kLearning.size()) : label.substr(root.size() + 2);
  const CompiledProfile* below = named(main->name + "//" + std::string(hat));
  return below == nullptr ? std::vector<const CompiledProfile*>{} : std::vector{below};
}

std::vector<const CompiledProfile*> ProfileDecider::profiles_for(const Subject& subject) const {
  if (profiles_.empty()) return {};
  // A log names the policy namespace: the profile of that name there is another one.
  if (subject.exe.empty() && !subject.container.empty() && !container_) return {};
  if (!subject.domain.empty()) {
    std::string_view domain = subject.domain;
    domain = domain.substr(0, domain.find(" ("));  // "name (enforce)", as /proc says it
    if (const CompiledProfile* exact = named(domain)) return {exact};
    if (domain.starts_with('^')) return hats_named(domain.substr(1));
    if (domain.starts_with('/') || domain.find(kLearning) != std::string_view::npos) return profiles_of_label(domain);
    if (domain != "unconfined") return {};
  }
  for (const CompiledProfile& profile : profiles_) {
    if (subject.exe.empty() || profile.name.find("//") != std::string::npos) continue;
    const bool attached =
        profile.attachment && profile.attachment->accept(profile.attachment->walk(Automaton::kStart, subject.exe)) != 0;
    if (attached || profile.name == subject.exe) return {&profile};
  }
  auto reached = reached_by(subject.exe);
  if (reached.empty()) reached.push_back(&profiles_.front());
  return reached;
}

}  // namespace cordon::apparmor
