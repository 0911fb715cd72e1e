#include "audit/event.h"

#include "base/invariant.h"

namespace cordon::audit {

const Record* Event::find(RecordType type) const {
  for (const Record* record : records)
    if (record->type == type) return record;
  return nullptr;
}

std::string event_id(const Event& event) {
  std::string id(event.node);
  if (!id.empty()) id += ' ';
  const std::int64_t millis = event.time_ms % 1000;
  id += std::to_string(event.time_ms / 1000) + '.' + static_cast<char>('0' + millis / 100) +
        static_cast<char>('0' + millis / 10 % 10) + static_cast<char>('0' + millis % 10);
  return id + ':' + std::to_string(event.serial);
}

bool EventFilter::wants(RecordType type) const {
  if (everything) return true;
  switch (use_of(type)) {
    case TypeUse::kDenial: return denials;
    case TypeUse::kPolicy: return policy_changes;
    case TypeUse::kAnomaly: return anomalies;
    default: return false;
  }
}

/// One open event. Slots form a ring in the order in which the events began; a closed one stays in the ring, marked,
/// until it is the oldest.
struct Assembler::Slot {
  std::string_view node;
  std::int64_t time_ms = 0;
  std::uint64_t serial = 0;
  std::uint64_t sequence = 0;  ///< of the block that its first record lies in
  std::vector<const Record*> records;
  std::int32_t next = -1;
  std::uint32_t bucket = 0;
  bool wanted = false;
  bool closed = false;

  bool is(const Record& record) const {
    return serial == record.serial && time_ms == record.time_ms && node == record.node;
  }
};

namespace {
constexpr std::size_t kBuckets = 8192;
constexpr std::size_t kUsualRecords = 64;

std::size_t bucket_of(const Record& record) {
  std::uint64_t hash = record.serial * 0x9e3779b97f4a7c15u ^ static_cast<std::uint64_t>(record.time_ms);
  for (const char c : record.node) hash = hash * 31 + static_cast<unsigned char>(c);
  return (hash ^ hash >> 29) & (kBuckets - 1);
}
}  // namespace

Assembler::Assembler(EventFilter filter, EventSink sink, bool live)
    : filter_(filter), sink_(std::move(sink)), live_(live), slots_(kMaxOpen), buckets_(kBuckets, -1) {}
Assembler::~Assembler() = default;

void Assembler::add(std::unique_ptr<Block> block) {
  block->sequence = current_sequence_ = next_sequence_++;
  held_bytes_ += block->bytes.size();
  const Block& current = *block;
  blocks_.push_back(std::move(block));
  for (const Record& record : current.records) add_record(record);
  drop_old_blocks();
}

void Assembler::add_record(const Record& record) {
  const TypeUse use = use_of(record.type);
  const bool wanted = filter_.wants(record.type);
  if (record.serial == 0) {
    wanted ? deliver_alone(record) : void(++not_wanted_);
    return;
  }
  if (!wanted && use != TypeUse::kCompanion) {
    ++not_wanted_;
    return;
  }
  const std::size_t bucket = bucket_of(record);
  std::int32_t at = buckets_[bucket];
  while (at >= 0 && (!slots_[at].is(record) || slots_[at].records.size() >= kMaxRecords)) at = slots_[at].next;
  Slot& slot = at >= 0 ? slots_[at] : open(record, bucket);
  slot.records.push_back(&record);
  slot.wanted |= wanted;
  if (live_ && record.type == kEoe) close(static_cast<std::int32_t>(&slot - slots_.data()));
}

void Assembler::deliver_alone(const Record& record) {
  alone_.assign(1, &record);
  ++used_;
  sink_(Event{record.node, record.time_ms, record.serial, alone_});
}

Assembler::Slot& Assembler::open(const Record& record, std::size_t bucket) {
  if (open_ == kMaxOpen) close_oldest();
  const std::size_t at = (oldest_ + open_++) % kMaxOpen;
  Slot& slot = slots_[at];
  slot.node = record.node;
  slot.time_ms = record.time_ms;
  slot.serial = record.serial;
  slot.sequence = current_sequence_;
  slot.records.clear();
  slot.wanted = slot.closed = false;
  slot.bucket = static_cast<std::uint32_t>(bucket);
  slot.next = buckets_[bucket];
  buckets_[bucket] = static_cast<std::int32_t>(at);
  return slot;
}

void Assembler::close_oldest() {
  if (!slots_[oldest_].closed) close(static_cast<std::int32_t>(oldest_));
  oldest_ = (oldest_ + 1) % kMaxOpen;
  --open_;
}

void Assembler::close(std::int32_t at) {
  Slot& slot = slots_[at];
  std::int32_t* link = &buckets_[slot.bucket];
  while (*link != at) link = &slots_[*link].next;
  *link = slot.next;
  slot.closed = true;
  (slot.wanted ? used_ : not_wanted_) += slot.records.size();
  if (slot.wanted) sink_(Event{slot.node, slot.time_ms, slot.serial, slot.records});
  // A slot is used again with its memory, unless one huge event has swollen it.
  if (slot.records.capacity() > kUsualRecords) std::vector<const Record*>().swap(slot.records);
}

void Assembler::flush() {
  while (open_ > 0) close_oldest();
  drop_old_blocks();
}

void Assembler::drop_old_blocks() {
  while (open_ > 0 && slots_[oldest_].closed) close_oldest();
  std::size_t drop = 0;
  while (drop < blocks_.size()) {
    Block& block = *blocks_[drop];
    const bool held = open_ > 0 && slots_[oldest_].sequence <= block.sequence;
    if (held && held_bytes_ <= kWindow) break;
    while (open_ > 0 && slots_[oldest_].sequence <= block.sequence) close_oldest();
    held_bytes_ -= block.bytes.size();
    free_.push_back(std::move(blocks_[drop++]));
  }
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<std::ptrdiff_t>(drop));
}

std::unique_ptr<Block> Assembler::reclaim() {
  if (free_.empty()) return nullptr;
  auto block = std::move(free_.back());
  free_.pop_back();
  block->clear();
  return block;
}

}  // namespace cordon::audit
