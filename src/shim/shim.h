// SPDX-License-Identifier: Apache-2.0
// cais-shim's life: the runtime creates the container, clients come and go, the container ends, its record is written,
// and the shim becomes the command that cleans up. One thread, one loop (loop.cc).
#pragma once

#include <poll.h>

#include <list>
#include <string>
#include <vector>

#include "estiva/base/error.h"
#include "estiva/base/fd.h"
#include "estiva/base/sys_socket.h"
#include "estiva/shim_records.h"
#include "shim/client.h"
#include "shim/held.h"
#include "shim/log_file.h"
#include "shim/relay.h"
#include "shim/runtime.h"
#include "shim/target.h"
#include "shim/usage.h"

namespace estiva::shim {

class Shim {
 public:
  // In the container's run directory, which is the working directory.
  explicit Shim(Conf conf) : conf_(std::move(conf)), runtime_(conf_) {}

  // Up to the created container.
  Result<Report> create();
  // Up to its end; then this process is another command, or ends with the result.
  Result<int> serve();
  // After an error: nothing of the container stays.
  void abandon();

 private:
  enum class Source : uint8_t { kSignals, kListener, kPublished, kOutput, kErrors, kInput, kClient };
  struct Watch {
    Source source;
    void* object;
  };

  Result<void> prepare();
  Result<std::string> create_with_pipes();
  Result<std::string> create_with_terminal();
  Result<std::string> run_create(std::vector<std::string> more, const process::Streams& streams, FdView said);
  Result<void> write_state();

  // loop.cc
  Result<void> loop();
  void watch(FdView what, short events, Source source, void* object);
  int64_t gather(int64_t now);
  bool has_more(const Target& target) const;
  Result<void> handle(const Watch& watch, short events);
  Result<void> read_signals();
  Result<void> reap();
  Result<void> read_output(Target& target, Fd& from, Type type);
  void deliver(Target& target, Type type, std::string_view data);
  int64_t pause_left(const Target& target, int64_t now) const;
  void sweep();
  bool abandoned(int64_t now);
  void relay(const Held& held);

  // requests.cc
  Result<void> read_client(Client& client);
  Result<void> answer(Client& client, Type type, std::string_view data, Fd passed);
  void greet(Client& client, const Hello& hello);
  void take_input(Client& client, std::string_view data);
  void lose_client(Client& client);
  void start(Client& client);
  void exec(Client& client, std::string_view request);
  void hold(Client& client, Fd socket, uint16_t port);
  void release(Client& client, const sys::InetName& wanted);
  Result<void> begin_session(Target& session, const Exec& given, const std::string& file);
  Result<void> run_exec(std::vector<std::string> arguments, const process::Streams& streams, FdView said);
  Result<pid_t> read_pid(const std::string& file) const;

  void finish(Target& target);
  Result<void> record_end();
  void flush_all();
  Result<int> become_after_exit();

  const Conf conf_;
  const Runtime runtime_;
  std::string dir_;
  State state_;
  Fd signals_, listener_;
  std::list<Held> held_;
  Relay relay_;
  LogFile log_;
  Usage usage_;
  std::list<Target> targets_;  // the container first, then sessions
  std::list<Client> clients_;
  unsigned sessions_ = 0;  // begun so far
  bool had_client_ = false, failed_ = false, told_to_end_ = false;
  int64_t created_ms_ = 0;
  std::vector<struct pollfd> polled_;
  std::vector<Watch> watches_;
};

}  // namespace estiva::shim
