#pragma once

#include <string>
#include <string_view>

namespace cordon::report {

/// What a report's page is made of. The data reach the script as JSON in an inert element, and the script sets text,
/// never markup: no name can become an element.
struct Page {
  std::string_view title;
  std::string_view script;  ///< the report's own, ours
  std::string data;         ///< JSON
  std::string fallback;     ///< text for readers without scripts
};

/// One HTML document. Its content security policy allows this one script and style, by their digests, and nothing from
/// any network.
std::string page(const Page& page);

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);

}  // namespace cordon::report
