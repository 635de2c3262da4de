#include "modes/compare/experiment/limits.hpp"
#include "tests/experiment_text.hpp"

#include <cstring>
#include <tuple>

using namespace interswarm::compare;

TEST_CASE("compare experiment: an empty file is a whole experiment") {
  const auto e = experiment_of("");
  CHECK(e.name == "t");
  CHECK(e.overlays.size() == 2);
  CHECK(e.overlays[0].kind == "bittorrent");
  CHECK(e.overlays[1].domain == 1);
  CHECK(e.domains.size() == 2);
  CHECK(e.seeds == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6});
  CHECK(e.solutions.size() == 3);
  CHECK(e.content_count() == 100);
  CHECK(e.demand.end == 3600);
}

TEST_CASE("compare experiment: all keys reach their places") {
  const auto e = experiment_of(R"(
name = "all"
question = "what?"
duration = "2h"
sample_every = 5
patience = "90s"
seeds = [7, 9]
engine = "live"
solutions = ["soa", "isolated"]
[contents]
count = 10
size = ["1 MiB", "3 B"]
zipf = 1.1
overlap = 0.5
overlap_in = 3
seeders = 2
seeders_stay = true
published = 0.5
origins = ["b"]
[[content]]
count = 2
size = "5 kB"
held_by = ["x"]
seeders = 4
published = false
origin = "b"
[peers]
count = 20
nat = 0.25
up = "8 Mbit/s"
down = "16 Mbit/s"
places = [{ domain = "a", weight = 3 }, { domain = "b" }]
[peers.online]
session = { distribution = "weibull", scale = "30m", shape = 0.5, least = 60, most = "12h" }
pause = "1h"
[demand]
from = "1m"
to = "100m"
requests_per_hour = 3
local = 0.2
streaming = 0.1
playback = "4 Mbit/s"
[[crowd]]
at = "5m"
content = 1
requests = 7
decay = 30
overlays = ["y"]
[overlay.x]
kind = "ed2k"
domain = "b"
contents = 2
[overlay.x.peers]
count = 30
online = "always"
[overlay.x.demand]
requests_per_hour = 9
[overlay.y]
kind = "bittorrent"
[overlay.z]
kind = "bittorrent"
peers = { bandwidth = [{ weight = 2, up = "1 MB/s", down = "2 MB/s" }, { up = "3 MB/s", down = "4 MB/s" }] }
[network]
inside = { delay_ms = 1, rate = "1 Gbit/s" }
between = { delay_ms = 30, price_per_gib = 0.5, loss = 0.01 }
[domain.a]
delay_ms = 2
[domain.b]
[[path]]
from = "a"
to = "b"
rate = "1 MB/s"
[[path]]
between = ["b", "a"]
rate = "2 MB/s"
delay_ms = 99
[bridge]
up = "2 GB/s"
down = "unlimited"
spool = "1 GiB"
min_sources = 3
price_weight = 0
linger = 5
[soa]
copies = 3
storage_nodes = 5
storage_domains = ["b"]
access_up = "1 MB/s"
storage_down = "2 MB/s"
origin_up = "3 MB/s"
cache = "0 B"
repair = "1 MB/s"
publish_first = false
price_per_gib_stored_month = 0.02
[[fault]]
kind = "slow_path"
domains = ["b", "a"]
factor = 0.5
from = "10m"
to = "20m"
[[fault]]
kind = "storage_node"
node = 4
from = 1
)");
  CHECK((e.name == "all" && e.question == "what?" && e.duration == 7200));
  CHECK((e.sample_every == 5 && e.patience == 90 && e.how == engine::live));
  CHECK(e.seeds == std::vector<std::uint64_t>{7, 9});
  CHECK(e.solutions == std::vector<solution>{solution::soa, solution::isolated});
  CHECK((e.contents.sizes == std::vector<double>{1048576, 3} && e.contents.zipf == 1.1));
  CHECK((e.contents.overlap == 0.5 && e.contents.overlap_in == 3 && e.contents.seeders == 2));
  CHECK((e.contents.seeders_stay && e.contents.published == 0.5));
  CHECK(e.contents.origins == std::vector<domain_id>{1});
  REQUIRE(e.groups.size() == 1);
  CHECK((e.groups[0].count == 2 && e.groups[0].size == 5000 && e.groups[0].seeders == 4));
  CHECK((!e.groups[0].published && e.groups[0].origin == 1));
  CHECK(e.groups[0].held_by == std::vector<overlay_id>{0});
  CHECK(e.content_count() == 12);
  REQUIRE(e.overlays.size() == 3);
  const auto& [x, y, z] = std::tie(e.overlays[0], e.overlays[1], e.overlays[2]);
  CHECK((x.kind == "ed2k" && x.domain == 1 && x.contents == 2 && x.peers.count == 30));
  CHECK((x.demand.requests_per_hour == 9 && x.demand.local == 0.2 && !x.peers.session));
  CHECK((y.domain == 0 && y.peers.count == 20 && y.peers.nat == 0.25));
  CHECK((y.peers.bandwidth[0].up == 1e6 && y.peers.bandwidth[0].down == 2e6));
  CHECK((y.peers.places.size() == 2 && y.peers.places[0].weight == 3));
  CHECK(*y.peers.session == law{law::kind::weibull, 1800, 0.5, 60, 43200});
  CHECK(quantile(*y.peers.pause, 0.3) == 3600);
  CHECK((z.peers.bandwidth.size() == 2 && z.peers.bandwidth[1].down == 4e6));
  CHECK((e.demand.begin == 60 && e.demand.end == 6000 && y.demand.playback == 5e5));
  REQUIRE(e.crowds.size() == 1);
  CHECK((e.crowds[0].at == 300 && e.crowds[0].content == 1 && e.crowds[0].requests == 7));
  CHECK((e.crowds[0].decay == 30 && e.crowds[0].overlays == std::vector<overlay_id>{1}));
  REQUIRE(e.paths.size() == 4);
  CHECK((e.paths[0].delay_s == 0.002 && e.paths[0].rate == 125e6 && e.paths[3].delay_s == 0.001));
  CHECK((e.paths[2].delay_s == 0.099 && e.paths[2].rate == 2e6 && e.paths[2].loss == 0.01));
  CHECK((e.paths[1].rate == 2e6 && e.paths[1].delay_s == 0.099)); // the later table counts
  CHECK((e.bridge.up == 2e9 && e.bridge.down == never && e.bridge.spool == 1073741824));
  CHECK((e.bridge.policy.min_sources == 3 && e.bridge.policy.price_weight == 0));
  CHECK(e.bridge.policy.linger.count() == 5);
  CHECK((e.soa.copies == 3 && e.soa.storage_nodes == 5 && e.soa.access_up == 1e6));
  CHECK((e.soa.storage_down == 2e6 && e.soa.origin_up == 3e6 && e.soa.cache == 0));
  CHECK((e.soa.repair == 1e6 && !e.soa.publish_first));
  CHECK(e.soa.price_per_gib_stored_month == 0.02);
  REQUIRE(e.faults.size() == 2);
  CHECK((e.faults[0].kind == fault_kind::slow_path && e.faults[0].target == 1));
  CHECK((e.faults[0].other == 0 && e.faults[0].factor == 0.5 && e.faults[0].when.end == 1200));
  CHECK((e.faults[1].kind == fault_kind::storage_node && e.faults[1].target == 4));
  CHECK(e.faults[1].when.end == never);
}

