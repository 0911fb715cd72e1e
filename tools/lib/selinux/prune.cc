#include <fmt/format.h>

#include <algorithm>

#include "selinux/diff.h"

// What can go from a module, and what two changed copies of one make together.
namespace cordon::selinux {
namespace {

std::string text_of(const Access& access, const std::string& perm) {
  return fmt::format("{} {} {}:{} {};", name_of(access.kind), access.source, access.target, access.klass, perm);
}

/// What a rule's names stand for: a type with the attributes that the module gives it, an attribute's members.
class Names {
 public:
  Names(const Module& module, const PolicyDb& base) : base_(base) {
    for (const auto& [type, attributes] : module.type_attributes)
      for (const std::string& attribute : attributes) {
        given_[type].insert(attribute);
        members_[attribute].insert(type);
      }
  }

  std::set<std::string> types(const std::string& name) const {
    std::set<std::string> out;
    if (const auto found = members_.find(name); found != members_.end()) out = found->second;
    if (base_.has_attribute(name))
      for (std::string& type : base_.types_of(name)) out.insert(std::move(type));
    if (out.empty()) out.insert(name);
    return out;
  }

  /// The base policy's rules allow it, be it by attributes that the module gives its types.
  bool base_allows(const std::string& source, const std::string& target, const std::string& klass,
                   const std::string& perm) const {
    for (const std::string& s : with_attributes(source))
      for (const std::string& t : with_attributes(target))
        if (rules_allow(base_, {s, t, klass}, perm)) return true;
    return false;
  }

 private:
  std::set<std::string> with_attributes(const std::string& type) const {
    std::set<std::string> out = {type};
    if (const auto found = given_.find(type); found != given_.end())
      out.insert(found->second.begin(), found->second.end());
    return out;
  }

  const PolicyDb& base_;
  std::map<std::string, std::set<std::string>> given_;
  std::map<std::string, std::set<std::string>> members_;
};

std::string why_unneeded(const Access& access, const std::string& perm, const Names& names, const Vectors* needed) {
  bool all_in_base = true;
  bool any_needed = needed == nullptr;
  for (const std::string& source : names.types(access.source))
    for (const std::string& target :
         access.target == "self" ? std::set<std::string>{source} : names.types(access.target)) {
      all_in_base = all_in_base && names.base_allows(source, target, access.klass, perm);
      if (any_needed) continue;
      const auto found = needed->find({source, target, access.klass});
      any_needed = found != needed->end() && found->second.contains(perm);
    }
  if (all_in_base) return "the base policy allows it by itself";
  return any_needed ? "" : "nothing that was recorded needs it";
}

/// Three-way merge of a set: theirs' removals and additions applied to ours.
template <class Set>
Set merge_sets(const Set& base, const Set& ours, const Set& theirs) {
  Set out;
  for (const auto& member : ours)
    if (theirs.contains(member) || !base.contains(member)) out.insert(member);
  for (const auto& member : theirs)
    if (!base.contains(member)) out.insert(member);
  return out;
}

template <class Map>
Map merge_maps(const Map& base, const Map& ours, const Map& theirs) {
  static const typename Map::mapped_type kNone;
  const auto in = [](const Map& map, const typename Map::key_type& key) -> const typename Map::mapped_type& {
    const auto found = map.find(key);
    return found == map.end() ? kNone : found->second;
  };
  Map out;
  for (const Map* side : {&ours, &theirs})
    for (const auto& [key, unused] : *side) {
      auto merged = merge_sets(in(base, key), in(ours, key), in(theirs, key));
      if (!merged.empty()) out[key] = std::move(merged);
    }
  return out;
}

using TransitionKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;

void settle_transitions(Merged& merged, const Module& ours) {
  std::map<TransitionKey, std::vector<TypeRule>> by_key;
  for (const TypeRule& rule : merged.module.type_rules)
    by_key[{rule.kind, rule.source, rule.target, rule.klass, rule.name}].push_back(rule);
  for (const auto& [key, rules] : by_key) {
    if (rules.size() < 2) continue;
    merged.conflicts.push_back(fmt::format("{} {} {}:{} leads to {} and to {}", rules[0].kind, rules[0].source,
                                           rules[0].target, rules[0].klass, rules[0].result, rules[1].result));
    for (const TypeRule& rule : rules)
      if (!ours.type_rules.contains(rule)) merged.module.type_rules.erase(rule);
  }
}

void merge_contexts(Merged& merged, const Module& base, const Module& ours, const Module& theirs) {
  const auto as_set = [](const Module& module) {
    return std::set<FileContext>(module.contexts.begin(), module.contexts.end());
  };
  const auto all = merge_sets(as_set(base), as_set(ours), as_set(theirs));
  const auto own = as_set(ours);
  for (const FileContext& context : all) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const FileContext& other) {
      return other.regex == context.regex && other.file_type == context.file_type && other.type != context.type;
    });
    if (same != all.end() && !own.contains(context)) {
      merged.conflicts.push_back(fmt::format("{} is labelled {} and {}", context.regex, same->type, context.type));
      continue;
    }
    merged.module.contexts.push_back(context);
  }
}

}  // namespace

