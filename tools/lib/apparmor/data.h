#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apparmor/dialect.h"
#include "apparmor/rule.h"
#include "base/result.h"

/// The room's tables from profiles/apparmor, compiled in.
namespace cordon::apparmor {

/// A rule that a pack adds, with its reason.
struct PackRule {
  std::string rule;  ///< as a profile's line
  std::string glob;  ///< denies only: what it is about
  FileLetters letters = 0;
  std::string reason;
  std::string where;  ///< "container": only there; empty: everywhere
};

const std::vector<PackRule>& baseline_pack();
const std::vector<PackRule>& denies_pack();

/// A name whose exposure matters, for the breadth report.
struct Probe {
  std::string path;
  FileLetters letters = 0;
  std::string risk;
};
struct CapabilityProbe {
  std::string name;
  std::string risk;
};
const std::vector<Probe>& path_probes();
const std::vector<CapabilityProbe>& capability_probes();

/// Grants by which programs differ in privilege: by a rule's keyword, or by what a rule lets be written.
struct StrongClass {
  std::string keyword;
  std::string reason;
};
struct StrongTree {
  std::string tree;  ///< with slashes at both ends
  std::string reason;
};
const std::vector<StrongClass>& strong_classes();
const std::vector<StrongTree>& strong_trees();

/// Where an engine keeps containers' roots; '*' stands for one component.
struct ContainerRoot {
  std::string root;
  std::string reason;
};
/// A program of an engine or runtime, as a glob.
struct RuntimeProgram {
  std::string program;
  std::string reason;
};
const std::vector<ContainerRoot>& container_roots();
const std::vector<RuntimeProgram>& runtime_programs();

/// What `apparmor_parser -M` reads: the kernel's features that the dialect is compiled against.
std::string_view features_text(Dialect dialect);

/// The bits of "rwk"; unknown letters are left out.
FileLetters letters_from(std::string_view text);

}  // namespace cordon::apparmor
