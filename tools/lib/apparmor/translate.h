#pragma once

#include <string>
#include <vector>

#include "apparmor/dialect.h"
#include "apparmor/rule.h"
#include "facts/operation.h"
#include "policy/backend.h"
#include "policy/policy.h"

namespace cordon::apparmor {

/// What the translation of an operation depends on.
struct TranslateContext {
  Dialect dialect = Dialect::k30;
  std::string profile;     ///< the name of the profile that the rules go into
  bool from_log = false;   ///< peers are labels, names carry their slash, links go without their target
  bool labels = false;     ///< peers are labels alone
  bool addresses = false;  ///< say addresses and ports where the dialect has them
};

/// The rules that let an operation through, and how well they say it. No rules with Fit::kExact: AppArmor lets it
/// through by itself, or does not mediate it.
struct Translation {
  std::vector<ProfileRule> rules;
  Expression expression;
};

Translation translate(const Operation& operation, const TranslateContext& context);

/// The same with the grant's shapes, if it has any, in place of the operation's own names (FileOp and ExecOp only).
Translation translate(const Grant& grant, const TranslateContext& context);

/// The letters that the kernel asks for when it decides on these accesses.
/// Source: security/apparmor/lsm.c and file.c (aa_map_file_to_perms, map_old_perms), Linux 6.1.
FileLetters letters_for(const FileOp& op);

/// The name as AppArmor sees it: directories end in a slash.
std::string mediated_name(const FileOp& op);

/// True if the kernel mediates the object by its path at all: memory files, pipes and anonymous inodes are not.
/// Source: path_mediated_fs() in security/apparmor/include/path.h.
bool path_mediated(const FileOp& op);

}  // namespace cordon::apparmor
