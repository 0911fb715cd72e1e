#pragma once

#include <string>
#include <vector>

#include "audit/denial.h"
#include "audit/reader.h"
#include "triage/rule.h"

/// Log lines as triage gets them from the reader.
inline std::vector<cordon::audit::Denial> denials_of(const std::string& lines) {
  std::vector<cordon::audit::Denial> out;
  cordon::audit::ReadOptions options;
  options.threads = false;
  cordon::audit::LogReader* self = nullptr;
  cordon::audit::LogReader reader(options, [&](const cordon::audit::Event& event) {
    for (auto& denial : cordon::audit::decode_decisions(
             event, [&](std::uint32_t index) -> const std::string& { return self->source_name(index); }))
      out.push_back(std::move(denial));
  });
  self = &reader;
  reader.feed(lines, "test.log");
  reader.flush();
  return out;
}

/// The rules that are installed.
inline const cordon::triage::RuleSet& rules() {
  static const cordon::triage::RuleSet kRules = [] {
    cordon::Diagnostics diagnostics;
    return cordon::triage::load_rules(CORDON_SOURCE_DIR "/profiles/triage", diagnostics);
  }();
  return kRules;
}
