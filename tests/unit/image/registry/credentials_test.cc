// SPDX-License-Identifier: Apache-2.0
// Files of credentials: which entry is the one, what an edit leaves alone, and that no error holds a secret.
#include "image/registry/credentials.h"

#include <gtest/gtest.h>

#include "../../base/temp_dir.h"
#include "estiva/base/base64.h"

namespace estiva::image {
namespace {

std::optional<Credential> in(const std::string& file, const std::string& host,
                             const std::string& path = "library/x") {
  const json::Document document = json::Document::parse(file).value();
  Result<std::optional<Credential>> found = credential_in(document.root(), credential_keys(host, path));
  EXPECT_TRUE(found.ok()) << found.error().to_string();
  return found.ok() ? std::move(found).value() : std::nullopt;
}

std::string auths(const std::string& key, const std::string& entry) {
  return "{\"auths\":{\"" + key + "\":{" + entry + "}}}";
}
std::string login(const std::string& text) { return "\"auth\":\"" + to_base64(text) + "\""; }

TEST(Credentials, KeysOfAllAges) {
  for (const char* key :
       {"https://index.docker.io/v1/", "docker.io", "index.docker.io", "https://registry-1.docker.io/v2/"})
    EXPECT_EQ(in(auths(key, login("u:p:q")), "docker.io"), (Credential{"u", "p:q"})) << key;
  for (const char* key : {"r.lan:5000", "https://r.lan:5000", "http://r.lan:5000/v2/", "r.lan:5000/v1/"})
    EXPECT_EQ(in(auths(key, login("u:p")), "r.lan:5000"), (Credential{"u", "p"})) << key;
  for (const char* key : {"r.lan", "r.lan:5001", "evil.r.lan:5000", "r.lan:5000.evil", "r.lan:5000/other"})
    EXPECT_FALSE(in(auths(key, login("u:p")), "r.lan:5000")) << key;
}

TEST(Credentials, NearestPathFirst) {
  const std::string file = "{\"auths\":{\"quay.io\":{" + login("a:1") + "},\"quay.io/org\":{" + login("b:2") +
                           "},\"quay.io/org/app\":{" + login("c:3") + "}}}";
  EXPECT_EQ(in(file, "quay.io", "other/app")->user, "a");
  EXPECT_EQ(in(file, "quay.io", "org/web")->user, "b");
  EXPECT_EQ(in(file, "quay.io", "org/app")->user, "c");
  EXPECT_EQ(in(file, "quay.io", "organ/app")->user, "a");
}

TEST(Credentials, Forms) {
  EXPECT_EQ(in(auths("a.lan", "\"identitytoken\":\"t\",\"auth\":\"\""), "a.lan"),
            (Credential{"", "t", true}));
  EXPECT_EQ(in(auths("a.lan", "\"username\":\"u\",\"password\":\"p\""), "a.lan"), (Credential{"u", "p"}));
  EXPECT_FALSE(in(auths("a.lan", ""), "a.lan")) << "docker leaves empty entries beside a helper";
  EXPECT_FALSE(in("{}", "a.lan"));
  EXPECT_FALSE(in("{\"auths\":[]}", "a.lan"));
  EXPECT_EQ(in(auths("a.lan", login(std::string("u:p\0\0", 5))), "a.lan"), (Credential{"u", "p"}));
}

TEST(Credentials, ErrorsHoldNoSecret) {
  const json::Document document = json::Document::parse(auths("a.lan", login("topsecret"))).value();
  const auto found = credential_in(document.root(), credential_keys("a.lan", ""));
  ASSERT_FALSE(found.ok());
  const std::string text = found.error().to_string();
  EXPECT_NE(text.find("/auths/a.lan/auth"), std::string::npos) << text;
  EXPECT_EQ(text.find("topsecret"), std::string::npos);
  EXPECT_EQ(text.find(to_base64("topsecret")), std::string::npos);
}

TEST(Credentials, HelpersByHostThenForAll) {
  const json::Document document =
      json::Document::parse(R"({"credHelpers":{"gcr.io":"gcloud"},"credsStore":"pass"})").value();
  EXPECT_EQ(helper_in(document.root(), credential_keys("gcr.io", "a")), "gcloud");
  EXPECT_EQ(helper_in(document.root(), credential_keys("docker.io", "a")), "pass");
  EXPECT_EQ(helper_in(json::Document::parse("{}").value().root(), credential_keys("docker.io", "a")), "");
}

TEST(Credentials, EditsLeaveTheRestAlone) {
  const std::string file =
      R"({"HttpHeaders":{"a":[1,2.50]},"auths":{"b.lan":{"auth":"eDp5","email":"e"}},"credsStore":""})";
  const json::Document document = json::Document::parse(file).value();
  const Credential credential{"u", "p"};
  const std::string added = edited_file(&document.root(), "a.lan", &credential);
  EXPECT_EQ(in(added, "a.lan"), credential);
  EXPECT_EQ(in(added, "b.lan"), (Credential{"x", "y"}));
  EXPECT_NE(added.find("2.50"), std::string::npos);
  EXPECT_NE(added.find("email"), std::string::npos);
  const json::Document again = json::Document::parse(added).value();
  const std::string removed = edited_file(&again.root(), "a.lan", nullptr);
  EXPECT_FALSE(in(removed, "a.lan"));
  EXPECT_TRUE(in(removed, "b.lan"));
  const Credential token{"", "t", true};
  EXPECT_EQ(in(edited_file(nullptr, "a.lan", &token), "a.lan"), token);
}

TEST(Credentials, AFileThatIsALinkStaysOne) {
  const TempDir dir;
  std::filesystem::create_directories(dir / "dotfiles");
  dir.write("dotfiles/docker.json", R"({"detachKeys":"ctrl-x"})");
  std::filesystem::create_symlink("dotfiles/docker.json", dir / "there.json");
  std::filesystem::create_symlink(dir / "dotfiles/new.json", dir / "dangling.json");
  for (const std::string name : {"there.json", "dangling.json"}) {
    const Credentials credentials(CredentialPlaces{{(dir / name).string()}, ""});
    ASSERT_TRUE(credentials.store("r.lan", {"u", "p"}).ok());
    EXPECT_EQ(credentials.find("r.lan", "x").value(), (Credential{"u", "p"}));
    EXPECT_EQ(credentials.erase("r.lan").value().size(), 1u);
    EXPECT_FALSE(credentials.find("r.lan", "x").value().has_value());
    EXPECT_TRUE(std::filesystem::is_symlink(dir / name)) << name;
  }
  EXPECT_NE(dir.read("dotfiles/docker.json").find("ctrl-x"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(dir / "dotfiles/new.json"));
}

}  // namespace
}  // namespace estiva::image
