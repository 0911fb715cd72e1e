#pragma once

#include <string>
#include <vector>

#include "flow/synthesise.h"

namespace cordon::flow {

/// What the report on a learned or checked set is made of. Nothing is owned.
struct LearnedPart {
  const Backend* backend = nullptr;
  std::vector<std::string> files;
  const Emission* emission = nullptr;  ///< null where a finished profile was only checked
  const Proof* proof = nullptr;
};
struct Learned {
  std::string title;
  const Trace* trace = nullptr;
  const Policy* policy = nullptr;  ///< null likewise
  std::vector<LearnedPart> targets;
  std::vector<std::string> notes;
};

/// Writes each report in the form that its name's ending says: .html, .json, .md, .sarif. Another ending is an error.
Result<void> write_reports(const Learned& learned, const std::string& data_dir, const std::vector<std::string>& paths);

}  // namespace cordon::flow
