#include "triage/rule.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/fd.h"
#include "triage/fill.h"
#include "triage/match.h"

namespace cordon::triage {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxRuleFile = std::size_t{8} << 20;
constexpr std::size_t kMaxDepth = 16;
constexpr const char* kOnlyLooks = "it only looks and changes nothing";

constexpr std::array kSeverities = std::to_array<std::string_view>({"attack", "fault", "missing", "noise"});
constexpr std::array kFixKinds =
    std::to_array<std::string_view>({"relabel", "boolean", "port", "module", "dontaudit", "apparmor_rule",
                                     "seccomp_allow", "run", "configure", "investigate"});

template <class Names>
std::optional<std::size_t> index_of(const Names& names, std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return i;
  return std::nullopt;
}

/// Reads one rule; keeps the first error with its JSON pointer.
class RuleReader {
 public:
  RuleReader(const Json& json, std::string pointer) : json_(json), pointer_(std::move(pointer)) {}

  std::optional<CauseRule> read() {
    CauseRule rule;
    if (!json_.is_object()) return fail("", "a rule must be an object");
    only(json_, "",
         {"id", "title", "summary", "reason", "source", "risk", "severity", "general", "fallback", "match", "group_by",
          "by_directory", "fixes", "examples"});
    rule.id = text(json_, "", "id", true);
    rule.title = text(json_, "", "title", true);
    rule.summary = text(json_, "", "summary", true);
    rule.reason = text(json_, "", "reason", true);
    rule.source = text(json_, "", "source", true);
    rule.risk = text(json_, "", "risk", false);
    rule.general = flag("general");
    rule.fallback = flag("fallback");
    rule.by_directory = flag("by_directory");
    severity(rule);
    groups(rule);
    if (!json_.contains("match"))
      fail("", "`match` is missing");
    else
      rule.when = condition(json_["match"], "/match", 0);
    rule.weight = weight(rule.when);
    fixes(rule);
    examples(rule);
    blanks(rule);
    if (!error_.empty()) return std::nullopt;
    return rule;
  }
  const std::string& error() const { return error_; }
  const std::string& at() const { return at_; }

 private:
  std::nullopt_t fail(const std::string& below, std::string what) {
    if (error_.empty()) {
      error_ = std::move(what);
      at_ = pointer_ + below;
    }
    return std::nullopt;
  }

  void only(const Json& object, const std::string& below, std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : object.items())
      if (std::find(known.begin(), known.end(), key) == known.end()) fail(below + "/" + key, "unknown key");
  }

  std::string text(const Json& object, const std::string& below, const std::string& key, bool required) {
    const auto at = object.find(key);
    if (at == object.end()) {
      if (required) fail(below, "`" + key + "` is missing");
      return {};
    }
    if (!at->is_string() || at->get_ref<const std::string&>().empty()) {
      fail(below + "/" + key, "must be a text that is not empty");
      return {};
    }
    return at->get<std::string>();
  }

  bool flag(const std::string& key) {
    const auto at = json_.find(key);
    if (at == json_.end()) return false;
    if (!at->is_boolean()) fail("/" + key, "must be true or false");
    return at->is_boolean() && at->get<bool>();
  }

