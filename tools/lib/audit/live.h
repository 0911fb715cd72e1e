#pragma once

#include <string>

#include "audit/reader.h"

namespace cordon::audit {

/// Reads a growing log until SIGINT or SIGTERM: a rotated or truncated file is read to its end and its successor
/// opened. Events are handed over after kSilence without news.
Result<void> follow(LogReader& reader, const std::string& path);

/// Reads the kernel's audit multicast group (AUDIT_NLGRP_READLOG, Linux 3.16) until SIGINT or SIGTERM.
/// Error kEnvironment without CAP_AUDIT_READ or where the kernel has no audit.
Result<void> read_multicast(LogReader& reader);

/// The kernel's message buffer (syslog(2) SYSLOG_ACTION_READ_ALL) as dmesg prints it, priorities cut off.
Result<std::string> kernel_messages();

}  // namespace cordon::audit