TEST_CASE("compare experiment: an unknown key is an error with its line, in every table") {
  for (const char* table :
       {"[contents]", "[[content]]\nheld_by = []", "[peers]", "[[peers.bandwidth]]",
        "[[peers.places]]\ndomain = \"ed2k\"", "[demand]", "[[crowd]]", "[overlay.ed2k]",
        "[overlay.ed2k.peers]", "[overlay.ed2k.demand]", "[domain.ed2k]", "[network]",
        "[network.inside]", "[network.between]", "[[path]]\nbetween = [\"bittorrent\", \"ed2k\"]",
        "[bridge]", "[soa]", "[[fault]]\nkind = \"tracker\"\noverlay = \"ed2k\"\nfrom = 1"}) {
    const std::string text = std::string(table) + "\nbogus = 1\n";
    const auto line = 1 + std::count(table, table + std::strlen(table), '\n') + 1;
    refused(text, "t.toml:" + std::to_string(line) + ": ", "bogus: unknown key; known here: ");
  }
  refused("bogus = 1", "t.toml:1: bogus: ", "unknown key");
  refused("\n[bogus]\n", "t.toml:2: bogus: ", "unknown key");
  refused("[peers.online]\nsession = 60\npause = 60\nbogus = 1",
          "t.toml:4: peers.online.bogus: ", "unknown key");
  refused("[contents]\nsize = { distribution = \"fixed\", value = \"1 B\", bogus = 1 }",
          "t.toml:2: contents.size.bogus: ", "unknown key");
  refused("\"a\\nb\" = 1", "t.toml:1: a", "unknown key");
}

