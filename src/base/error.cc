// SPDX-License-Identifier: Apache-2.0
// Error: construction and its one-line text.
#include "estiva/base/error.h"

#include <string.h>

#include "estiva/base/text.h"

namespace estiva {

Error::Error(Code code, std::string message) : parts_(std::make_unique<ErrorParts>()) {
  parts_->code = code;
  parts_->message = std::move(message);
}

Error Error::system(std::string_view call, int errnum) {
  Error error(Code::kSystem, "");
  error.parts_->call = call;
  error.parts_->errnum = errnum;
  return error;
}

Error Error::invalid(std::string object, std::string message) {
  return Error(Code::kInvalid, std::move(message)).object(std::move(object));
}

Error Error::unsupported(std::string object, std::string message) {
  return Error(Code::kUnsupported, std::move(message)).object(std::move(object));
}

Error&& Error::object(std::string value) && {
  parts_->object = std::move(value);
  return std::move(*this);
}

Error&& Error::hint(std::string value) && {
  parts_->hint = std::move(value);
  return std::move(*this);
}

Error&& Error::stage(std::string value) && {
  if (parts_->stage.empty()) parts_->stage = std::move(value);
  return std::move(*this);
}

Error&& Error::context(std::string noun) && {
  parts_->context.push_back(std::move(noun));
  return std::move(*this);
}

Error&& Error::message(std::string value) && {
  parts_->message = std::move(value);
  return std::move(*this);
}

Error Error::from_parts(ErrorParts parts) {
  Error error(parts.code, "");
  *error.parts_ = std::move(parts);
  return error;
}

std::string Error::to_string() const {
  std::vector<std::string> pieces;
  if (!parts_->object.empty()) pieces.push_back(parts_->object);
  pieces.insert(pieces.end(), parts_->context.rbegin(), parts_->context.rend());
  if (!parts_->message.empty()) pieces.push_back(parts_->message);
  if (!parts_->call.empty()) pieces.push_back(parts_->call);
  if (parts_->errnum != 0) pieces.emplace_back(strerrordesc_np(parts_->errnum) ?: "unknown error");
  std::string line = text::join(pieces, ": ");
  if (!parts_->hint.empty()) text::append(line, text::cat(" (", parts_->hint, ")"));
  return line;
}

}  // namespace estiva
