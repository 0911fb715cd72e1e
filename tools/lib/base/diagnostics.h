#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cordon {

enum class Severity : std::uint8_t { kNote, kWarning, kError };

/// Something worth saying that does not stop the work. Many may be gathered in one run.
struct Diagnostic {
  Severity severity = Severity::kWarning;
  std::string what;
  std::string where;
  std::string hint;
};

/// Gathers diagnostics in the order in which they were found.
class Diagnostics {
 public:
  void note(std::string what, std::string where = {}, std::string hint = {});
  void warn(std::string what, std::string where = {}, std::string hint = {});
  void error(std::string what, std::string where = {}, std::string hint = {});
  void add(Diagnostic diagnostic) { all_.push_back(std::move(diagnostic)); }

  const std::vector<Diagnostic>& all() const { return all_; }
  bool has_errors() const;

 private:
  std::vector<Diagnostic> all_;
};

std::string_view to_text(Severity severity);

}  // namespace cordon
