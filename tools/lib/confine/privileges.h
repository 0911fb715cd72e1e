#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace cordon::confine {

/// Gives up every capability but `keep`, from the bounding and the inheritable set too (capabilities(7)). False: there
/// were none to give up.
Result<bool> drop_capabilities(const std::set<unsigned>& keep);

/// Root becomes nobody (uid and gid 65534, no further groups) and keeps `keep`. False: it is not root, or one of the
/// inputs could then not be read (a FUSE mount of root's own, say), so all stays as it was.
Result<bool> become_nobody(const std::set<unsigned>& keep, const std::vector<std::string>& inputs);

}  // namespace cordon::confine
