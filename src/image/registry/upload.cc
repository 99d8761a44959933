// SPDX-License-Identifier: Apache-2.0
// One blob to a registry.
#include "image/registry/upload.h"

#include <sys/random.h>

#include <algorithm>
#include <optional>

#include "estiva/base/text.h"

namespace estiva::image {

namespace {

std::string name_of(const Digest& digest) { return text::cat("blob ", digest.short_hex()); }

bool is_accepted(int status) { return status == 202 || status == 201 || status == 204; }

constexpr std::string_view kBytes = "Content-Type: application/octet-stream";
// Who sent the POST has shown who he is: no "100 Continue" is waited for.
constexpr std::string_view kAtOnce = "Expect:";

// Where the session is; the address belongs to the registry's own host or gets no credentials.
Result<Ask> session_ask(Registry& registry, const Response& opened) {
  const std::string_view location = opened.find("location");
  if (location.empty()) return Error(Code::kInvalid, "opens an upload and does not say where");
  return registry.ask_at(location, Access::kPush);
}

// A blob on its way. What has arrived outlives the attempt that brought it, where the registry keeps it.
class Sending {
 public:
  Sending(Registry& registry, const BlobUpload& blob) : registry_(registry), blob_(blob) {}

  // A failure that another attempt may mend is of kSystem.
  Result<void> attempt();
  // Bytes that the registry has said to have, at most.
  uint64_t furthest() const { return furthest_; }

 private:
  Result<void> open();
  Result<void> find_out();
  Result<void> send_pieces();
  Result<void> send_piece();
  Result<void> send_whole();
  Result<void> complete(Ask put);
  Result<void> take_up(const Response& response);
  void arrived(uint64_t count);
  void drop_session();
  Error lose(std::string_view why);

