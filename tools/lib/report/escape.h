#pragma once

#include <string>
#include <string_view>

/// Names come from programs and logs and are hostile: each format has its own escape, and all text goes through one.
namespace cordon::report {

/// Valid UTF-8 without control bytes that a reader could not see; other bytes become \xNN.
std::string utf8(std::string_view bytes);
/// XML 1.0 and HTML text and attribute values.
std::string xml(std::string_view bytes);
/// GitHub's and GitLab's Markdown outside of code: no link, image, mention, HTML or table cell can begin.
std::string markdown(std::string_view bytes);
/// Markdown's inline code, with a fence longer than any run of backticks inside.
std::string markdown_code(std::string_view bytes);
/// A label value of the Prometheus text format, with its quotes.
std::string prometheus_label(std::string_view bytes);
/// A percent-encoded relative URI reference for SARIF's artifactLocation (RFC 3986).
std::string uri(std::string_view path);

/// Columns that the text takes on a terminal, never less than it shows: what combines counts as one.
std::size_t columns(std::string_view utf8_text);
/// At most that many columns; "…" at the end tells that something was cut.
std::string cut(std::string_view utf8_text, std::size_t width);
/// Broken at blanks into lines of at most `width` columns, each beginning with `indent` blanks.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace cordon::report
