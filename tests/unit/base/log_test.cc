// SPDX-License-Identifier: Apache-2.0
// Lines of the log: on standard error, as text and as JSON, each whole whatever the message has in it.
#include "estiva/base/log.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <functional>
#include <regex>

#include "temp_dir.h"

namespace estiva {
namespace {

class LogTest : public testing::Test {
 protected:
  // What stands on standard error; the file's lines have X in place of the time.
  std::string write(LogFormat format, const std::function<void(Log&)>& say) {
    Log log("estiva");
    log.set_format(format);
    EXPECT_TRUE(log.open(dir_ / "log").ok());
    testing::internal::CaptureStderr();
    say(log);
    return testing::internal::GetCapturedStderr();
  }
  std::string file() const {
    static const std::regex kTime("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{9}Z");
    return std::regex_replace(dir_.read("log"), kTime, "X");
  }
  TempDir dir_;
};

void say_all(Log& log) {
  log.debug("not said");
  log.set_level(LogLevel::kDebug);
  log.debug("d");
  log.warning("two\nlines \"\x1b");
  log.error(Error::system("mount", EPERM).object("/mounts/0").hint("be root").stage("create"));
  log.error(Error(Code::kNotFound, "gone"));
}

TEST_F(LogTest, TextIsALineForEach) {
  EXPECT_EQ(write(LogFormat::kText, say_all),
            "estiva: debug: d\nestiva: warning: two\nlines \"\x1b\n"
            "estiva: /mounts/0: mount: Operation not permitted (be root)\nestiva: gone\n");
  EXPECT_EQ(file(),
            "time=\"X\" level=debug msg=\"d\"\n"
            "time=\"X\" level=warning msg=\"two\\x0alines \\\"\\x1b\"\n"
            "time=\"X\" level=error msg=\"/mounts/0: mount: Operation not permitted (be root)\"\n"
            "time=\"X\" level=error msg=\"gone\"\n");
}

TEST_F(LogTest, JsonIsLevelMessageTimeAndThePartsOfAnError) {
  write(LogFormat::kJson, say_all);
  const std::string expected = R"x({"level":"debug","msg":"d","time":"X"}
{"level":"warning","msg":"two\nlines \"\u001b","time":"X"}
{"level":"error","msg":"/mounts/0: mount: Operation not permitted (be root)","time":"X",)x"
                               R"x("code":"system","object":"/mounts/0","call":"mount","errno":"EPERM",)x"
                               R"x("stage":"create","hint":"be root"}
{"level":"error","msg":"gone","time":"X","code":"not-found"}
)x";
  EXPECT_EQ(file(), expected);
}

TEST_F(LogTest, AppendsAndOutlivesTheFile) {
  dir_.write("log", "before\n");
  write(LogFormat::kText, [](Log& log) { log.warning("w"); });
  EXPECT_EQ(file(), "before\ntime=\"X\" level=warning msg=\"w\"\n");
  write(LogFormat::kText, [&](Log& log) {
    std::filesystem::remove(dir_ / "log");
    log.warning("anew");
  });
  EXPECT_EQ(file(), "time=\"X\" level=warning msg=\"anew\"\n");
}

TEST_F(LogTest, AFileThatCannotBeIsAnError) {
  Log log("estiva");
  const Result<void> opened = log.open(dir_ / "no/log");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().errnum(), ENOENT);
}

}  // namespace
}  // namespace estiva
