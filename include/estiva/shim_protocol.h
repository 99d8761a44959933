// SPDX-License-Identifier: Apache-2.0
// What cais-shim and its clients say to each other, on one page. docs/shim.md has the prose.
//
// One SOCK_SEQPACKET socket (kSocketFile in the container's run directory), one message a packet: a byte with its type,
// then the struct or the bytes named beside it. Both ends run on the same kernel: numbers are the machine's own.
//   - The client's first message is kHello, the shim's answer kWelcome.
//   - A type that is not known is ignored, and so are bytes behind the struct: later versions add, they never change.
//   - A connection is about one process: the container's, or from kExec on the session's that kExec made.
//   - kExit is the last message. The connection ends when the container is also cleaned up after (Conf::after_exit).
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <optional>
#include <string_view>
#include <type_traits>

namespace estiva::shim {

inline constexpr uint8_t kVersion = 1;
// Of a packet, behind its type; with what the kernel adds it fits 16 KiB.
inline constexpr size_t kMaxData = 15 << 10;
// Of a terminal's output that a client gets when it comes.
inline constexpr size_t kMaxReplay = 64 << 10;
inline constexpr uint32_t kEver = UINT32_MAX;

enum class Type : uint8_t {
  // to the shim
  kHello = 1,      // Hello
  kInput = 2,      // bytes for the standard input; none: its end
  kResize = 3,     // Size
  kSignal = 4,     // Signal
  kStart = 5,      // runs the container's process; kStarted or kFailed
  kExec = 6,       // Exec, then the absolute path of a file with the OCI process; kStarted or kFailed
  kDetach = 7,     // the client leaves, and its input has not ended
  kReopenLog = 8,  // somebody else renamed it
  kHold =
      9,  // Hold, or nothing; comes with a bound socket, which stays open as long as the shim lives; kDone
  kRelease = 10,    // Port: the socket bound there is closed; kDone or kFailed
  kReleaseV6 = 11,  // PortV6: the same
  // to the client
  kWelcome = 64,  // Welcome
  kOutput = 65,   // bytes of standard output, or of the terminal
  kErrors = 66,   // bytes of standard error
  kLost = 67,     // Lost; a terminal's replay follows
  kStarted = 68,  // Started
  kFailed = 69,   // text, as the runtime wrote it
  kExit = 70,     // Exit
  kDone = 71,     // of kHold, kRelease, kReleaseV6
};

enum Wants : uint8_t {
  kWantOutput = 1,
  kWantReplay = 2,  // of a terminal: what it shows
};

struct Hello {
  // How long the container waits for this client at most before it goes on and the client gets kLost later; kEver: as
  // long as the client is there.
  uint32_t patience_ms;
  uint16_t rows, columns;  // 0: this client has no size
  uint8_t version;
  uint8_t wants;
};

struct Size {
  uint16_t rows, columns;
};

struct Signal {
  uint8_t number;
};

enum ExecFlags : uint8_t {
  kExecTerminal = 1,
  kExecInput = 2,     // standard input is this client's, or else /dev/null
  kExecDetached = 4,  // no standard stream at all; the answer is all that is wanted
};
struct Exec {
  uint16_t rows, columns;
  uint8_t flags;
};

struct Hold {
  uint16_t port;  // of the container, where the socket's connections are passed on to; 0: they are not
};

struct Port {
  uint32_t address;  // in network order; 0: all
  uint16_t port;
  uint8_t type;  // SOCK_STREAM or SOCK_DGRAM
};

struct PortV6 {
  char address[16];  // in network order; all 0: all
  uint16_t port;
  uint8_t type;
};

struct Welcome {
  uint32_t replay;  // bytes that follow as kOutput and are older than this connection
  int32_t pid;      // of the container's process
  uint8_t version;
  uint8_t phase;  // Phase (shim_records.h)
  uint8_t terminal;
};

struct Lost {
  uint64_t bytes;
};

struct Started {
  int32_t pid;
};

struct Exit {
  uint8_t code;    // the status, or 128 and the signal
  uint8_t signal;  // 0: none
  uint8_t oom;     // a process of the container was ended because its memory was used up
};

template <typename T>
std::string_view bytes_of(const T& value) {
  static_assert(std::is_trivially_copyable_v<T>);
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// The struct at the front of a message; nothing if it is too short for one.
template <typename T>
std::optional<T> read_front(std::string_view bytes) {
  if (bytes.size() < sizeof(T)) return std::nullopt;
  T value;
  memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace estiva::shim
