#include "facts/strace_text.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/text.h"
#include "facts/trace_input.h"
#include "facts/trace_io.h"
#include "kernel/syscall_table.h"
#include "kernel/syscalls.h"

namespace cordon {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(' '), text.size())); }

std::string_view take_while(std::string_view& text, bool (*wanted)(char)) {
  std::size_t size = 0;
  while (size < text.size() && wanted(text[size])) ++size;
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

/// "[pid  12] " or "12 ", and a time stamp after it.
std::int64_t take_prefix(std::string_view& line) {
  std::int64_t pid = 0;
  if (line.starts_with("[pid")) {
    line.remove_prefix(4);
    skip_blanks(line);
    pid = parse_number<std::int64_t>(take_while(line, is_digit)).value_or(0);
    if (line.starts_with("]")) line.remove_prefix(1);
    skip_blanks(line);
  }
  for (int words = 0; words < 2 && !line.empty() && is_digit(line[0]); ++words) {
    const auto word = take_while(line, [](char c) { return is_digit(c) || c == ':' || c == '.'; });
    if (const auto number = parse_number<std::int64_t>(word); number && pid == 0) pid = *number;
    skip_blanks(line);
  }
  return pid;
}

/// The end of the argument that starts at 0: the position of the ',' or ')' that closes it.
std::size_t argument_end(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '(' || c == '{' || c == '[') ++depth;
    if (depth == 0 && (c == ',' || c == ')')) return i;
    if (c == ')' || c == '}' || c == ']') --depth;
  }
  return std::string_view::npos;
}

/// Takes "a, b)" off the text. False if the call goes on in a later line.
bool take_arguments(std::string_view& text, std::vector<std::string>& args) {
  while (true) {
    skip_blanks(text);
    const std::size_t end = argument_end(text);
    const std::string_view argument = trim(text.substr(0, end));
    if (end == std::string_view::npos) return false;
    if (!argument.empty()) args.emplace_back(argument);
    const bool last = text[end] == ')';
    text.remove_prefix(end + 1);
    if (last) return true;
  }
}

void take_result(std::string_view text, StraceCall& call) {
  skip_blanks(text);
  if (!text.starts_with('=')) return;
  text.remove_prefix(1);
  skip_blanks(text);
  call.has_result = !text.starts_with('?');
  const bool failed = text.starts_with("-1 ");
  if (!failed) return;
  text.remove_prefix(3);
  call.error = std::string(take_while(text, is_name_char));
}

}  // namespace

bool parse_strace_call(std::string_view line, StraceCall& call) {
  call = {};
  call.pid = take_prefix(line);
  call.name = std::string(take_while(line, is_name_char));
  if (call.name.empty() || is_digit(call.name[0]) || !line.starts_with('(')) return false;
  line.remove_prefix(1);
  if (line.find("<unfinished ...>") != std::string_view::npos) {
    take_arguments(line, call.args);
    return true;
  }
  if (!take_arguments(line, call.args)) return false;
  take_result(line, call);
  return true;
}

std::optional<std::string> strace_literal(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != '"' || literal.back() != '"') return std::nullopt;
  literal = literal.substr(1, literal.size() - 2);
  static constexpr std::string_view kLetters = "ntrvfab";
  static constexpr std::string_view kBytes = "\n\t\r\v\f\a\b";
  std::string bytes;
  while (!literal.empty()) {
    char c = literal.front();
    literal.remove_prefix(1);
    if (c != '\\' || literal.empty()) {
      bytes += c;
      continue;
    }
    c = literal.front();
    literal.remove_prefix(1);
    if (const std::size_t at = kLetters.find(c); at != std::string_view::npos) {
      bytes += kBytes[at];
    } else if (c == 'x' && literal.size() >= 2) {
      bytes += from_hex(literal.substr(0, 2)).value_or("?");
      literal.remove_prefix(2);
    } else if (c >= '0' && c <= '7') {
      int value = c - '0';
      for (int i = 0; i < 2 && !literal.empty() && literal[0] >= '0' && literal[0] <= '7'; ++i) {
        value = value * 8 + (literal[0] - '0');
        literal.remove_prefix(1);
      }
      bytes += static_cast<char>(value);
    } else {
      bytes += c;
    }
  }
  return bytes;
}

