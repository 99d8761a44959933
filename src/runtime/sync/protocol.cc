// SPDX-License-Identifier: Apache-2.0
// Messages between parent and child.
#include "runtime/sync/protocol.h"

#include <string.h>

#include "estiva/base/sys_socket.h"
#include "estiva/base/text.h"

namespace estiva::sync {

namespace {

constexpr size_t kMaxMessage = 40960;  // more than a filter of BPF_MAXINSNS
constexpr size_t kMaxPart = 2048;      // a longer text of an error is cut, so that the error always arrives

class Encoder {
 public:
  void number(uint32_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void text(std::string_view value) {
    value = value.substr(0, kMaxPart);
    number(static_cast<uint32_t>(value.size()));
    out_ += value;
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view data) : data_(data) {}
  Result<uint32_t> number() {
    uint32_t value;
    if (data_.size() < sizeof value) return Error(Code::kInternal, "a message ends too early");
    memcpy(&value, data_.data(), sizeof value);
    data_.remove_prefix(sizeof value);
    return value;
  }
  Result<std::string> text() {
    const uint32_t size = TRY(number());
    if (size > data_.size()) return Error(Code::kInternal, "a message ends too early");
    std::string value(data_.substr(0, size));
    data_.remove_prefix(size);
    return value;
  }

 private:
  std::string_view data_;
};

}  // namespace

std::string encode_error(const Error& error) {
  constexpr size_t kMaxContexts = 3;  // of them the outermost: eight texts of kMaxPart fit a message
  const ErrorParts& parts = error.parts();
  Encoder encoder;
  encoder.number(static_cast<uint32_t>(parts.code));
  encoder.number(static_cast<uint32_t>(parts.errnum));
  for (const std::string* text : {&parts.object, &parts.message, &parts.call, &parts.stage})
    encoder.text(*text);
  encoder.text(parts.hint);
  const size_t count = std::min(parts.context.size(), kMaxContexts);
  encoder.number(static_cast<uint32_t>(count));
  for (size_t i = parts.context.size() - count; i < parts.context.size(); ++i)
    encoder.text(std::string_view(parts.context[i]).substr(0, 1024));
  return encoder.take();
}

static Result<ErrorParts> decode_parts(std::string_view payload) {
  Decoder decoder(payload);
  ErrorParts parts;
  const uint32_t code = TRY(decoder.number());
  if (code > static_cast<uint32_t>(Code::kInternal))
    return Error(Code::kInternal, "a message has an unknown error code");
  parts.code = static_cast<Code>(code);
  parts.errnum = static_cast<int>(TRY(decoder.number()));
  for (std::string* text : {&parts.object, &parts.message, &parts.call, &parts.stage, &parts.hint})
    *text = TRY(decoder.text());
  const uint32_t count = TRY(decoder.number());
  for (uint32_t i = 0; i < count; ++i) parts.context.push_back(TRY(decoder.text()));
  return parts;
}

Error decode_error(std::string_view payload) {
  Result<ErrorParts> parts = decode_parts(payload);
  if (!parts.ok()) return std::move(parts).error();
  return Error::from_parts(std::move(parts).value());
}

Result<void> Channel::send(Type type, std::string_view payload) {
  return sys::send_message(socket_, text::cat(static_cast<char>(type), payload)).context([] {
    return "channel";
  });
}

Result<void> Channel::send_error(const Error& error) { return send(Type::kError, encode_error(error)); }

Result<Message> Channel::receive() {
  const sys::Received received =
      TRY(sys::receive_message(socket_, kMaxMessage).context([] { return "channel"; }));
  if (received.end) return Message{};
  const Type type = static_cast<Type>(received.data[0]);
  switch (type) {
    case Type::kMapIds:
    case Type::kCgroup:
    case Type::kHooks:
    case Type::kMoved:
    case Type::kLimits:
    case Type::kNetDevices:
    case Type::kReady:
    case Type::kDone:
    case Type::kStart:
    case Type::kListener:
    case Type::kError:
      return Message{type, received.data.substr(1), received.sender};
    case Type::kEnd:
      break;
  }
  return Error(Code::kInternal, "unknown message");
}

Result<std::string> Channel::ask(Type type, std::string_view payload) {
  TRY(send(type, payload));
  Message answer = TRY(receive());
  if (answer.type == Type::kError) return decode_error(answer.payload);
  if (answer.type != Type::kDone) return Error(Code::kInternal, "the other side is gone");
  return std::move(answer.payload);
}

}  // namespace estiva::sync
