#include "report/page.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "report/escape.h"
#include "report/web.h"

namespace cordon::report {
namespace {

std::string digest(std::string_view bytes) { return "'sha256-" + base64(*from_hex(sha256_hex(bytes))) + "'"; }

/// JSON that cannot end its element: '<' only stands inside strings there.
std::string inert(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 16);
  for (const char c : json) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

/// printable() keeps no line ends: line by line.
std::string lines(std::string_view text) {
  std::string out;
  for (std::size_t start = 0; start < text.size();) {
    auto end = text.find('\n', start);
    if (end == text.npos) end = text.size();
    out += xml(text.substr(start, end - start)) + "\n";
    start = end + 1;
  }
  return out;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::string page(const Page& page) {
  const std::string script = std::string(web::kCommonScript) + std::string(page.script);
  const auto policy =
      fmt::format("default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
                  digest(script), digest(web::kStyle));
  std::string out = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy + "\">\n";
  out += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  out += "<meta name=\"color-scheme\" content=\"light dark\">\n";
  out += "<title>" + xml(page.title) + "</title>\n<style>" + std::string(web::kStyle) + "</style>\n</head>\n<body>\n";
  out += "<noscript><pre>" + lines(page.fallback) + "</pre></noscript>\n<main id=\"app\"></main>\n";
  out += "<script type=\"application/json\" id=\"data\">" + inert(page.data) + "</script>\n";
  return out + "<script>" + script + "</script>\n</body>\n</html>\n";
}

}  // namespace cordon::report
