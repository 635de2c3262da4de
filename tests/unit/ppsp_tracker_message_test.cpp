#include "schema/ppsp/tracker_request.hpp"
#include "schema/ppsp/tracker_response.hpp"
#include "tests/catch.hpp"

using namespace interswarm;
using namespace interswarm::ppsp;

namespace {

std::string wrap(const std::string& members) {
  return "{\"PPSPTrackerProtocol\":{\"version\":1,\"transaction_id\":\"12345\","
         "\"peer_id\":\"656164657221\"," +
         members + "}}";
}

tracker_request must_read(const std::string& json) {
  const auto r = decode_tracker_request(as_bytes(json));
  INFO((r ? "" : r.error().text));
  REQUIRE(r);
  return *r;
}

tracker_refusal must_refuse(const std::string& json) {
  const auto r = decode_tracker_request(as_bytes(json));
  INFO(json);
  REQUIRE_FALSE(r);
  return r.error();
}

const char* const seeder_connect = R"({ "PPSPTrackerProtocol": {
  "version": 1, "request_type": "CONNECT", "transaction_id": "12345", "peer_id": "656164657221",
  "connect": {
    "peer_addr": { "ip_address": {"address_type": "ipv4", "address": "192.0.2.2"},
      "port": 80, "priority": 1, "type": "HOST", "connection": "wired", "asn": "45645" },
    "swarm_action": [ {"swarm_id": "1111", "action": "JOIN", "peer_mode": "SEEDER"},
                      {"swarm_id": "2222", "action": "JOIN", "peer_mode": "SEEDER"} ] } } })";

} // namespace

TEST_CASE("ppsp tracker message: a seeder's CONNECT with one address for an array") {
  const auto r = must_read(seeder_connect);
  CHECK(r.transaction_id == "12345");
  CHECK(r.peer_id == "656164657221");
  const auto& c = std::get<connect_request>(r.body);
  CHECK_FALSE(c.numbers);
  REQUIRE(c.addresses.size() == 1);
  CHECK(c.addresses[0].at == endpoint::parse("192.0.2.2:80"));
  CHECK(c.addresses[0].kind == address_kind::host);
  CHECK(c.addresses[0].link == link_kind::wired);
  CHECK(c.addresses[0].asn == "45645");
  REQUIRE(c.actions.size() == 2);
  CHECK(c.actions[0] == swarm_action{"1111", true, true});
  CHECK(c.actions[1] == swarm_action{"2222", true, true});
  CHECK(decode_tracker_request(encode_tracker_request(r)) == r);
}

TEST_CASE("ppsp tracker message: one action in place of an array, numbers as strings") {
  const auto r = must_read(wrap(R"("request_type":"CONNECT","connect":{
    "peer_num":{"peer_count":"5","ability_nat":"STUN","concurrent_links":"5","online_time":"200",
                "upload_bandwidth":"600"},
    "peer_addr":[{"ip_address":{"address_type":"ipv4","address":"192.0.2.2"},"port":"80",
                  "priority":"1","type":"HOST","connection":"wireless","asn":"45645"},
                 {"ip_address":{"address_type":"ipv6","address":"2001:db8::2"},"port":"80",
                  "priority":"2","type":"REFLEXIVE","asn":"3445","peer_protocol":"PPSP-PP"}],
    "swarm_action":{"swarm_id":"1111","action":"JOIN","peer_mode":"LEECH"}})"));
  const auto& c = std::get<connect_request>(r.body);
  REQUIRE(c.numbers);
  CHECK(*c.numbers == peer_num{5, nat_ability::stun, 5u, 200u, 600u});
  REQUIRE(c.addresses.size() == 2);
  CHECK(c.addresses[0].link == link_kind::wireless);
  CHECK(c.addresses[1].at == endpoint::parse("[2001:db8::2]:80"));
  CHECK(c.addresses[1].kind == address_kind::reflexive);
  CHECK(c.addresses[1].priority == 2);
  CHECK(c.addresses[1].peer_protocol == "PPSP-PP");
  REQUIRE(c.actions.size() == 1);
  CHECK(c.actions[0] == swarm_action{"1111", true, false});
  CHECK(decode_tracker_request(encode_tracker_request(r)) == r);
}

