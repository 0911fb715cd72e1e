#include "base/own_profile.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fd.h"
#include "base/text.h"

namespace cordon {
namespace {

// Profiles of profiles/self whose programs start what the user names; SELinux types are spelled cordon_record_t.
constexpr std::string_view kNames[] = {"cordon", "cordon-record", "cordon-record-static"};
constexpr const char* kAppArmorCurrent = "/proc/self/attr/apparmor/current";  // Linux 5.8
constexpr const char* kCurrent = "/proc/self/attr/current";
constexpr const char* kPrevious = "/proc/self/attr/prev";  // SELinux: who executed us
constexpr std::size_t kMaxLabel = 4096;

std::string label_in(const char* file) {
  const auto text = read_file(file, kMaxLabel);
  if (!text) return "";
  const std::string_view whole = std::string_view(*text).substr(0, (*text).find('\0'));
  return std::string(trim(whole));
}

bool is_own(std::string_view name) { return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames); }

}  // namespace

bool is_own_apparmor_label(std::string_view label) {
  const std::size_t mode = label.rfind(" (");
  return mode != std::string_view::npos && is_own(label.substr(0, mode));
}

bool is_own_selinux_context(std::string_view context) {
  const auto parts = split(context, ':');
  if (parts.size() < 3 || parts[2].size() < 2 || parts[2].substr(parts[2].size() - 2) != "_t") return false;
  std::string name(parts[2].substr(0, parts[2].size() - 2));
  std::replace(name.begin(), name.end(), '_', '-');
  return is_own(name);
}

OwnProfile::OwnProfile() {
  for (const char* file : {kAppArmorCurrent, kCurrent}) {
    if (!is_own_apparmor_label(label_in(file))) continue;
    steps_.push_back({file, "changeprofile unconfined"});
    break;
  }
  if (!is_own_selinux_context(label_in(kCurrent))) return;
  const std::string caller = label_in(kPrevious);
  if (!caller.empty() && !is_own_selinux_context(caller)) steps_.push_back({kCurrent, caller});
}

bool OwnProfile::leave() const {
  for (const Step& step : steps_) {
    const int fd = open(step.file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const ssize_t written = write(fd, step.words.data(), step.words.size());
    const int error = errno;
    close(fd);
    errno = error;
    if (written < 0) return false;
  }
  return true;
}

}  // namespace cordon
