#include "policy/generalise.h"

#include <algorithm>
#include <map>
#include <set>

#include "policy/align.h"
#include "policy/path_classes.h"

namespace cordon {
namespace {

/// Names of one run that must be alike before they count as a family.
constexpr std::size_t kFamilyInRun = 3;
/// Names in one folder from which kBroad takes the folder's whole content.
constexpr std::size_t kBroadMade = 3;
constexpr std::size_t kBroadRead = 16;

/// One path with the rules about it, on its way down the folders.
struct Item {
  std::string path;
  std::vector<std::string> components;
  std::vector<std::size_t> rules;
  std::set<std::uint32_t> runs;
  bool made = false;  ///< the program made the last component
  PathPattern pattern;
  std::string why;
  bool varies = false;
};

std::vector<std::string> components_of(const std::string& path) {
  std::vector<std::string> out;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) out.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// A shape has nothing of doubled or trailing slashes, which recordings lack and other sources of facts may have.
bool is_plain_path(const std::string& path) {
  return path.size() > 1 && path[0] == '/' && path.back() != '/' && path.find("//") == std::string::npos;
}

bool makes(const FileOp& op) {
  return op.perms.has_any(FilePerm::kCreate | FilePerm::kRenameTo | FilePerm::kLinkTo | FilePerm::kSymlink);
}

/// A link's two names belong together: a rule about it bears the shapes of both.
bool is_pair(const FileOp& op) { return op.perms.has(FilePerm::kLinkTo) && !op.target.empty(); }

bool eligible(const Rule& rule) {
  const auto* file = std::get_if<FileOp>(&rule.grant().operation);
  return file != nullptr && !rule.grant().pattern && rule.basis().kind == BasisKind::kObserved &&
         is_plain_path(file->path) && !file->by_kernel && !file->inherited && !file->disconnected &&
         !file->perms.has_any(FilePerm::kExec | FilePerm::kMapExec);
}

void note_runs(const Policy& policy, const Rule& rule, std::set<std::uint32_t>& runs) {
  for (const FactId& id : rule.evidence())
    if (const auto seen = policy.seen_in.find(id); seen != policy.seen_in.end())
      runs.insert(seen->second.begin(), seen->second.end());
}

std::vector<Item> items_of(const Policy& policy) {
  std::map<std::string, Item> by_path;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    const Rule& rule = policy.rules[i];
    if (!eligible(rule)) continue;
    const auto& op = std::get<FileOp>(rule.grant().operation);
    Item& item = by_path[op.path];
    item.path = op.path;
    item.rules.push_back(i);
    item.made |= makes(op);
    note_runs(policy, rule, item.runs);
    if (!is_pair(op) || !is_plain_path(op.target)) continue;
    Item& target = by_path[op.target];
    target.path = op.target;
    note_runs(policy, rule, target.runs);
  }
  std::vector<Item> items;
  for (auto& [path, item] : by_path) {
    item.components = components_of(path);
    items.push_back(std::move(item));
  }
  return items;
}

/// A name in a folder: every path that goes through it or ends there.
struct Name {
  std::vector<Item*> items;
  std::set<std::uint32_t> runs;
  bool made = false;
  bool is_folder = false;
};

/// Where a walk down the folders stands.
struct Place {
  std::size_t depth = 0;
  std::vector<PathPart> parts;
  std::string folder;   ///< for the class table: the first of the folders that share the shape
  bool made = false;    ///< the program made a folder on the way
  bool varies = false;  ///< a part on the way varies
  std::string why;
};

class Walker {
 public:
  Walker(std::size_t runs, bool broad) : runs_(runs), broad_(broad) {}

  void walk(const std::vector<Item*>& items, const Place& place) {
    std::map<std::string, Name> names = names_at(items, place);
    const auto shapes = shapes_of(names, place);
    std::map<std::vector<PathPart>, std::vector<std::string>> buckets;
    for (const auto& [name, unused] : names) buckets[shapes.at(name).parts].push_back(name);
    for (const auto& [parts, members] : buckets) descend(names, members, shapes.at(members.front()), place);
  }

 private:
  std::map<std::string, Name> names_at(const std::vector<Item*>& items, const Place& place) const {
    std::map<std::string, Name> names;
    for (Item* item : items) {
      if (item->components.size() <= place.depth) continue;
      Name& name = names[item->components[place.depth]];
      name.items.push_back(item);
      name.runs.insert(item->runs.begin(), item->runs.end());
      const bool last = item->components.size() == place.depth + 1;
      name.made |= last && item->made;
      name.is_folder |= !last;
    }
    return names;
  }

