// rooms: report
// Whatever the bytes, no form's escape lets one of its own marks through.
#include "base/bytes.h"
#include "report/escape.h"
#include "report/page.h"
#include "support.h"

namespace {

bool has(std::string_view text, std::string_view marks) { return text.find_first_of(marks) != std::string_view::npos; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cordon::report;
  const std::string_view bytes = fuzz::text_of(data, size);
  const std::string plain = utf8(bytes);
  fuzz::require(cordon::is_utf8(plain));
  fuzz::require(!has(xml(bytes), "<>\"'") && cordon::is_utf8(xml(bytes)));
  const std::string inert = markdown(bytes);
  fuzz::require(!has(inert, "<\n") && cordon::is_utf8(inert));
  const std::string label = prometheus_label(bytes);
  fuzz::require(label.size() >= 2 && label.front() == '"' && label.back() == '"' &&
                label.find('\n') == std::string::npos);
  for (const char c : uri(bytes)) fuzz::require(c > ' ' && c < 0x7f && c != '"' && c != '<');
  const std::string code = markdown_code(bytes);
  fuzz::require(code.find('\n') == std::string::npos);
  fuzz::require(columns(cut(plain, 20)) <= 20);
  (void)wrapped(plain, 40, 2);
  const std::string made = page({"fuzz", "", "{}", plain});
  fuzz::require(made.find("<script>alert") == std::string::npos);
  return 0;
}
