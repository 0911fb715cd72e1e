#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "audit/block.h"
#include "audit/record.h"

namespace cordon::audit {

/// All records of one event in the order in which they were read. Valid only during the call that hands it over.
struct Event {
  std::string_view node;
  std::int64_t time_ms = 0;
  std::uint64_t serial = 0;
  const std::vector<const Record*>& records;

  /// The first record of that type, or null.
  const Record* find(RecordType type) const;
};

/// "node time:serial" as ausearch's --event and --node take it; without node if there is none.
std::string event_id(const Event& event);

using EventSink = std::function<void(const Event&)>;

/// Which events are handed over.
struct EventFilter {
  bool denials = true;
  bool policy_changes = true;
  bool anomalies = false;
  bool everything = false;
  bool wants(RecordType type) const;
};

/// Puts the records of an event together by (node, time, serial), whatever the order in which they come.
/// An event is closed when kMaxOpen newer events have begun, when its first record lies more than kWindow bytes behind,
/// on flush(), and at the end of input; in live mode also at once by an EOE record. A record that comes later begins
/// the event anew. Memory is bounded by these two limits.
class Assembler {
 public:
  static constexpr std::size_t kMaxOpen = 2048;
  static constexpr std::size_t kWindow = 8 * 1024 * 1024;
  static constexpr std::size_t kMaxRecords =
      4096;  ///< of one event; what comes beyond is handed over as a further event

  Assembler(EventFilter filter, EventSink sink, bool live);
  ~Assembler();
  Assembler(const Assembler&) = delete;
  Assembler& operator=(const Assembler&) = delete;

  /// Takes the block; it is given back by reclaim() when no open event views it any more.
  void add(std::unique_ptr<Block> block);
  void flush();
  std::unique_ptr<Block> reclaim();

  std::uint64_t used() const { return used_; }
  std::uint64_t not_wanted() const { return not_wanted_; }

 private:
  struct Slot;
  void add_record(const Record& record);
  void deliver_alone(const Record& record);
  Slot& open(const Record& record, std::size_t bucket);
  void close_oldest();
  void close(std::int32_t slot);
  void drop_old_blocks();

  EventFilter filter_;
  EventSink sink_;
  bool live_;
  std::vector<Slot> slots_;            ///< a ring: oldest_ … oldest_ + open_
  std::vector<std::int32_t> buckets_;  ///< heads of the chains through Slot::next
  std::size_t oldest_ = 0, open_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;  ///< oldest first
  std::vector<std::unique_ptr<Block>> free_;
  std::size_t held_bytes_ = 0;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t current_sequence_ = 0;
  std::vector<const Record*> alone_;
  std::uint64_t used_ = 0, not_wanted_ = 0;
};

}  // namespace cordon::audit
