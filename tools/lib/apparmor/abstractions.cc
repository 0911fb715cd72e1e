#include "apparmor/abstractions.h"

#include <dirent.h>

#include <algorithm>
#include <set>

#include "apparmor/source.h"
#include "apparmor/text.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

constexpr const char* kFolder = "/etc/apparmor.d/abstractions";
constexpr std::size_t kLeastReplaced = 3;

std::set<std::string> installed() {
  std::set<std::string> names;
  DIR* handle = opendir(kFolder);
  if (handle == nullptr) return names;
  while (const dirent* entry = readdir(handle))
    if (entry->d_name[0] != '.' && std::string_view(entry->d_name).find(".d") == std::string_view::npos)
      names.insert(entry->d_name);
  closedir(handle);
  return names;
}

/// What an include of it alone would grant, its own includes and variables followed.
std::optional<SourceProfile> read_abstraction(const std::string& name) {
  Diagnostics unused;
  const std::string text = "include <tunables/global>\nprofile p {\n  include <abstractions/" + name + ">\n}\n";
  auto profiles = read_source(text, "abstraction", {}, unused);
  if (!profiles || profiles->empty()) return std::nullopt;
  return std::move(profiles->back());
}

/// An observed rule for one name that an include could stand in for.
bool replaceable(const ProfileRule& rule) {
  return rule.klass == RuleClass::kFile && rule.exec.empty() && !rule.deny && rule.target.empty() &&
         !is_glob(rule.pattern);
}

struct Offer {
  std::string name;
  std::set<const ProfileRule*> replaced;
  std::size_t needed = 0;
  std::size_t granted = 0;
};

Offer weigh(const std::string& name, const SourceProfile& source, const std::vector<const ProfileRule*>& ours) {
  Offer offer{name, {}, 0, 0};
  const RuleIndex index(source);
  std::set<const SourceRule*> used;
  for (const ProfileRule* rule : ours) {
    const SourceRule* by = index.file_rule(unescape_name(rule->pattern), rule->letters, rule->owner);
    if (by == nullptr || by->rule.deny) continue;
    offer.replaced.insert(rule);
    used.insert(by);
  }
  offer.needed = used.size();
  offer.granted = static_cast<std::size_t>(
      std::count_if(source.rules.begin(), source.rules.end(), [](const SourceRule& rule) { return !rule.rule.deny; }));
  return offer;
}

std::set<std::string> candidates(const std::string& choice) {
  if (choice == "auto") return installed();
  std::set<std::string> names;
  for (const std::string_view part : split(choice, ',')) names.emplace(trim(part));
  return names;
}

bool worth_it(const Offer& offer, bool chosen_by_name) {
  return chosen_by_name || (offer.replaced.size() >= kLeastReplaced && offer.needed * 2 >= offer.granted);
}

std::vector<const ProfileRule*> observed_names(const ProfileText& profile) {
  std::vector<const ProfileRule*> out;
  for (const Section& section : profile.sections)
    if (section.title.rfind("Observed", 0) == 0)
      for (const ProfileRule& rule : section.rules)
        if (replaceable(rule)) out.push_back(&rule);
  return out;
}

}  // namespace

void include_abstractions(ProfileText& profile, const EmitOptions& options, BuiltProfile& built) {
  const std::vector<const ProfileRule*> ours = observed_names(profile);
  std::set<ProfileRule> gone;
  Section section{"Abstractions:", {}, {}, {}};
  for (const std::string& name : candidates(options.abstractions)) {
    const auto source = read_abstraction(name);
    if (!source) continue;
    const Offer offer = weigh(name, *source, ours);
    if (!worth_it(offer, options.abstractions != "auto")) continue;
    const std::string cost = std::to_string(offer.needed) + " of its " + counted(offer.granted, "rule") +
                             " needed, in the place of " + counted(offer.replaced.size(), "observed rule");
    section.verbatim.push_back("# " + cost);
    section.verbatim.push_back("include <abstractions/" + name + ">");
    built.added.push_back("abstractions/" + name + ": " + cost);
    for (const ProfileRule* rule : offer.replaced) gone.insert(*rule);
  }
  if (section.verbatim.empty()) return;
  built.preamble = {"include <tunables/global>"};
  for (Section& one : profile.sections)
    if (one.title.rfind("Observed", 0) == 0)
      std::erase_if(one.rules, [&](const ProfileRule& rule) { return gone.count(rule) != 0; });
  profile.sections.push_back(std::move(section));
}

}  // namespace cordon::apparmor
