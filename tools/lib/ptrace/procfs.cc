#include "ptrace/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>

#include "base/fd.h"
#include "base/text.h"

namespace cordon {
namespace {

constexpr std::size_t kUsualProcFile = 4096;
constexpr std::size_t kMaxProcFile = 1 << 20;

/// These files are given whole as long as there is room: a short read is the last.
std::string slurp(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text(kUsualProcFile, '\0');
  std::size_t size = 0;
  for (ssize_t got = 0; fd && (got = read(fd.get(), text.data() + size, text.size() - size)) > 0;) {
    size += static_cast<std::size_t>(got);
    if (size < text.size() || size >= kMaxProcFile) break;
    text.resize(text.size() * 4);
  }
  text.resize(size);
  return text;
}

/// A name as status writes it: '\n' and '\\' are escaped (fs/proc/array.c proc_task_name).
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escape = text[at] == '\\' && at + 1 < text.size();
    if (escape) ++at;
    out += escape && text[at] == 'n' ? '\n' : text[at];
  }
  return out;
}

std::vector<std::uint64_t> numbers(std::string_view text, int base) {
  std::vector<std::uint64_t> all;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t begin = text.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    at = std::min(text.find_first_of(" \t", begin), text.size());
    if (const auto value = parse_number<std::uint64_t>(text.substr(begin, at - begin), base)) all.push_back(*value);
  }
  return all;
}

void take_four(std::uint32_t (&out)[4], const std::vector<std::uint64_t>& values) {
  for (std::size_t i = 0; i < 4 && i < values.size(); ++i) out[i] = static_cast<std::uint32_t>(values[i]);
}

struct StatusRow {
  std::string_view name;
  int base;
  void (*take)(Credentials&, const std::vector<std::uint64_t>&);
};
constexpr StatusRow kStatus[] = {
    {"Tgid", 10, [](Credentials& c, const auto& v) { c.tgid = static_cast<pid_t>(v[0]); }},
    {"PPid", 10, [](Credentials& c, const auto& v) { c.parent = static_cast<pid_t>(v[0]); }},
    {"TracerPid", 10, [](Credentials& c, const auto& v) { c.tracer = static_cast<pid_t>(v[0]); }},
    {"Uid", 10, [](Credentials& c, const auto& v) { take_four(c.uid, v); }},
    {"Gid", 10, [](Credentials& c, const auto& v) { take_four(c.gid, v); }},
    {"Groups", 10, [](Credentials& c, const auto& v) { c.groups.assign(v.begin(), v.end()); }},
    {"NStgid", 10, [](Credentials& c, const auto& v) { c.inner_tgid = static_cast<pid_t>(v.back()); }},
    {"CapEff", 16, [](Credentials& c, const auto& v) { c.effective = v[0]; }},
    {"NoNewPrivs", 10, [](Credentials& c, const auto& v) { c.no_new_privs = v[0] != 0; }},
    {"Seccomp", 10, [](Credentials& c, const auto& v) { c.seccomp = static_cast<int>(v[0]); }},
};

}  // namespace

std::optional<std::string> read_link(const std::string& path) {
  char buffer[4096];
  const ssize_t size = readlink(path.c_str(), buffer, sizeof buffer);
  if (size < 0) return std::nullopt;
  return std::string(buffer, static_cast<std::size_t>(size));
}

std::string proc_path(pid_t task, std::string_view name) {
  std::string path = "/proc/" + std::to_string(task) + "/";
  path += name;
  return path;
}

Credentials read_credentials(pid_t task) { return parse_credentials(slurp(proc_path(task, "status"))); }

Credentials parse_credentials(std::string_view status) {
  Credentials result;
  for (const std::string_view line : split(status, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    if (line.starts_with("Name:\t")) result.comm = unescaped(line.substr(colon + 2));
    for (const StatusRow& row : kStatus) {
      if (row.name != line.substr(0, colon)) continue;
      const auto values = numbers(line.substr(colon + 1), row.base);
      if (!values.empty()) row.take(result, values);
    }
  }
  result.known = result.tgid != 0;
  return result;
}

std::vector<std::string> read_cmdline(pid_t task) { return parse_cmdline(slurp(proc_path(task, "cmdline"))); }

std::vector<std::string> parse_cmdline(std::string_view cmdline) {
  if (cmdline.ends_with('\0')) cmdline.remove_suffix(1);
  std::vector<std::string> argv;
  if (cmdline.empty()) return argv;
  for (const std::string_view part : split(cmdline, '\0')) argv.emplace_back(part);
  return argv;
}

bool is_zombie(pid_t task) { return says_zombie(slurp(proc_path(task, "stat"))); }

bool says_zombie(std::string_view stat) {
  const std::size_t comm_end = stat.rfind(')');  // the name may hold anything (proc(5))
  return comm_end != std::string_view::npos && comm_end + 2 < stat.size() &&
         (stat[comm_end + 2] == 'Z' || stat[comm_end + 2] == 'X');
}

std::string read_comm(pid_t task) {
  std::string text = slurp(proc_path(task, "comm"));
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::vector<int> numbered_entries(const std::string& directory) {
  std::vector<int> all;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (!dir) return all;
  while (const dirent* entry = readdir(dir.get()))
    if (const auto number = parse_number<int>(entry->d_name)) all.push_back(*number);
  return all;
}

}  // namespace cordon
