#include "refpolicy_package.h"

#include <unistd.h>

#include <filesystem>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "base/text.h"
#include "selinux/spawn.h"

namespace cordon::audit_tool {
namespace {

constexpr const char* kMend = "apt install selinux-policy-dev; or leave out -R, or -M";

/// The Makefile puts its own work into tmp/, which the directory's destructor would not take away.
struct WorkDirectory {
  std::string path;
  ~WorkDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

std::string last_lines(std::string_view text) {
  constexpr std::size_t kMost = 600;
  text = trim(text);
  return std::string(text.size() > kMost ? text.substr(text.size() - kMost) : text);
}

}  // namespace

Result<std::string> build_refpolicy_package(const std::string& name, const std::string& te,
                                            const std::string& headers) {
  const std::string makefile = headers + "/Makefile";
  const auto make = selinux::find_program("make");
  if (!make) return Error{ErrorCode::kEnvironment, "make is not installed", {}, kMend};
  if (access(makefile.c_str(), R_OK) != 0)
    return Error{ErrorCode::kEnvironment, "refpolicy's Makefile is missing", makefile, kMend};
  auto directory = selinux::TemporaryDirectory::make();
  if (!directory) return directory.error();
  const WorkDirectory work{directory->file("tmp")};
  if (auto written = write_file_atomically(directory->file(name + ".te"), te, 0600); !written) return written.error();
  const auto ran = selinux::run_program(
      {*make, "-C", directory->file("."), "-f", makefile, "HEADERDIR=" + headers, "TYPE=mcs", name + ".pp"});
  if (!ran) return ran.error();
  if (ran->status != 0)
    return Error{ErrorCode::kBadInput, "refpolicy's Makefile refuses the module: " + last_lines(ran->output), {}, {}};
  return read_file(directory->file(name + ".pp"));
}

}  // namespace cordon::audit_tool
