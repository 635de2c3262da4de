#include "modes/record_export.hpp"
#include "tests/catch.hpp"

using namespace interswarm;

namespace {

msg::delivery sent() {
  msg::delivery d;
  d.receipt = slice(bytes(2, 0xAB));
  d.node = "access.example";
  d.overlay = "http";
  d.content_id = slice(bytes(2, 0x01));
  d.tenant = "alice";
  d.bytes = 12345;
  d.hour = 1'764'194'400;
  d.first_at = 1'764'194'400'001;
  d.last_at = 1'764'194'401'042;
  return d;
}

} // namespace

TEST_CASE("export: a delivery in CSV and JSON, with the names of RFC 7937") {
  const auto r = record_of(sent());
  CHECK(export_header(r, export_format::csv) ==
        "date,time,s-hostname,sc-entity-bytes,s-ccid,x-overlay,x-tenant,x-party,x-hour,"
        "x-receipt\r\n");
  CHECK(export_line(r, export_format::csv) ==
        "2025-11-26,22:00:01.042,access.example,12345,0101,http,alice,-,2025-11-26T22:00:00Z,"
        "abab\r\n");
  CHECK(export_header(r, export_format::jsonl).empty());
  CHECK(export_line(r, export_format::jsonl) ==
        "{\"date\":\"2025-11-26\",\"time\":\"22:00:01.042\",\"s-hostname\":\"access.example\","
        "\"sc-entity-bytes\":12345,\"s-ccid\":\"0101\",\"x-overlay\":\"http\",\"x-tenant\":"
        "\"alice\",\"x-hour\":\"2025-11-26T22:00:00Z\",\"x-receipt\":\"abab\"}\n");
}

TEST_CASE("export: text of any kind stays one field") {
  auto d = sent();
  d.tenant = "a \"b\", c";
  d.party = "two\nlines";
  const auto csv = export_line(record_of(d), export_format::csv);
  CHECK(csv.find(",\"a \"\"b\"\", c\",") != csv.npos);
  CHECK(csv.find('\n') == csv.size() - 1);
  const auto json = export_line(record_of(d), export_format::jsonl);
  CHECK(json.find("\"a \\\"b\\\", c\"") != json.npos);
  CHECK(json.find('\n') == json.size() - 1);
}

TEST_CASE("export: a keeping and a ledger entry") {
  msg::keeping k;
  k.id = 7;
  k.tenant = "alice";
  k.content_id = slice(bytes(1, 0x0F));
  k.size = 100;
  k.began = 0;
  CHECK(export_line(record_of(k, "42"), export_format::csv) ==
        "7,0f,alice,100,1970-01-01T00:00:00Z,-,42\r\n");
  k.ended = 60;
  CHECK(export_line(record_of(k, "42"), export_format::csv) ==
        "7,0f,alice,100,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,42\r\n");
  msg::ledger_entry e;
  e.receipt = slice(bytes(1, 0x0A));
  e.from_domain = "a";
  e.from_overlay = "content";
  e.to_domain = "b";
  e.to_overlay = "ed2k";
  e.content_name = {"ed2k", slice(bytes(1, 0x0B))};
  e.bytes = 9;
  e.role = msg::ledger_entry_role::taker;
  CHECK(export_line(record_of(e), export_format::csv) ==
        "1970-01-01,00:00:00.000,a,9,content,b,ed2k,ed2k:0b,-,taker,1970-01-01T00:00:00Z,0a\r\n");
}

TEST_CASE("export: moments") {
  CHECK(read_moment("12h", 100'000).value() == 100'000 - 43'200);
  CHECK(read_moment("1970-01-02", 0).value() == 86'400);
  CHECK(read_moment("2025-11-26T22:00:00Z", 0).value() == 1'764'194'400);
  for (const auto* wrong : {"", "yesterday", "2025-13-40", "2025-11-26T22:00:00", "-3h"})
    CHECK(read_moment(wrong, 0).error().code == errc::configuration);
}
