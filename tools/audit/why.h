#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apparmor/source.h"
#include "gather.h"
#include "seccomp/data.h"

namespace cordon::audit_tool {

/// One reason why something was refused, with what would mend it.
struct Cause {
  std::string kind;                ///< "no_rule", "boolean", "constraint", "label", …
  std::string words;               ///< one sentence
  std::vector<std::string> rules;  ///< the statements that decide it, with where they stand
  std::vector<std::string> mends;  ///< commands, or what to change
};

/// The causes of one permission (or of the whole, where `what` is empty).
struct Part {
  std::string what;
  std::vector<Cause> causes;
};

struct Explained {
  std::string title;               ///< "httpd_t -> shadow_t:file { read }"
  std::vector<std::string> lines;  ///< contexts or profile, as logged
  std::vector<Part> parts;
  Judgement fate;
};

/// Each asks its own mechanism; the denial's facts are not empty.
Explained explain_selinux(const audit::Denial& denial, const Judges& judges);
Explained explain_seccomp(const audit::Denial& denial, const seccomp::Data& data);

/// The profiles of a machine, by name.
class ProfileShelf {
 public:
  /// Files or directories (their plain files); what cannot be read is told in `notes`.
  static ProfileShelf load(const std::vector<std::string>& paths, std::vector<std::string>& notes);
  const apparmor::SourceProfile* named(const std::string& name) const;
  const apparmor::RuleIndex& index(const apparmor::SourceProfile& profile) const;  ///< made when first asked for

 private:
  std::vector<apparmor::SourceProfile> profiles_;
  mutable std::map<const apparmor::SourceProfile*, std::unique_ptr<apparmor::RuleIndex>> indexes_;
};
Explained explain_apparmor(const audit::Denial& denial, const ProfileShelf& shelf);

}  // namespace cordon::audit_tool
