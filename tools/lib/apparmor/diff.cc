#include "apparmor/diff.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>

#include "apparmor/walk.h"
#include "base/bytes.h"
#include "kernel/names.h"

namespace cordon::apparmor {
namespace {

/// Bytes in the order in which an example should use them: letters first, then what names hold, then the rest.
std::vector<unsigned char> preferred_bytes() {
  std::vector<unsigned char> order;
  for (const char c : std::string_view("axbcdefghijklmnopqrstuvwyz0123456789/._-ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    order.push_back(static_cast<unsigned char>(c));
  for (unsigned byte = 1; byte < 256; ++byte)
    if (std::find(order.begin(), order.end(), byte) == order.end()) order.push_back(static_cast<unsigned char>(byte));
  return order;
}

/// One byte for each pair of byte classes; no other byte leads anywhere else.
std::vector<unsigned char> representatives(const Automaton& a, const Automaton& b) {
  static const std::vector<unsigned char> order = preferred_bytes();
  std::set<std::pair<std::uint8_t, std::uint8_t>> seen;
  std::vector<unsigned char> out;
  for (const unsigned char byte : order)
    if (byte == '/' || seen.emplace(a.byte_class(byte), b.byte_class(byte)).second) out.push_back(byte);
  return out;
}

/// A pair of states, how it was first reached, and whether the last byte was a slash (names hold no "//").
struct Visit {
  Automaton::State before = 0;
  Automaton::State after = 0;
  std::size_t from = 0;
  unsigned char byte = 0;
};

/// Breadth first over both automata, so that the first example of a pair is a shortest one.
class Product {
 public:
  Product(const Automaton& before, const Automaton& after, const DiffOptions& options)
      : before_(before), after_(after), options_(options), bytes_(representatives(before, after)) {}

  /// Calls found(state before, state after, example) for each pair; found returns false to end the walk.
  template <class Found>
  bool run(Automaton::State before, Automaton::State after, bool names, const Found& found) {
    visits_ = {{before, after, 0, 0}};
    seen_ = {key(before, after, false)};
    for (std::size_t at = 0; at < visits_.size(); ++at) {
      const Visit visit = visits_[at];
      if (!found(visit.before, visit.after, at)) return true;
      if (visits_.size() > options_.max_pairs) return false;
      if (visit.before == Automaton::kDead && visit.after == Automaton::kDead) continue;
      step(visit, at, names);
    }
    return true;
  }

  std::string example(std::size_t at) const {
    std::string out;
    for (; at != 0; at = visits_[at].from) out += static_cast<char>(visits_[at].byte);
    std::reverse(out.begin(), out.end());
    return out;
  }

 private:
  static std::uint64_t key(Automaton::State a, Automaton::State b, bool slash) {
    return (std::uint64_t{a} << 33) | (std::uint64_t{b} << 1) | (slash ? 1 : 0);
  }

  void step(const Visit& visit, std::size_t at, bool names) {
    for (const unsigned char byte : bytes_) {
      if (names && ((at == 0 && byte != '/') || (byte == '/' && visit.byte == '/'))) continue;
      const Automaton::State a = before_.step(visit.before, byte);
      const Automaton::State b = after_.step(visit.after, byte);
      if (a == Automaton::kDead && b == Automaton::kDead) continue;
      if (seen_.insert(key(a, b, names && byte == '/')).second) visits_.push_back({a, b, at, byte});
    }
  }

  const Automaton& before_;
  const Automaton& after_;
  const DiffOptions& options_;
  std::vector<unsigned char> bytes_;
  std::vector<Visit> visits_;
  std::set<std::uint64_t> seen_;
};

std::string letters_and_exec(FileLetters letters) {
  return letters_text(letters & ~FileLetters{kX}) + ((letters & kX) != 0 ? "x" : "");
}

class Comparer {
 public:
  Comparer(const ProfileDecider& before, const ProfileDecider& after, const DiffOptions& options, Diff& diff)
      : before_(before), after_(after), options_(options), diff_(diff) {}

  void compare(const CompiledProfile& old, const CompiledProfile& now) {
    name_ = now.name;
    old_rules_ = before_.source_for(old.name);
    new_rules_ = after_.source_for(now.name);
    capabilities(old, now);
    networks(old, now);
    files(old, now);
    for (const auto& [klass, area] : kAreas) policies(old, now, klass, area);
  }

 private:
  static constexpr auto kAreas = std::to_array<std::pair<PolicyClass, const char*>>(
      {{PolicyClass::kSignal, "signal"}, {PolicyClass::kPtrace, "ptrace"}, {PolicyClass::kMount, "mount"},
       {PolicyClass::kDbus, "dbus"}, {PolicyClass::kPosixMqueue, "mqueue"}, {PolicyClass::kUserns, "userns"},
       {PolicyClass::kIoUring, "io_uring"}});

  void add(std::string area, std::string example, std::string added, std::string removed, std::string by = {}) {
    diff_.differences.push_back({name_, std::move(area), printable(example), std::move(added), std::move(removed), std::move(by)});
  }

  void capabilities(const CompiledProfile& old, const CompiledProfile& now) {
    for (unsigned number = 0; number < all_capabilities().size(); ++number) {
      const bool had = ask_capability(old, number), has = ask_capability(now, number);
      if (had != has) add("capability", std::string(all_capabilities()[number]), has ? "allowed" : "", had ? "allowed" : "");
    }
  }

  void networks(const CompiledProfile& old, const CompiledProfile& now) {
    constexpr int kFamilies = 46, kTypes = 11;
    for (int family = 1; family < kFamilies; ++family) {
      for (int type = 1; type < kTypes; ++type) {
        const std::string key{0, static_cast<char>(family), 0, static_cast<char>(type)};
        const bool had = ask_policy(old, PolicyClass::kNetwork, key) != 0;
        const bool has = ask_policy(now, PolicyClass::kNetwork, key) != 0;
        if (had != has)
          add("network", socket_family_name(family) + " " + socket_type_name(type), has ? "allowed" : "", had ? "allowed" : "");
      }
    }
  }

  std::string rule_for(const std::string& name, FileLetters added, FileLetters removed, bool owner) const {
    const RuleIndex* rules = added != 0 ? new_rules_ : old_rules_;
    const SourceRule* rule = rules == nullptr ? nullptr : rules->file_rule(name, added != 0 ? added : removed, owner);
    return rule == nullptr ? std::string() : rule->file + ":" + std::to_string(rule->line);
  }

  /// Names first, for others and then for owners where that differs from the former.
  void files(const CompiledProfile& old, const CompiledProfile& now) {
    if (!old.file || !now.file) {
      if (old.file.has_value() != now.file.has_value()) add("file", "/", now.file ? "rules" : "", old.file ? "rules" : "");
      return;
    }
    Product product(*old.file, *now.file, options_);
    std::size_t count = 0;
    std::set<std::pair<std::string, std::string>> said;
    const bool finished = product.run(old.file_start, now.file_start, true, [&](auto a, auto b, std::size_t at) {
      if (old.file->accept(a) == now.file->accept(b)) return true;
      const std::string name = product.example(at);
      const FileAnswer was = ask_file(old, name), is = ask_file(now, name);
      const bool for_others = was.other != is.other;
      const FileLetters before = for_others ? was.other : was.owner, after = for_others ? is.other : is.owner;
      const FileLetters added = after & ~before, removed = before & ~after;
      if (added == 0 && removed == 0) {
        if (was.other_exec.kind != is.other_exec.kind || was.other_exec.target != is.other_exec.target)
          add("exec transition", name, "changed", "changed", rule_for(name, kX, 0, false));
        return ++count < options_.max_examples;
      }
      add(for_others ? "file" : "owner's file", name, letters_and_exec(added), letters_and_exec(removed),
          rule_for(name, added, removed, !for_others));
      return ++count < options_.max_examples;
    });
    diff_.stopped |= !finished;
  }

  void policies(const CompiledProfile& old, const CompiledProfile& now, PolicyClass klass, const char* area) {
    if (!old.policy || !now.policy) return;
    const auto byte = static_cast<unsigned char>(klass);
    const Automaton::State a0 = old.policy->step(old.policy_start, byte), b0 = now.policy->step(now.policy_start, byte);
    Product product(*old.policy, *now.policy, options_);
    std::size_t count = 0;
    const bool finished = product.run(a0, b0, false, [&](auto a, auto b, std::size_t at) {
      // The first state only says that the class is mediated.
      if (at == 0 || (old.policy->accept(a) == now.policy->accept(b))) return true;
      const bool more = (now.policy->accept(b) & ~old.policy->accept(a)) != 0;
      const bool less = (old.policy->accept(a) & ~now.policy->accept(b)) != 0;
      add(area, words(klass, product.example(at)), more ? "allowed" : "", less ? "allowed" : "");
      return ++count < options_.max_examples;
    });
    diff_.stopped |= !finished;
  }

  static std::string words(PolicyClass klass, const std::string& key) {
    if (klass != PolicyClass::kSignal || key.empty()) return key;
    return signal_name(static_cast<unsigned char>(key[0])) + " peer=" + key.substr(1);
  }

  const ProfileDecider& before_;
  const ProfileDecider& after_;
  const DiffOptions& options_;
  Diff& diff_;
  std::string name_;
  const RuleIndex* old_rules_ = nullptr;
  const RuleIndex* new_rules_ = nullptr;
};

}  // namespace

Diff diff_profiles(const ProfileDecider& before, const ProfileDecider& after, const DiffOptions& options) {
  Diff diff;
  Comparer comparer(before, after, options, diff);
  if (before.profiles().size() == 1 && after.profiles().size() == 1) {
    comparer.compare(before.profiles()[0], after.profiles()[0]);
    return diff;
  }
  std::map<std::string, const CompiledProfile*> old;
  for (const CompiledProfile& profile : before.profiles()) old[profile.name] = &profile;
  for (const CompiledProfile& profile : after.profiles()) {
    const auto found = old.find(profile.name);
    if (found == old.end()) {
      diff.only_new.push_back(profile.name);
      continue;
    }
    comparer.compare(*found->second, profile);
    old.erase(found);
  }
  for (const auto& [name, profile] : old) diff.only_old.push_back(name);
  return diff;
}

}  // namespace cordon::apparmor
