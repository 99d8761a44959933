// SPDX-License-Identifier: Apache-2.0
// Words of a Dockerfile, and the instructions that are made of them.
#include "image/commit/words.h"

#include <gtest/gtest.h>

#include "image/commit/instructions.h"

namespace estiva::image {
namespace {

using Words = std::vector<std::string>;

std::optional<std::string> lookup(std::string_view name) {
  if (name == "A") return "1";
  if (name == "EMPTY") return "";
  return std::nullopt;
}

std::string expand(std::string_view word) {
  const Result<std::string> out = expand_word(word, lookup);
  return out.ok() ? out.value() : "error: " + out.error().to_string();
}

TEST(Words, SplitAtBlanksOutsideOfQuotes) {
  EXPECT_EQ(split_words(R"(  a "b c" d\ e 'f "g' )").value(), (Words{"a", "\"b c\"", "d\\ e", "'f \"g'"}));
  EXPECT_TRUE(split_words("").value().empty());
  EXPECT_FALSE(split_words("'open").ok());
}

TEST(Words, AreExpandedAsAShellWould) {
  EXPECT_EQ(expand("$A${A}x"), "11x");
  EXPECT_EQ(expand("'$A'\"$A\""), "$A1");
  EXPECT_EQ(expand("\\$A$"), "$A$");
  EXPECT_EQ(expand("${NO:-d$A}-${A:+set}-${EMPTY:-e}-${NO:+x}"), "d1-set-e-");
  EXPECT_EQ(expand("${NO:-${A}}"), "1");
  EXPECT_EQ(expand("$NO"), "");
  for (const char* bad : {"${", "${}", "${A", "${A%x}", "\"open"})
    EXPECT_TRUE(expand(bad).starts_with("error: ")) << bad;
}

ContainerConfig changed(const Words& instructions) {
  ContainerConfig config;
  const Result<void> done = apply_instructions(instructions, config);
  EXPECT_TRUE(done.ok()) << done.error().to_string();
  return config;
}

TEST(Instructions, CommandsAsListsAndForAShell) {
  EXPECT_EQ(changed({R"(CMD ["nginx", "-g", "x"])"}).cmd, (Words{"nginx", "-g", "x"}));
  EXPECT_EQ(changed({R"(CMD=["nginx"])"}).cmd, (Words{"nginx"}));
  EXPECT_EQ(changed({"cmd echo $A"}).cmd, (Words{"/bin/sh", "-c", "echo $A"}));
  const ContainerConfig both = changed({"CMD [\"old\"]", "ENTRYPOINT [\"e\"]", "CMD [\"new\"]"});
  EXPECT_EQ(both.entrypoint, (Words{"e"}));
  EXPECT_EQ(both.cmd, (Words{"new"}));
  EXPECT_TRUE(changed({"ENTRYPOINT []"}).entrypoint.empty());
}

TEST(Instructions, AnEntrypointDropsTheCommandOfTheImage) {
  ContainerConfig config;
  config.cmd = {"meant for another"};
  ASSERT_TRUE(apply_instructions(Words{"ENTRYPOINT [\"e\"]"}, config).ok());
  EXPECT_TRUE(config.cmd.empty());
}

TEST(Instructions, VariablesAndLabels) {
  const ContainerConfig config =
      changed({"ENV A=1 B=\"two words\"", "ENV A=3 C=$A", "ENV D some text", "LABEL a.b=\"x y\" c=$A"});
  EXPECT_EQ(config.env, (Words{"A=3", "B=two words", "C=1", "D=some text"}));
  EXPECT_EQ(config.labels.at("a.b"), "x y");
  EXPECT_EQ(config.labels.at("c"), "3");
}

TEST(Instructions, TheRest) {
  const ContainerConfig config =
      changed({"WORKDIR /srv", "WORKDIR app/../data", "USER ship:tty", "EXPOSE 80 53/udp 9000-9002",
               "VOLUME /a /b", "VOLUME [\"/c d\"]", "STOPSIGNAL SIGQUIT", "ONBUILD RUN true"});
  EXPECT_EQ(config.working_dir, "/srv/data");
  EXPECT_EQ(config.user, "ship:tty");
  Words ports;
  for (const auto& [port, nothing] : config.exposed_ports) ports.push_back(port);
  EXPECT_EQ(ports, (Words{"53/udp", "80/tcp", "9000/tcp", "9001/tcp", "9002/tcp"}));
  EXPECT_EQ(config.volumes.size(), 3U);
  EXPECT_TRUE(config.volumes.contains("/c d"));
  EXPECT_EQ(config.stop_signal, "SIGQUIT");
  EXPECT_EQ(config.on_build, (Words{"RUN true"}));
}

TEST(Instructions, WhatIsWrongIsNamed) {
  for (const char* bad :
       {"", "RUN true", "ENV", "ENV A", "EXPOSE 0", "EXPOSE 80/icmp", "EXPOSE 9-8", "EXPOSE 70000", "USER",
        "USER a b", "WORKDIR", "STOPSIGNAL SIGNOTHING", "STOPSIGNAL 65", "LABEL x", "ENV =x", "VOLUME"}) {
    ContainerConfig config;
    const Result<void> done = apply_instructions(Words{bad}, config);
    ASSERT_FALSE(done.ok()) << bad;
    EXPECT_EQ(done.error().parts().object, "change \"" + std::string(bad) + "\"");
  }
}

}  // namespace
}  // namespace estiva::image
