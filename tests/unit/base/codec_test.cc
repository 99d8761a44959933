// SPDX-License-Identifier: Apache-2.0
// The row codec on structs of its own: every kind of member, both ways, and the wording of errors.
#include "estiva/base/codec.h"

#include <gtest/gtest.h>

namespace codec_test {

enum class Colour : uint8_t { kRed, kGreen };
inline constexpr std::string_view kColourNames[] = {"red", "green"};
constexpr std::span<const std::string_view> enum_names(Colour) { return kColourNames; }

struct Point {
  int8_t x = 0;
  uint16_t y = 0;
  bool operator==(const Point&) const = default;
};

struct Shape {
  std::string name;
  bool is_filled = false;
  double scale = 0;
  Colour colour = Colour::kRed;
  Point origin;
  int64_t balance = 0;
  std::optional<uint64_t> big;
  std::optional<Point> centre;
  std::vector<Point> corners;
  std::map<std::string, Point> marks;
  std::map<std::string, std::string> labels;
  std::optional<std::vector<std::string>> tags;
  std::vector<std::vector<int32_t>> matrix;
  bool operator==(const Shape&) const = default;
};

}  // namespace codec_test

namespace estiva::codec {

template <>
std::span<const Row> rows<codec_test::Point>() {
  using codec_test::Point;
  static constexpr Row kRows[] = {row<&Point::x>("x", kRequired), row<&Point::y>("y")};
  return kRows;
}

template <>
std::span<const Row> rows<codec_test::Shape>() {
  using codec_test::Shape;
  static constexpr Row kRows[] = {
      row<&Shape::name>("name", kRequired),
      row<&Shape::is_filled>("isFilled", kKeep),
      row<&Shape::scale>("scale"),
      row<&Shape::colour>("colour"),
      row<&Shape::origin>("origin"),
      row<&Shape::balance>("balance"),
      row<&Shape::big>("big"),
      row<&Shape::centre>("centre"),
      row<&Shape::corners>("corners"),
      row<&Shape::marks>("marks"),
      row<&Shape::labels>("labels"),
      row<&Shape::tags>("tags"),
      row<&Shape::matrix>("matrix"),
      ignored("registry", kOtherPlatform),
  };
  return kRows;
}

}  // namespace estiva::codec

