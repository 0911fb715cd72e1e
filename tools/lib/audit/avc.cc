#include <algorithm>
#include <array>
#include <tuple>

#include "audit/decode.h"
#include "audit/key_table.h"
#include "base/text.h"

namespace cordon::audit {
namespace {

using std::string_view;

/// The fields of an AVC that decide, as they stand in the record.
struct AvcView {
  bool is_avc = false;
  bool granted = false;
  string_view perms;  ///< between the braces
  Field source, target, klass, permissive, ioctl, nlmsg, source_raw, target_raw, src, dest;
  Field comm, exe, path, name, inode;  ///< what tells facts apart, not decisions
};

struct AvcKey {
  string_view name;
  Field AvcView::*member;
};
/// The first kDeciding tell decisions apart, the others facts.
/// Sources: kernel security/selinux/avc.c and security/lsm_audit.c (ioctlcmd, nl-msgtype), libselinux avc.c.
constexpr std::array kAvcKeys = std::to_array<AvcKey>({{"scontext", &AvcView::source},
                                                       {"tcontext", &AvcView::target},
                                                       {"tclass", &AvcView::klass},
                                                       {"permissive", &AvcView::permissive},
                                                       {"ioctlcmd", &AvcView::ioctl},
                                                       {"nl-msgtype", &AvcView::nlmsg},
                                                       {"srawcon", &AvcView::source_raw},
                                                       {"trawcon", &AvcView::target_raw},
                                                       {"src", &AvcView::src},  // these two where a port is named
                                                       {"dest", &AvcView::dest},
                                                       {"comm", &AvcView::comm},
                                                       {"exe", &AvcView::exe},
                                                       {"path", &AvcView::path},
                                                       {"name", &AvcView::name},
                                                       {"ino", &AvcView::inode}});
constexpr std::size_t kDeciding = 10;

constexpr auto kAvcNames = names_of(kAvcKeys);

/// "avc:  denied  { read } for  …" (raw) or "avc:  denied  { read } for …" (interpreted).
bool take_head(string_view& text, AvcView& avc) {
  const std::size_t at = text.substr(0, 256).find("avc:");
  if (at == string_view::npos) return false;
  const std::size_t open = text.find('{', at);
  const std::size_t close = open == string_view::npos ? open : text.find('}', open);
  if (close == string_view::npos) return false;
  const string_view verb = trim(text.substr(at + 4, open - at - 4));
  if (verb != "denied" && verb != "granted") return false;
  avc.granted = verb == "granted";
  avc.perms = trim(text.substr(open + 1, close - open - 1));
  text.remove_prefix(close + 1);
  return true;
}

AvcView view_of(const DecisionRecord& from) {
  AvcView avc;
  string_view text = from.text;
  avc.is_avc = take_head(text, avc);
  if (!avc.is_avc) return avc;
  FieldWalker walker(text, from.record.dialect);
  for (Field field; walker.next(field);) {
    const std::size_t at = kAvcNames.find(field.key);
    if (at == kAvcNames.kNone) continue;
    Field& known = avc.*kAvcKeys[at].member;
    if (known.raw.empty()) known = field;  // the first of a name counts
  }
  return avc;
}

std::vector<std::string> words(string_view text) {
  std::vector<std::string> out;
  for (const string_view word : split(text, ' '))
    if (!word.empty()) out.emplace_back(word);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

/// "0x5401" or "5401".
std::optional<std::uint32_t> hex_number(string_view text) {
  if (text.substr(0, 2) == "0x") text.remove_prefix(2);
  return parse_number<std::uint32_t>(text, 16);
}

void take_extended(const AvcView& avc, Denial& denial, AvOp& op) {
  if (const auto command = hex_number(avc.ioctl.raw); command && !avc.ioctl.raw.empty()) {
    op.xperms.push_back(*command);
    denial.details.xperm_kind = "ioctl";
  } else if (const auto type = parse_number<std::uint32_t>(avc.nlmsg.raw)) {
    op.xperms.push_back(*type);
    denial.details.xperm_kind = "nlmsg";
  }
}

Outcome outcome_of(const AvcView& avc) {
  if (avc.granted) return Outcome::kAllowed;
  return avc.permissive.raw == "1" ? Outcome::kWouldDeny : Outcome::kDenied;
}

void take_details(const DecisionRecord& from, const AvcView& avc, Details& details) {
  details.source_raw = decode(avc.source_raw, from.record.dialect);
  details.target_raw = decode(avc.target_raw, from.record.dialect);
  details.name = decode(from.object().name, from.record.dialect);
  details.dev = decode(from.object().dev, from.record.dialect);
  if (!avc.permissive.raw.empty()) details.permissive = avc.permissive.raw == "1";
  const bool bind = avc.perms.find("name_bind") != string_view::npos;
  std::tie(details.number, details.arch) = subject_syscall(from);
  details.port = parse_number<std::uint16_t>(bind ? avc.src.raw : avc.dest.raw).value_or(0);
}

void append(std::string& out, string_view part) {
  out += part;
  out += '\0';
}

/// A field of a companion as it stands, found without taking the whole record apart. `mark` is " key=".
void append_companion(const DecisionRecord& from, RecordType type, string_view mark, std::string& out) {
  const Record* record = from.event.find(type);
  const std::size_t at = record ? record->body.find(mark) : string_view::npos;
  if (at == string_view::npos) return append(out, {});
  FieldWalker walker(record->body.substr(at), record->dialect);
  Field field;
  append(out, walker.next(field) ? field.raw : string_view{});
}

/// Who and on what, undecoded: the same bytes that subject_exe() and object_path() decode.
void append_object_key(const DecisionRecord& from, const AvcView& avc, std::string& out) {
  append(out, avc.comm.raw);
  append(out, avc.exe.raw);
  append(out, avc.path.raw);
  append(out, avc.name.raw);
  if (from.event.records.size() == 1 || from.record.type == kUserAvc) return;
  append_companion(from, kSyscall, " comm=", out);
  append_companion(from, kSyscall, " exe=", out);
  if (!avc.path.raw.empty()) return;
  append_companion(from, kAvcPath, "path=", out);
  append_companion(from, kCwd, "cwd=", out);
  for (const Record* record : from.event.records)
    if (record->type == kPath && record->body.find(avc.inode.raw) != string_view::npos) append(out, record->body);
}

}  // namespace

void append_avc_key(const DecisionRecord& from, Grain grain, std::string& out) {
  const AvcView avc = view_of(from);
  append(out, avc.granted ? "granted" : "denied");
  append(out, avc.perms);
  if (!avc.is_avc) append(out, from.text);  // news or garbage, told apart by its words alone
  const bool ports = avc.perms.find("name_") != string_view::npos;
  for (std::size_t i = 0; i < (ports ? kDeciding : kDeciding - 2); ++i) append(out, (avc.*kAvcKeys[i].member).raw);
  if (grain != Grain::kFact) return;
  append_object_key(from, avc, out);
  append(out, from.object().container.raw);
}

std::optional<Denial> decode_avc(const DecisionRecord& from) {
  const AvcView avc = view_of(from);
  if (!avc.is_avc && from.text.find("avc:  received") != string_view::npos) return std::nullopt;
  Denial denial;
  denial.by = Mechanism::kSelinux;
  denial.outcome = outcome_of(avc);
  if (!avc.is_avc)
    denial.problem = "the record has no verdict and permissions";
  else if (avc.source.raw.empty())
    denial.problem = "the record has no scontext=";
  else if (avc.target.raw.empty())
    denial.problem = "the record has no tcontext=";
  else if (avc.klass.raw.empty())
    denial.problem = "the record has no tclass=";
  else if (avc.perms.empty())
    denial.problem = "the record names no permission";
  take_details(from, avc, denial.details);
  if (!denial.problem.empty()) return denial;
  AvOp op;
  op.source = avc.source.raw;
  op.target = avc.target.raw;
  op.klass = avc.klass.raw;
  op.perms = words(avc.perms);
  op.path = object_path(from);
  take_extended(avc, denial, op);
  Fact fact;
  fact.subject.exe = subject_exe(from);
  if (fact.subject.exe.empty()) fact.subject.comm = subject_comm(from);
  fact.subject.container = decode(from.object().container, from.record.dialect);
  fact.subject.domain = op.source;
  fact.operation = std::move(op);
  denial.facts.push_back(std::move(fact));
  return denial;
}

namespace {

/// Old form: "security_compute_sid:  invalid context C for scontext=S tcontext=T tclass=K".
std::string invalid_context(const DecisionRecord& from) {
  if (std::string named = value_of(from, "invalid_context"); !named.empty()) return named;
  constexpr string_view kMark = "invalid context ";
  const std::size_t at = from.text.find(kMark);
  if (at == string_view::npos) return {};
  const string_view rest = from.text.substr(at + kMark.size());
  return std::string(trim(rest.substr(0, rest.find(' '))));
}

}  // namespace

/// SELINUX_ERR: op=security_compute_sid, op=security_bounded_transition, op=security_validate_transition, op=setxattr,
/// and the forms before 2014 without op=. Source: kernel security/selinux/ss/services.c, hooks.c.
std::optional<Denial> decode_selinux_error(const DecisionRecord& from) {
  Denial denial;
  denial.by = Mechanism::kSelinux;
  std::string act = value_of(from, "op");
  if (act.empty() && from.text.find("security_compute_sid") != string_view::npos) act = "security_compute_sid";
  if (act.empty()) act = std::string(from.text.substr(0, from.text.find_first_of(": ")));
  denial.details.operation = act;
  DomainOp op;
  op.act = act;
  Fact fact;
  fact.subject.domain = value_of(from, "scontext");
  op.target = invalid_context(from);
  if (fact.subject.domain.empty()) fact.subject.domain = value_of(from, "oldcontext");
  if (op.target.empty()) op.target = value_of(from, "newcontext");
  if (op.target.empty() || fact.subject.domain.empty()) {
    denial.problem = "the SELINUX_ERR record does not name both contexts";
    return denial;
  }
  denial.details.name = value_of(from, "tclass");
  denial.details.target_raw = value_of(from, "tcontext");
  fact.subject.exe = subject_exe(from);
  if (fact.subject.exe.empty()) fact.subject.comm = subject_comm(from);
  fact.operation = std::move(op);
  denial.facts.push_back(std::move(fact));
  return denial;
}

}  // namespace cordon::audit
