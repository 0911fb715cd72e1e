#pragma once

#include <string_view>

#include "audit/block.h"
#include "audit/line.h"

namespace cordon::audit {

/// A line of the Security Profiles Operator's log-enricher, as `kubectl logs` shows it: the records of the kernel with
/// the container, pod and namespace that they belong to, as "key"="value" pairs:
///
///   I0523 14:19:08.747313 4306 enricher.go:445] log-enricher "msg"="audit" "container"="redis" … "type"="seccomp"
///
/// The record is put together in `block.side`, with container="NAMESPACE/POD/CONTAINER" at its end. The line does not
/// say what came of a system call: it counts as logged, which is what the operator's recording profiles do.
/// kOther for any other line. Source: security-profiles-operator, installation-usage.md.
ParsedLine parse_enricher_line(std::string_view line, Block& block, Record& record);

}  // namespace cordon::audit
