# Every library, found once for the rooms and the tests (tools/packages.txt says where they come from).
find_package(PkgConfig REQUIRED)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp)
pkg_check_modules(SELINUX REQUIRED IMPORTED_TARGET libselinux)
pkg_check_modules(AUDIT REQUIRED IMPORTED_TARGET audit)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(LIBMD REQUIRED IMPORTED_TARGET libmd)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-cpp)
find_package(fmt REQUIRED)
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)
# The calls that deciding needs are not exported from the shared library.
find_library(SEPOL_STATIC libsepol.a REQUIRED)
