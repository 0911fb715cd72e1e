#include "pending.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "oci/folder.h"

namespace cordon::oci {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kMostBytes = 1 << 20;

std::vector<std::string> places() {
  std::vector<std::string> all{"/run/cordon-oci"};
  if (const char* run = std::getenv("XDG_RUNTIME_DIR"); run != nullptr && *run == '/')
    all.push_back(std::string(run) + "/cordon-oci");
  return all;
}

/// Ours alone: what others could have put there is not trusted.
Result<UniqueFd> own_folder(const std::string& path, bool make) {
  auto folder = open_folder(path, make);
  if (!folder) return folder.error();
  struct stat st {};
  if (::fstat((*folder).get(), &st) != 0) return errno_error(errno, "cannot stat", path);
  if (st.st_uid != geteuid() || (st.st_mode & 022) != 0)
    return Error{ErrorCode::kEnvironment, "belongs to somebody else, or others may write to it", path, "remove it"};
  return folder;
}

std::string name_for(const std::string& id) { return id + ".json"; }

}  // namespace

Result<void> check_id(const std::string& id) {
  // runc's libcontainer and crun take the same letters; a longer one is no file name.
  const bool fine = !id.empty() && id.size() <= 200 && id != "." && id != ".." &&
                    std::all_of(id.begin(), id.end(), [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '_' || c == '+' || c == '-' || c == '.';
                    });
  if (fine) return {};
  return Error{ErrorCode::kBadInput, "no id that a container can have", printable(id),
               "letters, digits and _ + - . are taken"};
}

Result<void> remember(const Pending& pending) {
  std::optional<Error> first;
  for (const std::string& place : places()) {
    auto folder = own_folder(place, true);
    if (!folder) {
      if (!first) first = folder.error();
      continue;
    }
    const Json json = {
        {"id", pending.id}, {"trace", pending.trace}, {"profile", pending.profile}, {"base", pending.base}};
    return replace_file((*folder).get(), name_for(pending.id), json.dump() + "\n", name_for(pending.id));
  }
  return *first;
}

Result<std::optional<Pending>> recall(const std::string& id) {
  for (const std::string& place : places()) {
    const auto folder = own_folder(place, false);
    if (!folder || ::faccessat((*folder).get(), name_for(id).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const std::string where = place + "/" + name_for(id);
    const auto text = read_beneath((*folder).get(), name_for(id), where, kMostBytes);
    if (!text) return text.error();
    const Json json = Json::parse(*text, nullptr, false);
    if (!json.is_object()) return Error{ErrorCode::kBadInput, "is not what cordon-oci wrote", where, "remove it"};
    const auto word = [&json](const char* key) {
      return json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : std::string();
    };
    return std::optional(Pending{id, word("trace"), word("profile"), word("base")});
  }
  return std::optional<Pending>();
}

void forget(const std::string& id) {
  for (const std::string& place : places())
    if (const auto folder = own_folder(place, false)) ::unlinkat((*folder).get(), name_for(id).c_str(), 0);
}

}  // namespace cordon::oci
