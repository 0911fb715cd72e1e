#pragma once

#include <nlohmann/json_fwd.hpp>

#include "triage/finding.h"

namespace cordon::report {

/// A finding as schemas/triage-findings.schema.json describes it; what the JSON and HTML reports share.
nlohmann::ordered_json json_of(const triage::Finding& finding);
nlohmann::ordered_json json_of(const triage::Triage& triage);

/// Text for JSON: bytes that are not UTF-8 or that a screen must not get become \xNN, as in all reports.
std::string json_text(const nlohmann::ordered_json& json, int indent);

}  // namespace cordon::report
