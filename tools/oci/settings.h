#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace cordon::oci {

/// What the operator of the machine says: options of our own before the runtime's, else the environment, else defaults.
struct Settings {
  std::string runtime;   ///< path of the runtime
  std::string recorder;  ///< path of the static recorder
  std::string output;    ///< folder of the traces
  std::string below;     ///< files that annotations name must lie below it; empty: anywhere
  bool only_annotated = false;
};

/// Takes our own options out of `words`. kUsage for one that is not known or lacks its value; kEnvironment where no
/// runtime or recorder is found.
Result<Settings> take_settings(std::vector<std::string>& words);

/// The options, as rows of help: name with dashes, value, words, environment variable.
struct SettingRow {
  const char* option;
  const char* value;
  const char* help;
  const char* variable;
  std::string Settings::*text;
};
const std::vector<SettingRow>& setting_rows();
inline constexpr const char* kOnlyAnnotated = "--cordon-only-annotated";

/// A program beside ours, or in its own place of the build.
std::string sibling(const std::string& name);

}  // namespace cordon::oci
