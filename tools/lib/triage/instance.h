#pragma once

#include <string>
#include <vector>

#include "triage/fill.h"
#include "triage/finding.h"

namespace cordon::triage {

/// A finding of one rule with its fixes filled in; other rules that match give their fixes too.
Finding make_finding(const CauseRule& rule, const std::string& key, std::vector<Shape> shapes, const RuleSet& rules);

/// What the blanks of a rule's texts stand for in this finding.
Blanks blanks_of(const Finding& finding, const Shape& lead);

/// The fix with its blanks filled, or nothing if one that a command or file needs is not known.
std::optional<Fix> make_fix(const FixTemplate& form, const Blanks& blanks, const std::string& rule);

/// A policy module's source that allows (or dontaudits) what SELinux denied in the finding; empty if nothing can be
/// said so, which includes types that are not plain words.
std::string module_source(const Finding& finding, const std::string& module, std::string_view keyword);

/// The AppArmor rules, one a line, that allow what was denied in the finding; sorted and unique.
std::vector<std::string> apparmor_rules(const Finding& finding);

/// The names of the syscalls that seccomp denied in the finding; sorted and unique.
std::vector<std::string> denied_syscalls(const Finding& finding);

/// The shape that speaks for the finding.
const Shape& lead_shape(const Finding& finding);

}  // namespace cordon::triage
