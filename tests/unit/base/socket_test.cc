// SPDX-License-Identifier: Apache-2.0
// Messages of Unix sockets: who sent them, and what comes with them.
#include "estiva/base/sys_socket.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

#include "estiva/base/inet.h"

namespace estiva {
namespace {

TEST(Socket, ASenderIsToldOnlyWhereThatWasAsked) {
  Result<sys::SocketPair> pair = sys::socketpair(SOCK_SEQPACKET);
  ASSERT_TRUE(pair.ok());
  ASSERT_TRUE(sys::send_message(pair.value().second, "before").ok());
  Result<sys::Received> before = sys::receive_message(pair.value().first, 16);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before.value().sender, 0);
  ASSERT_TRUE(sys::tell_senders(pair.value().first).ok());
  const pid_t child = fork();
  if (child == 0) _exit(sys::send_message(pair.value().second, "mine").ok() ? 0 : 1);
  ASSERT_GT(child, 0);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  Result<sys::Received> mine = sys::receive_message(pair.value().first, 16);
  ASSERT_TRUE(mine.ok());
  EXPECT_EQ(mine.value().data, "mine");
  EXPECT_EQ(mine.value().sender, child);
}

TEST(Socket, ASenderAndADescriptorInOneMessage) {
  Result<sys::SocketPair> pair = sys::socketpair(SOCK_SEQPACKET);
  ASSERT_TRUE(pair.ok());
  ASSERT_TRUE(sys::tell_senders(pair.value().first).ok());
  ASSERT_TRUE(sys::send_message(pair.value().second, "both", pair.value().second).ok());
  Result<sys::Received> both = sys::receive_message(pair.value().first, 16);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both.value().sender, getpid());
  EXPECT_TRUE(both.value().fd.valid());
}

TEST(Socket, APortIsHeldAndHasAName) {
  const std::string any(inet::kV6, '\0'), loopback = inet::parse("::1").value();
  const Result<Fd> local = sys::bound_inet_socket({SOCK_STREAM, loopback, 0});
  const int missing = local.ok() ? 0 : local.error().errnum();
  if (missing == EAFNOSUPPORT || missing == EADDRNOTAVAIL)
    GTEST_SKIP() << "no device here has the address ::1";
  const Result<Fd> held = sys::bound_inet_socket({SOCK_STREAM, any, 0});
  ASSERT_TRUE(held.ok());
  const Result<sys::InetName> name = sys::inet_name(held.value());
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name.value().address, any);
  EXPECT_EQ(name.value().type, SOCK_STREAM);
  EXPECT_NE(name.value().port, 0);
  const Result<Fd> again = sys::bound_inet_socket({SOCK_STREAM, loopback, name.value().port});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().errnum(), EADDRINUSE);
  const Result<Fd> ipv4 = sys::bound_inet_socket({SOCK_DGRAM, inet::parse("127.0.0.1").value(), 0});
  ASSERT_TRUE(ipv4.ok());
  EXPECT_EQ(inet::text(sys::inet_name(ipv4.value()).value().address), "127.0.0.1");
}

// More than the one that is taken: none of them stays open.
TEST(Socket, FurtherDescriptorsAreClosed) {
  Result<sys::SocketPair> pair = sys::socketpair(SOCK_SEQPACKET);
  ASSERT_TRUE(pair.ok());
  const int sent[] = {0, 1};
  char byte = 'x';
  struct iovec part = {&byte, 1};
  alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof sent)] = {};
  struct msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  struct cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof sent);
  memcpy(CMSG_DATA(header), sent, sizeof sent);
  ASSERT_EQ(::sendmsg(pair.value().second.number(), &message, 0), 1);
  const auto open_ones = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = open_ones();
  Result<sys::Received> received = sys::receive_message(pair.value().first, 16);
  ASSERT_TRUE(received.ok());
  ASSERT_TRUE(received.value().fd.valid());
  EXPECT_EQ(open_ones(), before + 1);
}

}  // namespace
}  // namespace estiva
