// SPDX-License-Identifier: Apache-2.0
// Error and Result: the one way to say that something did not work.
// An Error is a value with fixed parts (code, object, call, errno, stage, hint) and a context chain that each
// layer extends once with its own noun. Errors travel from a child to its parent by the row codec.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace estiva {

// What kind of failure it is; decides wording and what a caller may do about it.
enum class Code {
  kInvalid,      // bad input: configuration, option, argument
  kUnsupported,  // known, but this build or this host can't do it
  kNotFound,     // the named container or object does not exist
  kExists,       // it exists already
  kState,        // wrong container state for the command
  kSystem,       // a system call said no
  kInternal,     // a bug or a broken peer
};

struct ErrorParts {
  Code code = Code::kInternal;
  std::string object;   // JSON pointer of the property ("/process/rlimits/1/type") or the object's name
  std::string message;  // what is wrong, without "failed to"
  std::string call;     // the system call, empty if none
  int errnum = 0;       // its errno, 0 if none
  std::string
      stage;         // the step of the life cycle ("create", "init: mounts"), set once by the outermost layer
  std::string hint;  // what to do about it
  std::vector<std::string> context;  // innermost first
};

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message);

  // The system call `call` ended with `errnum`.
  static Error system(std::string_view call, int errnum);
  // `object` is a JSON pointer or another name a user can find.
  static Error invalid(std::string object, std::string message);
  static Error unsupported(std::string object, std::string message);

  Error&& object(std::string value) &&;
  Error&& hint(std::string value) &&;
  Error&& stage(std::string value) &&;
  Error&& context(std::string noun) &&;
  // The same failure, worded with a message that a user can act on; call and errno stay.
  Error&& message(std::string value) &&;

  Code code() const { return parts_->code; }
  int errnum() const { return parts_->errnum; }
  const ErrorParts& parts() const { return *parts_; }
  static Error from_parts(ErrorParts parts);

  // One line: object, context from the outside in, message, cause, hint.
  std::string to_string() const;

 private:
  std::unique_ptr<ErrorParts> parts_;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  using Value = T;
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}

  bool ok() const { return std::holds_alternative<T>(state_); }
  // Only after ok().
  T& value() & { return *std::get_if<T>(&checked(0)); }
  const T& value() const& { return *std::get_if<T>(&state_); }
  T&& value() && { return std::move(*std::get_if<T>(&checked(0))); }
  // Only after !ok().
  const Error& error() const& { return *std::get_if<Error>(&state_); }
  Error&& error() && { return std::move(*std::get_if<Error>(&checked(1))); }

  // Adds a noun to the chain when this is an error; `noun` is only called then.
  template <typename Noun>
  Result<T> context(Noun&& noun) && {
    if (ok()) return std::move(*this);
    return std::move(*this).error().context(noun());
  }

 private:
  std::variant<T, Error>& checked(size_t alternative) {
    if (state_.index() != alternative) __builtin_unreachable();
    return state_;
  }

  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;
  Result() = default;
  Result(Error error) : error_(std::make_unique<Error>(std::move(error))) {}

  bool ok() const { return error_ == nullptr; }
  void value() const {}
  const Error& error() const& { return *error_; }
  Error&& error() && { return std::move(*error_); }

  template <typename Noun>
  Result<void> context(Noun&& noun) && {
    if (ok()) return {};
    return std::move(*error_).context(noun());
  }

 private:
  std::unique_ptr<Error> error_;
};

}  // namespace estiva

// The value of `expression`, or leave the function with its error. Stands alone or initialises one variable.
// A name of its own for each use: a TRY may stand in the argument of another.
#define ESTIVA_TRY(expression, result)                   \
  ({                                                     \
    auto result = (expression);                          \
    if (!result.ok()) [[unlikely]]                       \
      return ::estiva::Error(std::move(result).error()); \
    std::move(result).value();                           \
  })
#define ESTIVA_JOIN(a, b) a##b
#define ESTIVA_TRY_NAMED(expression, number) ESTIVA_TRY(expression, ESTIVA_JOIN(try_result_, number))
#define TRY(expression) ESTIVA_TRY_NAMED(expression, __COUNTER__)
