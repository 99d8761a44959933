// SPDX-License-Identifier: Apache-2.0
// Datagrams to [::1] that are passed on to a server, and its answers.
#include "shim/datagrams.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "estiva/base/inet.h"
#include "estiva/base/sys.h"
#include "estiva/base/sys_socket.h"

namespace estiva::shim {
namespace {

constexpr size_t kMost = 2;
constexpr int kPatience = 2000;  // milliseconds

std::string bytes(const char* address) { return inet::parse(address).value_or(""); }

uint16_t port_of(const Fd& socket) {
  const Result<sys::InetName> name = sys::inet_name(socket);
  return name.ok() ? name.value().port : uint16_t{0};
}

std::string read_from(const Fd& socket) {
  struct pollfd watched[] = {{socket.number(), POLLIN, 0}};
  char buffer[100];
  if (!sys::poll(watched, kPatience).ok()) return "(poll)";
  const Result<std::optional<size_t>> size = sys::try_read(socket, buffer, sizeof buffer);
  return size.ok() && size.value() ? std::string(buffer, *size.value()) : "(nothing)";
}

// The program in the container.
struct Server {
  struct sockaddr_in6 last = {};  // who asked

  Fd socket;
  std::string hear() {
    struct pollfd watched[] = {{socket.number(), POLLIN, 0}};
    char buffer[100];
    socklen_t size = sizeof last;
    if (!sys::poll(watched, kPatience).ok()) return "(poll)";
    const ssize_t got = ::recvfrom(socket.number(), buffer, sizeof buffer, 0,
                                   reinterpret_cast<struct sockaddr*>(&last), &size);
    return got < 0 ? "(nothing)" : std::string(buffer, static_cast<size_t>(got));
  }
  void say(const struct sockaddr_in6& to, const std::string& text) const {
    const auto size =
        static_cast<socklen_t>(to.sin6_family == AF_INET6 ? sizeof to : sizeof(struct sockaddr_in));
    EXPECT_EQ(::sendto(socket.number(), text.data(), text.size(), 0,
                       reinterpret_cast<const struct sockaddr*>(&to), size),
              static_cast<ssize_t>(text.size()));
  }
};

class DatagramsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<Fd> listener = sys::bound_inet_socket({SOCK_DGRAM, bytes("::1"), 0});
    const int missing = listener.ok() ? 0 : listener.error().errnum();
    if (missing == EAFNOSUPPORT || missing == EADDRNOTAVAIL)
      GTEST_SKIP() << "no device here has the address ::1";
    ASSERT_TRUE(listener.ok());
    port = port_of(listener.value());
    listening = std::move(listener).value();
  }

  Datagrams passed_to(uint16_t server, std::vector<std::string> addresses) {
    std::vector<Listener> sockets;
    sockets.push_back({std::move(listening), server});
    return {std::move(sockets), std::move(addresses), kMost};
  }
  Fd client() const {
    Result<Fd> socket = sys::connecting_inet_socket({SOCK_DGRAM, bytes("::1"), port});
    EXPECT_TRUE(socket.ok());
    return socket.ok() ? std::move(socket).value() : Fd();
  }
  // What has come is dealt with.
  static void turn(Datagrams& datagrams, int64_t now) {
    std::vector<struct pollfd> polled;
    datagrams.watch(polled);
    const Result<int> ready = sys::poll(polled, kPatience);
    ASSERT_TRUE(ready.ok());
    EXPECT_GT(ready.value(), 0);
    datagrams.serve(polled, now);
  }
  static void send(const Fd& socket, const std::string& text) {
    EXPECT_TRUE(sys::write_all(socket, text).ok());
  }

  Fd listening;
  uint16_t port = 0;
};

Server server_at(const char* address, uint16_t port = 0) {
  Result<Fd> socket = sys::bound_inet_socket({SOCK_DGRAM, bytes(address), port});
  EXPECT_TRUE(socket.ok());
  return {.socket = socket.ok() ? std::move(socket).value() : Fd()};
}

