#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "base/invariant.h"

namespace cordon {

/// What kind of failure it is; it decides the exit code (see cli/exit_code.h).
enum class ErrorCode : std::uint8_t {
  kUsage,        ///< the words of the command are wrong
  kBadInput,     ///< a file or stream does not hold what it should
  kEnvironment,  ///< the machine lacks or forbids something (ptrace, a policy, a compiler)
  kIo,           ///< the operating system refused a read or a write
  kRefused,      ///< we could, and will not: a guard or a gate says no
};

/// One fatal failure, told to a person: what was wrong, where (file:line, byte, pointer), what to do.
struct Error {
  ErrorCode code = ErrorCode::kBadInput;
  std::string what;
  std::string where;
  std::string hint;
};

/// "where: what (hint)"; the parts that are empty are left out.
std::string to_text(const Error& error);

/// A value or the Error that kept it from being made.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  bool ok() const { return state_.index() == 0; }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    CORDON_INVARIANT(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  T& value() {
    CORDON_INVARIANT(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const {
    CORDON_INVARIANT(ok());
    return *std::get_if<0>(&state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  explicit operator bool() const { return !error_; }
  bool ok() const { return !error_; }
  const Error& error() const {
    CORDON_INVARIANT(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace cordon
