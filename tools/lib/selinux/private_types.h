#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "facts/operation.h"
#include "policy/policy.h"
#include "selinux/module.h"
#include "selinux/resolve.h"
#include "selinux/tables.h"

namespace cordon::selinux {

/// A path that gets a private type, with the shape that its line of file contexts takes.
struct PrivatePath {
  std::string path;  ///< or a sample of it
  std::string regex;
  FileKind kind = FileKind::kRegular;
  const Place* place = nullptr;
  std::string type;
  bool created = false;
  bool whole_tree = false;  ///< a directory of the program: all below it bears the type too
  bool exact = true;        ///< the path is one path, not a shape
};

/// The file operation of a grant, with the path of its pattern where it has one.
FileOp file_of(const Grant& grant);

/// The paths that the policy's rules write or make and that get a type of the module's own, by path.
std::vector<PrivatePath> private_paths(const Policy& policy, const std::string& base, const Resolver& resolver);

/// Declares the types with their attributes and file contexts, and lets the domain manage them.
void add_private_types(Module& module, const std::vector<PrivatePath>& paths, const std::string& domain,
                       const PolicyDb& policy);

/// A transition for each kind of object made in a directory of another type. What contradicts (two types for one class
/// in one directory, and no exact name to tell them apart) is told in words.
std::vector<std::string> add_transitions(Module& module, const std::vector<PrivatePath>& paths,
                                         const std::string& domain, Resolver& resolver);

}  // namespace cordon::selinux
