// SPDX-License-Identifier: Apache-2.0
// From options to a configuration: what the defaults are, what options change, what is refused and how.
#include "engine/spec/make_spec.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace estiva::engine {
namespace {

struct Made {
  ContainerRecord record;
  image::ImageConfig image;
  Result<spec::Spec> make() {
    record.id = std::string(64, 'a');
    if (record.args.empty()) record.args = {"sh"};
    record.env = record.options.env;
    return make_spec({.record = record,
                      .image = image,
                      .user = {},
                      .devices = {},
                      .groups = {},
                      .files = "/files",
                      .volumes = "/volumes"});
  }
  std::string error() {
    const Result<spec::Spec> spec = make();
    return spec.ok() ? "" : spec.error().to_string();
  }
};

bool has(const Strings& list, const std::string& value) {
  return std::ranges::find(list, value) != list.end();
}

TEST(MakeSpec, DefaultsAreSafe) {
  Made made;
  const spec::Spec spec = made.make().value();
  EXPECT_EQ(spec.process->capabilities->bounding.size(), 11u);
  EXPECT_TRUE(spec.process->capabilities->ambient.empty());
  EXPECT_FALSE(spec.linux->masked_paths.empty());
  EXPECT_FALSE(spec.linux->readonly_paths.empty());
  EXPECT_TRUE(spec.linux->seccomp.has_value());
  EXPECT_EQ(spec.hostname, "aaaaaaaaaaaa");
  EXPECT_EQ(spec.linux->cgroups_path, "/cais/" + made.record.id);
  for (const char* file : {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"})
    EXPECT_TRUE(std::ranges::any_of(spec.mounts, [&](const auto& m) { return m.destination == file; }))
        << file;
}

TEST(MakeSpec, ArgumentsFollowDocker) {
  image::ImageConfig image;
  image.config.emplace().entrypoint = {"/entry"};
  image.config->cmd = {"a"};
  ContainerOptions options;
  EXPECT_EQ(process_args(options, image, {}).value(), (Strings{"/entry", "a"}));
  EXPECT_EQ(process_args(options, image, {"b"}).value(), (Strings{"/entry", "b"}));
  options.has_entrypoint = true;
  options.entrypoint = "/other";
  EXPECT_EQ(process_args(options, image, {}).value(), (Strings{"/other"}));
  options.entrypoint.clear();
  EXPECT_EQ(process_args(options, image, {"b", "c"}).value(), (Strings{"b", "c"}));
  EXPECT_FALSE(process_args(options, image, {}).ok());
}

TEST(MakeSpec, OptionsReachTheirPlace) {
  Made made;
  ContainerOptions& options = made.record.options;
  options.memory = "64m";
  options.cpus = "1.5";
  options.pids_limit = 7;
  options.ulimit = {"nofile=10:20"};
  options.cap_drop = {"ALL"};
  options.cap_add = {"net_admin", "CAP_KILL"};
  options.env = {"A=1", "A=2"};
  options.volume = {"/a:/b:ro", "name:/c"};
  options.tty = true;
  const spec::Spec spec = made.make().value();
  EXPECT_EQ(spec.linux->resources->memory->limit, 64 << 20);
  EXPECT_EQ(spec.linux->resources->memory->swap, 128 << 20);
  EXPECT_EQ(spec.linux->resources->cpu->quota, 150'000);
  EXPECT_EQ(spec.linux->resources->pids->limit, 7);
  EXPECT_EQ(spec.process->rlimits.back(), (spec::Rlimit{"RLIMIT_NOFILE", 10, 20}));
  EXPECT_EQ(spec.process->capabilities->bounding.size(), 2u);
  EXPECT_TRUE(has(spec.process->env, "A=2") && !has(spec.process->env, "A=1"));
  EXPECT_TRUE(has(spec.process->env, "TERM=xterm"));
  const auto mounted = [&](const char* where) {
    return *std::ranges::find(spec.mounts, where, &spec::Mount::destination);
  };
  EXPECT_TRUE(has(mounted("/b").options, "ro"));
  EXPECT_EQ(mounted("/c").source, "/volumes/name/_data");
}

TEST(MakeSpec, PrivilegedOpensWhatIsClosed) {
  Made made;
  made.record.options.privileged = true;
  const spec::Spec spec = made.make().value();
  EXPECT_GT(spec.process->capabilities->bounding.size(), 40u);
  EXPECT_TRUE(spec.linux->masked_paths.empty());
  EXPECT_FALSE(spec.linux->seccomp.has_value());
  ASSERT_EQ(spec.linux->resources->devices.size(), 1u);
  EXPECT_TRUE(spec.linux->resources->devices[0].allow);
}

TEST(MakeSpec, RefusalsNameTheOption) {
  const struct {
    void (*set)(ContainerOptions&);
    const char* part;
  } cases[] = {
      {[](ContainerOptions& o) { o.memory = "1m"; }, "option --memory \"1m\": Minimum memory limit"},
      {[](ContainerOptions& o) { o.memory = "much"; }, "option --memory \"much\": is no size"},
      {[](ContainerOptions& o) { o.cpus = "x"; }, "option --cpus"},
      {[](ContainerOptions& o) { o.ulimit = {"nofile"}; }, "option --ulimit"},
      {[](ContainerOptions& o) { o.cap_add = {"SYS_ADMON"}; }, "did you mean SYS_ADMIN?"},
      {[](ContainerOptions& o) { o.security_opt = {"x=y"}; }, "option --security-opt \"x=y\""},
      {[](ContainerOptions& o) { o.volume = {"/a:/"}; }, "option --volume"},
      {[](ContainerOptions& o) { o.volume = {"/a:/b:what"}; }, "unknown option \"what\""},
      {[](ContainerOptions& o) {
         o.volume = {"/a:/b", "/c:/b"};
       },
       "Duplicate mount point: /b"},
      {[](ContainerOptions& o) { o.mount = {"type=disk,target=/x"}; }, "option --mount"},
      {[](ContainerOptions& o) { o.sysctl = {"a"}; }, "option --sysctl"},
      {[](ContainerOptions& o) { o.pid = "container:x"; }, "option --pid"},
      {[](ContainerOptions& o) { o.workdir = "rel"; }, "option --workdir"},
  };
  for (const auto& c : cases) {
    Made made;
    c.set(made.record.options);
    EXPECT_NE(made.error().find(c.part), std::string::npos) << c.part << " in " << made.error();
  }
  EXPECT_FALSE(parse_restart("sometimes").ok());
  EXPECT_EQ(parse_restart("on-failure:3").value().most, 3u);
}

}  // namespace
}  // namespace estiva::engine
