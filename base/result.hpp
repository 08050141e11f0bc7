#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.hpp"
#include "base/error.hpp"

namespace lyceum {

/// A value or an Error. Default construction (which Asio's co_spawn needs) is an internal error.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result() : state_(Error{Errc::internal, "result was never set"}) {}

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}

  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return state_.index() == 0; }

  bool has_value() const { return state_.index() == 0; }

  T& operator*() & {
    LYCEUM_CHECK(has_value());
    return std::get<0>(state_);
  }

  const T& operator*() const& {
    LYCEUM_CHECK(has_value());
    return std::get<0>(state_);
  }

  T&& operator*() && {
    LYCEUM_CHECK(has_value());
    return std::get<0>(std::move(state_));
  }

  T* operator->() { return &**this; }

  const T* operator->() const { return &**this; }

  const Error& error() const& {
    LYCEUM_CHECK(!has_value());
    return std::get<1>(state_);
  }

  Error&& error() && {
    LYCEUM_CHECK(!has_value());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error. `Result<void> r = ok();`
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;

  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }

  bool has_value() const { return !error_; }

  const Error& error() const& {
    LYCEUM_CHECK(error_.has_value());
    return *error_;
  }

  Error&& error() && {
    LYCEUM_CHECK(error_.has_value());
    return *std::move(error_);
  }

 private:
  std::optional<Error> error_;
};

inline Result<void> ok() {
  return {};
}

}  // namespace lyceum

#define LYCEUM_CONCAT_INNER(a, b) a##b
#define LYCEUM_CONCAT(a, b) LYCEUM_CONCAT_INNER(a, b)

/// `TRY(auto x, f());` binds the value or returns the error. CO_TRY is the same inside a coroutine.
#define TRY(binding, expression)                                    \
  auto LYCEUM_CONCAT(try_result_, __LINE__) = (expression);         \
  if (!LYCEUM_CONCAT(try_result_, __LINE__)) {                      \
    return std::move(LYCEUM_CONCAT(try_result_, __LINE__)).error(); \
  }                                                                 \
  binding = *std::move(LYCEUM_CONCAT(try_result_, __LINE__))
#define CO_TRY(binding, expression)                                    \
  auto LYCEUM_CONCAT(try_result_, __LINE__) = (expression);            \
  if (!LYCEUM_CONCAT(try_result_, __LINE__)) {                         \
    co_return std::move(LYCEUM_CONCAT(try_result_, __LINE__)).error(); \
  }                                                                    \
  binding = *std::move(LYCEUM_CONCAT(try_result_, __LINE__))

/// For Result<void>: returns the error, if any.
#define TRY_OK(expression)                                                        \
  do {                                                                            \
    if (auto try_ok_ = (expression); !try_ok_) return std::move(try_ok_).error(); \
  } while (false)
#define CO_TRY_OK(expression)                                                        \
  do {                                                                               \
    if (auto try_ok_ = (expression); !try_ok_) co_return std::move(try_ok_).error(); \
  } while (false)
