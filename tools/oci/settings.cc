#include "settings.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "base/bytes.h"
#include "oci/folder.h"

namespace cordon::oci {
namespace {

constexpr const char* kRuntimes[] = {"crun", "runc"};
constexpr const char* kFolders[] = {"/usr/bin", "/usr/sbin", "/usr/local/bin",
                                    "/usr/local/sbin"};  // conmon's PATH may lack some

bool can_run(const std::string& path) { return access(path.c_str(), X_OK) == 0; }

std::string find_runtime(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  for (const char* folder : kFolders)
    if (const std::string path = std::string(folder) + "/" + name; can_run(path)) return path;
  return "";
}

std::string default_output() {
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* home = std::getenv("HOME");
  const std::string own = data != nullptr && *data == '/'   ? data
                          : home != nullptr && *home == '/' ? std::string(home) + "/.local/share"
                                                            : "";
  const bool system_wide = geteuid() == 0 && access("/var/lib", W_OK) == 0;
  return system_wide || own.empty() ? "/var/lib/cordon/oci" : own + "/cordon/oci";
}

Result<void> take_option(const SettingRow& row, const std::string& value, Settings& settings) {
  if (value.empty()) return Error{ErrorCode::kUsage, "lacks its value", row.option, "cordon-oci --help"};
  settings.*row.text = value;
  return {};
}

/// Takes the option at words[at], with its value; false if it is none of ours.
Result<bool> take_word(std::vector<std::string>& words, std::size_t at, Settings& settings) {
  const std::string word = words[at];
  if (word == kOnlyAnnotated) {
    settings.only_annotated = true;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at));
    return true;
  }
  for (const SettingRow& row : setting_rows()) {
    const std::string name = row.option;
    if (word != name && !word.starts_with(name + "=")) continue;
    const bool apart = word == name;
    const std::string value = !apart ? word.substr(name.size() + 1) : at + 1 < words.size() ? words[at + 1] : "";
    const std::size_t count = apart && at + 1 < words.size() ? 2 : 1;
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(at),
                words.begin() + static_cast<std::ptrdiff_t>(at + count));
    if (Result<void> taken = take_option(row, value, settings); !taken) return taken.error();
    return true;
  }
  return Error{ErrorCode::kUsage, "no such option", printable(word), "cordon-oci --help"};
}

Result<void> complete(Settings& settings) {
  for (const SettingRow& row : setting_rows())
    if (const char* value = std::getenv(row.variable); (settings.*row.text).empty() && value != nullptr)
      settings.*row.text = value;
  for (const char* name : kRuntimes)
    if (settings.runtime.empty()) settings.runtime = find_runtime(name);
  if (const std::string found = find_runtime(settings.runtime); found.empty() || !can_run(found))
    return Error{ErrorCode::kEnvironment, "no runtime is found", settings.runtime,
                 "install crun or runc, or name one with --cordon-runtime"};
  settings.runtime = find_runtime(settings.runtime);
  if (settings.recorder.empty()) settings.recorder = sibling("cordon-record-static");
  if (settings.output.empty()) settings.output = default_output();
  for (const std::string* folder : {&settings.output, &settings.below})
    if (!folder->empty() &&
        (folder->front() != '/' || folder->find("/../") != std::string::npos || folder->ends_with("/..")))
      return Error{ErrorCode::kUsage, "not an absolute path without '..'", printable(*folder), ""};
  return {};
}

}  // namespace

const std::vector<SettingRow>& setting_rows() {
  static const std::vector<SettingRow> rows = {
      {"--cordon-runtime", "PROGRAM", "the runtime that does the work", "CORDON_OCI_RUNTIME", &Settings::runtime},
      {"--cordon-recorder", "PROGRAM", "the static recorder", "CORDON_OCI_RECORDER", &Settings::recorder},
      {"--cordon-output", "DIR", "where the traces go, as ID.trace", "CORDON_OCI_OUTPUT", &Settings::output},
      {"--cordon-below", "DIR", "refuse annotations that name files elsewhere than below this folder",
       "CORDON_OCI_BELOW", &Settings::below},
  };
  return rows;
}

Result<Settings> take_settings(std::vector<std::string>& words) {
  Settings settings;
  for (std::size_t i = 0; i < words.size();) {
    if (!words[i].starts_with("--cordon-")) {
      ++i;
      continue;
    }
    if (const Result<bool> taken = take_word(words, i, settings); !taken) return taken.error();
  }
  if (words.size() > 1 && words[0] == "--") {  // cordon-oci -- crun run …
    settings.runtime = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  if (Result<void> done = complete(settings); !done) return done.error();
  return settings;
}

std::string sibling(const std::string& name) {
  char own[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", own, sizeof own);
  return size > 0 ? folder_of(std::string(own, static_cast<std::size_t>(size))) + "/" + name : name;
}

}  // namespace cordon::oci
