// SPDX-License-Identifier: Apache-2.0
// What parent and child say to each other, on one page. The child asks, the parent answers; the parent never
// speaks first. One SEQPACKET message each way; end of file means that the other side is gone.
//
//   child (child/init)                             parent (parent/serve)
//   ------------------                             ---------------------
//   kMapIds        new user namespace          ->  writes uid_map and gid_map
//                                              <-  kDone
//   kCgroup        cgroup namespace made       ->  moves it into the cgroup that is delegated to it
//                                              <-  kDone
//   kNetDevices    network namespace made     ->  moves devices of the host into it
//                                              <-  kDone
//   kHooks         namespaces and mounts made  ->  runs prestart and createRuntime hooks, if there are any
//                                              <-  kDone
//   kMoved <pid>   the init goes on as <pid>   ->  watches that process (a pid namespace was joined)
//                                              <-  kDone
//   kLimits        before privileges go        ->  sets limits, scheduler and io priority, which need the host's
//                                              <-  kDone
//   kReady         all is set up               ->  writes record and pid file
//                                              <-  create: kDone <filter>, the child closes this channel and waits for
//                                                  `start`; run: kStart <filter>, and the answers of `start` below come
//                                                  on this channel
//   kError <error> instead of any of these: the child is about to end
//
//   init at the start socket                       start
//   ------------------------                       ----------
//                                              <-  (connects) kStart
//   kListener <fd> the filter is loaded        ->  takes the init's descriptor, hands it to the seccomp agent
//                                              <-  kDone
//   end of file    the program is running
//   kError <error> a hook, the filter or exec failed
//
//   exec (child/exec), its two processes           parent (parent/exec)
//   -------------------------------------          --------------------
//   kMoved         the second: it is there     ->  knows it by the message's sender; gone, and that process ends too
//   kLimits        second, as above            ->  sets them
//                                              <-  kDone
//   kListener <fd> second, as at the start     ->  the same
//                                              <-  kDone
//   end of file    the program is running
//   kError <error> of either, instead of any of these
#pragma once

#include <sys/types.h>

#include <string>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"

namespace estiva::sync {

enum class Type : char {
  kEnd = 0,
  kMapIds = 'm',
  kCgroup = 'c',
  kNetDevices = 'n',
  kHooks = 'h',
  kMoved = 'p',
  kLimits = 'l',
  kReady = 'r',
  kDone = 'd',
  kStart = 's',
  kListener = 'f',
  kError = 'e'
};

struct Message {
  Type type = Type::kEnd;
  std::string payload;
  pid_t sender = 0;  // with sys::tell_senders
};

// One end of the conversation.
class Channel {
 public:
  explicit Channel(Fd socket) : socket_(std::move(socket)) {}

  Result<void> send(Type type, std::string_view payload = {});
  Result<void> send_error(const Error& error);
  // kEnd at end of file; an unknown type, or no message at all, is an error.
  Result<Message> receive();
  // Sends and waits for kDone, whose payload it returns; the peer's kError becomes our error.
  Result<std::string> ask(Type type, std::string_view payload = {});

  FdView fd() const { return socket_; }
  void close() { socket_.reset(); }

 private:
  Fd socket_;
};

// The parts of an error, each with its length. What does not add up is decoded as an error that says so.
std::string encode_error(const Error& error);
Error decode_error(std::string_view payload);

}  // namespace estiva::sync
