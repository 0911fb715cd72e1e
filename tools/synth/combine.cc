#include "combine.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/text.h"
#include "flow/backends.h"
#include "seccomp/backend.h"
#include "seccomp/combine.h"
#include "seccomp/diff.h"
#include "seccomp/verify.h"
#include "seccomp/write.h"

namespace cordon::synth_tool {
namespace {

using Json = nlohmann::ordered_json;

struct Input {
  std::string file;
  seccomp::Profile profile;
  std::size_t wider = 0;  ///< classes of calls that the outcome allows and this one does not
};

struct Outcome {
  std::string file;
  seccomp::Profile profile;
  std::size_t instructions = 0;
};

std::size_t names_in(const seccomp::Profile& profile) {
  std::set<std::string> names;
  for (const seccomp::SyscallRule& rule : profile.rules) names.insert(rule.names.begin(), rule.names.end());
  return names.size();
}

Result<std::vector<Input>> read_inputs(const std::vector<std::string>& files, const BackendOptions& options,
                                       Diagnostics& diagnostics) {
  std::vector<Input> inputs;
  for (const std::string& file : files) {
    auto read = seccomp::read_profile_file(file, diagnostics);
    if (!read) return read.error();
    inputs.push_back({file, seccomp::resolved(read->profile, seccomp::host_for(options, read->dialect)), 0});
  }
  return inputs;
}

Result<seccomp::Profile> combined(const std::vector<Input>& inputs, bool minimised) {
  std::vector<seccomp::Profile> profiles;
  for (const Input& input : inputs) profiles.push_back(input.profile);
  auto merged = profiles.size() == 1 ? Result<seccomp::Profile>(profiles.front()) : seccomp::merge_profiles(profiles);
  return merged && minimised ? seccomp::minimise(*merged) : merged;
}

std::string said_of(const std::string& file, const seccomp::Profile& profile) {
  return fmt::format("{}: {}, {}", printable(file), counted(profile.rules.size(), "rule"),
                     counted(names_in(profile), "call"));
}

void print_text(const std::vector<Input>& inputs, const Outcome& outcome) {
  for (const Input& input : inputs)
    fmt::print(stderr, "{}; beyond it, the outcome allows {} of calls\n", said_of(input.file, input.profile),
               input.wider == 1 ? "1 class" : fmt::format("{} classes", input.wider));
  fmt::print(stderr, "{}; at most {} BPF instructions, checked as libseccomp, crun and runc compile it\n",
             said_of(outcome.file, outcome.profile), outcome.instructions);
}

void print_json(const std::vector<Input>& inputs, const Outcome& outcome) {
  Json read = Json::array();
  for (const Input& input : inputs)
    read.push_back({{"file", printable(input.file)},
                    {"rules", input.profile.rules.size()},
                    {"calls", names_in(input.profile)},
                    {"outcome_allows_more", input.wider}});
  const Json json = {{"inputs", read},
                     {"outcome",
                      {{"file", printable(outcome.file)},
                       {"rules", outcome.profile.rules.size()},
                       {"calls", names_in(outcome.profile)},
                       {"instructions", outcome.instructions}}}};
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Result<void> check_usage(const cli::Arguments& arguments) {
  const std::string hint = "as in: cordon-synth --merge --seccomp both.json one.json other.json";
  if (!arguments.has("seccomp"))
    return Error{ErrorCode::kUsage, "--merge and --minimise write the seccomp profile that --seccomp names", {}, hint};
  if (arguments.has("merge") && arguments.positionals().size() < 2)
    return Error{ErrorCode::kUsage, "--merge takes two profiles or more", {}, hint};
  if (!arguments.has("merge") && arguments.positionals().size() != 1)
    return Error{ErrorCode::kUsage, "--minimise takes one profile; with --merge, several", {}, hint};
  if (arguments.has("json") && arguments.get("seccomp") == "-")
    return Error{ErrorCode::kUsage,
                 "--json and the profile cannot both go to standard output",
                 {},
                 "name a file with --seccomp"};
  return {};
}

}  // namespace

Result<void> combine(const cli::Arguments& arguments, Diagnostics& diagnostics) {
  if (auto fine = check_usage(arguments); !fine) return fine;
  auto options = flow::backend_options(arguments);
  if (!options) return options.error();
  auto inputs = read_inputs(arguments.positionals(), *options, diagnostics);
  if (!inputs) return inputs.error();
  auto profile = combined(*inputs, arguments.has("minimise"));
  if (!profile) return profile.error();
  using seccomp::Runtime;
  auto length = seccomp::proven(*profile, {Runtime::kPlain, Runtime::kCrun, Runtime::kRunc});
  if (!length) return length.error();
  for (Input& input : *inputs) input.wider = seccomp::diff_profiles(input.profile, *profile, Runtime::kCrun).grown();
  const Outcome outcome{arguments.get("seccomp"), std::move(*profile), *length};
  if (auto ok = write_file_atomically(outcome.file, seccomp::write_json(outcome.profile, seccomp::Dialect::kOci)); !ok)
    return ok;
  if (arguments.has("json"))
    print_json(*inputs, outcome);
  else if (!arguments.has("quiet"))
    print_text(*inputs, outcome);
  return {};
}

}  // namespace cordon::synth_tool