TEST_CASE("ppsp tracker message: FIND with its members inside or beside") {
  for (const auto* members :
       {R"("request_type":"FIND","find":{"swarm_id":"1111","peer_num":{"peer_count":5}})",
        R"("request_type":"FIND","swarm_id":"1111","peer_num":{"peer_count":"5"})",
        R"("request_type":"FIND","find":{"swarm_id":"1111"},"peer_num":{"peer_count":5})"}) {
    const auto r = must_read(wrap(members));
    const auto& f = std::get<find_request>(r.body);
    CHECK(f.swarm_id == "1111");
    REQUIRE(f.numbers);
    CHECK(f.numbers->peer_count == 5);
    CHECK(decode_tracker_request(encode_tracker_request(r)) == r);
  }
}

TEST_CASE("ppsp tracker message: STAT_REPORT with Stat, with one for an array, and empty") {
  for (const auto* name : {"stat", "Stat"}) {
    for (const bool array : {false, true}) {
      const auto one = std::string(R"({"swarm_id":"1111","uploaded_bytes":512,)") +
                       R"("downloaded_bytes":"768","available_bandwidth":1024000})";
      const auto r = must_read(wrap(std::string(R"("request_type":"STAT_REPORT","stat_report":{)") +
                                    R"("type":"STREAM_STATS",")" + name +
                                    "\":" + (array ? "[" + one + "]" : one) + "}"));
      const auto& s = std::get<stat_report>(r.body);
      REQUIRE(s.statistics.size() == 1);
      CHECK(s.statistics[0] == stream_statistics{"1111", 512, 768, 1024000, std::nullopt});
      CHECK(decode_tracker_request(encode_tracker_request(r)) == r);
    }
  }
  const auto alive = must_read(wrap(R"("request_type":"STAT_REPORT")"));
  CHECK(std::get<stat_report>(alive.body).statistics.empty());
}

TEST_CASE("ppsp tracker message: a deployed client's words") {
  const auto r = must_read(
      R"({"PPSPTrackerProtocol":{"version":1,"request_type":"CONNECT","response_type":0,
    "error_code":0,"transaction_id":"0042","peer_id":"-SW1000-123456789012","connect":{
    "peer_num":{"peer_count":30,"concurrent_links":"NORMAL","online_time":"NORMAL",
                "upload_bandwidth_level":"NORMAL"},
    "peer_addr":[{"ip_address":{"address_type":"Ipv4","address":"192.0.2.7"},"port":7001,
                  "priority":1,"type":"REFLEXIVE","connection":null}],
    "swarm_action":[{"swarm_id":"AbCdEf0123456789aBcDeF0123456789ABCDEF01","action":"join",
                     "peer_mode":"Leech"}]}}})");
  const auto& c = std::get<connect_request>(r.body);
  CHECK(r.peer_id == "-SW1000-123456789012");
  CHECK(c.numbers->peer_count == limits::tracker_peers);
  CHECK_FALSE(c.numbers->concurrent_links);
  CHECK_FALSE(c.numbers->online_time);
  CHECK(c.addresses[0].at == endpoint::parse("192.0.2.7:7001"));
  // As it came, because it is echoed; the same swarm in any case.
  CHECK(c.actions[0].swarm_id == "AbCdEf0123456789aBcDeF0123456789ABCDEF01");
  CHECK(swarm_bytes(c.actions[0].swarm_id) ==
        swarm_bytes("abcdef0123456789abcdef0123456789abcdef01"));
}

