#include <catch2/catch.hpp>

#include "base/own_profile.h"

using namespace cordon;

TEST_CASE("only the profiles of our own tools are left") {
  CHECK(is_own_apparmor_label("cordon-record (enforce)"));
  CHECK(is_own_apparmor_label("cordon (complain)"));
  CHECK_FALSE(is_own_apparmor_label("unconfined"));
  CHECK_FALSE(is_own_apparmor_label("docker-default (enforce)"));
  CHECK_FALSE(is_own_apparmor_label("cordon-record"));
  CHECK_FALSE(is_own_apparmor_label("cordon-record//child (enforce)"));
  CHECK_FALSE(is_own_apparmor_label("cordon-record-other (enforce)"));
  CHECK(is_own_selinux_context("unconfined_u:unconfined_r:cordon_record_t:s0-s0:c0.c1023"));
  CHECK(is_own_selinux_context("system_u:system_r:cordon_t"));
  CHECK_FALSE(is_own_selinux_context("unconfined_u:unconfined_r:unconfined_t:s0"));
  CHECK_FALSE(is_own_selinux_context("system_u:system_r:cordon_record_exec_t:s0"));
  CHECK_FALSE(is_own_selinux_context("u:r:_t:s0"));
  CHECK_FALSE(is_own_selinux_context(""));
}

TEST_CASE("unconfined there is nothing to leave") { CHECK(OwnProfile().leave()); }
