#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "allow_json.h"
#include "apparmor_rules.h"
#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/text.h"
#include "commands.h"
#include "gather.h"
#include "refpolicy_package.h"
#include "seccomp_rules.h"
#include "selinux/package.h"
#include "te_text.h"

namespace cordon::audit_tool {

std::vector<cli::OptionRow> allow_options() {
  auto options = judge_options();
  for (cli::OptionRow row : std::vector<cli::OptionRow>{
           {"--target", "LANGUAGE", "print rules for these alone", "selinux|apparmor|seccomp", "", true},
           {"-r,--requires", "", "print a require block"},
           {"-m,--module", "NAME", "print a module of that name"},
           {"-M,--module-package", "NAME", "write NAME.te and NAME.pp"},
           {"-o,--output", "FILE", "append to FILE instead of printing"},
           {"-D,--dontaudit", "", "print dontaudit rules"},
           {"-x,--xperms", "", "print allowxperm rules for the ioctl commands and netlink messages seen"},
           {"-C,--cil", "", "print CIL"},
           {"-R,--reference", "", "call refpolicy's interfaces where one grants little more"},
           {"-N,--noreference", "", "print rules, not interface calls (the default)"},
           {"--max-excess", "N",
            "with -R: the most that an interface may grant beyond the needed: a permission to read counts 1, another "
            "10",
            "", "10"},
           {"--interfaces", "DIR", "with -R: where refpolicy's headers lie", "", "/usr/share/selinux/devel/include"},
           {"--interface-info", "FILE", "accepted and not needed: the interfaces are read from their own files"},
           {"--perm-map", "FILE", "accepted and not needed: excess is counted, not weighed"},
           {"--debug", "", "accepted: -M leaves NAME.te in any case"},
           {"-v,--verbose", "", "print the evidence above each rule"},
           {"-e,--explain", "", "the same"},
           {"-w,--why", "", "explain instead: cordon-audit why"},
           {"--neverallow", "FILE",
            "the neverallow rules to obey, a CIL file (default: the base module of the installed policy)"},
           {"--i-know", "", "give rules that a guard or a neverallow rule refuses, with its warning above"},
           {"--abi", "VERSION", "AppArmor's dialect", "3.0|4.0|5.0", "5.0"},
           {"--exec", "HOW",
            "programs that ran in complain mode without an exec rule: under the profile that executed them, under "
            "child profiles, or by how far privileges differ",
            "ix|child|auto", "auto"},
           {"--json", "", "print everything as one JSON object"},
       })
    options.push_back(std::move(row));
  return options;
}

namespace {

bool wanted(const cli::Arguments& arguments, std::string_view target) {
  const auto targets = arguments.get_all("target");
  return targets.empty() || std::find(targets.begin(), targets.end(), target) != targets.end();
}

TeOptions te_options(const cli::Arguments& arguments) {
  TeOptions options;
  const std::string package = arguments.get("module-package");
  options.module = arguments.has("module") ? arguments.get("module") : package.substr(package.rfind('/') + 1);
  options.requires_block = arguments.has("requires");
  options.dontaudit = arguments.has("dontaudit");
  options.extended = arguments.has("xperms");
  options.verbose = arguments.has("verbose") || arguments.has("explain");
  return options;
}

Result<std::string> build(const cli::Arguments& arguments, const TeOptions& options, const std::string& te, bool mls) {
  if (!options.interfaces.empty()) return build_refpolicy_package(options.module, te, arguments.get("interfaces"));
  auto package = selinux::build_package(options.module, te, {}, mls);
  if (package || te.find(" nlmsg {") == std::string::npos) return package;
  Error error = package.error();
  error.hint = "allowxperm for nlmsg needs checkmodule 3.8; leave out -x for the whole permission";
  return error;
}

Result<void> write_package(const cli::Arguments& arguments, const TeOptions& options, const std::string& te, bool any,
                           bool mls) {
  const std::string name = arguments.get("module-package");
  if (!any) {
    fmt::print(stderr, "{}: there is no rule to give: no module is written\n", kTool);
    return {};
  }
  const auto package = build(arguments, options, te, mls);
  if (!package) return package.error();
  if (auto written = write_file_atomically(name + ".te", te); !written) return written;
  if (auto written = write_file_atomically(name + ".pp", *package); !written) return written;
  fmt::print("******************** IMPORTANT ***********************\nTo load the package: semodule -i {}.pp\n", name);
  return {};
}

/// Standard output, or -o's file: added to what is there, as audit2allow does, never through a symlink. The Write holds
/// the file open.
Result<Write> output_of(const cli::Arguments& arguments) {
  const std::string path = arguments.get("output");
  if (path.empty())
    return Write([](std::string_view text) { return write_all(STDOUT_FILENO, text, "standard output"); });
  auto fd =
      std::make_shared<UniqueFd>(open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!*fd) return errno_error(errno, "cannot append", path);
  return Write([fd, path](std::string_view text) { return write_all(fd->get(), text, path); });
}

/// Names that checkmodule takes; -M may hold a directory, the module is its last part.
Result<void> check_names(const cli::Arguments& arguments) {
  for (const char* other : {"output", "module", "json", "cil"})
    if (arguments.has("module-package") && arguments.has(other))
      return Error{
          ErrorCode::kUsage, std::string("--module-package conflicts with --") + other, {}, "give one of them"};
  const std::string name = te_options(arguments).module;
  if (name.empty() || selinux::is_identifier(name)) return {};
  return Error{ErrorCode::kUsage,
               "not a module's name: " + printable(name),
               {},
               "letters, digits, '_', '-' and '.', a letter first, and no word of the policy language"};
}

Result<TeOptions> options_with_interfaces(const SelinuxRules& rules, const Gathered& gathered,
                                          const cli::Arguments& arguments) {
  TeOptions options = te_options(arguments);
  if (!arguments.has("reference") || arguments.has("noreference")) return options;
  const auto refpolicy = Refpolicy::load(arguments.get("interfaces"));
  if (!refpolicy) return refpolicy.error();
  const auto most = parse_number<std::size_t>(arguments.get("max-excess"));
  if (!most)
    return Error{ErrorCode::kUsage, "not a number: " + printable(arguments.get("max-excess")), "--max-excess", {}};
  options.interfaces = choose_interfaces(rules, refpolicy->expand(), gathered.judges, *most);
  return options;
}

std::string selinux_output(const SelinuxRules& rules, const Gathered& gathered, const cli::Arguments& arguments,
                           const TeOptions& options) {
  if (rules.rules.empty() && rules.roles.empty()) return {};
  if (arguments.has("cil"))
    return selinux::write_cil(module_of(rules, options), !gathered.judges.policy || gathered.judges.policy->mls()) +
           nlmsg_cil(rules, options);
  return te_text(rules, gathered.denials, options);
}

/// Each line as a comment, so that what follows policy source does not break it.
std::string as_comments(const std::string& text) {
  std::string out;
  for (const std::string_view line : split(text, '\n')) out += line.empty() ? "#\n" : "# " + std::string(line) + "\n";
  return "\n" + out;
}

/// One language as it is; with SELinux rules before them and no --target, the others' rules stand as comments, and
/// are left out of modules and CIL.
std::string all_output(const SelinuxRules& selinux, const ApparmorRules& apparmor, const SeccompRules& seccomp,
                       const Gathered& gathered, const cli::Arguments& arguments, const TeOptions& options) {
  std::string source, others;
  if (wanted(arguments, "selinux")) source = selinux_output(selinux, gathered, arguments, options);
  if (wanted(arguments, "apparmor")) others += apparmor_text(apparmor, gathered.denials, options.verbose);
  if (wanted(arguments, "seccomp")) others += seccomp_text(seccomp, gathered.denials, options.verbose);
  if (others.empty() || source.empty()) return source + others;
  const bool pure = !options.module.empty() || options.requires_block || arguments.has("cil");
  if (!pure) return source + as_comments(others);
  fmt::print(
      stderr,
      "{}: the rules for AppArmor and seccomp are left out here; --target apparmor and --target seccomp print them\n",
      kTool);
  return source;
}

}  // namespace

namespace {

/// What was made of the denials, for the printers.
struct Made {
  SelinuxRules selinux;
  ApparmorRules apparmor;
  SeccompRules seccomp;
  std::vector<Judgement> fates;
};

Made make_rules(Gathered& gathered, const cli::Arguments& arguments) {
  Made made{selinux_rules(gathered.denials, gathered.judges),
            apparmor_rules(gathered.denials, gathered.audited, *apparmor::dialect_named(arguments.get("abi")),
                           *apparmor::exec_mode(arguments.get("exec"))),
            seccomp_rules(gathered.denials),
            {}};
  made.fates = merged_fates(gathered.denials, made.selinux, made.apparmor, made.seccomp);
  return made;
}

Result<void> print(const Made& made, const Gathered& gathered, const cli::Arguments& arguments) {
  const auto options = options_with_interfaces(made.selinux, gathered, arguments);
  if (!options) return options.error();
  if (arguments.has("json")) {
    const auto write = output_of(arguments);
    if (!write) return write.error();
    return write_allow_json(gathered, made.selinux, made.apparmor, made.seccomp, made.fates, *options, *write);
  }
  const std::string text = all_output(made.selinux, made.apparmor, made.seccomp, gathered, arguments, *options);
  if (arguments.has("module-package"))
    return write_package(arguments, *options, text, gives_any(made.selinux),
                         !gathered.judges.policy || gathered.judges.policy->mls());
  const auto write = output_of(arguments);
  return write ? (*write)(text) : write.error();
}

}  // namespace

int allow(const cli::Arguments& arguments) {
  if (arguments.has("why")) return why(arguments);
  if (const auto checked = check_names(arguments); !checked) return cli::fail(kTool, checked.error());
  auto read = gather(arguments, For::kRules);
  if (!read) return cli::fail(kTool, read.error());
  Gathered& gathered = kept(*std::move(read));
  gathered.judges.i_know = arguments.has("i-know");
  const Made& made = kept(make_rules(gathered, arguments));
  if (const auto done = print(made, gathered, arguments); !done) return cli::fail(kTool, done.error());
  print_counts(gathered.logs);
  const bool unexplained = print_fates(gathered, made.fates);
  return exit_of(gathered.logs, arguments, unexplained ? cli::kFindings : cli::kFine);
}

}  // namespace cordon::audit_tool
