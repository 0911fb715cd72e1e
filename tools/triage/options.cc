#include "options.h"

namespace cordon::triage_tool {

std::vector<cli::OptionRow> options() {
  return {
      {"-i,--input", "LOG", "a log to read, as if it stood at the end; '-' is standard input", "", "", true},
      {"-a,--all", "", "the host's audit logs (/var/log/audit, rotated ones first)"},
      {"-d,--dmesg", "", "the kernel's message buffer"},
      {"--follow", "", "goes on reading the last log, one line for each new finding, until interrupted"},
      {"--field", "NAME", "NDJSON: the field that holds the line, dots between levels"},
      {"--strict", "", "exit 3 if a line is malformed or a denial could not be understood"},
      {"--format", "FORMAT", "what to print", "text|json|html|sarif|junit|markdown|prometheus", "text"},
      {"--json", "", "the same as --format json"},
      {"-o,--output", "FILE", "write there instead of to standard output; with --apply, the directory for the files"},
      {"--top", "N", "findings shown as text; 0 is all; on a terminal no more than fit, unless given", "", "10"},
      {"--explain", "ID", "one finding's whole story"},
      {"--apply", "ID", "write the files of the finding's best fix and print its commands; nothing is run"},
      {"--fix", "N", "with --apply: the Nth fix that --explain lists", "", "1"},
      {"-p,--policy", "FILE", "the binary SELinux policy to try fixes against; else this machine's, if it has one"},
      {"--file-contexts", "FILE", "the file contexts that belong to it"},
      {"--profile", "FILE", "an AppArmor or seccomp profile that the log was made under, to try fixes against", "", "",
       true},
      {"--no-policy", "", "try nothing: only group and explain"},
      {"--since", "TIME", "leave out what came before: 2026-01-31, 2026-01-31T12:00 (UTC), @SECONDS, 3h, 2d"},
      {"--until", "TIME", "leave out what came after"},
      {"--unit", "GLOB", "only this unit", "", "", true},
      {"--container", "GLOB", "only this container, by its name or id", "", "", true},
      {"--host", "GLOB", "only this host", "", "", true},
      {"--exe", "GLOB", "only this program (path or comm)", "", "", true},
      {"--type", "GLOB", "only this SELinux type (source or target), or selinux, apparmor or seccomp", "", "", true},
      {"--baseline", "FILE",
       "accepted findings, each with its reason and expiry (schemas/triage-baseline.schema.json)"},
      {"--write-baseline", "FILE", "accept all that is found now; needs --reason"},
      {"--reason", "TEXT", "why"},
      {"--expires", "DAY", "until when"},
      {"--rules", "DIR", "triage rules to use instead of those installed"},
  };
}

}  // namespace cordon::triage_tool
