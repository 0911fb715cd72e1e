#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "facts/operation.h"
#include "triage/finding.h"

/// What a finding asks of an SELinux policy.
namespace cordon::triage {

/// One access vector that was denied, with the denials that it stands for.
struct Request {
  AvOp av;
  std::uint64_t count = 0;
  std::string path;  ///< absolute, or empty
  const Shape* shape = nullptr;
};

/// A shape's samples may differ in their categories; each is asked alone, and the shape counts as fixed if all are.
std::vector<std::vector<Request>> requests_of(const Finding& finding);

/// How many of the shape's denials are on something below the directory, all of them if none is named.
std::uint64_t reached(const Shape& shape, const std::string& below);

/// The kind that file_contexts(5) marks with "--", "-d" and so on.
FileKind kind_of_class(std::string_view klass);
bool is_file_class(std::string_view klass);

/// The context with another type, or another level.
std::string with_type(std::string_view context, const std::string& type);
std::string with_level(std::string_view context, const std::string& level);

}  // namespace cordon::triage
