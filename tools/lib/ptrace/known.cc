#include "ptrace/known.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "base/text.h"
#include "facts/trace_io.h"
#include "kernel/syscall_table.h"
#include "ptrace/special.h"
#include "ptrace/world.h"

namespace cordon {
namespace {

/// Reads the fixed form that fact_line() and tally_line() write; anything else fails.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  bool take(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  bool skip_to(std::string_view word) {
    const std::size_t at = rest_.find(word);
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + word.size());
    return true;
  }
  std::string_view until(char end) {
    const std::size_t at = rest_.find(end);
    const std::string_view taken = rest_.substr(0, at);
    rest_.remove_prefix(std::min(at == std::string_view::npos ? rest_.size() : at + 1, rest_.size()));
    return taken;
  }
  template <class T>
  bool number(T& value) {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const auto parsed = parse_number<T>(rest_.substr(0, end));
    if (!parsed) return false;
    value = *parsed;
    rest_.remove_prefix(end);
    return true;
  }

 private:
  std::string_view rest_;
};

bool read_argument(Cursor& cursor, ArgPredicate& argument) {
  if (!cursor.take("{\"index\":") || !cursor.number(argument.index) || !cursor.take(",\"value\":") ||
      !cursor.number(argument.value))
    return false;
  if (cursor.take(",\"mask\":") && !cursor.number(argument.mask)) return false;
  return cursor.take("}");
}

/// {"op":"syscall","arch":"…","name":"…","args":[…]}: false if it is anything else.
bool read_call(Cursor& cursor, SyscallOp& call) {
  if (!cursor.skip_to("\"operation\":{\"op\":\"syscall\",\"arch\":\"")) return false;
  const auto arch = arch_from_name(cursor.until('"'));
  if (!arch || !cursor.take(",\"name\":\"")) return false;
  call.arch = *arch;
  call.name = cursor.until('"');
  if (call.name.empty() || call.name.find('\\') != std::string::npos) return false;
  if (cursor.take("}")) return true;
  if (!cursor.take(",\"args\":[")) return false;
  do {
    if (!read_argument(cursor, call.args.emplace_back())) return false;
  } while (cursor.take(","));
  return cursor.take("]}");
}

/// A fact with another verdict than this version's is none to its readers, who keep the line as of an unknown kind.
bool has_outcome(Cursor& cursor) {
  if (!cursor.take(",\"verdict\":{\"outcome\":\"")) return false;
  const std::string_view word = cursor.until('"');
  const auto& names = EnumNames<Outcome>::kNames;
  return std::find(std::begin(names), std::end(names), word) != std::end(names);
}

/// What the recorder must see whatever it knows: its picture of tasks and filters depends on it.
bool needed_by_recorder(const SyscallInfo& info, std::string_view name) {
  return (info.effects & (kForks | kInstallsFilter)) != 0 || name == "prctl" || name == "sched_getaffinity" ||
         name == "sched_setaffinity";
}

bool may_pass(const SyscallOp& call, Detail detail) {
  const SyscallInfo& info = syscall_info(call.arch, call.name);
  if (needed_by_recorder(info, call.name)) return false;
  if (detail == Detail::kSet) return true;
  if (policy_positions(info).count != call.args.size()) return false;  // seen at less detail
  if (detail == Detail::kArgs) return true;
  const bool plain = info.effects == 0 || info.effects == kNoReturn || info.effects == (kExits | kNoReturn);
  const bool multiplexed = call.name == "socketcall" || call.name == "ipc";
  return plain && !multiplexed && info.uses[0].access == Access::kNone && special_of(call.name) == nullptr;
}

struct Known {
  std::map<std::string, SyscallOp> calls;  ///< by fact id
  std::map<std::string, std::uint64_t> counts;
};

/// Whether the line's content, from its subject to its origin, is what the id was made of (line_of_fact).
bool bears_id(std::string_view line, std::size_t subject, std::string_view id) {
  const std::size_t origin = line.rfind(",\"origin\":{");
  const std::size_t end = origin == std::string_view::npos ? line.rfind('}') : origin;
  if (end == std::string_view::npos || end < subject) return false;
  return fact_id_of("{" + std::string(line.substr(subject, end - subject)) + "}") == id;
}

void read_fact(std::string_view line, Cursor cursor, std::string id, Known& known) {
  const std::size_t subject = line.find("\"subject\":{");
  SyscallOp call;
  if (cursor.take(",\"subject\":{") && read_call(cursor, call) && has_outcome(cursor) && bears_id(line, subject, id))
    known.calls.emplace(std::move(id), std::move(call));
}

void read_line(std::string_view line, Known& known) {
  Cursor cursor(line);
  const bool fact = cursor.take("{\"kind\":\"fact\",");
  if (!fact && !cursor.take("{\"kind\":\"tally\",")) return;
  if (!cursor.take("\"run\":\"") || cursor.until('"').empty() || !cursor.take(",\"id\":\"")) return;
  std::string id(cursor.until('"'));
  if (fact) return read_fact(line, cursor, std::move(id), known);
  std::uint64_t count = 0;
  if (cursor.skip_to("\"count\":") && cursor.number(count)) known.counts[id] += count;
}

Known read_all(const std::string& trace) {
  Known known;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(trace.c_str(), "re"), std::fclose);
  if (!file) return known;
  char* line = nullptr;
  std::size_t capacity = 0;
  for (ssize_t size; (size = getline(&line, &capacity, file.get())) > 0;)
    if (line[size - 1] == '\n')  // one that was cut off is taken away before the run appends
      read_line({line, static_cast<std::size_t>(size)}, known);
  std::free(line);
  return known;
}

}  // namespace

std::vector<SyscallOp> known_calls(const std::string& trace, Detail detail) {
  const Known known = read_all(trace);
  std::map<SyscallOp, std::uint64_t> counted;
  for (const auto& [id, call] : known.calls) {
    if (!may_pass(call, detail)) continue;
    SyscallOp skipped = call;
    if (detail == Detail::kSet) skipped.args.clear();
    const auto count = known.counts.find(id);
    counted[skipped] += count == known.counts.end() ? 0 : count->second;
  }
  std::vector<std::pair<std::uint64_t, SyscallOp>> ranked;
  for (const auto& [call, count] : counted) ranked.emplace_back(count, call);
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<SyscallOp> calls;
  for (auto& [count, call] : ranked) calls.push_back(std::move(call));
  return calls;
}

}  // namespace cordon