TEST_CASE("compare experiment: a wrong value says what is wanted") {
  struct wrong {
    const char* text;
    const char* begin;
    const char* part;
  };
  const wrong all[] = {
      {"duration = 0", "t.toml:1: duration: ", "1 s to 31622400 s is wanted, not 0 s"},
      {"duration = -5", "t.toml:1: duration: ", "not -5 s"},
      {"duration = nan", "t.toml:1: duration: ", "not nan s"},
      {"duration = inf", "t.toml:1: duration: ", "not inf s"},
      {"duration = \"1 h\"", "t.toml:1: duration: ", "\"1 h\" is no duration"},
      {"duration = true", "t.toml:1: duration: ", "a duration such as \"15m\", or seconds"},
      {"name = \"A b\"", "t.toml:1: name: ", "a-z"},
      {"name = 5", "t.toml:1: name: ", "a text in quotes"},
      {"engine = \"cloud\"", "t.toml:1: engine: ", "\"cloud\" is none of: sim, live"},
      {"solutions = []", "t.toml:1: solutions: ", "at least one"},
      {"solutions = [\"soa\", \"soa\"]", "t.toml:1: solutions: ", "twice"},
      {"solutions = [\"p2p\"]", "t.toml:1: solutions: ", "none of: isolated, bridge, soa"},
      {"repetitions = 0", "t.toml:1: repetitions: ", "1 to 1000 is wanted, not 0"},
      {"repetitions = 1001", "t.toml:1: repetitions: ", "not 1001"},
      {"repetitions = 2.5", "t.toml:1: repetitions: ", "a whole number"},
      {"seed = -1", "t.toml:1: seed: ", "a whole number"},
      {"seed = 9223372036854775807", "t.toml:1: seed: ", "a smaller number"},
      {"seed = 9223372036854775808", "t.toml:1: ", ""},
      {"seeds = [1, 1]", "t.toml:1: seeds: ", "different"},
      {"seeds = []", "t.toml:1: seeds: ", "1 to 1000"},
      {"seeds = [1]\nseed = 1", "t.toml:1: seeds: ", "leave them out"},
      {"seeds = [-1]", "t.toml:1: seeds: ", "whole numbers"},
      {"sample_every = 0.1\nduration = \"30d\"", "t.toml:1: sample_every: ", "100000 samples"},
      {"[contents]\ncount = 0", "t.toml:1: contents: ", "1 to 1000000 contents are wanted, not 0"},
      {"[contents]\ncount = 1000001", "t.toml:2: contents.count: ", "0 to 1000000"},
      {"[contents]\nsize = 5", "t.toml:2: contents.size: ", "a size such as \"700 MiB\" is wanted"},
      {"[contents]\nsize = \"0 B\"", "t.toml:2: contents.size: ", "1 B to 17592186044416 B"},
      {"[contents]\nsize = \"17 TiB\"", "t.toml:2: contents.size: ", "1 B to"},
      {"[contents]\nsize = []", "t.toml:2: contents.size: ", "at least one is wanted"},
      {"[contents]\nsize = [\"1 Mb\"]", "t.toml:2: contents.size: ", "is no size"},
      {"[contents]\nsize = [1]", "t.toml:2: contents.size: ", "a list of texts"},
      {"[contents]\noverlap = 1.1", "t.toml:2: contents.overlap: ", "0 to 1 is wanted, not 1.1"},
      {"[contents]\noverlap = nan", "t.toml:2: contents.overlap: ", "not nan"},
      {"[contents]\noverlap = \"0.1\"", "t.toml:2: contents.overlap: ", "a number is wanted"},
      {"[contents]\noverlap_in = 3", "t.toml:1: contents: ", "only 2 hold contents"},
      {"[contents]\nzipf = -1", "t.toml:2: contents.zipf: ", "0 to 10"},
      {"[contents]\norigins = []", "t.toml:2: contents.origins: ", "at least one domain"},
      {"[contents]\nseeders = 101",
       "t.toml:1: contents: ", "101 seeders are wanted in bittorrent, which has only 100 peers"},
      {"contents = 5", "t.toml:1: contents: ", "a table is wanted, such as [contents]"},
      {"[[content]]\nsize = \"1 B\"", "t.toml:1: content.held_by: ", "[] for none"},
      {"[content]\nsize = \"1 B\"", "t.toml:1: content: ", "[[content]]"},
      {"[peers]\ncount = 0", "t.toml:2: peers.count: ", "1 to"},
      {"[peers]\ncount = 4294967296",
       "t.toml:2: peers.count: ", "a whole number from 0 to 4294967295"},
      {"[peers]\nup = \"0 B/s\"", "t.toml:2: peers.up: ", "bytes/s are wanted, not 0"},
      {"[peers]\nup = \"unlimited\"", "t.toml:2: peers.up: ", "a rate such as"},
      {"[peers]\nup = 5", "t.toml:2: peers.up: ", "a rate such as \"10 Mbit/s\""},
      {"[peers]\nup = \"1 B/s\"\nbandwidth = [{}]",
       "t.toml:3: peers.bandwidth: ", "leave them out"},
      {"[peers]\nbandwidth = []", "t.toml:2: peers.bandwidth: ", "one of them with a weight"},
      {"[peers]\nbandwidth = [{ weight = 0 }]", "t.toml:2: peers.bandwidth: ", "with a weight"},
      {"[peers]\nbandwidth = [{ weight = -1 }]", "t.toml:2: peers.bandwidth.weight: ", "0 to"},
      {"[peers]\nplaces = [{ domain = \"mars\" }]",
       "t.toml:2: peers.places.domain: ", "\"mars\" is none of: bittorrent, ed2k"},
      {"[peers]\nplaces = [{ weight = 1 }]", "t.toml:2: peers.places.domain: ", "is wanted"},
      {"[peers]\nonline = \"sometimes\"", "t.toml:2: peers.online: ", "none of: always"},
      {"[peers.online]\nsession = 60", "t.toml:2: peers.online.session: ", "together"},
      {"[peers.online]\nsession = 0.5\npause = 1", "t.toml:2: peers.online.session: ", "1 s to"},
      {"[demand]\narrivals = \"often\"", "t.toml:2: demand.arrivals: ", "none of: poisson"},
      {"[demand]\narrivals = \"trace\"", "t.toml:1: demand.trace: ", "goes with"},
      {"[demand]\ntrace = \"x\"", "t.toml:2: demand.trace: ", "goes with"},
      {"[demand]\narrivals = \"trace\"\ntrace = \"/no/where\"",
       "t.toml:3: demand.trace: ", "/no/where: is no file"},
      {"[demand]\narrivals = \"none\"", "t.toml:1: demand: ", "nobody would ask"},
      {"[demand]\nfrom = 10\nto = 10", "t.toml:2: demand.from: ", "not before to"},
      {"[demand]\nto = \"2h\"", "t.toml:2: demand.to: ", "0 s to 3600 s"},
      {"[[crowd]]\nat = \"1h\"", "t.toml:2: crowd.at: ", "before the end"},
      {"[[crowd]]\ncontent = 100", "t.toml:1: crowd: ", "of only 100, numbered from 0"},
      {"[[crowd]]\noverlays = []", "t.toml:2: crowd.overlays: ", "at least one"},
      {"[overlay.x]", "t.toml:1: overlay.x.kind: ", "is wanted"},
      {"[overlay.x]\nkind = \"gnutella\"",
       "t.toml:2: overlay.x.kind: ", "none of: bittorrent, ed2k"},
      {"[overlay.\"X y\"]\nkind = \"ed2k\"", "t.toml:1: overlay: ", "a-z"},
      {"[overlay.ed2k.clients]\naria2 = 1",
       "t.toml:2: overlay.ed2k.clients.aria2: ", "speaks bittorrent, not ed2k"},
      {"[overlay.ed2k.clients]\nkad = 1", "t.toml:2: overlay.ed2k.clients.kad", "unknown"},
      {"[peers]\ncount = 4\n[overlay.bittorrent.clients]\naria2 = 2\ntransmission = 3",
       "t.toml:5: overlay.bittorrent.clients.transmission: ", "has 4 peers in all"},
      {"[demand]\nstreaming = 0.5\n[overlay.ed2k.clients]\namule = 1",
       "t.toml:3: overlay.ed2k.clients: ", "streaming = 0"},
      {"overlay.x = 1", "t.toml:1: overlay.x: ", "a table is wanted"},
      {"[overlay.ed2k]\ncontents = 0\n", "t.toml:1: contents: ", "no overlay holds any"},
      {"[network.inside]\nloss = 1", "t.toml:2: network.inside.loss: ", "0 to 0.9"},
      {"[network.inside]\ndelay_ms = -1", "t.toml:2: network.inside.delay_ms: ", "0 to 60000"},
      {"[[path]]\nbetween = [\"ed2k\"]", "t.toml:2: path.between: ", "two domains"},
      {"[[path]]\nfrom = \"ed2k\"",
       "t.toml:1: path.between: ", "two domains are wanted, or from and to"},
      {"[[path]]\nfrom = \"ed2k\"\nto = \"ed2k\"", "t.toml:3: path.to: ", "another domain"},
      {"[bridge]\nprice_weight = nan", "t.toml:2: bridge.price_weight: ", "a number from"},
      {"[bridge]\nassumed_rate = 0", "t.toml:2: bridge.assumed_rate: ", "bytes/s are wanted"},
      {"[soa]\ncopies = 4", "t.toml:2: soa.copies: ", "at most storage_nodes"},
      {"[soa]\nstorage_domains = []", "t.toml:2: soa.storage_domains: ", "at least one"},
      {"[[fault]]\nfrom = 1", "t.toml:1: fault.kind: ", "is wanted"},
      {"[[fault]]\nkind = \"fire\"\nfrom = 1", "t.toml:2: fault.kind: ", "none of: tracker"},
      {"[[fault]]\nkind = \"tracker\"\nfrom = 1",
       "t.toml:1: fault.overlay: ", "wanted with this kind"},
      {"[[fault]]\nkind = \"tracker\"\noverlay = \"ed2k\"\nnode = 0\nfrom = 1",
       "t.toml:4: fault.node: ", "no meaning"},
      {"[[fault]]\nkind = \"tracker\"\noverlay = \"ed2k\"", "t.toml:1: fault.from: ", "is wanted"},
      {"[[fault]]\nkind = \"tracker\"\noverlay = \"ed2k\"\nfrom = 2\nto = 1",
       "t.toml:5: fault.to: ", "after from"},
      {"[[fault]]\nkind = \"storage_node\"\nnode = 3\nfrom = 2",
       "t.toml:3: fault.node: ", "only 3 storage nodes"},
      {"[[fault]]\nkind = \"slow_path\"\ndomains = [\"ed2k\", \"bittorrent\"]\nfrom = 2",
       "t.toml:1: fault.factor: ", "is wanted"},
      {"[[fault]]\nkind = \"slow_path\"\ndomains = [\"ed2k\"]\nfactor = 1\nfrom = 2",
       "t.toml:3: fault.domains: ", "two domains"}};
  refused("[[fault]]\nkind = \"slow_path\"\ndomains = [\"ed2k\", \"bittorrent\"]\nfactor = 1\n"
          "from = 2",
          "t.toml:1: fault: ", "unlimited rate cannot become slow; give the one between ed2k and");
  for (const auto& w : all) refused(w.text, w.begin, w.part);
}

