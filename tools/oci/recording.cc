#include "recording.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "cli/command.h"
#include "oci/annotation.h"
#include "oci/bundle.h"
#include "oci/config.h"
#include "pending.h"
#include "process.h"
#include "recorder_image.h"

namespace cordon::oci {
namespace {

constexpr std::string_view kTool = "cordon-oci";
constexpr std::size_t kMostBase = 16 << 20;
constexpr int kFirstFd = 3;

/// Sandboxes of pods run a program that does nothing; nobody asks for its profile.
bool is_sandbox(const Config& config) {
  for (const char* key : {"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"})
    if (const auto found = config.annotations.find(key);
        found != config.annotations.end() && found->second == "sandbox")
      return true;
  return false;
}

Result<void> check_place(const std::string& path, const Settings& settings) {
  if (path.empty() || settings.below.empty()) return {};
  const std::string start = settings.below.ends_with('/') ? settings.below : settings.below + "/";
  if (path.starts_with(start)) return {};
  return Error{ErrorCode::kRefused, "an annotation names a file that is not below " + settings.below, printable(path),
               "--cordon-below"};
}

/// All that must hold before anything is started.
Result<Pending> plan(const Settings& settings, const Config& config, const Wishes& wishes,
                     const RuntimeCommand& command, const std::string& where) {
  if (Result<void> named = check_id(command.id); !named) return named.error();
  for (const std::string* path : {&wishes.trace, &wishes.profile, &wishes.base})
    if (Result<void> placed = check_place(*path, settings); !placed) return placed.error();
  if (!config.has_proc)
    return Error{ErrorCode::kBadInput, "the container has no /proc, from where the recorder is started", where,
                 "mount proc on /proc"};
  if (Result<void> allowed = check_filter(config.seccomp, where); !allowed) return allowed.error();
  if (!wishes.base.empty()) {
    const auto folder = open_folder(folder_of(wishes.base));
    if (!folder) return folder.error();
    if (const auto text = read_beneath((*folder).get(), name_of(wishes.base), wishes.base, kMostBase); !text)
      return text.error();
  }
  if (!wishes.profile.empty())
    if (const auto folder = open_folder(folder_of(wishes.profile)); !folder) return folder.error();
  return Pending{command.id, wishes.trace.empty() ? settings.output + "/" + command.id + ".trace" : wishes.trace,
                 wishes.profile, wishes.base};
}

Result<UniqueFd> open_trace(const std::string& path, bool make_folder, const std::string& label) {
  const auto folder = open_folder(folder_of(path), make_folder);
  if (!folder) return folder.error();
  auto file = create_fresh((*folder).get(), name_of(path), path, 0600);
  if (file) label_file((*file).get(), label);
  return file;
}

/// What the recording changes and cannot see; man/cordon-oci.1 explains each.
std::vector<std::string> notes_of(const Settings& settings, const Config& config, const RuntimeCommand& command) {
  std::vector<std::string> notes = {"container " + command.id + ", started by " + name_of(settings.runtime) +
                                        " through cordon-oci: what the runtime did to set it up is not in here",
                                    "the container sees that it is recorded: TracerPid, one seccomp filter more, and a "
                                    "process cordon-record; it can have no second tracer"};
  if (!config.seccomp.empty())
    notes.emplace_back("calls that the container's own seccomp profile refused were not seen");
  return notes;
}

std::vector<std::string> recorded_args(const Settings& settings, const Config& config, const Wishes& wishes,
                                       const RuntimeCommand& command, int image, int trace) {
  std::vector<std::string> args = {
      "/proc/self/fd/" + std::to_string(image),       "--in-place",  "--trace-fd", std::to_string(trace), "--detail",
      wishes.detail.empty() ? "full" : wishes.detail, "--run-label", command.id};
  for (std::string& note : notes_of(settings, config, command)) args.insert(args.end(), {"--note", std::move(note)});
  args.emplace_back("--");
  args.insert(args.end(), config.args.begin(), config.args.end());
  return args;
}

/// A link to the file that a descriptor pins, made anew without its close-on-exec flag: for a program of ours.
struct Handed {
  UniqueFd folder;
  std::string path;
};

Result<Handed> hand(const std::string& path) {
  auto folder = open_folder(folder_of(path));
  if (!folder) return folder.error();
  fcntl((*folder).get(), F_SETFD, 0);
  std::string through = path_through((*folder).get(), name_of(path));
  return Handed{std::move(*folder), std::move(through)};
}

/// The profile that of: asks for. The paths go through folders that are open already.
Result<void> make_profile(const Pending& pending) {
  auto trace = hand(pending.trace);
  if (!trace) return trace.error();
  auto profile = hand(pending.profile);
  if (!profile) return profile.error();
  std::vector<std::string> words{"--quiet", "--for", "podman", "--seccomp", (*profile).path};
  Handed base;
  if (!pending.base.empty()) {
    auto found = hand(pending.base);
    if (!found) return found.error();
    base = std::move(*found);
    words.insert(words.end(), {"--base", base.path});
  }
  words.push_back((*trace).path);
  const Result<int> status = run_through(sibling("cordon-synth"), words, {});
  if (!status) return status.error();
  if (code_of(*status) == 0) return {};
  return Error{ErrorCode::kBadInput,
               "no profile could be made: cordon-synth ended with " + std::to_string(code_of(*status)),
               printable(pending.profile), "the recording is in " + printable(pending.trace)};
}

Result<void> deliver(const Pending& pending) {
  forget(pending.id);
  return pending.profile.empty() ? Result<void>{} : make_profile(pending);
}

/// A container that did not start leaves nothing.
void drop(const Pending& pending, int trace) {
  struct stat st {};
  forget(pending.id);
  if (fstat(trace, &st) != 0 || st.st_size != 0) return;
  if (const auto folder = open_folder(folder_of(pending.trace)))
    unlinkat((*folder).get(), name_of(pending.trace).c_str(), 0);
}

unsigned activated_descriptors() {
  const char* count = std::getenv("LISTEN_FDS");
  return count == nullptr ? 0 : static_cast<unsigned>(std::strtoul(count, nullptr, 10));
}

bool has_begun(int trace) {
  struct stat st {};
  return fstat(trace, &st) == 0 && st.st_size > 0;
}

Result<int> start_recorded(const Settings& settings, const std::vector<std::string>& words,
                           const RuntimeCommand& command, Bundle& bundle, const Config& config, const Wishes& wishes) {
  const Result<Pending> pending = plan(settings, config, wishes, command, bundle.where());
  if (!pending) return pending.error();
  const auto image = recorder_image(settings.recorder, config.mount_label);
  if (!image) return image.error();
  const auto trace = open_trace((*pending).trace, wishes.trace.empty(), config.mount_label);
  if (!trace) return trace.error();
  const int image_fd = kFirstFd + static_cast<int>(command.preserve_fds + activated_descriptors());
  const int trace_fd = image_fd + 1;
  const auto text =
      with_args(bundle.text(), bundle.where(), recorded_args(settings, config, wishes, command, image_fd, trace_fd));
  if (!text) return text.error();
  if (Result<void> kept = remember(*pending); !kept) return kept.error();
  if (Result<void> replaced = bundle.replace(*text); !replaced) {
    drop(*pending, (*trace).get());
    return replaced.error();
  }
  Result<void> restored;
  const auto look = [&] {  // once the program runs, the runtime has long read its configuration
    if (has_begun((*trace).get())) restored = bundle.restore();
    return has_begun((*trace).get());
  };
  const Result<int> status = run_through(settings.runtime, with_preserved(words, command, command.preserve_fds + 2),
                                         {{(*image).get(), image_fd}, {(*trace).get(), trace_fd}}, look);
  if (Result<void> put_back = bundle.restore(); !put_back || !restored)
    return put_back ? restored.error() : put_back.error();
  if (!status) return status.error();
  const bool goes_on = code_of(*status) == 0 && (command.name == "create" || command.detach);
  if (!goes_on && !has_begun((*trace).get()))
    drop(*pending, (*trace).get());
  else if (!goes_on)
    if (Result<void> delivered = deliver(*pending); !delivered) report(delivered.error(), command);
  return code_of(*status);
}

std::string log_line(const std::string& message, bool json) {
  char when[32];
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (!json) return std::string("time=\"") + when + "\" level=error msg=\"" + printable(message) + "\"\n";
  const nlohmann::ordered_json line = {{"msg", printable(message)}, {"level", "error"}, {"time", when}};
  return line.dump() + "\n";
}

}  // namespace

Result<int> start(const Settings& settings, const std::vector<std::string>& words, const RuntimeCommand& command) {
  Diagnostics diagnostics;
  auto bundle = Bundle::open(command.bundle, command.config, diagnostics);
  cli::show(kTool, diagnostics);
  if (!bundle) return bundle.error();
  const auto config = read_config((*bundle).text(), (*bundle).where());
  if (!config) return config.error();
  const auto wishes = read_wishes((*config).annotations);
  if (!wishes) return wishes.error();
  const bool unwanted = !(*wishes).any && (settings.only_annotated || is_sandbox(*config));
  if (unwanted || (*config).args.empty()) {  // nothing to run: the runtime has its own words for that
    if (Result<void> let_go = (*bundle).restore(); !let_go) return let_go.error();
    return become(settings.runtime, words);
  }
  return start_recorded(settings, words, command, *bundle, *config, *wishes);
}

Result<int> end(const Settings& settings, const std::vector<std::string>& words, const RuntimeCommand& command) {
  const auto pending =
      check_id(command.id) ? recall(command.id) : Result<std::optional<Pending>>(std::optional<Pending>());
  if (!pending) report(pending.error(), command);
  if (!pending || !*pending) return become(settings.runtime, words);
  const Result<int> status = run_through(settings.runtime, words, {});
  if (!status) return status.error();
  if (code_of(*status) != 0) return code_of(*status);  // it is still there
  if (Result<void> delivered = deliver(**pending); !delivered) report(delivered.error(), command);
  return 0;
}

int report(const Error& error, const RuntimeCommand& command) {
  if (!command.log.empty()) {
    const UniqueFd log(::open(command.log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    const std::string line = log_line("cordon-oci: " + to_text(error), command.log_is_json);
    if (log && !write_all(log.get(), line, command.log)) return cli::fail(kTool, error);
  }
  return cli::fail(kTool, error);
}

}  // namespace cordon::oci
