// SPDX-License-Identifier: Apache-2.0
// What parent and child say to each other, on one page. The child asks, the parent answers; the parent never
// speaks first. One SEQPACKET message each way; end of file means that the other side is gone.
//
//   child (child/init)                             parent (parent/serve)
//   ------------------                             ---------------------
//   kMapIds        new user namespace          ->  writes uid_map and gid_map
//                                              <-  kDone
//   kHooks         namespaces and mounts made  ->  runs prestart and createRuntime hooks
//                                              <-  kDone
//   kMoved <pid>   the init goes on as <pid>   ->  watches that process (a pid namespace was joined)
//                                              <-  kDone
//   kReady         all is set up               ->  writes record and pid file
//                                              <-  create: kDone, the child closes this channel and waits for `start`;
//                                                  run: kStart, and the answers of `start` below come on this channel
//   kError <error> instead of any of these: the child is about to end
//
//   init at the start socket                       start
//   ------------------------                       ----------
//                                              <-  (connects) kStart
//   end of file    the program is running
//   kError <error> a hook, the filter or exec failed
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sync {

enum class Type : char {
  kEnd = 0,
  kMapIds = 'm',
  kHooks = 'h',
  kMoved = 'p',
  kReady = 'r',
  kDone = 'd',
  kStart = 's',
  kError = 'e'
};

struct Message {
  Type type = Type::kEnd;
  std::string payload;
};

// One end of the conversation.
class Channel {
 public:
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  Result<void> send(Type type, std::string_view payload = {});
  Result<void> send_error(const Error& error);
  // kEnd at end of file; an unknown type, or no message at all, is an error.
  Result<Message> receive();
  // Sends and waits for kDone; the peer's kError becomes our error.
  Result<void> ask(Type type, std::string_view payload = {});

  FdView fd() const { return socket_; }
  void close() { socket_.reset(); }

 private:
  Fd socket_;
};

// The parts of an error, each with its length. What does not add up is decoded as an error that says so.
std::string encode_error(const Error& error);
Error decode_error(std::string_view payload);

}  // namespace estiva::sync
