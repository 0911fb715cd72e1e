#include "apparmor/label.h"

namespace cordon::apparmor {

std::vector<std::size_t> label_ends(std::string_view label) {
  std::vector<std::size_t> ends;
  for (std::size_t at = label.find("//", 1); at != std::string_view::npos; at = label.find("//", at + 3))
    ends.push_back(at);
  ends.push_back(label.size());
  return ends;
}

}  // namespace cordon::apparmor
