#include "apparmor/source.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>

#include "apparmor/rule_check.h"
#include "apparmor/rule_reader.h"
#include "apparmor/source_check.h"
#include "apparmor/syntax.h"
#include "apparmor/text.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"

namespace cordon::apparmor {
namespace {

Error fault(std::string what, const std::string& file, std::size_t line) {
  return {ErrorCode::kBadInput, std::move(what), file + ":" + std::to_string(line), ""};
}

/// What <name> or "name" an include means, and whether it may be missing.
struct IncludeName {
  std::string name;
  bool search = false;
  bool if_exists = false;
};

IncludeName include_name(const Statement& statement) {
  IncludeName out;
  for (const std::string& word : statement.words) {
    if (word == "include" || word == "#include" || word == "if") continue;
    if (word == "exists") {
      out.if_exists = true;
      continue;
    }
    std::string name = word;
    for (const char* keyword : {"#include", "include"})
      if (name.rfind(keyword, 0) == 0) name = name.substr(std::string_view(keyword).size());
    if (name.empty()) continue;
    out.search = name.front() == '<';
    out.name = unquoted(out.search ? name.substr(1, name.find('>') - 1) : name);
    break;
  }
  return out;
}

/// What package managers and editors leave beside a file; the parser passes over it in folders.
bool is_leftover(std::string_view name) {
  for (const std::string_view end : {".dpkg-new", ".dpkg-old", ".dpkg-dist", ".dpkg-bak", ".dpkg-remove", ".pacsave",
                                     ".pacnew", ".rpmnew", ".rpmsave", ".orig", ".rej", "~"})
    if (name.ends_with(end)) return true;
  return false;
}

class SourceReader {
 public:
  SourceReader(const SourceOptions& options, Diagnostics& diagnostics) : options_(options), diagnostics_(diagnostics) {}

  Result<void> read(std::string_view text, const std::string& file) { return file_text(text, file, nullptr, 0); }
  Result<void> check() const {
    for (const SourceProfile& profile : profiles_)
      if (const auto fine = check_variables(profile); !fine) return fine;
    return {};
  }

  std::vector<SourceProfile> take() {
    for (SourceProfile& profile : profiles_) profile.variables = variables_;
    return std::move(profiles_);
  }

 private:
  Result<void> file_text(std::string_view text, const std::string& file, SourceProfile* into, std::size_t depth) {
    if (depth > options_.max_include_depth || ++files_ > options_.max_files)
      return fault("includes are nested too deep, or too many", file, 1);
    const auto statements = parse_syntax(text, file);
    if (!statements) return statements.error();
    return statements_into(*statements, file, into, depth);
  }

  Result<void> statements_into(const std::vector<Statement>& all, const std::string& file, SourceProfile* into,
                               std::size_t depth) {
    const Statement* before = nullptr;
    std::optional<bool> chain;
    for (const Statement& statement : all) {
      if (statement.kind == StatementKind::kIf || statement.kind == StatementKind::kElse) {
        if (const auto fine = check_condition(statement, before, variables_); !fine)
          return fault(fine.error().what, file, statement.line);
        const auto truth = holds(statement, chain, variables_);
        if (const auto read = conditional(statement, truth, file, into, depth); !read) return read;
        chain = statement.kind == StatementKind::kIf || chain == false ? truth : chain;
      } else if (const auto read = one(statement, file, into, depth); !read) {
        return read;
      }
      before = &statement;
    }
    return {};
  }

  Result<void> one(const Statement& statement, const std::string& file, SourceProfile* into, std::size_t depth) {
    switch (statement.kind) {
      case StatementKind::kInclude: return include(statement, file, into, depth);
      case StatementKind::kAbi: return abi(statement, file);
      case StatementKind::kAlias:
        if (into != nullptr) return fault("aliases are set outside of profiles", file, statement.line);
        return {};
      case StatementKind::kVariable:
        if (into != nullptr) return fault("variables are set outside of profiles", file, statement.line);
        return variable(statement, file);
      case StatementKind::kProfile:
      case StatementKind::kHat: return block(statement, file, into, depth);
      case StatementKind::kIf:
      case StatementKind::kElse: return {};  // read in statements_into, which knows what went before
      case StatementKind::kQualified: return qualified(statement, file, into, depth);
      case StatementKind::kRule: return rule(statement, file, into);
    }
    return {};
  }

  /// abi <NAME>, abi <"NAME">, abi "NAME", or abi NAME, the blank before a bracket or quote left out or not.
  static Result<void> abi(const Statement& statement, const std::string& file) {
    std::string name(trim(std::string_view(statement.text).substr(3)));
    const bool bracketed = name.size() > 2 && name.front() == '<' && name.back() == '>';
    if (bracketed) name = std::string(trim(std::string_view(name).substr(1, name.size() - 2)));
    const bool quoted = name.size() > 2 && name.front() == '"' && name.back() == '"';
    if (quoted) name = unquoted(name);
    const std::string_view never = quoted ? "<>\"" : "<>\" ";
    if (name.empty() || name.find_first_of(never) != std::string::npos)
      return fault("an abi rule wants one name", file, statement.line);
    return {};
  }

