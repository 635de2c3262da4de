#include "modes/compare/experiment/units.hpp"
#include "tests/catch.hpp"

#include <limits>

using namespace interswarm::compare;

TEST_CASE("compare experiment: sizes have units") {
  const std::pair<const char*, double> good[] = {
      {"0 B", 0},           {"512 B", 512},          {"512B", 512},
      {"1 kB", 1e3},        {"1.5 MB", 1.5e6},       {"2 GB", 2e9},
      {"1 TB", 1e12},       {"1 KiB", 1024},         {"700 MiB", 700.0 * 1024 * 1024},
      {"0.5 GiB", 1 << 29}, {"1 TiB", 1099511627776}};
  for (const auto& [text, bytes] : good) {
    INFO(text);
    REQUIRE(read_size(text));
    CHECK(*read_size(text) == bytes);
  }
  for (const char* text :
       {"",      " ",      "B",      "1",      "1 ",        "1  B",     " 1 B",
        "1 b",   "1 mib",  "1 MiB ", "-1 B",   "+1 B",      "1e3 B",    "nan B",
        "inf B", "0x10 B", "1,5 MB", "1 MB/s", "unlimited", "1 Mbit/s", ".5 B"}) {
    INFO(text);
    REQUIRE_FALSE(read_size(text));
    CHECK(read_size(text).error().text.find("is no size such as \"700 MiB\"") != std::string::npos);
  }
}

TEST_CASE("compare experiment: rates have units") {
  const std::pair<const char*, double> good[] = {
      {"8 bit/s", 1},    {"8 kbit/s", 1e3},    {"10 Mbit/s", 1.25e6}, {"1 Gbit/s", 125e6},
      {"7 B/s", 7},      {"1 kB/s", 1e3},      {"32 MB/s", 32e6},     {"1 GB/s", 1e9},
      {"1 KiB/s", 1024}, {"1 MiB/s", 1 << 20}, {"1 GiB/s", 1 << 30}};
  for (const auto& [text, rate] : good) {
    INFO(text);
    REQUIRE(read_rate(text));
    CHECK(*read_rate(text) == rate);
  }
  CHECK(*read_rate("unlimited") == std::numeric_limits<double>::infinity());
  for (const char* text : {"", "10", "10 Mbit", "10 Mbps", "10 MBit/s", "10 Mbit/S", "1 Kbit/s",
                           "Unlimited", "inf B/s", "1 MiB"}) {
    INFO(text);
    CHECK_FALSE(read_rate(text));
  }
  CHECK(read_rate("1\n2").error().text.find('\n') == std::string::npos);
}

TEST_CASE("compare experiment: numbers are shown as people write them") {
  CHECK(text_of(0.1) == "0.1");
  CHECK(text_of(0.1 + 0.2) == "0.30000000000000004");
  CHECK(text_of(20'000'000) == "20000000");
  CHECK(text_of(std::numeric_limits<double>::quiet_NaN()).find("nan") != std::string::npos);
}
