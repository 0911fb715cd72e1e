#pragma once

namespace cordon::selinux {

/// The documents of profiles/selinux, compiled in.
extern const char* const k_accesses_json;
extern const char* const k_places_json;
extern const char* const k_baseline_json;
extern const char* const k_guards_json;
extern const char* const k_bottlerocket_json;

}  // namespace cordon::selinux
