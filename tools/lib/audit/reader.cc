#include "audit/reader.h"

#include "audit/channel.h"
#include "audit/scanner.h"

namespace cordon::audit {
namespace {
using BlockPtr = std::unique_ptr<Block>;
constexpr std::size_t kQueue = 4;  // blocks on the way between the threads
}  // namespace

struct LogReader::State {
  State(ReadOptions given, EventSink sink)
      : options(std::move(given)), assembler(options.filter, std::move(sink), options.live) {}

  BlockPtr fresh() {
    auto block = assembler.reclaim();
    return block ? std::move(block) : std::make_unique<Block>();
  }
  void take(BlockPtr block) {
    counts.lines += block->lines;
    counts.other_lines += block->other_lines;
    counts.malformed += block->malformed.size();
    for (const Malformed& bad : block->malformed)
      if (counts.first_malformed.size() < ReadCounts::kShown)
        counts.first_malformed.push_back({names[bad.source], bad.line, bad.byte, std::string(bad.problem)});
    assembler.add(std::move(block));
  }
  Result<void> read_inline(Scanner& scanner, std::size_t blocks, bool& more);
  Result<void> read_threaded(Scanner& scanner);

  ReadOptions options;
  Assembler assembler;
  std::vector<std::string> names;
  ReadCounts counts;
  std::uint64_t fed_lines = 0, fed_bytes = 0;  ///< of the source that is fed in pieces
};

LogReader::LogReader(ReadOptions options, EventSink sink)
    : state_(std::make_unique<State>(std::move(options), std::move(sink))) {}
LogReader::~LogReader() = default;

/// Up to `blocks` blocks in this thread; 0: all.
Result<void> LogReader::State::read_inline(Scanner& scanner, std::size_t blocks, bool& more) {
  for (std::size_t done = 0; more && (blocks == 0 || done < blocks); ++done) {
    BlockPtr block = fresh();
    const auto got = scanner.next(*block);
    more = got && *got;
    if (!more) scanner.finish(*block);
    take(std::move(block));
    if (!got) return got.error();
  }
  return {};
}

/// The second thread reads, decompresses, cuts lines and reads heads; this one assembles events.
Result<void> LogReader::State::read_threaded(Scanner& scanner) {
  Channel<BlockPtr> filled(kQueue), empty(2 * kQueue);
  Result<void> outcome;
  std::thread producer([&] {
    for (bool more = true; more;) {
      auto recycled = empty.try_pop();
      BlockPtr block = recycled ? *std::move(recycled) : std::make_unique<Block>();
      const auto got = scanner.next(*block);
      more = got && *got;
      if (!more) scanner.finish(*block);
      if (!got) outcome = got.error();
      if (!filled.push(std::move(block))) break;
    }
    filled.close();
  });
  while (auto block = filled.pop()) {
    take(*std::move(block));
    if (auto done = assembler.reclaim()) empty.push(std::move(done));
  }
  empty.close();
  producer.join();
  return outcome;
}

Result<void> LogReader::read(std::unique_ptr<ByteSource> source, std::string name) {
  state_->names.push_back(std::move(name));
  Scanner scanner(std::move(source), static_cast<std::uint32_t>(state_->names.size() - 1), state_->options.json_field);
  bool more = true;
  const std::size_t alone = state_->options.threads ? 4 : 0;
  auto outcome = state_->read_inline(scanner, alone, more);
  if (more && outcome) outcome = state_->read_threaded(scanner);
  return outcome;
}

Result<void> LogReader::read(const std::string& path) {
  auto source = open_source(path, state_->options.limits);
  if (!source) return source.error();
  return read(*std::move(source), path == "-" ? "standard input" : path);
}

void LogReader::flush() { state_->assembler.flush(); }

void LogReader::feed(std::string_view text, const std::string& source) {
  if (state_->names.empty() || state_->names.back() != source) {
    state_->names.push_back(source);
    state_->fed_lines = state_->fed_bytes = 0;
  }
  Scanner scanner(memory_source(text), static_cast<std::uint32_t>(state_->names.size() - 1),
                  state_->options.json_field);
  scanner.start_at(state_->fed_lines, state_->fed_bytes);
  bool more = true;
  const auto outcome = state_->read_inline(scanner, 0, more);
  state_->fed_lines = scanner.line();
  state_->fed_bytes = scanner.byte();
  static_cast<void>(outcome.ok());  // memory cannot fail to be read
}

const std::string& LogReader::source_name(std::uint32_t index) const { return state_->names[index]; }

ReadCounts LogReader::counts() const {
  ReadCounts counts = state_->counts;
  counts.used = state_->assembler.used();
  counts.not_wanted = state_->assembler.not_wanted();
  return counts;
}

ReadCounts read_logs(LogReader& reader, const std::vector<std::string>& paths, Diagnostics& diagnostics) {
  const auto complain = [&](const Error& error) { diagnostics.error(error.what, error.where, error.hint); };
  const auto logs = expand_logs(paths);
  if (!logs)
    complain(logs.error());
  else
    for (const std::string& path : *logs)
      if (const auto outcome = reader.read(path); !outcome) complain(outcome.error());
  reader.flush();
  return reader.counts();
}

}  // namespace cordon::audit