TEST_CASE("ppsp tracker message: what is refused, with which code and for whom") {
  CHECK(must_refuse("").code == tracker_error::bad_request);
  CHECK(must_refuse("[]").transaction_id.empty());
  CHECK(must_refuse(R"({"PPSPTrackerProtocol":[]})").code == tracker_error::bad_request);
  const auto version = must_refuse(
      R"({"PPSPTrackerProtocol":{"version":2,"transaction_id":"7","request_type":"JUMP"}})");
  CHECK(version.code == tracker_error::unsupported_version);
  CHECK(version.transaction_id == "7");
  const std::string connect = R"("request_type":"CONNECT","connect":{)";
  const std::string action = connect + R"("swarm_action":)";
  const std::string join =
      R"("swarm_action":{"swarm_id":"11","action":"JOIN","peer_mode":"LEECH"})";
  for (const auto& members : std::vector<std::string>{
           R"("request_type":"JUMP")", R"("request_type":"CONNECT")", connect + R"(})",
           connect + R"("swarm_action":[]})", connect + R"("swarm_action":[5]})",
           action + R"({"swarm_id":"1","action":"JOIN","peer_mode":"LEECH"}})",
           action + R"({"swarm_id":"zz","action":"JOIN","peer_mode":"LEECH"}})",
           action + R"({"swarm_id":"11","action":"STAY","peer_mode":"LEECH"}})",
           action + R"({"swarm_id":"11","action":"JOIN"}})",
           connect + R"("peer_addr":{"port":80},)" + join + "}",
           connect + R"("peer_addr":{"ip_address":{"address":"tracker.example"},"port":80},)" +
               join + "}",
           connect + R"("peer_addr":{"ip_address":{"address":"192.0.2.1"},"port":65536},)" + join +
               "}",
           R"("request_type":"FIND")", R"("request_type":"FIND","find":{"swarm_id":""})",
           R"("request_type":"STAT_REPORT","stat_report":{"stat":[{"uploaded_bytes":1}]})"}) {
    const auto r = must_refuse(wrap(members));
    CHECK(r.code == tracker_error::bad_request);
    CHECK(r.transaction_id == "12345");
  }
  // Base64 is not read.
  CHECK_FALSE(swarm_bytes("q83vASNFZ4k="));
  CHECK_FALSE(swarm_bytes(""));
}

TEST_CASE("ppsp tracker message: every bound is kept") {
  const auto with_id = [](std::size_t length) {
    return R"({"PPSPTrackerProtocol":{"version":1,"request_type":"STAT_REPORT",)"
           R"("transaction_id":"1",)"
           R"("peer_id":")" +
           std::string(length, 'p') + "\"}}";
  };
  must_read(with_id(limits::tracker_id_bytes));
  must_refuse(with_id(limits::tracker_id_bytes + 1));
  must_refuse(with_id(0));
  const auto with_swarm = [](std::size_t length) {
    return wrap(R"("request_type":"FIND","find":{"swarm_id":")" + std::string(2 * length, 'a') +
                "\"}");
  };
  must_read(with_swarm(limits::max_swarm_id_bytes));
  must_refuse(with_swarm(limits::max_swarm_id_bytes + 1));
  const auto with_actions = [](std::size_t count) {
    std::string list;
    for (std::size_t i = 0; i < count; ++i)
      list += std::string(i ? "," : "") + R"({"swarm_id":"11","action":"LEAVE"})";
    return wrap(R"("request_type":"CONNECT","connect":{"swarm_action":[)" + list + "]}");
  };
  must_read(with_actions(limits::tracker_swarms));
  must_refuse(with_actions(limits::tracker_swarms + 1));
  const auto nested = [](std::size_t depth) {
    return wrap(R"("request_type":"STAT_REPORT","more":)" + std::string(depth, '[') +
                "\"}{[\\\"\"" + std::string(depth, ']'));
  };
  must_read(nested(limits::tracker_depth - 2));
  must_refuse(nested(limits::tracker_depth - 1));
  // Deep enough to break a parser that follows every bracket.
  must_refuse(std::string(limits::tracker_request_bytes, '['));
  const auto alive = wrap(R"("request_type":"STAT_REPORT")");
  must_read(alive + std::string(limits::tracker_request_bytes - alive.size(), ' '));
  must_refuse(alive + std::string(limits::tracker_request_bytes - alive.size() + 1, ' '));
}

