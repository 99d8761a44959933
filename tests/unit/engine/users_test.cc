// SPDX-License-Identifier: Apache-2.0
// What --userns auto changes in a configuration.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/spec/make_spec.h"

namespace estiva::engine {
namespace {

struct Made {
  ContainerRecord record;
  image::FoundUser user;
  bool makes_network = true;
  Result<spec::Spec> make() {
    record.id = std::string(64, 'a');
    record.args = {"sh"};
    record.uid_map = record.gid_map = {{0, 1000, 5}, {5, 7000, 995}};
    const image::ImageConfig image;
    spec::Spec spec =
        make_spec({.record = record,
                   .image = image,
                   .user = user,
                   .devices = {spec::Device{.type = "c", .path = "/dev/x", .major = 1, .minor = 5}},
                   .groups = {},
                   .files = "/files",
                   .volumes = "/volumes",
                   .own_network = makes_network,
                   .network_path = "/pinned"})
            .value();
    const Result<void> set = set_users({record, "/mapped", makes_network}, spec);
    if (!set.ok()) return Error::from_parts(set.error().parts());
    return spec;
  }
};

const spec::Mount* mount_at(const spec::Spec& spec, const std::string& destination) {
  for (const spec::Mount& mount : spec.mounts)
    if (mount.destination == destination) return &mount;
  return nullptr;
}

TEST(Users, NamespaceMappingsAndNetwork) {
  Made made;
  const spec::Spec spec = made.make().value();
  EXPECT_EQ(spec.linux->uid_mappings, made.record.uid_map);
  EXPECT_EQ(spec.linux->gid_mappings, made.record.gid_map);
  size_t found = 0;
  for (const spec::Namespace& each : spec.linux->namespaces) {
    found += each.type == spec::NamespaceType::kUser || each.type == spec::NamespaceType::kNetwork ? 1 : 0;
    EXPECT_EQ(each.path, "");
  }
  EXPECT_EQ(found, 2u);
  EXPECT_EQ(spec.linux->sysctl.at("net.ipv4.ping_group_range"), "0 999");
  EXPECT_EQ(mount_at(spec, "/sys")->type, "sysfs");
}

TEST(Users, NetworkThatIsNotTheirs) {
  Made made;
  made.makes_network = false;
  const spec::Mount sys = *mount_at(made.make().value(), "/sys");
  EXPECT_EQ(sys.type, "none");
  EXPECT_EQ(sys.source, "/sys");
  EXPECT_TRUE(std::ranges::count(sys.options, "rbind") == 1 && std::ranges::count(sys.options, "ro") == 1);
}

TEST(Users, DevicesAreBoundAndVolumesMapped) {
  Made made;
  made.record.options.device = {"/dev/zero:/dev/x"};
  made.record.options.volume = {"/plain:/one", "/dir:/two:idmap", "kept:/three:ro"};
  const spec::Spec spec = made.make().value();
  EXPECT_TRUE(spec.linux->devices.empty());
  EXPECT_EQ(mount_at(spec, "/dev/x")->source, "/dev/zero");
  EXPECT_TRUE(std::ranges::any_of(spec.linux->resources->devices, [](const spec::DeviceRule& rule) {
    return rule.allow && rule.minor == 5;
  }));
  EXPECT_EQ(mount_at(spec, "/one")->source, "/plain");
  EXPECT_EQ(mount_at(spec, "/two")->source, "/mapped/1");
  EXPECT_EQ(mount_at(spec, "/three")->source, "/mapped/2");
}

TEST(Users, WhomTheMappingHasNotIsRefused) {
  const auto refusal = [](uint32_t uid, uint32_t gid, std::vector<uint32_t> more) {
    Made made;
    made.user.user.uid = uid;
    made.user.user.gid = gid;
    made.user.user.additional_gids = std::move(more);
    const Result<spec::Spec> spec = made.make();
    return spec.ok() ? std::string() : spec.error().to_string();
  };
  EXPECT_EQ(refusal(999, 999, {999}), "");
  EXPECT_NE(refusal(1000, 0, {}).find("no user 1000"), std::string::npos);
  EXPECT_NE(refusal(0, 1000, {}).find("no group 1000"), std::string::npos);
  EXPECT_NE(refusal(0, 0, {5, 2000}).find("no group 2000"), std::string::npos);
}

TEST(Users, NamespacesOfTheHostThatDoNotGo) {
  ContainerOptions options;
  options.userns = "auto";
  EXPECT_TRUE(check_userns(options).ok());
  options.ipc = "host";
  EXPECT_FALSE(check_userns(options).ok());
  options.ipc = "";
  options.pid = "host";
  EXPECT_FALSE(check_userns(options).ok());
  options.userns = "host";
  EXPECT_TRUE(check_userns(options).ok());
}

}  // namespace
}  // namespace estiva::engine
