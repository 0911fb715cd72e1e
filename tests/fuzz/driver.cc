// Runs a fuzz target without libFuzzer: over every file of the folders given, whole, and with --vary also
// cut short and with single bits flipped, always at the same places.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;
constexpr size_t kVariants = 48;  // cuts, and flips, of each input

void run(const Bytes& input) {
  // A copy of exactly this size: AddressSanitizer then sees a read one byte too far.
  Bytes exact(input.begin(), input.end());
  exact.shrink_to_fit();
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Bytes read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(in), {});
}

size_t vary(const Bytes& input) {
  size_t step = std::max<size_t>(1, input.size() / kVariants);
  size_t runs = 0;
  for (size_t at = 0; at < input.size(); at += step, runs += 2) {
    run(Bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(at)));
    Bytes flipped = input;
    flipped[at] ^= static_cast<uint8_t>(1U << (at % 8));
    run(flipped);
  }
  return runs;
}

std::vector<std::filesystem::path> inputs(const char* where) {
  if (!std::filesystem::is_directory(where)) return {where};
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(where))
    if (entry.is_regular_file()) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

int main(int argc, char** argv) {
  bool varied = argc > 1 && std::strcmp(argv[1], "--vary") == 0;
  size_t files = 0;
  size_t runs = 1;
  run({});
  for (int i = varied ? 2 : 1; i < argc; ++i) {
    for (const auto& path : inputs(argv[i])) {
      Bytes input = read_file(path);
      std::fprintf(stderr, "%s\n", path.c_str());  // the last line names what a crash came from
      run(input);
      runs += 1 + (varied ? vary(input) : 0);
      ++files;
    }
  }
  std::printf("%zu files, %zu runs\n", files, runs);
  return files == 0 ? 1 : 0;
}