TEST_CASE("ppsp tracker message: responses are written as the RFC defines them") {
  tracker_response r;
  r.transaction_id = "12345";
  r.seen = peer_address{*endpoint::parse("198.51.100.1:80"), 1, address_kind::reflexive};
  tracker_peer p{"956264622298", {{*endpoint::parse("198.51.100.22:80"), 2}}};
  r.swarms.push_back({"1111", 0, std::vector{p}, std::nullopt});
  CHECK(as_text(encode_tracker_response(r)) ==
        R"({"PPSPTrackerProtocol":{"version":1,"response_type":0,"error_code":"00",)"
        R"("transaction_id":"12345","peer_addr":{"ip_address":{"address_type":"ipv4",)"
        R"("address":"198.51.100.1"},"port":80,"priority":1,"type":"REFLEXIVE"},)"
        R"("swarm_result":[{"swarm_id":"1111","result":0,"peer_group":{"peer_info":[)"
        R"({"peer_id":"956264622298","peer_addr":{"ip_address":{"address_type":"ipv4",)"
        R"("address":"198.51.100.22"},"port":80,"priority":2,"type":"HOST"}}]}}]}})");
  CHECK(decode_tracker_response(encode_tracker_response(r)) == r);
  const tracker_response failed{"a\"\\\n\x01", tracker_error::forbidden_action, std::nullopt, {}};
  CHECK(as_text(encode_tracker_response(failed)) ==
        R"({"PPSPTrackerProtocol":{"version":1,"response_type":1,"error_code":"03",)"
        "\"transaction_id\":\"a\\\"\\\\\\u000a\\u0001\"}}");
  CHECK(decode_tracker_response(encode_tracker_response(failed)) == failed);
}

TEST_CASE("ppsp tracker message: responses of others are read leniently") {
  const auto r = decode_tracker_response(as_bytes(
      R"({"PPSPTrackerProtocol":{"version":"1","response_type":"0","error_code":"00",
    "transaction_id":12345,"peer_addr":"198.51.100.1",
    "swarm_result":{"swarm_id":"1111","result":"0",
    "peer_group":{"peer_info":[
      {"peer_id":"956264622298","peer_addr":{"ip_address":{"address_type":"ipv4",
        "address":"198.51.100.22"},"port":"80","priority":"1","type":"HOST"}},
      {"peer_id":"broken",
        "peer_addr":{"ip_address":{"address_type":"ipv4","address":"x"},"port":1}},
      {"peer_id":"3332001256741","peer_addr":[{"ip_address":{"address_type":"ipv6",
        "address":"2001:db8::2"},"port":80,"type":"REFLEXIVE"}]}]}}}})"));
  REQUIRE(r);
  CHECK(r->transaction_id == "12345");
  CHECK_FALSE(r->seen);
  REQUIRE(r->swarms.size() == 1);
  REQUIRE(r->swarms[0].peers);
  REQUIRE(r->swarms[0].peers->size() == 2);
  CHECK(r->swarms[0].peers->at(0).addresses[0].at == endpoint::parse("198.51.100.22:80"));
  CHECK(r->swarms[0].peers->at(1).peer_id == "3332001256741");

  const auto code = [](const std::string& members) {
    const auto f = decode_tracker_response(
        as_bytes("{\"PPSPTrackerProtocol\":{\"transaction_id\":\"1\"" + members + "}}"));
    return f ? static_cast<int>(f->error) : -1;
  };
  CHECK(code(R"(,"response_type":1,"error_code":"03")") == 3);
  CHECK(code(R"(,"response_type":1,"error_code":6)") == 6);
  CHECK(code(R"(,"error_code":5)") == 5);
  CHECK(code(R"(,"response_type":1)") == 4);
  CHECK(code(R"(,"response_type":1,"error_code":"99")") == 4);
  CHECK(code("") == -1);
  CHECK(code(R"(,"response_type":0,"version":2)") == -1);
}
