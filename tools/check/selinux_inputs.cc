#include "selinux_inputs.h"

#include "base/atomic_file.h"

namespace cordon::check_tool {

Result<selinux::PolicyDb> selinux_policy(const cli::Arguments& arguments) {
  if (arguments.has("policy")) return selinux::PolicyDb::load(arguments.get("policy"));
  auto found = selinux::find_policy();
  if (!found) return found.error();
  return selinux::PolicyDb::load(*found);
}

Result<selinux::Labels> selinux_labels(const cli::Arguments& arguments) {
  if (arguments.has("file-contexts")) return selinux::Labels::open(arguments.get("file-contexts"));
  auto found = selinux::find_file_contexts();
  if (!found) return found.error();
  return selinux::Labels::open(*found);
}

Result<void> write_module(const selinux::Module& module, const std::string& path, const selinux::PolicyDb* policy) {
  const bool mls = policy == nullptr || policy->mls();
  if (!path.ends_with(".te")) return write_file_atomically(path, selinux::write_cil(module, mls));
  std::set<std::string> attributes;
  for (const std::string& name : selinux::requirements(module).types)
    if (policy != nullptr && policy->has_attribute(name)) attributes.insert(name);
  if (auto written = write_file_atomically(path, selinux::write_te(module, attributes)); !written) return written;
  const std::string contexts = path.substr(0, path.size() - 3) + ".fc";
  return write_file_atomically(
      contexts, selinux::write_fc(module, mls ? selinux::ContextStyle::kMls : selinux::ContextStyle::kPlain));
}

}  // namespace cordon::check_tool
