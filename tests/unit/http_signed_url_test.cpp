#include "actors/services/http/limits.hpp"
#include "actors/services/http/signed_url.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::http;

namespace {

constexpr std::int64_t now = 1'800'000'000;
const std::string secret(32, 's');

url_signer signer(std::vector<url_key> keys = {{"k1", secret}}) {
  auto out = url_signer::make(std::move(keys));
  REQUIRE(out);
  return std::move(*out);
}

url_signature parts_of(const std::string& query) {
  const auto target = parse_target("/content/x?" + query);
  REQUIRE(target.signature);
  return *target.signature;
}

url_signature sign(const url_signer& by, const std::string& name, std::int64_t expires,
                   std::int64_t at = now) {
  const auto query = by.sign(name, expires, at);
  REQUIRE(query);
  return parts_of(*query);
}

std::string fault(const url_signer& by, const std::string& name, const url_signature& shown,
                  std::int64_t at = now) {
  const auto out = by.check(name, shown, at);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == errc::denied);
  CHECK(out.error().text.find(name) == std::string::npos);
  return out.error().text;
}

bool says(const std::string& text, const char* word) {
  INFO(text);
  return text.find(word) != std::string::npos;
}

} // namespace

// Made with: printf 'interswarm-url-1\nk1\n1800000600\nsome name' |
//   openssl dgst -sha256 -hmac ssssssssssssssssssssssssssssssss
TEST_CASE("http signed url: what another program signs is right") {
  const auto query = signer().sign("some name", now + 600, now);
  REQUIRE(query);
  CHECK(*query == "expires=1800000600&key=k1&sig="
                  "f4eddd44cf589e301f921f837092b46c86cba901b366e2aa5e916e5398f9a2e4");
}

TEST_CASE("http signed url: good for its name alone") {
  const auto by = signer();
  const auto shown = sign(by, "secret name", now + 600);
  CHECK(by.check("secret name", shown, now));
  CHECK(says(fault(by, "secret nam", shown), "wrong"));
  CHECK(says(fault(by, "other", shown), "wrong"));
  // Nothing can move from one field into another.
  CHECK(says(fault(by, "0\nsecret name", {"180000060", "k1", shown.signature}), "wrong"));
}

TEST_CASE("http signed url: each change is noticed") {
  const auto by = signer();
  const auto good = sign(by, "secret name", now + 600);
  for (std::size_t i = 0; i < good.signature.size(); ++i) {
    auto bad = good;
    bad.signature[i] = bad.signature[i] == '0' ? '1' : '0';
    CHECK(says(fault(by, "secret name", bad), "wrong"));
  }
  auto later = good;
  later.expires = std::to_string(now + 601);
  CHECK(says(fault(by, "secret name", later), "wrong"));
  for (const auto* text : {"", "+1800000600", "01800000600", "1800000600 ", "-5", "x", "1e9",
                           "99999999999999999999999"}) {
    auto bad = good;
    bad.expires = text;
    INFO(text);
    CHECK_FALSE(by.check("secret name", bad, now));
  }
  auto shorter = good;
  shorter.signature.resize(62);
  CHECK(says(fault(by, "secret name", shorter), "wrong"));
  auto none = good;
  none.signature.clear();
  CHECK(says(fault(by, "secret name", none), "incomplete"));
  // Hexadecimal in upper case is the same number.
  auto upper = good;
  for (auto& c : upper.signature) c = static_cast<char>(std::toupper(c));
  CHECK(by.check("secret name", upper, now));
}

TEST_CASE("http signed url: times") {
  const auto by = signer();
  const auto shown = sign(by, "secret name", now + 600);
  CHECK(by.check("secret name", shown, now + 600));
  CHECK(says(fault(by, "secret name", shown, now + 601), "expired"));
  // The door's clock may be behind the signer's, but not by days.
  const auto longest = sign(by, "secret name", now + limits::url_lifetime_s);
  CHECK(by.check("secret name", longest, now));
  CHECK(by.check("secret name", longest, now - limits::url_clock_skew_s));
  CHECK(says(fault(by, "secret name", longest, now - limits::url_clock_skew_s - 1), "longer"));
  CHECK_FALSE(by.sign("secret name", now, now));
  CHECK_FALSE(by.sign("secret name", now + limits::url_lifetime_s + 1, now));
  // Whoever has no right signature learns nothing about its time.
  auto wrong = shown;
  wrong.signature.back() = wrong.signature.back() == '0' ? '1' : '0';
  CHECK(says(fault(by, "secret name", wrong, now + 100'000), "wrong"));
}

TEST_CASE("http signed url: a change of keys") {
  const auto before = signer({{"old", secret}});
  const auto during = signer({{"new", std::string(32, 'n')}, {"old", secret}});
  const auto after = signer({{"new", std::string(32, 'n')}});
  const auto shown = sign(before, "secret name", now + 600);
  CHECK(during.check("secret name", shown, now));
  CHECK(says(fault(after, "secret name", shown), "not known"));
  CHECK(sign(during, "secret name", now + 600).key == "new");
  auto renamed = shown;
  renamed.key = "new";
  CHECK(says(fault(during, "secret name", renamed), "wrong"));
  CHECK(says(fault(signer({}), "secret name", shown), "not known"));
  CHECK_FALSE(signer({}).sign("secret name", now + 600, now));
}

TEST_CASE("http signed url: keys that are none") {
  const auto refused = [](std::vector<url_key> keys) {
    const auto out = url_signer::make(std::move(keys));
    return !out && out.error().code == errc::configuration;
  };
  CHECK(refused({{"", secret}}));
  CHECK(refused({{"a b", secret}}));
  CHECK(refused({{"a&b", secret}}));
  CHECK(refused({{std::string(limits::url_key_id_bytes + 1, 'a'), secret}}));
  CHECK(refused({{"a", std::string(limits::url_secret_min_bytes - 1, 's')}}));
  CHECK(refused({{"a", secret}, {"a", std::string(32, 't')}}));
  std::vector<url_key> many;
  for (std::size_t i = 0; i <= limits::url_keys; ++i) many.push_back({std::to_string(i), secret});
  CHECK(refused(many));
  many.pop_back();
  CHECK_FALSE(refused(many));
}