  struct Shape {
    std::vector<PathPart> parts;
    std::string why;
    bool look_inside = false;
  };
  using Shapes = std::map<std::string, Shape>;

  static Shape literal(const std::string& name) { return {{{name, std::nullopt, 1, 0}}, "", false}; }

  Shapes shapes_of(const std::map<std::string, Name>& names, const Place& place) const {
    Shapes shapes;
    std::vector<std::string> unknown_made, unstable;
    for (const auto& [name, info] : names) {
      const bool made = info.made || place.made;
      if (auto known = classify(place.folder, name, made, broad_)) {
        shapes[name] = {std::move(known->parts), known->by->reason, known->by->look_inside};
        continue;
      }
      shapes[name] = literal(name);
      if (runs_ > 1 && !info.runs.empty() && info.runs.size() < runs_)
        unstable.push_back(name);
      else if (made)
        unknown_made.push_back(name);
    }
    align_into(shapes, unstable, names, 2, "names that differ between the runs alike");
    align_into(shapes, unknown_made, names, kFamilyInRun, "alike names that the program made in one folder");
    if (broad_) broaden(shapes, names, place);
    return shapes;
  }

  /// Families of names that align get one shape. Names that no run shares count for more than those of one run.
  void align_into(Shapes& shapes, const std::vector<std::string>& candidates, const std::map<std::string, Name>& names,
                  std::size_t least, const char* why) const {
    for (const auto& family : name_families(candidates)) {
      std::set<std::uint32_t> runs;
      for (const std::string& name : family) runs.insert(names.at(name).runs.begin(), names.at(name).runs.end());
      const bool enough = family.size() >= kFamilyInRun || (family.size() >= least && runs.size() > 1);
      if (!enough) continue;
      const auto parts = align_names(family);
      if (!parts) continue;
      for (const std::string& name : family) shapes[name] = {*parts, why, false};
    }
  }

  void broaden(Shapes& shapes, const std::map<std::string, Name>& names, const Place& place) const {
    std::size_t made = 0, read = 0;
    for (const auto& [name, info] : names) (info.made || place.made ? made : read) += info.is_folder ? 0 : 1;
    if (made < kBroadMade && read < kBroadRead) return;
    for (const auto& [name, info] : names) {
      const bool counted = info.made || place.made ? made >= kBroadMade : read >= kBroadRead;
      if (counted && !info.is_folder)
        shapes[name] = {
            {{"", Alphabet::kComponent, 1, 0}}, "any name in a folder in which the program uses many", false};
    }
  }

  void descend(const std::map<std::string, Name>& names, const std::vector<std::string>& members, const Shape& shape,
               const Place& place) {
    Place next = place;
    next.depth = place.depth + 1;
    next.parts.push_back({"/", std::nullopt, 1, 0});
    next.parts.insert(next.parts.end(), shape.parts.begin(), shape.parts.end());
    next.folder = place.folder + "/" + members.front();
    const bool varies_here = !shape.why.empty();
    next.varies |= varies_here;
    if (varies_here) next.why += (next.why.empty() ? "" : "; ") + shape.why;
    std::vector<Item*> below;
    for (const std::string& member : members) {
      next.made |= names.at(member).made;
      for (Item* item : names.at(member).items) {
        if (item->components.size() == next.depth)
          settle(*item, next, false);
        else
          below.push_back(item);
      }
    }
    if (below.empty()) return;
    const bool own_folder = varies_here && next.made && !shape.look_inside;
    if (own_folder)
      settle_all_below(below, next);
    else
      walk(below, next);
  }

  static void settle(Item& item, const Place& place, bool everything_below) {
    item.varies = place.varies;
    item.why = place.why;
    item.pattern.parts.clear();
    for (const PathPart& part : place.parts) {
      auto& parts = item.pattern.parts;
      if (!part.alphabet && !parts.empty() && !parts.back().alphabet)
        parts.back().literal += part.literal;
      else
        parts.push_back(part);
    }
    if (!everything_below) return;
    auto& parts = item.pattern.parts;
    if (!parts.empty() && !parts.back().alphabet)
      parts.back().literal += "/";
    else
      parts.push_back({"/", std::nullopt, 1, 0});
    parts.push_back({"", Alphabet::kAny, 1, 0});
    item.why += "; all that lies in a folder that the program made itself under such a name";
  }

  /// A folder of the program's own under a name that varies: what lies in it is the program's own as well.
  static void settle_all_below(const std::vector<Item*>& items, const Place& place) {
    for (Item* item : items) settle(*item, place, true);
  }

