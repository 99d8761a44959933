// SPDX-License-Identifier: Apache-2.0
// Which ids of the host a container gets, and what is refused.
#include "engine/container/id_maps.h"

#include <gtest/gtest.h>

namespace estiva::engine {
namespace {

std::string refusal(const std::string& text) {
  const Result<UsernsRequest> request = parse_userns(text);
  return request.ok() ? "" : request.error().to_string();
}

TEST(Userns, HostIsTheDefault) {
  for (const char* text : {"", "host"}) EXPECT_FALSE(parse_userns(text).value().own) << text;
  const UsernsRequest request = parse_userns("auto").value();
  EXPECT_TRUE(request.own);
  EXPECT_EQ(request.size, 65536u);
}

TEST(Userns, OptionsOfAuto) {
  const UsernsRequest request = parse_userns("auto:uidmapping=70000:5:2,size=80000,gidmapping=0:9:1").value();
  EXPECT_EQ(request.size, 80000u);
  EXPECT_EQ(request.uids, (IdMap{{70000, 5, 2}}));
  EXPECT_EQ(request.gids, (IdMap{{0, 9, 1}}));
  // Room for what was asked for.
  EXPECT_EQ(parse_userns("auto:uidmapping=70000:5:2").value().size, 70002u);
}

TEST(Userns, RefusesByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"container:x", "neither host nor auto"},
      {"auto:", "none of size"},
      {"auto:size=-1", "no number of ids"},
      {"auto:size=4294967296", "no number of ids"},
      {"auto:size=70000,uidmapping=70000:5:1", "beyond its size"},
      {"auto:uidmapping=1:2", "CONTAINER:HOST:COUNT"},
      {"auto:uidmapping=1:2:3:4", "CONTAINER:HOST:COUNT"},
      {"auto:uidmapping=1:2:0", "no ids"},
      {"auto:uidmapping=4294967290:2:100", "ids that there are not"},
      {"auto:gidmapping=5:0:1", "host's root"},
      {"auto:uidmapping=0:10:5,uidmapping=9:14:1", "mapped already"},
      {"auto:uidmapping=0:10:5,uidmapping=4:100:1", "mapped already"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_NE(refusal(text).find(message), std::string::npos) << text << ": " << refusal(text);
    EXPECT_NE(refusal(text).find("--userns"), std::string::npos) << text;
  }
}

TEST(IdSpace, NamesDecide) {
  const IdSpace own =
      id_space("ann:100000:65536\ncontainers:200000:1000\nroot:1:1\ncontainers:500000:5\nbad:x:1\n");
  ASSERT_EQ(own.free.size(), 2u);
  EXPECT_EQ(own.free[0].first, 200000u);
  EXPECT_TRUE(own.others.empty());
  EXPECT_EQ(id_space("ann:1:2\nroot:300000:65536").free[0].first, 300000u);
  EXPECT_EQ(id_space("0:300000:65536").free[0].first, 300000u);
  // Nobody's, less what others have.
  const IdSpace unnamed = id_space("ann:1879048192:10\n");
  EXPECT_EQ(unnamed.free[0].first, kUnnamed.first);
  EXPECT_EQ(choose_ids(5, {}, unnamed, {}), (IdMap{{0, 1879048202, 5}}));
  // Never the host's root.
  EXPECT_EQ(id_space("containers:0:65536").free[0].first, kUnnamed.first);
}

TEST(ChooseIds, FirstRangeThatIsFree) {
  const IdSpace space = id_space("containers:1000:100\ncontainers:5000:1000\n");
  EXPECT_EQ(choose_ids(100, {}, space, {}), (IdMap{{0, 1000, 100}}));
  EXPECT_EQ(choose_ids(100, {}, space, {{{0, 1050, 1}}}), (IdMap{{0, 5000, 100}}));
  EXPECT_EQ(choose_ids(49, {}, space, {{{0, 1050, 1}}}), (IdMap{{0, 1000, 49}}));
  EXPECT_EQ(choose_ids(49, {}, space, {{{0, 1000, 10}}, {{0, 1010, 30}}}), (IdMap{{0, 1040, 49}}));
  EXPECT_EQ(choose_ids(1001, {}, space, {}), std::nullopt);
  EXPECT_EQ(choose_ids(1000, {}, space, {{{0, 5999, 1}}}), std::nullopt);
}

TEST(ChooseIds, WhatWasAskedForIsLeftOut) {
  const IdSpace space = id_space("containers:1000:100\n");
  const IdMap map = choose_ids(50, {{20, 1010, 5}, {10, 7, 1}}, space, {}).value();
  EXPECT_EQ(map, (IdMap{{0, 1015, 10}, {10, 7, 1}, {11, 1025, 9}, {20, 1010, 5}, {25, 1034, 25}}));
  EXPECT_EQ(to_host(map, 10), 7u);
  EXPECT_EQ(to_host(map, 24), 1014u);
  EXPECT_EQ(to_host(map, 50), std::nullopt);
  EXPECT_EQ(to_container(map, 1014), 24u);
  EXPECT_EQ(to_container(map, 1000), std::nullopt);
  EXPECT_EQ(last_id(map), 49u);
  EXPECT_EQ(choose_ids(2, {{0, 7, 2}}, id_space("containers:1:1\n"), {}), (IdMap{{0, 7, 2}}));
}

}  // namespace
}  // namespace estiva::engine