TEST_CASE("compare experiment: a distribution has its own parameters and no others") {
  const auto size = [](const std::string& inside) {
    return "[contents]\nsize = { " + inside + " }";
  };
  const char* good[] = {R"(distribution = "fixed", value = "1 MB")",
                        R"(distribution = "uniform", least = "1 MB", most = "2 MB")",
                        R"(distribution = "exponential", mean = "1 MB")",
                        R"(distribution = "lognormal", median = "1 MB", sigma = 1, most = "1 GB")",
                        R"(distribution = "pareto", least = "1 MB", shape = 1.5)",
                        R"(distribution = "weibull", scale = "1 MB", shape = 0.5, least = "1 kB")"};
  for (const auto* text : good) CHECK(wrong_with(size(text)) == "");
  const auto bad = [&](const std::string& text, const std::string& key, const std::string& why) {
    refused(size(text), "t.toml:2: contents.size." + key + ": ", why);
  };
  bad(R"(value = "1 MB")", "distribution", "is wanted");
  bad(R"(distribution = "normal")", "distribution", "none of: fixed");
  bad(R"(distribution = "exponential")", "mean", "is wanted");
  bad(R"(distribution = "exponential", mean = "1 MB", sigma = 1)", "sigma", "no meaning");
  bad(R"(distribution = "uniform", least = "1 MB")", "most", "is wanted");
  bad(R"(distribution = "uniform", least = "3 MB", most = "2 MB")", "least", "more than most");
  bad(R"(distribution = "pareto", shape = 2)", "least", "is wanted");
  bad(R"(distribution = "weibull", scale = "1 MB", shape = 0)", "shape", "0.1 to 100");
  bad(R"(distribution = "weibull", scale = "1 MB", shape = nan)", "shape", "not nan");
  bad(R"(distribution = "lognormal", median = "1 MB", sigma = 6)", "sigma", "0 to 5");
  bad(R"(distribution = "lognormal", median = "1 MB", sigma = 1, most = "20 TiB")", "most",
      "1 B to");
}