  Result<void> rule(const Statement& statement, const std::string& file, SourceProfile* into) {
    if (into == nullptr) return fault("a rule outside of any profile", file, statement.line);
    auto read = read_rule(statement.words);
    if (!read) return fault(read.error().what, file, statement.line);
    for (const ProfileRule& prefix : prefixes_) {
      read->audit |= prefix.audit;
      read->deny |= prefix.deny;
      read->owner |= prefix.owner;
    }
    for (const SourceRule& before : into->rules)
      if (conflicting_exec(before.rule, *read))
        return fault("another transition than in line " + std::to_string(before.line), file, statement.line);
    into->rules.push_back({*read, file, statement.line, statement.text});
    return {};
  }

  /// audit { … }, deny { … }, owner { … }: the words go before each rule inside.
  Result<void> qualified(const Statement& statement, const std::string& file, SourceProfile* into, std::size_t depth) {
    ProfileRule prefix;
    for (const std::string& word : statement.words) {
      prefix.audit |= word == "audit";
      prefix.deny |= word == "deny";
      prefix.owner |= word == "owner";
    }
    prefixes_.push_back(prefix);
    const auto read = statements_into(statement.body, file, into, depth);
    prefixes_.pop_back();
    return read;
  }

  /// A branch that does not hold is read, so that its faults are found, and left. Where it cannot be told, both count.
  Result<void> conditional(const Statement& statement, std::optional<bool> truth, const std::string& file,
                           SourceProfile* into, std::size_t depth) {
    if (truth == true) return statements_into(statement.body, file, into, depth);
    ++in_condition_;
    SourceProfile unused = into == nullptr ? SourceProfile{} : *into;
    const std::size_t before = profiles_.size();
    const auto read = statements_into(statement.body, file, truth == false && into != nullptr ? &unused : into, depth);
    --in_condition_;
    if (truth == false) profiles_.resize(before);
    return read;
  }

  Result<void> variable(const Statement& statement, const std::string& file) {
    const std::size_t equals = statement.text.find('=');
    std::string name(trim(std::string_view(statement.text).substr(0, equals)));
    const bool adds = !name.empty() && name.back() == '+';
    while (!name.empty() && (name.back() == '+' || name.back() == '?' || name.back() == ':' || name.back() == ' '))
      name.pop_back();
    if (statement.text[0] == '$')
      name = boolean_name(name);
    else if (name.rfind("@{", 0) == 0 && name.back() == '}')
      name = name.substr(2, name.size() - 3);
    else if (name[0] == '@' && name.find('{') == std::string::npos)
      name.erase(0, 1);
    const bool known = variables_.count(name) != 0;
    const bool sets_default = statement.text.find("?=") < equals + 1 || statement.text.find(":=") < equals + 1;
    if (statement.text[0] == '@' && !is_variable_name(name))
      return fault("'" + name + "' is no name of a variable", file, statement.line);
    if (adds && !known) return fault("@{" + name + "} is added to, but not set before", file, statement.line);
    if (!adds && known && !sets_default) return fault("@{" + name + "} is set a second time", file, statement.line);
    auto& values = variables_[name];
    if (!adds) values.clear();
    for (const std::string& word : rule_words(std::string_view(statement.text).substr(equals + 1)))
      values.push_back(unquoted(word));
    if (const auto fine = check_assignment(statement, statement.text[0] == '$', values); !fine)
      return fault(fine.error().what, file, statement.line);
    return {};
  }

  Result<void> block(const Statement& statement, const std::string& file, SourceProfile* parent, std::size_t depth) {
    SourceProfile profile;
    profile.file = file;
    profile.line = statement.line;
    read_head(statement, profile);
    if (profile.name.empty()) return fault("a block without a name", file, statement.line);
    if (const auto fine = check_flags(with_values(profile.flags, variables_)); !fine && !profile.has_xattrs)
      return fault(fine.error().what, file, statement.line);
    if (const auto fine = check_block_head(statement, profile, parent != nullptr, variables_); !fine)
      return fault(fine.error().what, file, statement.line);
    if (parent != nullptr) profile.name = parent->name + "//" + profile.name;
    if (const auto read = statements_into(statement.body, file, &profile, depth); !read) return read;
    if (in_condition_ == 0 && !names_.insert(profile.name).second)
      return fault("a second profile " + printable(profile.name), file, statement.line);
    profiles_.push_back(std::move(profile));
    return {};
  }

  /// Variables of the profile that nothing sets. Those that the parser itself sets count as set.
  Result<void> check_variables(const SourceProfile& profile) const {
    if (const auto fine = check_variable_use(profile.name + " " + profile.attachment, variables_, true); !fine)
      return fault(fine.error().what, profile.file, profile.line);
    for (const SourceRule& one : profile.rules)
      if (const auto fine = check_variable_use(one.text, variables_, !profile.attachment.empty()); !fine)
        return fault(fine.error().what, one.file, one.line);
    return {};
  }

