#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "facts/trace.h"

/// What scripts ask of a trace: one item a line, sorted, each once.
namespace cordon {

std::vector<std::string> list_syscalls(const Trace& trace);  ///< names; those of other ABIs as "i386:open"
std::vector<std::string> list_files(const Trace& trace);     ///< "path<TAB>perms", existing or created ones
std::vector<std::string> list_net(const Trace& trace);       ///< "act family type protocol address port"
std::vector<std::string> list_caps(const Trace& trace);
std::vector<std::string> list_exec(const Trace& trace);  ///< programs that were started, scripts and interpreters too

/// One row a list: the option's name and its function.
struct ListRow {
  std::string_view option;
  std::string_view help;
  std::vector<std::string> (*list)(const Trace&);
};
const std::vector<ListRow>& list_rows();

/// How many facts there are of each operation kind.
std::map<std::string, std::size_t> facts_by_kind(const Trace& trace);

}  // namespace cordon
