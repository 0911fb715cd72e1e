#pragma once

#include <string>
#include <string_view>

namespace cordon::triage {

/// The path with its generated parts folded to '*': process numbers, inode names ("pipe:[123]"), UUIDs, digests,
/// container ids, mktemp's and Python's random names, time stamps. What differs only there has one cause.
/// Words, versions ("python3.11", "libssl.so.3") and device names ("sda1") stay.
std::string fold_path(std::string_view path);

/// A program's name with a worker's number folded: "kworker/3:1" → "kworker/*", "php-fpm8.2" stays.
std::string fold_comm(std::string_view comm);

/// An AppArmor profile's name without the "//null-…" tail that complain mode appends for an unknown child.
std::string fold_profile(std::string_view profile);

/// The directory that a group of paths has in common: "/srv/www" for "/srv/www/*" and "/srv/www/a/b"; "/" if none.
std::string common_directory(std::string_view a, std::string_view b);

/// True for the directory itself and for what lies in it: "/srv/a" is below "/srv/a" and "/srv", not below "/sr".
bool is_below(std::string_view path, std::string_view directory);

}  // namespace cordon::triage
