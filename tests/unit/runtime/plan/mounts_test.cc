// SPDX-License-Identifier: Apache-2.0
// What the options and mappings of a mount become: as golden text, and the refusals with their JSON paths.
#include <gtest/gtest.h>

#include "estiva/spec/spec.h"
#include "runtime/plan/plan.h"

namespace estiva {
namespace {

const std::vector<spec::IdMapping> kMap = {{1000, 5000, 1}, {2000, 7000, 10}};

spec::Spec with_mount(spec::Mount mount) {
  spec::Spec spec;
  spec.oci_version = "1.3.0";
  spec.root = spec::Root{"rootfs", false};
  spec.linux.emplace();
  spec.linux->namespaces = {{spec::NamespaceType::kMount, ""}};
  spec.mounts = {std::move(mount)};
  return spec;
}

spec::Mount bind(std::vector<std::string> options) {
  spec::Mount mount;
  mount.destination = "/m";
  mount.source = "/src";
  mount.options = std::move(options);
  return mount;
}

spec::Mount mapped(spec::Mount mount) {
  mount.uid_mappings = mount.gid_mappings = kMap;
  return mount;
}

spec::Spec with_user_namespace(spec::Spec spec, const std::string& path) {
  spec.linux->namespaces.push_back({spec::NamespaceType::kUser, path});
  if (path.empty()) spec.linux->uid_mappings = spec.linux->gid_mappings = {{0, 100000, 65536}};
  return spec;
}

Result<Plan> plan(const spec::Spec& spec, bool new_mount_api = true) {
  HostFacts host;
  host.cgroups.mode = CgroupMode::kNone;
  host.new_mount_api = new_mount_api;
  RunOptions options;
  options.id = "box";
  options.bundle = "/bundle";
  return make_plan(spec, host, options);
}

// The line of the mount.
std::string line_of(const spec::Spec& spec) {
  const Result<Plan> made = plan(spec);
  if (!made.ok()) return made.error().to_string();
  const std::string text = to_text(made.value());
  const size_t at = text.find(" /m ");
  const size_t start = text.rfind('\n', at) + 1;
  return text.substr(start, text.find('\n', at) - start);
}

std::string refused_at(const spec::Spec& spec, bool new_mount_api = true) {
  const Result<Plan> made = plan(spec, new_mount_api);
  return made.ok() ? "taken" : made.error().parts().object;
}

TEST(MountPlan, IdMapsOfTheMount) {
  const std::string ids = "uid 1000:5000:1,2000:7000:10 gid 1000:5000:1,2000:7000:10";
  EXPECT_EQ(line_of(with_mount(mapped(bind({"bind", "idmap"})))), "bind /m from /src idmap " + ids);
  EXPECT_EQ(line_of(with_mount(mapped(bind({"bind"})))), "bind /m from /src idmap " + ids);
  EXPECT_EQ(line_of(with_mount(mapped(bind({"rbind", "ridmap"})))),
            "bind /m from /src recursive ridmap " + ids);
}

TEST(MountPlan, IdMapsOfTheUserNamespace) {
  const spec::Spec one = with_mount(bind({"bind", "idmap"}));
  EXPECT_EQ(line_of(with_user_namespace(one, "")),
            "bind /m from /src idmap uid 0:100000:65536 gid 0:100000:65536");
  EXPECT_EQ(line_of(with_user_namespace(one, "/ns")), "bind /m from /src idmap of the joined user namespace");
  const spec::Spec own = with_mount(mapped(bind({"bind", "idmap"})));
  EXPECT_EQ(line_of(with_user_namespace(own, "/ns")), line_of(own));
}

TEST(MountPlan, IdMapsThatAreRefused) {
  EXPECT_EQ(refused_at(with_mount(bind({"bind", "idmap"}))), "/mounts/0/options");
  spec::Mount half = mapped(bind({"bind"}));
  half.gid_mappings.clear();
  EXPECT_EQ(refused_at(with_mount(half)), "/mounts/0/gidMappings");
  spec::Mount empty = mapped(bind({"bind"}));
  empty.gid_mappings[1].size = 0;
  EXPECT_EQ(refused_at(with_mount(empty)), "/mounts/0/gidMappings/1/size");
  spec::Mount tmpfs = mapped(bind({}));
  tmpfs.type = "tmpfs";
  EXPECT_EQ(refused_at(with_mount(tmpfs)), "/mounts/0/uidMappings");
  EXPECT_EQ(refused_at(with_mount(mapped(bind({"bind"}))), false), "/mounts/0/uidMappings");
}

TEST(MountPlan, IdMapsInTheOption) {
  EXPECT_EQ(line_of(with_mount(bind({"bind", "idmap=uids=1000-5000-1#2000-7000-10;gids=0-9-1"}))),
            "bind /m from /src idmap uid 1000:5000:1,2000:7000:10 gid 0:9:1");
  EXPECT_EQ(line_of(with_mount(bind({"rbind", "ridmap=gids=0-9-1;uids=0-8-1"}))),
            "bind /m from /src recursive ridmap uid 0:8:1 gid 0:9:1");
  // "@": by the container's user namespace, 0 to 65535 being 100000 to 165535.
  const spec::Spec relative = with_mount(bind({"bind", "idmap=uids=@5-1000-10;gids=5-1000-10"}));
  EXPECT_EQ(line_of(with_user_namespace(relative, "")),
            "bind /m from /src idmap uid 5:101000:10 gid 5:1000:10");
  EXPECT_EQ(refused_at(relative), "/mounts/0/options/1");
  const spec::Spec outside = with_mount(bind({"bind", "idmap=uids=@5-65530-10;gids=5-1000-10"}));
  EXPECT_EQ(refused_at(with_user_namespace(outside, "")), "/mounts/0/options/1");
  for (const char* bad :
       {"idmap=", "idmap=uids=0-1-1", "idmap=uids=0-1-1;gids=", "idmap=uids=0-1;gids=0-1-1",
        "idmap=uids=0-1-0;gids=0-1-1", "idmap=uids=0-1-1;gids=0-1-1;x=1", "idmap=uids=0-1--1;gids=0-1-1",
        "idmap=uids=0-4294967295-2;gids=0-1-1", "ridmap=uids=a-b-c;gids=0-1-1"}) {
    EXPECT_EQ(refused_at(with_mount(bind({"bind", bad}))).substr(0, 19), "/mounts/0/options/1") << bad;
  }
  EXPECT_EQ(refused_at(with_mount(mapped(bind({"bind", "idmap=uids=0-1-1;gids=0-1-1"})))),
            "/mounts/0/options/1");
  spec::Mount tmpfs = bind({"idmap=uids=0-1-1;gids=0-1-1"});
  tmpfs.type = "tmpfs";
  EXPECT_EQ(refused_at(with_mount(tmpfs)), "/mounts/0/options/0");
}

TEST(MountPlan, LinksAreForBindMounts) {
  EXPECT_EQ(line_of(with_mount(bind({"bind", "src-nofollow", "dest-nofollow", "copy-symlink"}))),
            "bind /m from /src source-not-followed target-not-followed or link");
  for (const char* option : {"src-nofollow", "dest-nofollow", "copy-symlink"}) {
    spec::Mount tmpfs = bind({option});
    tmpfs.type = "tmpfs";
    EXPECT_EQ(refused_at(with_mount(tmpfs)), "/mounts/0/options") << option;
  }
}

TEST(MountPlan, CopyUpIsForATmpfs) {
  spec::Mount tmpfs = bind({"tmpcopyup", "size=1m", "ro"});
  tmpfs.type = "tmpfs";
  EXPECT_EQ(line_of(with_mount(tmpfs)), "mount /m type tmpfs from /src set 0x1 clear 0x0 copy-up size=1m");
  EXPECT_EQ(refused_at(with_mount(bind({"bind", "tmpcopyup"}))), "/mounts/0/options");
  tmpfs.type = "proc";
  EXPECT_EQ(refused_at(with_mount(tmpfs)), "/mounts/0/options");
}

}  // namespace
}  // namespace estiva