TEST_F(DatagramsTest, AnswersFindTheirWayToWhoAsked) {
  Server server = server_at("127.0.0.1");
  Datagrams datagrams = passed_to(port_of(server.socket), {bytes("127.0.0.1")});
  const Fd one = client(), two = client();
  send(one, "from one");
  turn(datagrams, 0);
  EXPECT_EQ(server.hear(), "from one");
  const struct sockaddr_in6 first = server.last;
  send(two, "from two");
  turn(datagrams, 0);
  EXPECT_EQ(server.hear(), "from two");
  server.say(server.last, "to two");
  turn(datagrams, 0);
  server.say(first, "to one");
  turn(datagrams, 0);
  EXPECT_EQ(read_from(one), "to one");
  EXPECT_EQ(read_from(two), "to two");
}

TEST_F(DatagramsTest, AnEmptyOneIsPassedOnToo) {
  Server server = server_at("127.0.0.1");
  Datagrams datagrams = passed_to(port_of(server.socket), {bytes("127.0.0.1")});
  const Fd one = client();
  ASSERT_EQ(::send(one.number(), "", 0, 0), 0);
  turn(datagrams, 0);
  EXPECT_EQ(server.hear(), "");
  server.say(server.last, "");
  turn(datagrams, 0);
  EXPECT_EQ(read_from(one), "");
}

TEST_F(DatagramsTest, WhoIsQuietForLongIsForgotten) {
  Server server = server_at("127.0.0.1");
  Datagrams datagrams = passed_to(port_of(server.socket), {bytes("127.0.0.1")});
  EXPECT_EQ(datagrams.time_left(0), -1);
  const Fd one = client();
  send(one, "ask");
  turn(datagrams, 1000);
  EXPECT_EQ(datagrams.time_left(2000), 89'000);
  EXPECT_EQ(server.hear(), "ask");
  server.say(server.last, "answer");
  turn(datagrams, 5000);
  datagrams.sweep(94'999);
  EXPECT_FALSE(datagrams.empty());
  EXPECT_EQ(datagrams.time_left(95'000), 0);
  datagrams.sweep(95'000);
  EXPECT_TRUE(datagrams.empty());
}

TEST_F(DatagramsTest, OfTooManyTheOneThatWasQuietLongestGoes) {
  Server server = server_at("127.0.0.1");
  Datagrams datagrams = passed_to(port_of(server.socket), {bytes("127.0.0.1")});
  const Fd one = client(), two = client(), three = client();
  int64_t now = 0;
  struct sockaddr_in6 asked[4] = {};
  for (const Fd* each : {&one, &two, &one, &three}) {
    send(*each, "ask");
    turn(datagrams, now);
    EXPECT_EQ(server.hear(), "ask");
    asked[now++] = server.last;
  }
  std::vector<struct pollfd> polled;
  datagrams.watch(polled);
  EXPECT_EQ(polled.size(), 1 + kMost);
  server.say(asked[0], "to one");
  turn(datagrams, now);
  EXPECT_EQ(read_from(one), "to one");
  server.say(asked[1], "to two");
  server.say(asked[3], "to three");
  turn(datagrams, now);
  EXPECT_EQ(read_from(three), "to three");
  char byte;
  const Result<std::optional<size_t>> more = sys::try_read(two, &byte, 1);
  EXPECT_TRUE(more.ok() && !more.value());
}

TEST_F(DatagramsTest, WhereNobodyListensTheOtherAddressIsTried) {
  Server server = server_at("::1");
  Datagrams datagrams = passed_to(port_of(server.socket), {bytes("127.0.0.1"), bytes("::1")});
  const Fd one = client();
  send(one, "lost");
  turn(datagrams, 0);
  turn(datagrams, 0);  // the refusal
  EXPECT_TRUE(datagrams.empty());
  send(one, "again");
  turn(datagrams, 0);
  EXPECT_EQ(server.hear(), "again");
  server.say(server.last, "answer");
  turn(datagrams, 0);
  EXPECT_EQ(read_from(one), "answer");
}

TEST_F(DatagramsTest, WhatIsLetGoHasNoSocket) {
  Server server = server_at("127.0.0.1");
  Datagrams datagrams = passed_to(port_of(server.socket), {bytes("127.0.0.1")});
  const Fd one = client();
  send(one, "ask");
  turn(datagrams, 0);
  datagrams.let_go();
  EXPECT_FALSE(datagrams.listens());
  EXPECT_TRUE(datagrams.empty());
  EXPECT_TRUE(sys::bound_inet_socket({SOCK_DGRAM, bytes("::1"), port}).ok());
}

}  // namespace
}  // namespace estiva::shim
