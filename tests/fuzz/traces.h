#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/text.h"
#include "facts/json_reader.h"
#include "facts/trace.h"
#include "policy/policy.h"

namespace fuzz {

/// A line {"subject":…,"operation":…,"verdict":…} as a fact.
inline std::optional<cordon::Fact> fact_of(simdjson::dom::parser& parser, std::string_view line) {
  using namespace cordon;
  simdjson::dom::element document;
  simdjson::dom::object members;
  if (line.empty()) return std::nullopt;  // simdjson 3.1 copies from a null pointer
  if (parser.parse(line.data(), line.size()).get(document) != simdjson::SUCCESS ||
      document.get(members) != simdjson::SUCCESS)
    return std::nullopt;
  Fact fact;
  fact.tally.count = 1;
  codec::Cursor at;
  codec::Element part;
  if (members["subject"].get(part) == simdjson::SUCCESS && codec::read(at, part, fact.subject) != codec::Form::kGood)
    return std::nullopt;
  if (members["verdict"].get(part) == simdjson::SUCCESS && codec::read(at, part, fact.verdict) != codec::Form::kGood)
    return std::nullopt;
  if (members["operation"].get(part) != simdjson::SUCCESS ||
      codec::read(at, part, fact.operation) != codec::Form::kGood)
    return std::nullopt;
  return fact;
}

/// The input as a trace, for the writers: facts of every kind with whatever names. Not by the trace's reader, which
/// takes no fact whose id does not fit: hardly a mutated one would come through.
inline std::optional<cordon::Trace> trace_of(std::string_view text) {
  constexpr std::size_t kMostFacts = 100;
  cordon::Trace trace;
  simdjson::dom::parser parser;
  for (const std::string_view line : cordon::split(text, '\n')) {
    if (trace.facts.size() == kMostFacts) break;
    if (auto fact = fact_of(parser, line)) trace.facts.push_back(std::move(*fact));
  }
  if (trace.facts.empty()) return std::nullopt;
  std::sort(trace.facts.begin(), trace.facts.end(), cordon::content_before);
  const auto same = [](const cordon::Fact& a, const cordon::Fact& b) { return a.same_as(b); };
  trace.facts.erase(std::unique(trace.facts.begin(), trace.facts.end(), same), trace.facts.end());
  cordon::Run run;
  run.head.run = "00000000000000000000000000000000";
  run.end = cordon::End{};
  run.end->ok = true;
  for (std::size_t i = 0; i < trace.facts.size(); ++i) run.tallies[i].count = 1;
  trace.runs.push_back(std::move(run));
  return trace;
}

}  // namespace fuzz
