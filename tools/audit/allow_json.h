#pragma once

#include "gather.h"
#include "json_stream.h"
#include "te_text.h"

namespace cordon::audit_tool {

/// schemas/audit-allow.schema.json.
Result<void> write_allow_json(const Gathered& gathered, const SelinuxRules& selinux, const ApparmorRules& apparmor,
                              const SeccompRules& seccomp, const std::vector<Judgement>& fates,
                              const TeOptions& options, Write write);

/// What allow and why have in common: what was read, where the denials went.
nlohmann::ordered_json counts_object(const Gathered& gathered, const std::vector<Judgement>& fates);
nlohmann::ordered_json evidence_json(const audit::Denial& denial);
nlohmann::ordered_json reasons_json(const PermissionState& state);
nlohmann::ordered_json bytes_json(const std::string& bytes);

}  // namespace cordon::audit_tool
