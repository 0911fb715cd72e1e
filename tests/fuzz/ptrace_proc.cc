// rooms: ptrace facts kernel base
// The files of /proc whose contents a traced program has a say in: its name, its arguments, the names of what it maps.
#include "ptrace/mappings.h"
#include "ptrace/procfs.h"
#include "support.h"

namespace {

using namespace cordon;

struct Table {
  explicit Table(std::string_view text)
      : file(text.empty() ? nullptr : fmemopen(const_cast<char*>(text.data()), text.size(), "r")) {}
  ~Table() {
    if (file != nullptr) fclose(file);
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  FILE* file;
};

void names_keep_to_themselves(std::string_view text) {
  std::string comm;  // as the kernel escapes it, cut as it cuts it
  for (const char c : text.substr(0, 15)) {
    if (c == '\0') break;
    comm += c == '\n' ? "\\n" : c == '\\' ? "\\\\" : std::string(1, c);
  }
  const Credentials read = parse_credentials("Name:\t" + comm + "\nTgid:\t7\nUid:\t1\t2\t3\t4\n");
  fuzz::require(read.known && read.tgid == 7 && read.uid[3] == 4 && read.seccomp == 0);
  fuzz::require(read.comm == std::string(text.substr(0, std::min(text.substr(0, 15).find('\0'), std::size_t{15}))));
  fuzz::require(!says_zombie("7 (" + comm + ") S 1 1"));
  fuzz::require(says_zombie("7 (" + comm + ") Z 1 1"));
}

void mappings_keep_to_themselves(std::string_view text) {
  std::string name = "/";
  for (const char c : text) {
    if (c != '\0') name += c == '\n' ? "\\012" : std::string(1, c);
  }
  const std::string maps = "1000-2000 r-xp 00000000 08:01 5   " + name + "\n5000-6000 rw-s 00000000 00:00 0 \n";
  const auto last = find_mapping(Table(maps).file, 0x2000);
  fuzz::require(last && last->begin == 0x5000 && last->shared && !last->executable && last->name.empty());
  const auto first = find_mapping(Table(maps).file, 0);
  fuzz::require(first && first->executable && first->is_file());
  fuzz::require(!find_mapping(Table(maps).file, 0x6000));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const Credentials any = parse_credentials(text);
  fuzz::require(any.known == (any.tgid != 0));
  std::size_t bytes = 0;
  for (const std::string& word : parse_cmdline(text)) bytes += word.size() + 1;
  fuzz::require(bytes <= text.size() + 1);
  (void)says_zombie(text);
  (void)find_mapping(Table(text).file, 0x1000);
  (void)find_changed_pages(Table(text).file, 0x1000);
  names_keep_to_themselves(text);
  mappings_keep_to_themselves(text);
  return 0;
}
