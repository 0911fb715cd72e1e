#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "apparmor/decide.h"
#include "apparmor/parser_tool.h"
#include "facts/fact.h"

/// What the room's tests share.
namespace cordon::apparmor::test {

/// True if apparmor_parser is there; says so once where it is not.
inline bool have_parser() {
  const bool found = find_parser().ok();
  if (!found) WARN("apparmor_parser is not installed: what needs it is skipped");
  return found;
}

inline std::unique_ptr<ProfileDecider> decider_for(const std::string& text) {
  Diagnostics diagnostics;
  auto decider = read_profile_text(text, "test.apparmor", diagnostics);
  if (!decider) FAIL(to_text(decider.error()) << "\n" << text);
  return std::move(*decider);
}

inline std::string in_profile(const std::string& rules) {
  return "abi <abi/3.0>,\nprofile test /usr/bin/test {\n" + rules + "\n}\n";
}

inline Fact file_fact(const std::string& path, FilePerms perms, Owner owner = Owner::kOther,
                      FileKind kind = FileKind::kRegular) {
  Fact fact;
  FileOp op;
  op.path = path;
  op.perms = perms;
  op.owner = owner;
  op.kind = kind;
  fact.operation = op;
  return fact;
}

inline Fact fact_of(Operation operation) {
  Fact fact;
  fact.operation = std::move(operation);
  return fact;
}

}  // namespace cordon::apparmor::test
