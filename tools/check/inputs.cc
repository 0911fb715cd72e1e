#include "inputs.h"

#include <filesystem>

#include "base/bytes.h"
#include "base/fd.h"
#include "facts/trace_input.h"
#include "flow/backends.h"

namespace cordon::check_tool {
namespace {

constexpr std::size_t kStartBytes = 4096;

Result<std::string> start_of(const std::string& path) {
  auto fd = open_input(path);
  if (!fd) return fd.error();
  std::string start(kStartBytes, '\0');
  std::size_t filled = 0;
  while (filled < start.size()) {
    auto got = read_some(fd->get(), start.data() + filled, start.size() - filled, printable(path));
    if (!got) return got.error();
    if (*got == 0) break;
    filled += *got;
  }
  start.resize(filled);
  return start;
}

/// The first line of a trace, compressed or not.
bool is_trace(const std::string& path) {
  bool head = false;
  (void)for_each_line(path, [&](const InputLine& line) -> Result<void> {
    head = line.text.find("\"cordon-trace\"") != std::string_view::npos && line.text.starts_with("{\"kind\":\"head\"");
    return Error{};  // the first line tells
  }).ok();
  return head;
}

bool is_report(const std::string& path) {
  for (const std::string_view ending : {".report.json", ".html", ".md", ".sarif"})
    if (path.ends_with(ending)) return true;
  return false;
}

const Backend* language_of(const std::string& path, std::string_view start) {
  for (const Backend* backend : flow::backends())
    if (backend->recognises(path, start)) return backend;
  return nullptr;
}

std::string stem_of(const std::string& path) { return std::filesystem::path(path).replace_extension().string(); }

void add_profile(Inputs& inputs, const Backend& backend, const std::string& path) {
  if (backend.name() == "selinux")
    for (ProfileFiles& profile : inputs.profiles)
      if (profile.backend == &backend && stem_of(profile.files[0]) == stem_of(path)) {
        profile.files.push_back(path);
        return;
      }
  inputs.profiles.push_back({&backend, {path}});
}

}  // namespace

Result<Inputs> sort_inputs(const std::vector<std::string>& paths) {
  Inputs inputs;
  for (const std::string& path : paths) {
    if (path == "-") {
      inputs.traces.push_back(path);
      continue;
    }
    if (is_report(path)) {
      inputs.reports.push_back(path);
      continue;
    }
    auto start = start_of(path);
    if (!start) return start.error();
    if (is_trace(path))
      inputs.traces.push_back(path);
    else if (const Backend* backend = language_of(path, *start))
      add_profile(inputs, *backend, path);
    else
      inputs.logs.push_back(path);
  }
  return inputs;
}

}  // namespace cordon::check_tool