  std::vector<std::string> texts(const Json& value, const std::string& below) {
    std::vector<std::string> out;
    if (value.is_string())
      out.push_back(value.get<std::string>());
    else if (!value.is_array())
      fail(below, "must be a text or a list of texts");
    if (value.is_array())
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i].is_string())
          out.push_back(value[i].get<std::string>());
        else
          fail(below + "/" + std::to_string(i), "must be a text");
      }
    return out;
  }

  void severity(CauseRule& rule) {
    const auto index = index_of(kSeverities, text(json_, "", "severity", true));
    if (!index)
      fail("/severity", "must be attack, fault, missing or noise");
    else
      rule.severity = static_cast<Severity>(*index);
  }

  void groups(CauseRule& rule) {
    if (!json_.contains("group_by")) return void(fail("", "`group_by` is missing"));
    for (const auto& name : texts(json_["group_by"], "/group_by")) {
      const auto field = field_named(name);
      if (field == Field::kCount_) fail("/group_by", "no field is called `" + name + "`");
      rule.group_by.push_back(field);
    }
  }

  Condition many(const Json& list, const std::string& below, std::size_t depth, Condition::Kind kind) {
    Condition condition_of_many;
    condition_of_many.kind = kind;
    if (!list.is_array() || list.empty())
      fail(below, "must be a list of conditions");
    else
      for (std::size_t i = 0; i < list.size(); ++i)
        condition_of_many.children.push_back(condition(list[i], below + "/" + std::to_string(i), depth + 1));
    return condition_of_many;
  }

  Condition test(const std::string& key, const Json& value, const std::string& below, std::size_t depth) {
    if (key == "all") return many(value, below, depth, Condition::Kind::kAll);
    if (key == "any") return many(value, below, depth, Condition::Kind::kAny);
    if (key == "not") return many(Json::array({value}), below, depth, Condition::Kind::kNot);
    Condition one;
    if (value.is_boolean()) {
      const auto named = predicate_named(key);
      if (!named) fail(below, "no predicate is called `" + key + "`");
      one.kind = Condition::Kind::kNamed;
      one.named = named.value_or(0);
      if (value.get<bool>()) return one;
      Condition negated;
      negated.kind = Condition::Kind::kNot;
      negated.children.push_back(one);
      return negated;
    }
    one.kind = Condition::Kind::kField;
    one.every = key.ends_with(".only");
    one.field = field_named(one.every ? std::string_view(key).substr(0, key.size() - 5) : std::string_view(key));
    if (one.field == Field::kCount_) fail(below, "no field is called `" + key + "`");
    one.globs = texts(value, below);
    if (one.globs.empty()) fail(below, "the list is empty");
    return one;
  }

  Condition condition(const Json& value, const std::string& below, std::size_t depth) {
    Condition all;
    if (depth > kMaxDepth)
      fail(below, "conditions are nested more than 16 deep");
    else if (!value.is_object() || value.empty())
      fail(below, "must be an object with at least one test");
    else
      for (const auto& [key, test_value] : value.items())
        all.children.push_back(test(key, test_value, below + "/" + key, depth));
    return all;
  }

  static std::size_t weight(const Condition& condition) {
    if (condition.kind == Condition::Kind::kNot) return 0;
    if (condition.kind == Condition::Kind::kField || condition.kind == Condition::Kind::kNamed) return 1;
    std::size_t sum = 0, least = std::size_t(-1);
    for (const auto& child : condition.children) {
      const auto one = weight(child);
      sum += one;
      least = std::min(least, one);
    }
    if (condition.children.empty()) return 0;
    return condition.kind == Condition::Kind::kAny ? least : sum;
  }

  void fixes(CauseRule& rule) {
    const auto at = json_.find("fixes");
    if (at == json_.end() || !at->is_array() || at->empty())
      return void(fail("/fixes", "must be a list with at least one fix"));
    for (std::size_t i = 0; i < at->size(); ++i) rule.fixes.push_back(fix((*at)[i], "/fixes/" + std::to_string(i)));
  }

  /// Whoever runs a fix must know how to take it back, or why there is nothing to.
  void complete(FixTemplate& fix, const std::string& below) {
    if (fix.commands.empty()) return void(fail(below, "`commands` is missing"));
    if (fix.kind == FixKind::kInvestigate && fix.undo.empty()) fix.no_undo = kOnlyLooks;
    if (fix.undo.empty() == fix.no_undo.empty()) fail(below, "needs either `undo`, or `no_undo` with the reason");
    if (fix.kind == FixKind::kInvestigate && !fix.undo.empty())
      fail(below + "/undo", "an investigation changes nothing");
  }

  FixTemplate fix(const Json& json, const std::string& below) {
    FixTemplate out;
    if (!json.is_object()) return fail(below, "must be an object"), out;
    only(json, below, {"kind", "title", "commands", "undo", "no_undo", "with", "files"});
    const auto kind = index_of(kFixKinds, text(json, below, "kind", true));
    if (!kind) fail(below + "/kind", "no fix is of this kind");
    out.kind = static_cast<FixKind>(kind.value_or(0));
    out.title = text(json, below, "title", true);
    if (json.contains("commands")) out.commands = texts(json["commands"], below + "/commands");
    if (json.contains("undo")) out.undo = texts(json["undo"], below + "/undo");
    out.no_undo = text(json, below, "no_undo", false);
    complete(out, below);
    if (json.contains("with"))
      for (const auto& [key, value] : json["with"].items()) {
        if (value.is_string())
          out.with[key] = value.get<std::string>();
        else
          fail(below + "/with/" + key, "must be a text");
      }
    if (json.contains("files"))
      for (const auto& file : json["files"])
        out.files.emplace_back(text(file, below + "/files", "name", true), text(file, below + "/files", "text", true));
    return out;
  }

  void examples(CauseRule& rule) {
    const auto at = json_.find("examples");
    if (at == json_.end() || !at->is_object()) return void(fail("", "`examples` is missing"));
    only(*at, "/examples", {"match", "other"});
    if (at->contains("match")) rule.matching = texts((*at)["match"], "/examples/match");
    if (at->contains("other")) rule.other = texts((*at)["other"], "/examples/other");
    if (rule.matching.empty()) fail("/examples/match", "at least one record that matches is needed");
    if (rule.other.empty()) fail("/examples/other", "at least one record that does not match is needed");
  }

  void check_blanks(const std::string& line, const std::string& below) {
    if (const auto unknown = unknown_blank(line); !unknown.empty()) fail(below, "no blank is called {" + unknown + "}");
  }

  void blanks(const CauseRule& rule) {
    check_blanks(rule.summary, "/summary");
    for (std::size_t i = 0; i < rule.fixes.size(); ++i) {
      const auto below = "/fixes/" + std::to_string(i);
      check_blanks(rule.fixes[i].title, below + "/title");
      for (const auto& line : rule.fixes[i].commands) check_blanks(line, below + "/commands");
      for (const auto& line : rule.fixes[i].undo) check_blanks(line, below + "/undo");
      for (const auto& [name, body] : rule.fixes[i].files) check_blanks(name + body, below + "/files");
      for (const auto& [key, value] : rule.fixes[i].with) check_blanks(value, below + "/with/" + key);
    }
  }

  const Json& json_;
  std::string pointer_, error_, at_;
};

