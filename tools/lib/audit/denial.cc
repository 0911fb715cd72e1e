#include "audit/denial.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "audit/decode.h"
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

/// What differs from record to record without changing what was decided.
constexpr std::array kVolatile = std::to_array<string_view>(
    {"pid", "parent", "task", "magic_token", "token", "peer_pid", "auid", "ses", "uid", "gid", "ip", "sauid", "hostname",
     "addr_pid", "terminal", "exe_pid", "fsuid", "ouid", "sig", "offset"});
constexpr std::array kSubject = std::to_array<string_view>({"comm", "exe"});

bool contains(const auto& list, string_view key) { return std::find(list.begin(), list.end(), key) != list.end(); }

void complete(Denial& denial, const DecisionRecord& from, const std::string& source) {
  denial.details.record_type = record_type_name(from.record.type);
  denial.tally = {1, 0, from.record.time_ms, from.record.time_ms};
  Evidence sample = evidence_of(from);
  sample.source = source;
  for (Fact& fact : denial.facts) {
    fact.verdict.outcome = denial.outcome;
    fact.verdict.by = denial.by;
    fact.tally = denial.tally;
    fact.origin = {source, from.record.line, sample.event, sample.pid};
  }
  denial.samples.push_back(std::move(sample));
}

}  // namespace

string_view text_of(const Record& record) {
  return record.type == kUserAvc ? inner_message(record.body) : record.body;
}

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
  return true;
}

/// Fields that do not tell decisions apart are left out; who owns the file counts as "the same user or not".
void append_plain_key(const DecisionRecord& from, Grain grain, std::string& out) {
  string_view fsuid, ouid;
  FieldWalker walker(from.text, from.record.dialect);
  bool any = false;
  for (Field field; walker.next(field);) {
    any = true;
    if (field.key == "fsuid") fsuid = field.raw;
    if (field.key == "ouid") ouid = field.raw;
    if (contains(kVolatile, field.key)) continue;
    if (contains(kSubject, field.key) && grain == Grain::kDecision) continue;
    out.append(field.key).append(1, '=').append(field.raw).append(1, '\0');
  }
  out += fsuid.empty() || ouid.empty() ? '?' : fsuid == ouid ? '=' : '!';
  if (!any) out += from.text;
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
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(string_view key) const { return std::hash<string_view>{}(key); }
  };
  static constexpr std::size_t kNoDenial = ~std::size_t{0};
  static constexpr std::uint64_t kSampleAll = 32;    ///< so many records of a group are looked at for samples, …
  static constexpr std::uint64_t kSampleEvery = 16;  ///< … then every so many-th

  void add_record(const Event& event, const Record& record);
  void count(Denial& denial, const DecisionRecord& from);
  void add_sample(Denial& denial, const DecisionRecord& from);

  Grain grain = Grain::kDecision;
  std::function<const std::string&(std::uint32_t)> source_name;
  std::unordered_map<std::string, std::size_t, Hash, std::equal_to<>> index;
  std::vector<Denial> denials;
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

void DenialStore::State::add_sample(Denial& denial, const DecisionRecord& from) {
  if (denial.samples.size() >= Denial::kSamples) {
    ++denial.other_samples;
    return;
  }
  Evidence sample = evidence_of(from);
  for (const Evidence& known : denial.samples)
    if (known.same_object(sample)) return;
  sample.source = source_name(from.record.source);
  denial.samples.push_back(std::move(sample));
}

void DenialStore::State::count(Denial& denial, const DecisionRecord& from) {
  denial.tally.add({1, 0, from.record.time_ms, from.record.time_ms});
  if (grain != Grain::kDecision) return;
  const bool looked_at = denial.tally.count <= kSampleAll || denial.tally.count % kSampleEvery == 0;
  looked_at ? add_sample(denial, from) : void(++denial.other_samples);
}

void DenialStore::State::add_record(const Event& event, const Record& record) {
  const DecisionRecord from{event, record, text_of(record)};
  const DecisionKind kind = decision_kind(record, from.text);
  if (!decision_key(from, kind, grain, key)) return;
  if (const auto found = index.find(string_view(key)); found != index.end()) {
    if (found->second != kNoDenial) count(denials[found->second], from);
    return;
  }
  auto denial = decode_decision(from, kind, source_name(record.source));
  index.emplace(key, denial ? denials.size() : kNoDenial);
  if (!denial) return;
  denials.push_back(*std::move(denial));
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
  state_->index.clear();
  state_->denials.clear();
}

std::size_t DenialStore::size() const { return state_->denials.size(); }
std::uint64_t DenialStore::policy_loads() const { return state_->policy_loads; }
std::int64_t DenialStore::last_policy_load_ms() const { return state_->last_policy_load_ms; }

std::vector<Denial> DenialStore::take() {
  for (Denial& denial : state_->denials)
    for (Fact& fact : denial.facts) fact.tally = denial.tally;
  std::vector<Denial> out = std::move(state_->denials);
  restart();
  return out;
}

}  // namespace cordon::audit
