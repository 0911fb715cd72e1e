#include "selinux/module_files.h"

#include "base/fd.h"
#include "base/text.h"
#include "selinux/cil.h"
#include "selinux/context.h"
#include "selinux/package.h"

namespace cordon::selinux {
namespace {

/// The name in a source's `module NAME VERSION;`, which the file that checkmodule makes must bear.
std::string module_name_in(std::string_view te) {
  for (std::string_view line : split(te, '\n')) {
    line = trim(line);
    if (!line.starts_with("module ")) continue;
    line = trim(line.substr(7));
    return std::string(line.substr(0, line.find_first_of(" \t;")));
  }
  return "module";
}

/// The module of one file; nothing for an .if, which holds no rules.
Result<Module> read_file_of(const std::string& path, bool mls, Diagnostics& diagnostics) {
  auto bytes = read_file(path, kMaxCilBytes);
  if (!bytes) return bytes.error();
  if (is_package(*bytes)) {
    auto cil = package_to_cil(*bytes, path);
    if (!cil) return cil.error();
    return read_cil(*cil, path, diagnostics);
  }
  if (is_policy(*bytes))
    return Error{ErrorCode::kUsage, "a whole policy, not a module", path,
                 "name it with --policy; two policies are compared with cordon-check --diff"};
  if (!path.ends_with(".te")) return read_cil(*bytes, path, diagnostics);
  auto package = build_package(module_name_in(*bytes), *bytes, "", mls);
  if (!package) return package.error();
  auto cil = package_to_cil(*package, path);
  if (!cil) return cil.error();
  return read_cil(*cil, path, diagnostics);
}

/// The file that the rules are read from: .cil, else .pp, else .te.
const std::string* rules_in(const std::vector<std::string>& paths) {
  for (const char* suffix : {".cil", ".pp", ".te"})
    for (const std::string& path : paths)
      if (path.ends_with(suffix)) return &path;
  return paths.size() == 1 && !paths[0].ends_with(".fc") && !paths[0].ends_with(".if") ? &paths[0] : nullptr;
}

Result<void> add_contexts(const std::vector<std::string>& paths, Module& module) {
  if (!module.contexts.empty()) return {};
  for (const std::string& path : paths) {
    if (!path.ends_with(".fc")) continue;
    auto text = read_file(path, kMaxCilBytes);
    if (!text) return text.error();
    auto contexts = read_fc(*text, path);
    if (!contexts) return contexts.error();
    module.contexts.insert(module.contexts.end(), contexts->begin(), contexts->end());
  }
  return {};
}

}  // namespace

std::string module_name_of(const std::string& path) {
  const std::string name = path.substr(path.find_last_of('/') + 1);
  return to_identifier(name.substr(0, name.find_last_of('.')));
}

Result<Module> read_module(const std::vector<std::string>& paths, bool mls, Diagnostics& diagnostics) {
  const std::string* rules = rules_in(paths);
  if (rules == nullptr)
    return Error{ErrorCode::kUsage, "no file with the module's rules", join(paths, ", "), "give its .cil, .pp or .te"};
  auto module = read_file_of(*rules, mls, diagnostics);
  if (!module) return module.error();
  if (auto added = add_contexts(paths, *module); !added) return added.error();
  return module;
}

}  // namespace cordon::selinux