  static void read_head(const Statement& statement, SourceProfile& profile) {
    bool in_flags = false, in_identities = false;
    for (const std::string& raw : statement.words) {
      in_identities = raw == "+" || (in_identities && raw != ")");
      if (in_identities) continue;
      if (raw.rfind("xattrs=", 0) == 0) profile.has_xattrs = true;
      if (raw.rfind("flags=", 0) == 0 || raw.rfind("xattrs=", 0) == 0)
        in_flags = true;
      else if (raw == "(")
        in_flags = true;  // the word "flags=" may be left out
      else if (raw == "," || (raw == ")" && !(in_flags = false)))
        continue;
      else if (in_flags)
        for (const std::string_view flag : split(raw, ',')) profile.flags.emplace_back(flag);
      else if (raw == "profile" || raw == "hat")
        continue;
      else if (profile.name.empty())
        profile.name = unquoted(raw[0] == '^' ? raw.substr(1) : raw);
      else if (profile.attachment.empty())
        profile.attachment = unquoted(raw);
    }
    if (profile.attachment.empty() && profile.name.rfind('/', 0) == 0) profile.attachment = profile.name;
  }

  std::optional<std::string> find_include(const IncludeName& include, const std::string& file) const {
    struct stat status {};
    if (!include.search) {
      const std::string beside =
          include.name.rfind('/', 0) == 0 ? include.name : file.substr(0, file.rfind('/') + 1) + include.name;
      if (stat(beside.c_str(), &status) == 0) return beside;
    }
    for (const std::string& directory : options_.include_dirs)
      if (stat((directory + "/" + include.name).c_str(), &status) == 0) return directory + "/" + include.name;
    return std::nullopt;
  }

  Result<void> include(const Statement& statement, const std::string& file, SourceProfile* into, std::size_t depth) {
    const IncludeName wanted = include_name(statement);
    const auto path = find_include(wanted, file);
    if (!path) {
      if (wanted.if_exists) return {};
      return fault("cannot find the include " + wanted.name, file, statement.line);
    }
    struct stat status {};
    if (stat(path->c_str(), &status) == 0 && S_ISDIR(status.st_mode)) return include_directory(*path, into, depth);
    return include_file(*path, into, depth);
  }

  /// A file that includes itself, by whatever way, is read once, as the parser does.
  Result<void> include_file(const std::string& path, SourceProfile* into, std::size_t depth) {
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) return {};
    open_.push_back(path);
    const auto done = include_text(path, into, depth);
    open_.pop_back();
    return done;
  }

  Result<void> include_text(const std::string& path, SourceProfile* into, std::size_t depth) {
    const auto text = read_file(path, std::size_t{64} << 20);
    if (!text) return text.error();
    return file_text(*text, path, into, depth + 1);
  }

  Result<void> include_directory(const std::string& path, SourceProfile* into, std::size_t depth) {
    DIR* handle = opendir(path.c_str());
    if (handle == nullptr) {
      diagnostics_.warn("cannot read the folder that is included", path);
      return {};
    }
    std::set<std::string> names;
    while (const dirent* entry = readdir(handle))
      if (entry->d_name[0] != '.' && !is_leftover(entry->d_name)) names.insert(entry->d_name);
    closedir(handle);
    for (const std::string& name : names) {
      struct stat status {};
      const std::string file = path + "/" + name;
      if (stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      if (const auto read = include_file(file, into, depth); !read) return read;
    }
    return {};
  }

  const SourceOptions& options_;
  Diagnostics& diagnostics_;
  std::vector<SourceProfile> profiles_;
  Variables variables_;
  std::vector<ProfileRule> prefixes_;
  std::vector<std::string> open_;  ///< the includes being read, outermost first
  std::size_t files_ = 0;
  int in_condition_ = 0;  ///< both branches may hold the same profile
  std::set<std::string> names_;
};

}  // namespace

Result<std::vector<SourceProfile>> read_source(std::string_view text, const std::string& file,
                                               const SourceOptions& options, Diagnostics& diagnostics) {
  SourceReader reader(options, diagnostics);
  if (const auto read = reader.read(text, file); !read) return read.error();
  if (const auto fine = reader.check(); !fine) return fine.error();
  return reader.take();
}

FileLetters granted_letters(const ProfileRule& rule) {
  if (rule.klass == RuleClass::kLink) return kL;
  FileLetters letters = rule.letters;
  if (rule.pattern.empty()) letters = kR | kW | kA | kK | kL | kM | kX;
  if (!rule.exec.empty()) letters |= kX;
  if (rule.exec == "ix") letters |= kM;
  if ((letters & kW) != 0) letters |= kA;
  return letters;
}

}  // namespace cordon::apparmor
