#include "audit/denial.h"

#include <array>
#include <deque>

#include "audit/decision_index.h"
#include "audit/decode.h"
#include "audit/key_table.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

using std::string_view;
using Decoder = std::optional<Denial> (*)(const DecisionRecord&);

Decoder decoder_of(DecisionKind kind) {
  switch (kind) {
    case DecisionKind::kVector: return &decode_avc;
    case DecisionKind::kSelinuxError: return &decode_selinux_error;
    case DecisionKind::kProfile: return &decode_apparmor;
    case DecisionKind::kFilter: return &decode_seccomp;
    case DecisionKind::kNone: break;
  }
  return nullptr;
}

/// What differs from record to record without changing what was decided; the last two are who did it.
constexpr KeyTable kVolatile(std::to_array<string_view>(
    {"pid",   "parent",   "task",     "magic_token", "token",   "peer_pid", "auid", "ses", "uid",    "gid",  "ip",
     "sauid", "hostname", "addr_pid", "terminal",    "exe_pid", "fsuid",    "ouid", "sig", "offset", "comm", "exe"}));
constexpr std::size_t kFirstOfSubject = 20;

void complete(Denial& denial, const DecisionRecord& from, const std::string& source) {
  denial.details.record_type = record_type_name(from.record.type);
  if (from.record.place != nullptr) denial.details.place = *from.record.place;
  denial.tally = {1, 0, from.record.time_ms, from.record.time_ms};
  Evidence sample = evidence_of(from);
  sample.source = source;
  for (Fact& fact : denial.facts) {
    fact.verdict.outcome = denial.outcome;
    fact.verdict.by = denial.by;
    if (fact.subject.container.empty()) fact.subject.container = denial.details.place.name();
    fact.tally = denial.tally;
    fact.origin = {source, from.record.line, sample.event, sample.pid};
  }
  denial.samples.push_back(std::move(sample));
}

}  // namespace

string_view text_of(const Record& record) { return record.type == kUserAvc ? inner_message(record.body) : record.body; }

std::optional<Denial> decode_decision(const DecisionRecord& from, DecisionKind kind, const std::string& source) {
  const Decoder decoder = decoder_of(kind);
  auto denial = decoder ? decoder(from) : std::nullopt;
  if (denial) complete(*denial, from, source);
  return denial;
}

bool decision_key(const DecisionRecord& from, DecisionKind kind, Grain grain, std::string& key) {
  if (kind == DecisionKind::kNone) return false;
  key.assign(1, static_cast<char>('0' + static_cast<int>(kind)));
  kind == DecisionKind::kVector ? append_avc_key(from, grain, key) : append_plain_key(from, grain, key);
  if (grain == Grain::kFact && from.record.place != nullptr) key.append(1, '\0').append(from.record.place->name());
  return true;
}

/// The body without the fields that do not tell decisions apart; who owns the file counts as "the same user or not".
/// The record's type and whether the body begins with a field go before: old records of AppArmor are told by them.
void append_plain_key(const DecisionRecord& from, Grain grain, std::string& out) {
  out += static_cast<char>(from.record.type & 0xff);
  out += static_cast<char>(from.record.type >> 8);
  out += starts_with_field(from.text) ? 'f' : 't';
  string_view fsuid, ouid;
  FieldWalker walker(from.text, from.record.dialect);
  std::size_t kept = 0;  // what stands before is copied or left out
  for (Field field; walker.next(field);) {
    const std::size_t at = kVolatile.find(field.key);
    if (at == kVolatile.kNone || (at >= kFirstOfSubject && grain == Grain::kFact)) continue;
    if (field.key == "fsuid" && fsuid.empty()) fsuid = field.raw;
    if (field.key == "ouid" && ouid.empty()) ouid = field.raw;
    out += from.text.substr(kept, static_cast<std::size_t>(field.key.data() - from.text.data()) - kept);
    kept = from.text.size() - walker.rest().size();
  }
  out += from.text.substr(kept);
  out += fsuid.empty() || ouid.empty() ? '?' : fsuid == ouid ? '=' : '!';
}

std::vector<Denial> decode_decisions(const Event& event,
                                     const std::function<const std::string&(std::uint32_t)>& source_name) {
  std::vector<Denial> out;
  for (const Record* record : event.records) {
    const DecisionRecord from{event, *record, text_of(*record)};
    auto denial = decode_decision(from, decision_kind(*record, from.text), source_name(record->source));
    if (!denial) continue;
    out.push_back(*std::move(denial));
  }
  return out;
}

