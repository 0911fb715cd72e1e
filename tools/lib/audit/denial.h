#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/event.h"
#include "facts/fact.h"

namespace cordon::audit {

/// One sighting of a denial.
struct Evidence {
  std::string comm;
  std::string exe;
  std::string path;   ///< of the object: path=, else AVC_PATH, else the PATH record of its inode, else name=
  std::string event;  ///< see event_id(); empty if the record has no serial
  std::string source;
  std::uint64_t line = 0;
  std::int64_t pid = 0;
  bool same_object(const Evidence& other) const { return comm == other.comm && exe == other.exe && path == other.path; }
};

/// What a decision record says beyond its facts. Bytes, decoded; empty: not said.
struct Details {
  std::string record_type;  ///< "AVC", "USER_AVC", …
  Place place;              ///< as the record's carrier said
  // SELinux
  std::string source_raw;  ///< srawcon=: the subject's label, which the loaded policy does not know
  std::string target_raw;  ///< trawcon=
  std::string name, dev;   ///< of the object
  std::uint16_t port = 0;  ///< name_bind: src=, name_connect: dest=
  std::optional<bool> permissive;
  std::string xperm_kind;  ///< "ioctl" or "nlmsg" where the fact has extended permissions
  // AppArmor
  std::string operation, info, name_space, requested, denied;
  // seccomp
  std::uint32_t action = 0;  ///< code=, SECCOMP_RET_*
  std::int32_t number = -1;  ///< syscall=; of an SELinux decision: that of the event's SYSCALL record
  std::string arch;          ///< arch= where we do not know it
};

/// Records that say the same, counted. Every denial record of the input is in exactly one of these.
struct Denial {
  static constexpr std::size_t kSamples = 4;
  Mechanism by = Mechanism::kNone;
  Outcome outcome = Outcome::kDenied;
  std::vector<Fact> facts;  ///< of the first record, with the tally of all; empty if it cannot be understood
  std::string problem;      ///< why `facts` is empty
  Details details;
  Tally tally;
  std::vector<Evidence> samples;    ///< the first of each kind, at most kSamples
  std::uint64_t other_samples = 0;  ///< records that none of the samples stands for

  bool is_denial() const { return outcome == Outcome::kDenied || outcome == Outcome::kWouldDeny; }
};

/// How far records are told apart.
enum class Grain : std::uint8_t {
  kDecision,  ///< by what a policy decides on: contexts, class, permissions; profile, path, mask; syscall
  kFact,      ///< also by who did it (exe, comm) and on what (path): what becomes one fact of a trace
};

/// The decisions of one event, not grouped.
std::vector<Denial> decode_decisions(const Event& event,
                                     const std::function<const std::string&(std::uint32_t)>& source_name);

/// Groups the decisions of events. Memory grows with the number of different denials, not with the log.
class DenialStore {
 public:
  DenialStore(Grain grain, std::function<const std::string&(std::uint32_t)> source_name);
  ~DenialStore();
  DenialStore(const DenialStore&) = delete;
  DenialStore& operator=(const DenialStore&) = delete;

  void add(const Event& event);
  /// Forgets what was seen so far: audit2allow's -l starts anew at each policy load.
  void restart();

  std::size_t size() const;
  /// All groups, in the order of their first record; the store is empty afterwards.
  std::vector<Denial> take();
  std::uint64_t policy_loads() const;
  std::int64_t last_policy_load_ms() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cordon::audit
