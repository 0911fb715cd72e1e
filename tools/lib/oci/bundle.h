#pragma once

#include <string>
#include <vector>

#include "base/diagnostics.h"
#include "oci/folder.h"

namespace cordon::oci {

/// A bundle whose configuration is another one while a runtime starts a container from it. Concurrent starts from one
/// bundle wait for each other. The runtime finds the changed file under the name that it knows, and everybody else
/// (its own later commands included) the original, which is only renamed.
class Bundle {
 public:
  /// Opens and locks; an original that a killed predecessor left behind is put back, with a warning.
  static Result<Bundle> open(const std::string& folder, const std::string& config, Diagnostics& diagnostics);

  const std::string& text() const { return text_; }    ///< of the original
  const std::string& where() const { return where_; }  ///< its path, for errors
  Result<void> replace(std::string_view text);
  /// Puts the original back and lets go of the lock. Again: nothing.
  Result<void> restore();

 private:
  Bundle(UniqueFd folder, std::string name, std::string where)
      : folder_(std::move(folder)), name_(std::move(name)), where_(std::move(where)) {}
  std::string original() const { return "." + name_ + ".cordon-original"; }

  UniqueFd folder_;
  std::string name_;
  std::string where_;
  std::string text_;
  bool replaced_ = false;
};

}  // namespace cordon::oci
