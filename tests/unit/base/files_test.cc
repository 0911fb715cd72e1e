#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/atomic_file.h"
#include "base/fd.h"
#include "scratch.h"

using namespace cordon;
namespace fs = std::filesystem;

namespace {

std::string text_of(const std::string& path) {
  const auto text = read_file(path);
  return text ? *text : "(" + text.error().what + ")";
}

}  // namespace

TEST_CASE("a file is written whole, in the place of what was there") {
  const Scratch folder;
  REQUIRE(write_file_atomically(folder / "f", "old"));
  REQUIRE(write_file_atomically(folder / "f", "new", 0600));
  CHECK(text_of(folder / "f") == "new");
  struct stat st {};
  REQUIRE(stat((folder / "f").c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
  CHECK(folder.files() == 1);
}

TEST_CASE("a symlink is replaced and what it leads to stays") {
  const Scratch folder;
  REQUIRE(write_file_atomically(folder / "target", "kept"));
  REQUIRE(symlink((folder / "target").c_str(), (folder / "link").c_str()) == 0);
  REQUIRE(write_file_atomically(folder / "link", "new"));
  CHECK(fs::is_regular_file(fs::symlink_status(folder / "link")));
  CHECK(text_of(folder / "target") == "kept");
}

TEST_CASE("what cannot be written is told with its place and leaves nothing behind") {
  const Scratch folder;
  const auto nowhere = write_file_atomically(folder / "no/such/f", "x");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().code == ErrorCode::kIo);
  CHECK(nowhere.error().where == folder / "no/such");
  REQUIRE(make_directories(folder / "f/sub"));
  const auto directory = write_file_atomically(folder / "f", "x");
  REQUIRE_FALSE(directory);
  CHECK(directory.error().what.find("cannot rename") == 0);
  CHECK(folder.files() == 1);
}

TEST_CASE("directories are made with their parents, and none in the place of a file") {
  const Scratch folder;
  REQUIRE(make_directories(folder / "a/b/c"));
  REQUIRE(make_directories(folder / "a/b/c"));
  CHECK(fs::is_directory(folder / "a/b/c"));
  REQUIRE(write_file_atomically(folder / "file", "x"));
  CHECK_FALSE(make_directories(folder / "file/below"));
}

TEST_CASE("a file that is read has a limit, and is no directory") {
  const Scratch folder;
  REQUIRE(write_file_atomically(folder / "f", std::string(200'000, 'x')));
  CHECK(read_file(folder / "f")->size() == 200'000);
  CHECK(read_file(folder / "f", 200'000));
  const auto large = read_file(folder / "f", 199'999);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::kBadInput);
  CHECK(large.error().what.find("199999") != std::string::npos);
  CHECK(read_file(folder.path()).error().code == ErrorCode::kIo);
  CHECK(read_file(folder / "missing").error().what == "cannot open: No such file or directory");
}

TEST_CASE("a pipe that is not ready is waited for, in both directions") {
  int ends[2];
  REQUIRE(pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const std::string sent(1 << 20, 'y');  // more than a pipe holds
  std::size_t got = 0;
  std::thread other([&] {
    std::string block(4096, '\0');
    while (const auto some = read_some(reader.get(), block.data(), block.size(), "pipe")) {
      if (*some == 0) break;
      got += *some;
    }
  });
  CHECK(write_all(writer.get(), sent, "pipe"));
  writer.reset();
  other.join();
  CHECK(got == sent.size());
}

TEST_CASE("reading and writing where it cannot be are errors that name the place") {
  const UniqueFd write_only(open("/dev/null", O_WRONLY | O_CLOEXEC));
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  char byte = 0;
  const auto read = read_some(write_only.get(), &byte, 1, "there");
  REQUIRE_FALSE(read);
  CHECK(read.error().where == "there");
  const auto written = write_all(full.get(), "x", "the disk");
  REQUIRE_FALSE(written);
  CHECK(written.error().what == "cannot write: No space left on device");
  CHECK(written.error().where == "the disk");
}

TEST_CASE("a descriptor has one owner") {
  UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
  REQUIRE(one);
  const int number = one.get();
  UniqueFd two(std::move(one));
  CHECK_FALSE(one);  // NOLINT(bugprone-use-after-move)
  CHECK(two.get() == number);
  one = std::move(two);
  CHECK(one.get() == number);
  CHECK(one.release() == number);
  CHECK(fcntl(number, F_GETFD) >= 0);
  UniqueFd again(number);
  again.reset();
  CHECK(fcntl(number, F_GETFD) < 0);
}

TEST_CASE("standard input is read by the name of a dash, from a descriptor of its own") {
  const auto input = open_input("-");
  REQUIRE(input);
  CHECK((*input).get() > STDERR_FILENO);
}
