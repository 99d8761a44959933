// SPDX-License-Identifier: Apache-2.0
// The JSON reader's grammar, limits and positions; the writer's text.
#include "estiva/base/json.h"

#include <gtest/gtest.h>

#include <cmath>

namespace estiva::json {
namespace {

std::string error_of(std::string_view text, const Limits& limits = {}) {
  const auto document = Document::parse(text, limits);
  return document.ok() ? "accepted" : document.error().parts().message;
}

std::string rewritten(std::string_view text, bool pretty = false) {
  const auto document = Document::parse(text);
  if (!document.ok()) return document.error().to_string();
  std::string out;
  Writer(out, pretty).node(document.value().root());
  return out;
}

TEST(JsonParse, MakesATreeOfFlatNodes) {
  const auto document = Document::parse(R"({"a":[1,{"b":true},[]],"c":null,"d":"x"})");
  ASSERT_TRUE(document.ok());
  const Node& root = document.value().root();
  EXPECT_EQ(root.type, Type::kObject);
  EXPECT_EQ(root.subtree, 8u);
  EXPECT_EQ(root.count(), 3u);
  const Node* a = root.find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->type, Type::kArray);
  EXPECT_EQ(a->count(), 3u);
  EXPECT_EQ((*a->children().begin()).text, "1");
  EXPECT_EQ(root.find("c")->type, Type::kNull);
  EXPECT_EQ(root.find("d")->text, "x");
  EXPECT_EQ(root.find("b"), nullptr) << "it is deeper";
}

TEST(JsonParse, SurvivesBeingMoved) {
  auto first = Document::parse(R"({"key":"value"})");
  ASSERT_TRUE(first.ok());
  const Document second = std::move(first).value();
  const Document third = Document::parse(R"({"other":1})").value();
  EXPECT_EQ(second.root().find("key")->text, "value");
}

TEST(JsonParse, FindsTheLastOfEqualNames) {
  EXPECT_EQ(Document::parse(R"({"a":1,"b":2,"a":3})").value().root().find("a")->text, "3");
}

TEST(JsonParse, KeepsNumbersExact) {
  for (const char* number : {"0", "-0", "18446744073709551615", "-9223372036854775808", "9007199254740993",
                             "123456789012345678901234567890", "1.0", "1e3", "-1.5E-300"}) {
    EXPECT_EQ(rewritten(number), number);
  }
}

TEST(JsonParse, DecodesEscapes) {
  const auto document = Document::parse(R"(["\"\\\/\b\f\n\r\t", "\u00e9\ud83d\udea2", "\u001f"])");
  ASSERT_TRUE(document.ok());
  auto element = document.value().root().children().begin();
  EXPECT_EQ((*element).text, "\"\\/\b\f\n\r\t");
  EXPECT_EQ((*++element).text, "é🚢");
  EXPECT_EQ((*++element).text, "\x1f");
}

TEST(JsonParse, RefusesWhatIsNoJson) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{1:2}",
                           "tru",
                           "nul",
                           "True",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "--1",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "'a'",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"\\u12\"",
                           "\"a\nb\"",
                           "[1 2]",
                           "{\"a\":1 \"b\":2}",
                           "1 2",
                           "{}{}",
                           "[] x",
                           "]",
                           "}",
                           "// x\n1",
                           "/* x */1",
                           "\xef\xbb\xbf{}"}) {
    EXPECT_NE(error_of(text), "accepted") << text;
  }
}

TEST(JsonParse, NamesLineAndColumn) {
  EXPECT_EQ(error_of("{\n  \"a\": 1,\n}").substr(0, 17), "line 3, column 1:");
  EXPECT_EQ(error_of("[1, x]").substr(0, 17), "line 1, column 5:");
  EXPECT_EQ(error_of("[1,\n").substr(0, 17), "line 2, column 1:");
  EXPECT_EQ(error_of("[\"\xff\"]"), "line 1, column 3: invalid UTF-8");
  EXPECT_EQ(error_of("[1,\n\n2, \"\\u0000\"]").substr(0, 7), "line 3,");
}

