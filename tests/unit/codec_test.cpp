#include "schema/base/codec.hpp"
#include "schema/bridge.wire.hpp"
#include "schema/content.wire.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

msg::name_record sample() {
  msg::name_record r;
  r.name = {.overlay = "ed2k", .key = slice(bytes{1, 2, 3})};
  r.size = 1'000'000'007;
  r.evidence = msg::evidence::verified;
  r.title = "na\xC3\xAFve";
  r.hashes = {{.algorithm = msg::hash_algorithm::sha1,
               .unit = 184'320,
               .period = 9'728'000,
               .hashes = slice(bytes(40, 9))}};
  return r;
}

/// The bytes of a message with a list of that length.
bytes with_names(unsigned elements) {
  capnp::MallocMessageBuilder message;
  auto names = message.initRoot<wire::Message>().initNames().initNames(elements);
  if (elements > 0) names[0].setOverlay("x");
  return codec::flatten(message);
}

} // namespace

TEST_CASE("a message decodes to what was encoded, and no truncation of it decodes") {
  const auto record = sample();
  const auto encoded = msg::encode(record);
  REQUIRE(msg::decode<msg::name_record>(encoded) == record);
  for (std::size_t n = 0; n < encoded.size(); ++n) {
    const auto cut = msg::decode<msg::name_record>(byte_view(encoded).first(n));
    REQUIRE_FALSE(cut);
    CHECK(cut.error().action == on_decode_error::drop);
  }
}

TEST_CASE("a list of the limit decodes, a longer one is refused in both directions") {
  CHECK(msg::decode<msg::message>(with_names(codec::max_list_elements))->names.names.size() ==
        codec::max_list_elements);
  CHECK_FALSE(msg::decode<msg::message>(with_names(codec::max_list_elements + 1)));
  msg::message m;
  m.which = msg::message::which_t::names;
  m.names.names.resize(codec::max_list_elements + 1);
  CHECK_THROWS_AS(msg::encode(m), kj::Exception);
}

TEST_CASE("a message above the size limit is refused") {
  auto record = sample();
  record.metadata = slice(bytes(codec::max_message_bytes + 8, 0));
  CHECK_FALSE(msg::decode<msg::name_record>(msg::encode(record)));
}

TEST_CASE("an enumerant that is not known is refused") {
  auto record = sample();
  record.evidence = msg::evidence::refuted; // 0
  auto a = msg::encode(record);
  record.evidence = msg::evidence::hint; // 1
  const auto b = msg::encode(record);
  REQUIRE(a.size() == b.size());
  const auto place = std::mismatch(a.begin(), a.end(), b.begin()).first;
  REQUIRE(place != a.end());
  *place = static_cast<byte>(msg::evidence::structural);
  CHECK(msg::decode<msg::name_record>(a)->evidence == msg::evidence::structural);
  *place = static_cast<byte>(msg::evidence::structural) + 1;
  CHECK_FALSE(msg::decode<msg::name_record>(a));
}

TEST_CASE("text that is not UTF-8 is refused when read and mended when written") {
  for (const std::string bad :
       {"\xFF", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3", "a\x80"}) {
    CHECK_FALSE(codec::valid_utf8(bad));
    capnp::MallocMessageBuilder message;
    message.initRoot<wire::NameRecord>().setTitle({bad.c_str(), bad.size()});
    CHECK_FALSE(msg::decode<msg::name_record>(codec::flatten(message)));
    auto record = sample();
    record.title = "x" + bad + "y";
    const auto read = msg::decode<msg::name_record>(msg::encode(record));
    REQUIRE(read);
    CHECK(codec::valid_utf8(read->title));
    CHECK(read->title.front() == 'x');
    CHECK(read->title.back() == 'y');
  }
  for (const std::string good :
       {"", "plain", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"})
    CHECK(codec::valid_utf8(good));
}

TEST_CASE("failures keep code and text across hops; foreign ones are told by their type") {
  for (int code = 1; code <= 15; ++code) {
    const error sent{static_cast<errc>(code), "what: where #2"};
    const auto crossed = codec::to_exception(sent);
    CHECK(codec::from_exception(crossed) == sent);
    const kj::Exception twice(
        crossed.getType(), "x", 1,
        kj::str("remote exception: remote exception: ", crossed.getDescription()));
    CHECK(codec::from_exception(twice) == sent);
  }
  using type = kj::Exception::Type;
  const auto foreign = [](type t, const char* text) {
    return codec::from_exception(kj::Exception(t, "x", 1, kj::heapString(text)));
  };
  CHECK(foreign(type::DISCONNECTED, "gone") == error{errc::disconnected, "gone"});
  CHECK(foreign(type::OVERLOADED, "busy").code == errc::overloaded);
  CHECK(foreign(type::UNIMPLEMENTED, "what").code == errc::unimplemented);
  CHECK(foreign(type::FAILED, "#99 nonsense: x").code == errc::internal);
  CHECK(foreign(type::FAILED, "#3").code == errc::internal);
  CHECK(foreign(type::FAILED, "#-1 x: y").code == errc::internal);
  CHECK(foreign(type::FAILED, std::string(5000, 'x').c_str()).text.size() == 1024);
}
