#include "flow/backends.h"

#include <algorithm>
#include <array>

#include "apparmor/backend.h"
#include "base/text.h"
#include "flow/data_dir.h"
#include "seccomp/backend.h"
#include "selinux/backend.h"

namespace cordon::flow {
namespace {

struct PlatformRow {
  std::string_view name;
  Platform platform;
};
constexpr auto kPlatforms = std::to_array<PlatformRow>({{"try", Platform::kTry},
                                                        {"docker", Platform::kDocker},
                                                        {"podman", Platform::kPodman},
                                                        {"kubernetes", Platform::kKubernetes},
                                                        {"ecs", Platform::kEcs},
                                                        {"systemd", Platform::kSystemd},
                                                        {"host", Platform::kHost}});
constexpr std::string_view kSwitch = "FLAG";

std::string platform_choices() {
  std::vector<std::string> names;
  for (const PlatformRow& row : kPlatforms) names.emplace_back(row.name);
  return join(names, "|");
}

cli::OptionRow row_of(const OptionSpec& spec) {
  cli::OptionRow row;
  row.names = "--" + std::string(spec.name);
  row.help = std::string(spec.help);
  if (spec.values == kSwitch) return row;
  row.value = spec.values.find('|') == std::string_view::npos ? "VALUE" : "WORD";
  if (spec.values.find('|') != std::string_view::npos) row.choices = std::string(spec.values);
  row.default_value = std::string(spec.default_value);
  return row;
}

}  // namespace

std::span<const Backend* const> backends() {
  static const std::array<const Backend*, 3> kBackends = {&seccomp_backend(), &apparmor_backend(), &selinux_backend()};
  return kBackends;
}

const Backend* backend_named(std::string_view name) {
  for (const Backend* backend : backends())
    if (backend->name() == name) return backend;
  return nullptr;
}

Result<std::vector<const Backend*>> backends_in(const std::vector<std::string>& lists) {
  std::vector<const Backend*> chosen;
  for (const Backend* backend : backends()) {
    const bool named = std::any_of(lists.begin(), lists.end(), [&](const std::string& list) {
      const auto words = split(list, ',');
      return std::find(words.begin(), words.end(), backend->name()) != words.end();
    });
    if (named || lists.empty()) chosen.push_back(backend);
  }
  return chosen;
}

std::vector<cli::OptionRow> backend_option_rows() {
  std::vector<cli::OptionRow> rows = {{"--for", "PLACE",
                                       "where the profiles will be enforced; brings what that place itself needs",
                                       platform_choices(), "try"}};
  for (const Backend* backend : backends())
    for (const OptionSpec& spec : backend->options()) {
      cli::OptionRow row = row_of(spec);
      const bool known = std::any_of(rows.begin(), rows.end(), [&](const auto& r) { return r.names == row.names; });
      if (!known) rows.push_back(std::move(row));
    }
  return rows;
}

std::optional<Platform> platform_named(std::string_view name) {
  for (const PlatformRow& row : kPlatforms)
    if (row.name == name) return row.platform;
  return std::nullopt;
}

Result<BackendOptions> backend_options(const cli::Arguments& arguments) {
  auto data = data_dir();
  if (!data) return data.error();
  BackendOptions options;
  options.data_dir = *data;
  options.platform = platform_named(arguments.get("for")).value_or(Platform::kTry);
  for (const Backend* backend : backends())
    for (const OptionSpec& spec : backend->options()) {
      if (!arguments.has(spec.name)) continue;
      options.values[std::string(spec.name)] = spec.values == kSwitch ? "1" : arguments.get(spec.name);
    }
  return options;
}

}  // namespace cordon::flow
