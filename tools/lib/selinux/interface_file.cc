#include "selinux/interface_file.h"

#include <fmt/format.h>

namespace cordon::selinux {
namespace {

constexpr std::string_view kDomtrans = R"(## <summary>Policy for {name}.</summary>

########################################
## <summary>
##	Run {name} in the domain {domain}.
## </summary>
## <param name="domain">
##	<summary>
##	Domain allowed to transition.
##	</summary>
## </param>
#
interface(`{name}_domtrans',`
	gen_require(`
		type {domain}, {exec};
	')

	domtrans_pattern($1, {exec}, {domain})
')

########################################
## <summary>
##	Run {name} in the domain {domain}, and let a role have that domain.
## </summary>
## <param name="domain">
##	<summary>
##	Domain allowed to transition.
##	</summary>
## </param>
## <param name="role">
##	<summary>
##	Role allowed access.
##	</summary>
## </param>
#
interface(`{name}_run',`
	gen_require(`
		type {domain};
	')

	{name}_domtrans($1)
	role $2 types {domain};
')
)";

constexpr std::string_view kAdmin = R"(
########################################
## <summary>
##	Administrate {name}: its processes and its files.
## </summary>
## <param name="domain">
##	<summary>
##	Domain allowed access.
##	</summary>
## </param>
## <param name="role">
##	<summary>
##	Role allowed access.
##	</summary>
## </param>
#
interface(`{name}_admin',`
	gen_require(`
		type {types};
	')

	allow $1 {domain}:process {{ ptrace signal_perms getattr }};
	ps_process_pattern($1, {domain})
{patterns}')
)";

}  // namespace

std::string write_interfaces(const Module& module, const std::string& domain, const std::string& exec_type) {
  std::string types = domain;
  std::string patterns;
  for (const std::string& type : module.types) {
    if (type == domain || type == exec_type) continue;
    types += ", " + type;
    patterns += fmt::format("\n\tallow $1 {0}:dir manage_dir_perms;\n\tallow $1 {0}:file manage_file_perms;\n", type);
  }
  return fmt::format(kDomtrans, fmt::arg("name", module.name), fmt::arg("domain", domain),
                     fmt::arg("exec", exec_type)) +
         fmt::format(kAdmin, fmt::arg("name", module.name), fmt::arg("domain", domain), fmt::arg("types", types),
                     fmt::arg("patterns", patterns));
}

}  // namespace cordon::selinux
