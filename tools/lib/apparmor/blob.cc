#include "apparmor/blob.h"

#include <algorithm>

namespace cordon::apparmor {
namespace {

/// Source: security/apparmor/include/policy_unpack.h enum aa_code.
enum Code : std::uint8_t {
  kU8,
  kU16,
  kU32,
  kU64,
  kName,
  kString,
  kBlob,
  kStruct,
  kStructEnd,
  kList,
  kListEnd,
  kArray,
  kArrayEnd,
  kNone = 0xff
};
constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxNodes = std::size_t{1} << 20;

/// One element of the stream; structs, lists and arrays hold theirs.
struct Node {
  std::string name;
  Code code = kNone;
  std::uint64_t number = 0;
  std::string_view bytes;
  std::vector<Node> children;
};

Error malformed(std::string what) {
  return {ErrorCode::kBadInput, "the compiled policy is malformed: " + what, "", ""};
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool at_end() const { return at_ >= bytes_.size(); }

  Result<Node> next(int depth = 0) {
    if (depth > kMaxDepth || ++nodes_ > kMaxNodes) return malformed("too deep or too many elements");
    Node node;
    if (!has(1)) return malformed("it is cut off");
    if (static_cast<Code>(bytes_[at_]) == kName) {
      ++at_;
      const auto name = sized(2);
      if (!name) return name.error();
      node.name = std::string((*name).substr(0, (*name).find('\0')));
      if (!has(1)) return malformed("a name without its value");
    }
    node.code = static_cast<Code>(bytes_[at_++]);
    if (const auto filled = fill(node, depth); !filled) return filled.error();
    return node;
  }

 private:
  bool has(std::size_t count) const { return bytes_.size() - at_ >= count; }

  std::uint64_t little(std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(bytes_[at_ + i])} << (8 * i);
    at_ += width;
    return value;
  }

  Result<std::string_view> sized(std::size_t width) {
    if (!has(width)) return malformed("it is cut off");
    const std::uint64_t size = little(width);
    if (!has(size)) return malformed("a length runs over its end");
    const std::string_view out = bytes_.substr(at_, size);
    at_ += size;
    return out;
  }

  Result<void> number(Node& node, std::size_t width) {
    if (!has(width)) return malformed("it is cut off");
    node.number = little(width);
    return {};
  }

  Result<void> bytes(Node& node, std::size_t width) {
    const auto taken = sized(width);
    if (!taken) return taken.error();
    node.bytes = *taken;
    return {};
  }

  Result<void> group(Node& node, Code end, int depth) {
    if (node.code == kArray && !has(2)) return malformed("it is cut off");
    if (node.code == kArray) node.number = little(2);
    while (has(1) && static_cast<Code>(bytes_[at_]) != end) {
      auto child = next(depth + 1);
      if (!child) return child.error();
      node.children.push_back(std::move(*child));
    }
    if (!has(1)) return malformed("a group without its end");
    ++at_;
    return {};
  }

  Result<void> fill(Node& node, int depth) {
    switch (node.code) {
      case kU8: return number(node, 1);
      case kU16: return number(node, 2);
      case kU32: return number(node, 4);
      case kU64: return number(node, 8);
      case kString: return bytes(node, 2);
      case kBlob: return bytes(node, 4);
      case kStruct: return group(node, kStructEnd, depth);
      case kList: return group(node, kListEnd, depth);
      case kArray: return group(node, kArrayEnd, depth);
      default: return malformed("an element of unknown kind");
    }
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

std::string text_of(const Node& node) { return std::string(node.bytes.substr(0, node.bytes.find('\0'))); }

std::uint32_t child_number(const Node& node, std::size_t index) {
  return index < node.children.size() ? static_cast<std::uint32_t>(node.children[index].number) : 0;
}

Result<void> load_automaton(const Node& node, std::optional<Automaton>& into) {
  auto automaton = Automaton::unpack(node.bytes);
  if (!automaton) return automaton.error();
  into = std::move(*automaton);
  return {};
}

Result<void> load_policydb(const Node& node, CompiledProfile& profile) {
  for (const Node& child : node.children) {
    if (child.code == kBlob)
      if (const auto loaded = load_automaton(child, profile.policy); !loaded) return loaded.error();
    if (child.name == "start" && child.code == kU32) profile.policy_start = static_cast<Automaton::State>(child.number);
    if (child.name == "perms") return malformed("it holds a permission table, which this version does not read");
  }
  return {};
}

void load_limits(const Node& node, CompiledProfile& profile) {
  profile.limited = child_number(node, 0);
  for (const Node& child : node.children)
    if (child.code == kArray)
      for (const Node& value : child.children) profile.limits.push_back(value.number);
}

void load_transitions(const Node& node, CompiledProfile& profile) {
  for (const Node& child : node.children)
    for (const Node& name : child.children) profile.transitions.push_back(text_of(name));
}

/// Takes a profile's elements in turn: what is unnamed is known by its place.
Result<CompiledProfile> load_profile(const Node& node) {
  CompiledProfile profile;
  bool past_flags = false;
  std::size_t capability_words = 0;
  for (const Node& child : node.children) {
    Result<void> loaded;
    if (child.code == kString && child.name.empty() && profile.name.empty())
      profile.name = text_of(child);
    else if (child.name == "flags") {
      past_flags = true;
      profile.mode = child_number(child, 1);
    } else if (child.code == kBlob) {
      loaded = load_automaton(child, past_flags ? profile.file : profile.attachment);
    } else if (child.code == kU32 && child.name.empty() && past_flags) {
      if (capability_words++ == 0) profile.capabilities |= child.number;
    } else if (child.name == "caps64") {
      profile.capabilities |= std::uint64_t{child_number(child, 0)} << 32;
    } else if (child.name == "policydb") {
      loaded = load_policydb(child, profile);
    } else if (child.name == "dfa_start") {
      profile.file_start = static_cast<Automaton::State>(child.number);
    } else if (child.name == "rlimits") {
      load_limits(child, profile);
    } else if (child.name == "xtable") {
      load_transitions(child, profile);
    }
    if (!loaded) return loaded.error();
  }
  if (profile.name.empty()) return malformed("a profile without a name");
  const bool starts_fit = (!profile.file || profile.file_start < profile.file->states()) &&
                          (!profile.policy || profile.policy_start < profile.policy->states());
  if (!starts_fit) return malformed("a start state that does not exist");
  return profile;
}

}  // namespace

Result<std::vector<CompiledProfile>> unpack_policy(std::string_view bytes) {
  std::vector<CompiledProfile> profiles;
  Reader reader(bytes);
  while (!reader.at_end()) {
    const auto node = reader.next();
    if (!node) return node.error();
    if (node->name != "profile" || node->code != kStruct) continue;
    auto profile = load_profile(*node);
    if (!profile) return profile.error();
    profiles.push_back(std::move(*profile));
  }
  if (profiles.empty()) return malformed("it holds no profile");
  return profiles;
}

}  // namespace cordon::apparmor
