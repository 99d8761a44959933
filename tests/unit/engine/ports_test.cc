// SPDX-License-Identifier: Apache-2.0
// --publish in all its forms, and the column of `ps`.
#include "engine/container/ports.h"

#include <gtest/gtest.h>

#include "estiva/base/text.h"

namespace estiva::engine {
namespace {

std::string parsed(const std::string& text) {
  ContainerOptions options;
  options.publish = {text};
  const Result<std::vector<PublishedPort>> ports = published_ports(options.publish);
  if (!ports.ok()) return "refused";
  std::string out;
  for (const PublishedPort& each : ports.value())
    out += text::cat(each.address, "|", each.host, "|", each.container, "|", each.protocol, ";");
  return out;
}

TEST(Ports, Forms) {
  EXPECT_EQ(parsed("80"), "|0|80|tcp;");
  EXPECT_EQ(parsed("8080:80"), "|8080|80|tcp;");
  EXPECT_EQ(parsed("127.0.0.1:8080:80/udp"), "127.0.0.1|8080|80|udp;");
  EXPECT_EQ(parsed("127.0.0.1::80"), "127.0.0.1|0|80|tcp;");
  EXPECT_EQ(parsed("[::1]:8080:80"), "::1|8080|80|tcp;");
  EXPECT_EQ(parsed("8000-8001:80-81"), "|8000|80|tcp;|8001|81|tcp;");
  EXPECT_EQ(parsed("[0:0::0001]:8080:80"), "::1|8080|80|tcp;");  // one address, one text
  EXPECT_EQ(parsed("[::]::80/udp"), "::|0|80|udp;");
  for (const char* bad : {"", "x", "0", "70000", "80:81:82:83", "1-2:3", "2-1:1-2", "80/icmp", "[::1:80",
                          "[]:80:80", "[x]:80:80", "[127.0.0.1]:80:80", "[fe80::1%eth0]:80:80", "::1:80:80"})
    EXPECT_EQ(parsed(bad), "refused") << bad;
}

TEST(Ports, NeighboursAreFoldedAndExposedOnesFollow) {
  ContainerRecord record;
  record.options.network = "bridge";
  record.options.publish = {"8000-8002:8000-8002", "8080:80"};
  record.exposed_ports = {"443/tcp", "80/tcp"};
  const std::vector<PublishedPort> ports = published_ports(record.options.publish).value();
  EXPECT_EQ(shown_ports(record, places_of(ports, Ipv6::kNone)),
            "0.0.0.0:8000-8002->8000-8002/tcp, 0.0.0.0:8080->80/tcp, 443/tcp");
  EXPECT_EQ(shown_ports(record, places_of(ports, Ipv6::kLocal)),
            "0.0.0.0:8000-8002->8000-8002/tcp, [::]:8000-8002->8000-8002/tcp, 0.0.0.0:8080->80/tcp, "
            "[::]:8080->80/tcp, 443/tcp");
}

Strings places(const std::string& text, Ipv6 ipv6) {
  Strings out;
  for (const PublishedPort& each : places_of(published_ports({text}).value(), ipv6))
    out.push_back(each.shown_place());
  return out;
}

TEST(Ports, WithoutAnAddressAllThatThereAre) {
  const Strings ipv4 = {"0.0.0.0:80"}, both = {"0.0.0.0:80", "[::]:80"}, one = {"[::1]:80"};
  EXPECT_EQ(places("80:80", Ipv6::kNone), ipv4);
  EXPECT_EQ(places("80:80", Ipv6::kLocal), both);
  EXPECT_EQ(places("80:80/udp", Ipv6::kLocal), both);
  EXPECT_EQ(places("80:80/udp", Ipv6::kForwarded), both);
  EXPECT_EQ(places("0.0.0.0:80:80", Ipv6::kForwarded), ipv4);
  EXPECT_EQ(places("[::1]:80:80", Ipv6::kForwarded), one);
}

TEST(Ports, TheTextIsThatOfPublish) {
  for (const char* text :
       {"80/tcp", "8080:80/udp", "127.0.0.1:8080:80/tcp", "[::1]:8080:80/tcp", "[::]::80/tcp"})
    EXPECT_EQ(publish_text(published_ports({text}).value()[0]), text);
}

}  // namespace
}  // namespace estiva::engine