TEST(JsonParse, RefusesInvalidUtf8) {
  for (const char* bytes :
       {"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xe2\x82", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xf0\x9f\x9a", "\xe2\x28\xa1"}) {
    EXPECT_NE(error_of("\"1234567" + std::string(bytes) + "89\"").find("invalid UTF-8"), std::string::npos);
  }
  for (const char* good : {"\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(error_of('"' + std::string(good) + '"'), "accepted");
  }
}

TEST(JsonParse, RefusesHalfOfASurrogatePair) {
  for (const char* text :
       {R"("\ud83d")", R"("\udea2")", R"("\ud83dx")", R"("\ud83d\n")", R"("\ud83d\u0041")",
        R"("\udea2\ud83d")", R"("\ud83d\ud83d\udea2")", R"({"\uDFFF":1})", R"("\\\ud83d")"}) {
    EXPECT_NE(error_of(text).find("half of a surrogate pair"), std::string::npos) << text;
  }
  EXPECT_EQ(error_of(R"(["\uD83D\uDEA2", "\\ud83d", "\ud07d", "\ue000"])"), "accepted");
  EXPECT_EQ(error_of(R"(["a", "\udea2"])"), "line 1, column 8: half of a surrogate pair");
}

// A path with NUL would be checked whole and used cut.
TEST(JsonParse, RefusesNulInStringsAndNames) {
  EXPECT_NE(error_of(R"(["/etc\u0000/x"])").find("a string contains NUL"), std::string::npos);
  EXPECT_NE(error_of(R"({"a\u0000b":1})").find("a string contains NUL"), std::string::npos);
  EXPECT_NE(error_of(std::string_view("[\"a\0b\"]", 7)), "accepted");
}

TEST(JsonParse, KeepsItsLimits) {
  const auto nested = [](size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(error_of(nested(64)), "accepted");
  EXPECT_NE(error_of(nested(65)).find("the nesting is too deep"), std::string::npos);
  EXPECT_NE(error_of(std::string(1 << 20, '[')).find("the nesting is too deep"), std::string::npos);
  EXPECT_EQ(error_of("[[1]]", {.depth = 2}), "accepted");
  EXPECT_NE(error_of("[{\"a\":[]}]", {.depth = 2}), "accepted");

  EXPECT_EQ(error_of("[1,2]", {.values = 3}), "accepted");
  EXPECT_NE(error_of("[1,2,3]", {.values = 3}).find("there are too many values"), std::string::npos);
  EXPECT_EQ(error_of("\"1234\"", {.string = 4}), "accepted");
  EXPECT_NE(error_of("\"12345\"", {.string = 4}).find("a string is too long"), std::string::npos);
  EXPECT_NE(error_of("{\"12345\":1}", {.string = 4}).find("a string is too long"), std::string::npos);
  EXPECT_EQ(error_of("[1]", {.bytes = 3}), "accepted");
  EXPECT_EQ(error_of("[1] ", {.bytes = 3}), "the document is larger than 3 bytes");
}

TEST(JsonWrite, IsCompactAndLeavesSlashes) {
  std::string out;
  Writer writer(out);
  writer.begin_object();
  writer.key("path");
  writer.string("/a/b");
  writer.key("empty");
  writer.begin_array();
  writer.end_array();
  writer.key("list");
  writer.begin_array();
  writer.number(uint64_t{18446744073709551615u});
  writer.number(INT64_MIN);
  writer.boolean(true);
  writer.null();
  writer.number(0.1);
  writer.number(std::nan(""));
  writer.begin_object();
  writer.end_object();
  writer.end_array();
  writer.end_object();
  EXPECT_EQ(
      out,
      R"({"path":"/a/b","empty":[],"list":[18446744073709551615,-9223372036854775808,true,null,0.1,null,{}]})");
}

TEST(JsonWrite, EscapesWhatItMust) {
  std::string out;
  Writer(out).string(std::string_view("\"\\/\b\f\n\r\t\x01\x1f\x7f\0é", 14));
  EXPECT_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000é\"");
}

// A host's file name may hold any bytes, the document may not.
TEST(JsonWrite, ReplacesWhatIsNoUtf8) {
  std::string out;
  Writer(out).string("a\xff\xc3z\xe2\x82");
  EXPECT_EQ(out, "\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(JsonWrite, Pretty) {
  EXPECT_EQ(rewritten(R"({"a":[1,{"b":{}}],"c":[]})", true),
            "{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": {}\n\t\t}\n\t],\n\t\"c\": []\n}");
}

TEST(JsonWrite, WritesWhatItRead) {
  const char* text = R"({"a":[1,2.50,"é\n",null,true,false,[],{}],"a":{"":{"b":-0}}})";
  EXPECT_EQ(rewritten(text), text);
}

}  // namespace
}  // namespace estiva::json