namespace {

struct AccessRow {
  Access access;
  FilePerms perms;
};
/// What an access to a path means as file permissions, where the call's name alone says it.
const std::array kPathAccess = std::to_array<AccessRow>({
    {Access::kGetattr, FilePerm::kGetattr},
    {Access::kAccess, FilePerm::kGetattr},
    {Access::kSetattr, FilePerm::kSetattr},
    {Access::kChown, FilePerm::kSetattr},
    {Access::kTruncate, FilePerm::kTruncate | FilePerm::kWrite},
    {Access::kUnlink, FilePerm::kUnlink},
    {Access::kRmdir, FilePerm::kUnlink},
    {Access::kMkdir, FilePerm::kCreate},
    {Access::kMknod, FilePerm::kCreate},
    {Access::kReadlink, FilePerm::kReadlink},
    {Access::kGetxattr, FilePerm::kGetxattr},
    {Access::kSetxattr, FilePerm::kSetxattr},
    {Access::kSearch, FilePerm::kSearch},
    {Access::kChroot, FilePerm::kChroot},
    {Access::kWatch, FilePerm::kWatch},
    {Access::kRenameFrom, FilePerm::kRenameFrom},
    {Access::kRenameTo, FilePerm::kRenameTo},
    {Access::kLinkFrom, FilePerm::kLinkFrom},
    {Access::kLinkTo, FilePerm::kLinkTo},
    {Access::kSymlink, FilePerm::kSymlink},
});

struct OpenWord {
  std::string_view word;
  FilePerms perms;
};
const std::array kOpenWords = std::to_array<OpenWord>({{"O_RDONLY", FilePerm::kRead},
                                                       {"O_WRONLY", FilePerm::kWrite},
                                                       {"O_RDWR", FilePerm::kRead | FilePerm::kWrite},
                                                       {"O_CREAT", FilePerm::kCreate},
                                                       {"O_TRUNC", FilePerm::kTruncate},
                                                       {"O_APPEND", FilePerm::kAppend}});

FilePerms open_perms(const StraceCall& call, std::size_t path_index) {
  FilePerms perms = FilePerm::kGetattr;
  if (path_index + 1 >= call.args.size()) return perms;
  for (const std::string_view word : split(call.args[path_index + 1], '|'))
    for (const OpenWord& row : kOpenWords)
      if (row.word == word) perms |= row.perms;
  if (perms.has(FilePerm::kAppend)) perms = perms.without(FilePerm::kWrite);
  return perms;
}

FilePerms perms_of(const StraceCall& call, const Use& use) {
  if (use.access == Access::kOpen) return open_perms(call, use.arg);
  for (const AccessRow& row : kPathAccess)
    if (row.access == use.access) return row.perms;
  return {};
}

class Importer {
 public:
  explicit Importer(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void line(const std::string& file, const InputLine& input) {
    ++import_.lines;
    const std::string_view text = trim(input.text);
    if (text.empty() || text.find("+++ ") != std::string_view::npos || text.find("--- SIG") != std::string_view::npos) {
      ++import_.signals_and_exits;
    } else if (StraceCall call; text.find(" resumed>") != std::string_view::npos) {
      ++import_.resumed;
    } else if (parse_strace_call(text, call)) {
      ++import_.calls;
      use(call);
    } else {
      ++import_.skipped;
      diagnostics_.warn("not a line of strace's output; left out", file + ":" + std::to_string(input.number));
    }
  }

  Result<StraceImport> finish(const std::string& digest) {
    Head head;
    head.run = digest.substr(0, 32);
    head.tool = "strace";
    head.engine = "strace";
    head.detail = Detail::kSet;
    head.arch = std::string(name_of(native_arch()));
    head.program = program_;
    End end;
    end.ok = true;
    std::string text = head_line(head);
    for (const auto& [line, fact] : facts_) {
      text += fact_line(head.run, fact);
      text += tally_line(head.run, fact_id(fact), fact.tally);
    }
    TraceReader reader(diagnostics_);
    if (auto added = reader.add_text(text + end_line(head.run, end), "strace"); !added) return added.error();
    import_.trace = reader.finish();
    return std::move(import_);
  }

 private:
  void add(Operation operation, const StraceCall& call) {
    Fact fact;
    fact.subject.exe = exe_[call.pid];
    fact.operation = std::move(operation);
    if (!call.error.empty())
      fact.verdict = {Outcome::kFailed, call.error, Mechanism::kNone};
    else if (!call.has_result)
      fact.verdict.outcome = Outcome::kUnwatched;
    Fact& kept = facts_.try_emplace(canonical_json(fact), fact).first->second;
    ++kept.tally.count;
  }

  void use(const StraceCall& call) {
    SyscallOp syscall;
    syscall.arch = native_arch();
    syscall.name = call.name;
    add(syscall, call);
    const SyscallInfo& info = syscall_info(native_arch(), call.name);
    for (const Use& use : info.uses)
      if (use.access != Access::kNone && info.args[use.arg] == ArgKind::kPath && use.arg < call.args.size())
        use_path(call, use);
  }

  void use_path(const StraceCall& call, const Use& use) {
    const auto path = strace_literal(call.args[use.arg]);
    if (!path || !path->starts_with('/')) {
      ++import_.relative_paths;
      return;
    }
    if (use.access == Access::kExec) {
      ExecOp exec;
      exec.path = *path;
      add(exec, call);
      if (call.error.empty()) exe_[call.pid] = *path;
      if (call.error.empty() && program_.empty()) program_ = *path;
      return;
    }
    FileOp file;
    file.path = *path;
    file.perms = perms_of(call, use);
    if (!file.perms.empty()) add(file, call);
  }

  Diagnostics& diagnostics_;
  StraceImport import_;
  std::map<std::string, Fact> facts_;
  std::unordered_map<std::int64_t, std::string> exe_;
  std::string program_;  ///< the first that was started
};

}  // namespace

Result<StraceImport> import_strace(const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  Importer importer(diagnostics);
  std::string seen;
  for (const std::string& path : paths) {
    auto done = for_each_line(path, [&](const InputLine& line) -> Result<void> {
      importer.line(printable(path), line);
      seen = sha256_hex(seen + std::string(line.text));
      return {};
    });
    if (!done) return done.error();
  }
  return importer.finish(sha256_hex(seen));
}

}  // namespace cordon
