// SPDX-License-Identifier: Apache-2.0
// Messages of netlink sockets: what is built is read back, what is cut off is left out.
#include "estiva/base/netlink.h"

#include <gtest/gtest.h>

namespace estiva::net {
namespace {

std::string payload_of(Request& request) { return request.bytes().substr(sizeof(struct nlmsghdr)); }

TEST(Netlink, AttributesAreReadAsTheyWereWritten) {
  struct ifinfomsg header = {};
  header.ifi_index = 7;
  Request request(RTM_NEWLINK, NLM_F_ACK, header);
  request.add_text(IFLA_IFNAME, "eth0");
  request.add_number(IFLA_MTU, uint32_t{1400});
  request.add(IFLA_ADDRESS, std::string_view("\2\0\0\0\0\1", 6));
  const std::string bytes = request.bytes();
  EXPECT_EQ(number<struct nlmsghdr>(bytes).nlmsg_len, bytes.size());
  EXPECT_EQ(number<struct nlmsghdr>(bytes).nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
  const std::string payload = payload_of(request);
  EXPECT_EQ(number<struct ifinfomsg>(payload).ifi_index, 7);
  const std::vector<Attribute> all = attributes(payload, sizeof header);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(text_of(find(all, IFLA_IFNAME)), "eth0");
  EXPECT_EQ(number<uint32_t>(find(all, IFLA_MTU)), 1400u);
  EXPECT_EQ(find(all, IFLA_ADDRESS).size(), 6u);
  EXPECT_TRUE(find(all, IFLA_MASTER).empty());
  EXPECT_EQ(number<uint32_t>(find(all, IFLA_MASTER)), 0u);
}

TEST(Netlink, ACutMessageGivesWhatIsWhole) {
  Request request(RTM_NEWLINK, 0, ifinfomsg());
  request.add_text(IFLA_IFNAME, "eth0");
  request.add_text(IFLA_IFALIAS, "alias");
  const std::string payload = payload_of(request);
  for (size_t size = 0; size < payload.size(); ++size) {
    for (const Attribute& one : attributes(payload.substr(0, size), sizeof(struct ifinfomsg)))
      EXPECT_LE(one.data.size(), size);
  }
  EXPECT_EQ(attributes(payload.substr(0, payload.size() - 3), sizeof(struct ifinfomsg)).size(), 1u);
  // A length below that of its own head would never end.
  std::string broken = payload;
  broken[sizeof(struct ifinfomsg)] = 1;
  EXPECT_TRUE(attributes(broken, sizeof(struct ifinfomsg)).empty());
}

}  // namespace
}  // namespace estiva::net