  Registry& registry_;
  const BlobUpload& blob_;
  std::optional<Ask> session_;
  bool opened_ = false;  // a session, ever
  uint64_t at_ = 0;      // what the session has
  uint64_t piece_ = kUploadPiece;
  uint64_t furthest_ = 0;
};

void Sending::arrived(uint64_t count) {
  at_ = count;
  furthest_ = std::max(furthest_, count);
}

// A registry that loses what came before is not asked to keep pieces a third time.
void Sending::drop_session() {
  if (at_ > 0) registry_.lost_upload();
  session_.reset();
}

Error Sending::lose(std::string_view why) {
  drop_session();
  return Error(Code::kSystem, text::cat(registry_.endpoint().host, ": ", why));
}

// Each answer may move the session to another address.
Result<void> Sending::take_up(const Response& response) {
  if (!response.find("location").empty()) session_ = TRY(session_ask(registry_, response));
  return {};
}

Result<void> Sending::open() {
  Ask ask = registry_.ask("blobs/uploads/", Access::kPush);
  ask.method = "POST";
  const Response opened = TRY(registry_.run(std::move(ask)));
  if (!is_accepted(opened.status)) return refusal(registry_, opened, name_of(blob_.digest));
  session_ = TRY(session_ask(registry_, opened));
  opened_ = true;
  at_ = 0;
  const auto least = text::number<uint64_t>(opened.find("oci-chunk-min-length"));
  piece_ = std::max(kUploadPiece, least.value_or(0));
  return {};
}

// After an attempt that broke off: how far the session has come. It is gone where the registry does not say.
Result<void> Sending::find_out() {
  if (!registry_.keeps_uploads()) {
    session_.reset();
    return {};
  }
  const Response told = TRY(registry_.run_once(*session_));
  const std::optional<uint64_t> have = parse_upload_range(told.find("range"));
  if (told.status / 100 != 2 || !have || *have > blob_.content.size) {
    drop_session();
    return {};
  }
  arrived(*have);
  return take_up(told);
}

Result<void> Sending::send_piece() {
  const uint64_t begin = at_, size = std::min(piece_, blob_.content.size - begin);
  const Upload part{size, [&](uint64_t offset, char* buffer, size_t room) {
                      return blob_.content.read(begin + offset, buffer,
                                                static_cast<size_t>(std::min<uint64_t>(room, size - offset)));
                    }};
  Ask ask = *session_;
  ask.method = "PATCH";
  ask.headers = {std::string(kBytes), text::cat("Content-Range: ", begin, "-", begin + size - 1),
                 std::string(kAtOnce)};
  ask.upload = &part;
  const Response response = TRY(registry_.run_once(std::move(ask)));
  if (is_accepted(response.status)) {
    // It may have taken less; one that counts in another way is not believed, the digest tells in the end.
    const std::optional<uint64_t> have = parse_upload_range(response.find("range"));
    arrived(have && *have > begin && *have < begin + size ? *have : begin + size);
    return take_up(response);
  }
  if (begin > 0 && response.status == 416) {
    registry_.lost_upload();
    return Error(Code::kSystem, text::cat(registry_.endpoint().host, ": has another part of the upload"));
  }
  if (begin > 0 && response.status == 404) return lose("the upload's session is gone");
  registry_.refuse_pieces();
  return lose("takes no upload in pieces");
}

Result<void> Sending::complete(Ask put) {
  put.method = "PUT";
  add_query(put.url.target, "digest", blob_.digest.to_string());
  const Response sent = TRY(registry_.run_once(std::move(put)));
  if (is_accepted(sent.status)) return {};
  // The session has ended, or is not where the registry thinks it is.
  if (sent.status == 404 || sent.status == 416) return lose("the upload's session is gone");
  if (at_ > 0 && told_code(sent) == "DIGEST_INVALID") return lose("has something else than what was sent");
  return refusal(registry_, sent, name_of(blob_.digest));
}

Result<void> Sending::send_pieces() {
  while (at_ < blob_.content.size) {
    Result<void> sent = send_piece();
    if (sent.ok()) continue;
    if (session_ || registry_.takes_pieces()) return sent;
    TRY(open());
    return send_whole();
  }
  return complete(*session_);
}

Result<void> Sending::send_whole() {
  Ask put = *session_;
  put.headers = {std::string(kBytes), std::string(kAtOnce)};
  put.upload = &blob_.content;
  return complete(std::move(put));
}

Result<void> Sending::attempt() {
  if (session_) TRY(find_out());
  // An answer may have been lost, not the blob.
  if (!session_ && opened_ && TRY(has_blob(registry_, blob_.digest))) return {};
  if (!session_) TRY(open());
  const bool pieces = at_ > 0 || (blob_.content.size > piece_ && registry_.takes_pieces());
  return pieces ? send_pieces() : send_whole();
}

uint32_t dice() {
  uint32_t value = 0;
  (void)!getrandom(&value, sizeof value, GRND_NONBLOCK);
  return value;
}

}  // namespace

Result<bool> has_blob(Registry& registry, const Digest& digest) {
  Ask ask = registry.ask(text::cat("blobs/", digest.to_string()), Access::kPush);
  ask.method = "HEAD";
  const Response response = TRY(registry.run(std::move(ask)));
  return response.status == 200;
}

Result<bool> mount_blob(Registry& registry, const Digest& digest, const std::string& from) {
  std::string what = "blobs/uploads/?";
  add_query(what, "mount", digest.to_string());
  add_query(what, "from", from);
  Ask ask = registry.ask(what, Access::kPush);
  ask.method = "POST";
  ask.scope += text::cat(" repository:", from, ":pull");
  Result<Response> response = registry.run(std::move(ask));
  // No access to the other one is no trouble: then it is sent.
  if (!response.ok() && response.error().code() == Code::kNotFound) return false;
  if (!response.ok()) return std::move(response).error();
  if (response.value().status == 201) return true;
  if (response.value().status != 202) return false;
  // It has opened a session instead, which is not needed.
  Result<Ask> cancel = session_ask(registry, response.value());
  if (!cancel.ok()) return false;
  cancel.value().method = "DELETE";
  (void)registry.run_once(std::move(cancel).value());
  return false;
}

Result<void> send_blob(Registry& registry, const BlobUpload& blob) {
  Client& client = registry.client();
  Backoff backoff(client.manners().retry);
  Sending sending(registry, blob);
  for (;;) {
    const uint64_t before = sending.furthest();
    Result<void> sent = sending.attempt();
    if (sent.ok() || sent.error().code() != Code::kSystem) return sent;
    const Backoff::Next next = backoff.after(sending.furthest() - before, std::nullopt, dice());
    if (!next.again) return sent;
    blob.wait(sent.error().parts().message, static_cast<uint64_t>((next.wait_ms + 999) / 1000));
    client.http().pass(next.wait_ms);
  }
}

}  // namespace estiva::image