namespace estiva::codec {
namespace {

using codec_test::Colour;
using codec_test::Point;
using Figure = codec_test::Shape;

std::string refusal(std::string_view text) {
  const auto result = decode<Figure>(text);
  return result.ok() ? "accepted" : result.error().to_string();
}

TEST(Codec, EveryKindOfMemberBothWays) {
  Figure figure;
  figure.name = "é/\"";
  figure.is_filled = true;
  figure.scale = 0.25;
  figure.colour = Colour::kGreen;
  figure.origin = {-128, 65535};
  figure.balance = INT64_MIN;
  figure.big = UINT64_MAX;
  figure.centre = Point{0, 0};
  figure.corners = {{1, 2}, {3, 0}};
  figure.marks = {{"a/b", {1, 1}}, {"", {2, 2}}};
  figure.labels = {{"k", ""}};
  figure.tags.emplace();
  figure.matrix = {{1, -1}, {}};
  const std::string text = encode(figure);
  EXPECT_EQ(text,
            R"({"name":"é/\"","isFilled":true,"scale":0.25,"colour":"green","origin":{"x":-128,"y":65535},)"
            R"("balance":-9223372036854775808,"big":18446744073709551615,"centre":{"x":0},)"
            R"("corners":[{"x":1,"y":2},{"x":3}],"marks":{"":{"x":2,"y":2},"a/b":{"x":1,"y":1}},)"
            R"("labels":{"k":""},"tags":[],"matrix":[[1,-1],[]]})");
  const auto back = decode<Figure>(text);
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  EXPECT_TRUE(back.value() == figure);
  EXPECT_TRUE(decode<Figure>(encode(figure, true)).value() == figure);
}

TEST(Codec, LeavesOutWhatIsEmpty) {
  Figure figure;
  EXPECT_EQ(encode(figure), R"({"name":"","isFilled":false,"colour":"red","origin":{"x":0}})");
  figure.big = 0;
  EXPECT_NE(encode(figure).find(R"("big":0)"), std::string::npos);
}

TEST(Codec, IgnoresUnknownAndOtherPlatforms) {
  const auto figure = decode<Figure>(R"({"Name":1,"registry":[],"name":"a","later":{"x":[{}]}})");
  ASSERT_TRUE(figure.ok());
  EXPECT_EQ(figure.value().name, "a");
}

TEST(Codec, NullIsAbsent) {
  const auto figure = decode<Figure>(R"({"name":"a","origin":null,"big":null,"corners":null,"colour":null})");
  ASSERT_TRUE(figure.ok());
  EXPECT_EQ(figure.value().big, std::nullopt);
  EXPECT_EQ(refusal(R"({"name":null})"), "/name: is required");
}

TEST(Codec, LastOfEqualNamesReplacesTheWholeValue) {
  const auto figure = decode<Figure>(
      R"({"name":"a","name":"b","origin":{"x":1,"y":2},"origin":{"x":3},"corners":[{"x":1}],"corners":[],)"
      R"("labels":{"k":"1","k":"2"},"labels":{"l":"3"},"marks":{"m":{"x":1,"y":1},"m":{"x":2}}})");
  ASSERT_TRUE(figure.ok());
  EXPECT_EQ(figure.value().name, "b");
  EXPECT_EQ(figure.value().origin, (Point{3, 0}));
  EXPECT_TRUE(figure.value().corners.empty());
  EXPECT_EQ(figure.value().labels, (std::map<std::string, std::string>{{"l", "3"}}));
  EXPECT_EQ(figure.value().marks.at("m"), (Point{2, 0}));
}

TEST(Codec, ErrorsNameThePointer) {
  EXPECT_EQ(refusal("[]"), "is an array, an object is expected");
  EXPECT_EQ(refusal("{}"), "/name: is required");
  EXPECT_EQ(refusal(R"({"name":1})"), "/name: is a number, a string is expected");
  EXPECT_EQ(refusal(R"({"name":"a","corners":[{"x":1},{"y":1}]})"), "/corners/1/x: is required");
  EXPECT_EQ(refusal(R"({"name":"a","marks":{"a/b~c":{"x":"1"}}})"),
            "/marks/a~1b~0c/x: is a string, a number is expected");
  EXPECT_EQ(refusal(R"({"name":"a","matrix":[[1],[1,null]]})"), "/matrix/1/1: is null, a number is expected");
  EXPECT_EQ(refusal(R"({"name":"a","colour":"gren"})"),
            "/colour: is \"gren\", which is not known (did you mean green?)");
  EXPECT_EQ(refusal(R"({"name":"a","isFilled":0})"), "/isFilled: is a number, a boolean is expected");
  EXPECT_EQ(refusal(R"({"name":"a","labels":[]})"), "/labels: is an array, an object is expected");
}

TEST(Codec, IntegersAreExactAndInRange) {
  const auto x = [](const std::string& number) {
    const auto result = decode<Point>("{\"x\":" + number + "}");
    return result.ok() ? text::cat(result.value().x) : result.error().to_string();
  };
  EXPECT_EQ(x("127"), "127");
  EXPECT_EQ(x("-128"), "-128");
  EXPECT_EQ(x("-0"), "0");
  for (const char* bad : {"128", "-129", "1.0", "1e1", "1E0", "0.5", "300000000000000000000000"}) {
    EXPECT_EQ(x(bad), text::cat("/x: is ", bad, ", an integer from -128 to 127 is expected"));
  }
  EXPECT_EQ(decode<Point>(R"({"x":0,"y":-0})").ok(), false) << "unsigned values have no sign";
}

TEST(Codec, DoublesOutOfRangeAreRefused) {
  EXPECT_EQ(refusal(R"({"name":"a","scale":1e999})"), "/scale: is 1e999, which is out of range");
  EXPECT_EQ(decode<Figure>(R"({"name":"a","scale":-2.5e3})").value().scale, -2500);
}

TEST(Codec, ParseErrorsComeThrough) {
  EXPECT_EQ(refusal("{\"name\":\"\xff\"}"), "line 1, column 10: invalid UTF-8");
}

}  // namespace
}  // namespace estiva::codec