  std::size_t runs_;
  bool broad_;
};

struct Merged {
  Grant grant;
  std::vector<FactId> evidence;
  std::set<std::string> names;
  std::set<std::uint32_t> runs;
  std::string why;
};

bool ends_open(const PathPattern& pattern) {
  return !pattern.parts.empty() && pattern.parts.back().alphabet == Alphabet::kAny;
}

using ByPath = std::map<std::string, const Item*>;

/// The shape of a link's other name, or nothing if the rule is not about a link.
std::optional<PathPattern> target_shape(const Rule& rule, const ByPath& by_path) {
  const auto& op = std::get<FileOp>(rule.grant().operation);
  if (!is_pair(op)) return std::nullopt;
  const auto found = by_path.find(op.target);
  if (found == by_path.end() || !found->second->varies) return PathPattern::exact(op.target);
  return found->second->pattern;
}

PathPattern shape_or_name(const Item& item) { return item.varies ? item.pattern : PathPattern::exact(item.path); }

/// Everything but the permissions and the names must be the same for rules to become one.
Grant merge_key(const Rule& rule, const Item& item, const ByPath& by_path) {
  Grant key = rule.grant();
  key.pattern = shape_or_name(item);
  key.target_pattern = target_shape(rule, by_path);
  auto& op = std::get<FileOp>(key.operation);
  op.path.clear();
  op.host_path.clear();
  op.target.clear();
  op.perms = {};
  if (ends_open(item.pattern) || op.kind != FileKind::kDirectory) op.kind = FileKind::kUnknown;
  return key;
}

std::string support(const Merged& merged) {
  std::string out = std::to_string(merged.names.size()) + (merged.names.size() == 1 ? " name" : " names");
  if (!merged.runs.empty())
    out += " in " + std::to_string(merged.runs.size()) + (merged.runs.size() == 1 ? " run" : " runs");
  return out + ": " + merged.why;
}

void merge(const Rule& rule, const Item& item, const ByPath& by_path, std::map<Grant, Merged>& merged) {
  const Grant key = merge_key(rule, item, by_path);
  Merged& into = merged[key];
  const auto& op = std::get<FileOp>(rule.grant().operation);
  if (into.names.empty()) {
    into.grant = rule.grant();
    into.grant.pattern = key.pattern;
    into.grant.target_pattern = key.target_pattern;
    auto& first = std::get<FileOp>(into.grant.operation);
    if (!key.target_pattern) first.target.clear();
    first.host_path.clear();
    if (ends_open(item.pattern)) first.kind = FileKind::kUnknown;
    into.why = item.varies ? item.why : "a link to a name that varies";
  }
  auto& grown = std::get<FileOp>(into.grant.operation);
  grown.perms |= op.perms;
  grown.path = std::min(grown.path, op.path);
  into.evidence.insert(into.evidence.end(), rule.evidence().begin(), rule.evidence().end());
  into.names.insert(item.path);
  into.runs.insert(item.runs.begin(), item.runs.end());
}

}  // namespace

std::optional<Generalise> generalise_named(std::string_view name) {
  if (name == "none") return Generalise::kNone;
  if (name == "safe") return Generalise::kSafe;
  if (name == "broad") return Generalise::kBroad;
  return std::nullopt;
}

Policy generalise(const Policy& policy, Generalise how) {
  if (how == Generalise::kNone) return policy;
  std::vector<Item> items = items_of(policy);
  std::vector<Item*> all;
  for (Item& item : items) all.push_back(&item);
  Walker(policy.runs.size(), how == Generalise::kBroad).walk(all, {});
  std::map<Grant, Merged> merged;
  std::set<std::size_t> replaced;
  ByPath by_path;
  for (const Item& item : items) by_path[item.path] = &item;
  for (const Item& item : items) {
    for (const std::size_t index : item.rules) {
      const auto target = target_shape(policy.rules[index], by_path);
      if (!item.varies && (!target || target->is_exact())) continue;
      merge(policy.rules[index], item, by_path, merged);
      replaced.insert(index);
    }
  }
  Policy out = policy;
  out.rules.clear();
  for (std::size_t i = 0; i < policy.rules.size(); ++i)
    if (replaced.count(i) == 0) out.rules.push_back(policy.rules[i]);
  for (auto& [key, one] : merged)
    out.rules.push_back(Rule::generalised(std::move(one.grant), "path shapes", support(one), std::move(one.evidence)));
  std::sort(out.rules.begin(), out.rules.end());
  return out;
}

}  // namespace cordon