void refuse(RuleSet& into, Diagnostics& diagnostics, std::string what, std::string where) {
  ++into.refused;
  diagnostics.error("the triage rule is left out: " + std::move(what), std::move(where),
                    "the other rules still work; schemas/triage-rules.schema.json says what a rule holds");
}

std::vector<std::string> json_files(const std::string& directory) {
  std::vector<std::string> names;
  DIR* dir = ::opendir(directory.c_str());
  if (dir == nullptr) return names;
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(".json") && !name.starts_with(".")) names.push_back(directory + "/" + std::string(name));
  }
  ::closedir(dir);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void read_rules(const std::string& text, const std::string& where, RuleSet& into, Diagnostics& diagnostics) {
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return refuse(into, diagnostics, "the file is not JSON", where);
  if (!json.is_object() || !json.contains("rules") || !json["rules"].is_array())
    return refuse(into, diagnostics, "the file has no list `rules`", where);
  ++into.files;
  std::set<std::string> known;
  for (const auto& rule : into.rules) known.insert(rule.id);
  for (std::size_t i = 0; i < json["rules"].size(); ++i) {
    RuleReader reader(json["rules"][i], "/rules/" + std::to_string(i));
    auto rule = reader.read();
    if (!rule) {
      refuse(into, diagnostics, reader.error(), where + "#" + reader.at());
      continue;
    }
    rule->where = where + "#/rules/" + std::to_string(i);
    if (!known.insert(rule->id).second)
      refuse(into, diagnostics, "its id `" + rule->id + "` is taken", rule->where);
    else
      into.rules.push_back(std::move(*rule));
  }
  std::sort(into.rules.begin(), into.rules.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
}

RuleSet load_rules(const std::string& directory, Diagnostics& diagnostics) {
  RuleSet set;
  for (const auto& path : json_files(directory)) {
    const auto text = read_file(path, kMaxRuleFile);
    if (!text)
      refuse(set, diagnostics, to_text(text.error()), path);
    else
      read_rules(*text, path, set, diagnostics);
  }
  if (set.rules.empty()) diagnostics.error("no triage rules were found", directory);
  return set;
}

const CauseRule& unexplained_rule() {
  static const CauseRule kRule = [] {
    CauseRule rule;
    rule.id = "unexplained";
    rule.title = "A denial that no rule explains";
    rule.summary = "{program} was denied, and no triage rule knows why.";
    rule.reason = "No rule of the rule files matches. The denial is kept so that nothing is lost.";
    rule.source = "built in";
    rule.fallback = true;
    rule.group_by = {Field::kMechanism,  Field::kOperation, Field::kProgram, Field::kSourceType,
                     Field::kTargetType, Field::kClass,     Field::kProfile};
    FixTemplate look;
    look.title = "Look at the records";
    look.commands = {"ausearch -i -c {program}"};
    look.no_undo = kOnlyLooks;
    rule.fixes.push_back(look);
    return rule;
  }();
  return kRule;
}

std::string_view to_text(Severity severity) { return kSeverities[static_cast<std::size_t>(severity)]; }
std::string_view to_text(FixKind kind) { return kFixKinds[static_cast<std::size_t>(kind)]; }

}  // namespace cordon::triage
