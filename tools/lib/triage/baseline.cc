#include "triage/baseline.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "triage/finding.h"

namespace cordon::triage {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::int64_t kDayMs = 86'400'000;

Error bad(const std::string& where, std::string pointer, std::string what) {
  return {ErrorCode::kBadInput, std::move(what), where + "#" + std::move(pointer),
          "schemas/triage-baseline.schema.json says what a baseline holds"};
}

std::string text_of(const Json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string{};
}

std::optional<std::int64_t> parse_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = parse_number<int>(text.substr(0, 4));
  const auto month = parse_number<unsigned>(text.substr(5, 2));
  const auto day = parse_number<unsigned>(text.substr(8, 2));
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{*month}, std::chrono::day{*day}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date}.time_since_epoch().count() * kDayMs;
}

std::optional<std::int64_t> parse_clock(std::string_view text) {
  if (text.ends_with("Z")) text.remove_suffix(1);
  const auto parts = split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  std::int64_t ms = 0;
  constexpr std::int64_t kUnits[] = {3'600'000, 60'000, 1'000};
  constexpr std::int64_t kLimits[] = {24, 60, 61};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto value = parse_number<std::int64_t>(parts[i]);
    if (!value || *value < 0 || *value >= kLimits[i]) return std::nullopt;
    ms += *value * kUnits[i];
  }
  return ms;
}

std::optional<std::int64_t> parse_ago(std::string_view text) {
  if (text == "now") return 0;
  if (text.size() < 2) return std::nullopt;
  const auto value = parse_number<std::int64_t>(text.substr(0, text.size() - 1));
  if (!value || *value < 0 || *value > 100'000'000) return std::nullopt;
  switch (text.back()) {
    case 's': return *value * 1'000;
    case 'm': return *value * 60'000;
    case 'h': return *value * 3'600'000;
    case 'd': return *value * kDayMs;
    case 'w': return *value * 7 * kDayMs;
    default: return std::nullopt;
  }
}

Result<Acceptance> read_entry(const Json& json, const std::string& where, const std::string& pointer) {
  if (!json.is_object()) return bad(where, pointer, "an accepted finding must be an object");
  Acceptance entry{text_of(json, "id"), text_of(json, "rule"), text_of(json, "reason"), text_of(json, "expires"), 0};
  if (entry.id.empty() || (entry.id == "*" && entry.rule.empty()))
    return bad(where, pointer, "`id` is missing; `*` stands for all findings of a `rule`");
  if (trim(entry.reason).empty()) return bad(where, pointer, "`reason` is missing");
  if (!entry.expires.empty()) {
    const auto day = parse_day(entry.expires);
    if (!day) return bad(where, pointer + "/expires", "not a day like 2027-01-31");
    entry.expires_ms = *day + kDayMs;
  }
  return entry;
}

}  // namespace

bool Baseline::judge(Finding& finding, std::int64_t now_ms) const {
  for (const auto& entry : accepted) {
    if (entry.id != "*" && entry.id != finding.id) continue;
    if (!entry.rule.empty() && entry.rule != finding.rule) continue;
    if (entry.expires_ms != 0 && now_ms >= entry.expires_ms) {
      finding.baseline_note = "was accepted until " + entry.expires + ": " + entry.reason;
      continue;
    }
    finding.accepted = entry.reason;
    finding.baseline_note.clear();
    return true;
  }
  return false;
}

Result<Baseline> read_baseline(const std::string& text, const std::string& where) {
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) return bad(where, "", "the baseline is not a JSON object");
  if (text_of(json, "format") != "cordon-baseline") return bad(where, "/format", "`format` is not \"cordon-baseline\"");
  const auto list = json.find("accepted");
  if (list == json.end() || !list->is_array()) return bad(where, "/accepted", "the list `accepted` is missing");
  Baseline baseline;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto entry = read_entry((*list)[i], where, "/accepted/" + std::to_string(i));
    if (!entry) return entry.error();
    baseline.accepted.push_back(std::move(*entry));
  }
  return baseline;
}

std::string write_baseline(const std::vector<Finding>& findings, const std::string& reason,
                           const std::string& expires) {
  Json json{{"format", "cordon-baseline"}, {"version", 1}, {"accepted", Json::array()}};
  for (const auto& finding : findings) {
    Json entry{{"id", finding.id}, {"rule", finding.rule}, {"reason", reason}};
    if (!expires.empty()) entry["expires"] = expires;
    entry["summary"] = finding.summary;
    json["accepted"].push_back(std::move(entry));
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now_ms) {
  if (text.starts_with("@")) {
    const auto seconds = parse_number<std::int64_t>(text.substr(1));
    return seconds && *seconds >= 0 && *seconds < 100'000'000'000 ? std::optional(*seconds * 1000) : std::nullopt;
  }
  if (const auto ago = parse_ago(text)) return now_ms - *ago;
  const auto day = parse_day(text.substr(0, 10));
  if (!day || text.size() == 10) return day;
  if (text[10] != 'T' && text[10] != ' ') return std::nullopt;
  const auto clock = parse_clock(text.substr(11));
  return clock ? std::optional(*day + *clock) : std::nullopt;
}

std::string time_text(std::int64_t ms) {
  if (ms == 0) return {};
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds{ms}};
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()), unsigned(date.month()),
                     unsigned(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

}  // namespace cordon::triage