Pruned prune_module(const Module& module, const PolicyDb& base, const Vectors* needed) {
  Pruned out;
  out.module = module;
  out.module.rules.clear();
  const Names names(module, base);
  for (const auto& [access, perms] : module.rules) {
    for (const std::string& perm : perms) {
      const std::string why = access.kind == RuleKind::kAllow ? why_unneeded(access, perm, names, needed) : "";
      if (why.empty())
        out.module.rules[access].insert(perm);
      else
        out.dropped.push_back({text_of(access, perm), why});
    }
  }
  for (const ExtendedKind& kind : kExtendedKinds)
    std::erase_if(out.module.*kind.rules, [&](const auto& entry) {
      const auto kept = out.module.rules.find(entry.first);
      return entry.first.kind == RuleKind::kAllow &&
             (kept == out.module.rules.end() || !kept->second.contains(std::string(kind.perm)));
    });
  return out;
}

Merged merge_modules(const Module& base, const Module& ours, const Module& theirs) {
  Merged out;
  Module& m = out.module;
  m.name = ours.name;
  m.version = ours.version;
  m.remarks = ours.remarks;
  m.types = merge_sets(base.types, ours.types, theirs.types);
  m.attributes = merge_sets(base.attributes, ours.attributes, theirs.attributes);
  m.roles = merge_sets(base.roles, ours.roles, theirs.roles);
  m.role_types = merge_sets(base.role_types, ours.role_types, theirs.role_types);
  m.role_allows = merge_sets(base.role_allows, ours.role_allows, theirs.role_allows);
  m.bounds = merge_sets(base.bounds, ours.bounds, theirs.bounds);
  m.permissive = merge_sets(base.permissive, ours.permissive, theirs.permissive);
  m.type_rules = merge_sets(base.type_rules, ours.type_rules, theirs.type_rules);
  m.role_transitions = merge_sets(base.role_transitions, ours.role_transitions, theirs.role_transitions);
  m.rules = merge_maps(base.rules, ours.rules, theirs.rules);
  for (const ExtendedKind& kind : kExtendedKinds)
    m.*kind.rules = merge_maps(base.*kind.rules, ours.*kind.rules, theirs.*kind.rules);
  m.type_attributes = merge_maps(base.type_attributes, ours.type_attributes, theirs.type_attributes);
  const auto ports_of = [](const Module& module) {
    return std::set<PortContext>(module.ports.begin(), module.ports.end());
  };
  const auto ports = merge_sets(ports_of(base), ports_of(ours), ports_of(theirs));
  m.ports.assign(ports.begin(), ports.end());
  settle_transitions(out, ours);
  merge_contexts(out, base, ours, theirs);
  return out;
}

}  // namespace cordon::selinux