struct DenialStore::State {
  /// What changes with each record of a group, kept apart from the rest, which is large.
  struct Group {
    static constexpr std::uint32_t kNoDenial = ~std::uint32_t{0};
    std::uint32_t denial = kNoDenial;  ///< its place among the denials
    bool sampled = false;              ///< has all the samples that it may have
    Tally tally;
    std::uint64_t other_samples = 0;
  };
  /// So many records of a group are looked at for samples, and then every so many-th. The key of an AVC leaves out what
  /// the object is; the others' keys hold it, and only who did it may differ.
  struct Sampling {
    std::uint64_t all, every;
  };
  static constexpr Sampling kOfVectors{32, 16}, kOfOthers{8, 64};

  void add_record(const Event& event, const Record& record);
  void begin(Group& group, const DecisionRecord& from, DecisionKind kind);
  void count(Group& group, const DecisionRecord& from, Sampling sampling);
  void add_sample(Group& group, const DecisionRecord& from);

  Grain grain = Grain::kDecision;
  std::function<const std::string&(std::uint32_t)> source_name;
  DecisionIndex<Group> groups;
  std::deque<Denial> denials;  ///< a vector's growth would hold them twice
  std::string key;
  std::uint64_t policy_loads = 0;
  std::int64_t last_policy_load_ms = 0;
};

DenialStore::DenialStore(Grain grain, std::function<const std::string&(std::uint32_t)> source_name)
    : state_(std::make_unique<State>()) {
  state_->grain = grain;
  state_->source_name = std::move(source_name);
}
DenialStore::~DenialStore() = default;

void DenialStore::State::add_sample(Group& group, const DecisionRecord& from) {
  Denial& denial = denials[group.denial];
  Evidence sample = evidence_of(from);
  for (const Evidence& known : denial.samples)
    if (known.same_object(sample)) return;
  sample.source = source_name(from.record.source);
  denial.samples.push_back(std::move(sample));
  group.sampled = denial.samples.size() == Denial::kSamples;
}

void DenialStore::State::count(Group& group, const DecisionRecord& from, Sampling sampling) {
  group.tally.add({1, 0, from.record.time_ms, from.record.time_ms});
  if (grain != Grain::kDecision) return;
  const bool looked_at = group.tally.count <= sampling.all || group.tally.count % sampling.every == 0;
  looked_at && !group.sampled ? add_sample(group, from) : void(++group.other_samples);
}

void DenialStore::State::begin(Group& group, const DecisionRecord& from, DecisionKind kind) {
  auto denial = decode_decision(from, kind, source_name(from.record.source));
  if (!denial) return;
  group.denial = static_cast<std::uint32_t>(denials.size());
  group.tally = denial->tally;
  denials.push_back(*std::move(denial));
}

void DenialStore::State::add_record(const Event& event, const Record& record) {
  const DecisionRecord from{event, record, text_of(record)};
  const DecisionKind kind = decision_kind(record, from.text);
  if (!decision_key(from, kind, grain, key)) return;
  const auto placed = groups.place(key);
  if (placed.second)
    begin(placed.first, from, kind);
  else if (placed.first.denial != Group::kNoDenial)
    count(placed.first, from, kind == DecisionKind::kVector ? kOfVectors : kOfOthers);
}

void DenialStore::add(const Event& event) {
  for (const Record* record : event.records) {
    if (record->type == kMacPolicyLoad) {
      ++state_->policy_loads;
      state_->last_policy_load_ms = record->time_ms;
    }
    state_->add_record(event, *record);
  }
}

void DenialStore::restart() {
  state_->groups.clear();
  state_->denials.clear();
}

std::size_t DenialStore::size() const { return state_->denials.size(); }
std::uint64_t DenialStore::policy_loads() const { return state_->policy_loads; }
std::int64_t DenialStore::last_policy_load_ms() const { return state_->last_policy_load_ms; }

std::vector<Denial> DenialStore::take() {
  state_->groups.for_each([&](const State::Group& group) {
    if (group.denial == State::Group::kNoDenial) return;
    Denial& denial = state_->denials[group.denial];
    denial.tally = group.tally;
    denial.other_samples = group.other_samples;
    for (Fact& fact : denial.facts) fact.tally = group.tally;
  });
  std::vector<Denial> out;
  out.reserve(state_->denials.size());
  for (; !state_->denials.empty(); state_->denials.pop_front()) out.push_back(std::move(state_->denials.front()));
  restart();
  return out;
}

}  // namespace cordon::audit
