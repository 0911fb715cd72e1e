#pragma once

#include <string>

#include "apparmor/dialect.h"
#include "base/diagnostics.h"
#include "base/result.h"

namespace cordon::apparmor {

/// What apparmor_parser made of a profile.
struct Compiled {
  std::string blob;      ///< the policy as the kernel would load it
  std::string warnings;  ///< what the parser said beside it, one warning a line
};

struct CompileOptions {
  Dialect dialect = Dialect::k30;
  std::string base_dir;         ///< for includes; empty: the parser's own (/etc/apparmor.d)
  unsigned time_limit_s = 300;  ///< the parser is stopped after this
};

/// The parser's path, or an environment error that says how to get it. Looked for at absolute paths only: the one that
/// CORDON_APPARMOR_PARSER names, where it is set, else where packages put it. CORDON_APPARMOR_BASE names the folder of
/// its abi files, abstractions and tunables in the place of its own.
Result<std::string> find_parser();

/// Runs `apparmor_parser -QKS -M FEATURES --warn=all --Werror FILE`: nothing is loaded, no cache is touched, and the
/// running kernel's features are never asked. A profile that only --Werror refuses is compiled without it, and what it
/// was warned of is in `warnings`.
Result<Compiled> compile_file(const std::string& path, const CompileOptions& options);
Result<Compiled> compile_text(std::string_view text, const CompileOptions& options);

/// The dialect that the text's abi rule names; 3.0 without one.
Dialect dialect_of(std::string_view text);

}  // namespace cordon::apparmor
