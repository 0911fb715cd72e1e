#include "base/diagnostics.h"

#include <algorithm>

namespace cordon {

void Diagnostics::note(std::string what, std::string where, std::string hint) {
  add({Severity::kNote, std::move(what), std::move(where), std::move(hint)});
}

void Diagnostics::warn(std::string what, std::string where, std::string hint) {
  add({Severity::kWarning, std::move(what), std::move(where), std::move(hint)});
}

void Diagnostics::error(std::string what, std::string where, std::string hint) {
  add({Severity::kError, std::move(what), std::move(where), std::move(hint)});
}

bool Diagnostics::has_errors() const {
  return std::any_of(all_.begin(), all_.end(), [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::kNote: return "note";
    case Severity::kWarning: return "warning";
    case Severity::kError: return "error";
  }
  return "error";
}

}  // namespace cordon
