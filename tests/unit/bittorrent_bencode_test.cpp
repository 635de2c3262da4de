#include "schema/bittorrent/bencode.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::bittorrent;

namespace {

bool accepts(std::string_view text) { return bencode::decode(as_bytes(text)).has_value(); }

} // namespace

TEST_CASE("bencode: BEP 3's examples decode to what they say") {
  const auto text = "d4:dictd3:keyi-42ee4:listl4:spam0:i0ee3:numi9223372036854775807ee";
  const auto doc = bencode::decode(as_bytes(text));
  REQUIRE(doc);
  const auto root = doc->root();
  CHECK(root.find("dict")->find("key")->integer() == -42);
  CHECK_FALSE(root.find("dict")->find("key")->unsigned_integer());
  CHECK(root.find_unsigned("num") == 9223372036854775807u);
  const auto list = root.find("list")->items();
  REQUIRE(list.size() == 3);
  CHECK(list[0].text() == "spam");
  CHECK(list[1].text() == "");
  CHECK(list[2].integer() == 0);
  CHECK(as_text(root.find("dict")->raw()) == "d3:keyi-42ee");
  CHECK(root.entries().size() == 3);
  CHECK_FALSE(root.find("none"));
  CHECK_FALSE(root.find_text("num"));
}

TEST_CASE("bencode: every truncation and every trailing byte is refused") {
  const std::string text = "d1:ai1e1:bl2:xxi-7ee1:cd0:0:ee";
  REQUIRE(accepts(text));
  for (std::size_t n = 0; n < text.size(); ++n)
    CHECK_FALSE(accepts(std::string_view(text).substr(0, n)));
  CHECK_FALSE(accepts(text + "e"));
  const auto prefix = bencode::decode_prefix(as_bytes(text + "rest"));
  REQUIRE(prefix);
  CHECK(prefix->size() == text.size());
}

TEST_CASE("bencode: forms that would decode in two ways are refused") {
  CHECK(accepts("i0e"));
  CHECK(accepts("i-9223372036854775808e"));
  CHECK(accepts("i9223372036854775807e"));
  for (const auto* bad :
       {"i-0e", "i01e", "i-01e", "ie", "i-e", "i9223372036854775808e", "i-9223372036854775809e",
        "i+1e", "i 1e", "01:a", "-1:a", "1a", "x", "d1:a1:b1:a1:ce", "di1e1:ae", "d1:ae",
        "d1:b0:1:a0:1:b0:e", "999999999999999999999:a"}) {
    INFO(bad);
    CHECK_FALSE(accepts(bad));
  }
  CHECK(accepts(
      "d1:b0:1:a0:e")); // unsorted keys survive: an info dictionary's bytes are its identity
}

TEST_CASE("bencode: depth and count are limited, one over is refused") {
  const auto nested = [](std::size_t n) { return std::string(n, 'l') + std::string(n, 'e'); };
  CHECK(accepts(nested(limits::bencode_depth)));
  CHECK_FALSE(accepts(nested(limits::bencode_depth + 1)));
  const auto flat = [](std::size_t n) {
    std::string out = "l";
    for (std::size_t i = 0; i + 1 < n; ++i) out += "0:";
    return out + "e";
  };
  CHECK(bencode::decode(as_bytes(flat(10)), {.tokens = 10}));
  CHECK_FALSE(bencode::decode(as_bytes(flat(11)), {.tokens = 10}));
}

TEST_CASE("bencode: the writer makes what the decoder reads") {
  bytes out;
  bencode::writer w(out);
  w.begin_dict().key("a").integer(-5).key("b").begin_list().string("xy").integer(INT64_MIN).end();
  w.key("c").raw(as_bytes("i7e")).end();
  CHECK(as_text(out) == "d1:ai-5e1:bl2:xyi-9223372036854775808ee1:ci7ee");
  CHECK(bencode::decode(out));
}
