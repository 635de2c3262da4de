#include "modes/upload_identity.hpp"
#include "schema/base/encoding.hpp"
#include "tests/catch.hpp"

#include <functional>
#include <set>

using namespace interswarm;

namespace {

file_state some_file() { return {"host", 1, 2, 3, 4, 5}; }

msg::publication some_draft() {
  msg::publication p;
  p.title = "A film";
  p.media_type = "video/mp4";
  p.series = "films";
  p.open = true;
  p.properties = {{"codec", "h264"}, {"tag", "x"}};
  return p;
}

std::string identity(const file_state& file = some_file(),
                     const msg::publication& draft = some_draft(),
                     const std::string& lease = "30d") {
  return to_hex(upload_identity(file, draft, lease));
}

} // namespace

TEST_CASE("upload identity: the same file and draft give the same one, in every version") {
  CHECK(identity() == identity());
  CHECK(identity() == "c6f98d6af45c8a77a7bca8423673e0765aae39925e041ab4d1d13585114b6168");
}

TEST_CASE("upload identity: whatever else is sent or said is another upload") {
  std::set<std::string> seen{identity(), identity(some_file(), some_draft(), "31d"),
                             identity(some_file(), some_draft(), "")};
  const std::vector<std::function<void(file_state&)>> files{
      [](auto& f) { f.host = "host2"; },  [](auto& f) { f.device = 9; },
      [](auto& f) { f.inode = 9; },       [](auto& f) { f.size = 9; },
      [](auto& f) { f.modified_ns = 9; }, [](auto& f) { f.changed_ns = 9; },
      [](auto& f) { f.modified_ns = -4; }};
  const std::vector<std::function<void(msg::publication&)>> drafts{
      [](auto& p) { p.title = "Another"; },      [](auto& p) { p.media_type = "video/webm"; },
      [](auto& p) { p.series.clear(); },         [](auto& p) { p.open = false; },
      [](auto& p) { p.properties.pop_back(); },  [](auto& p) { p.properties[1].value = "y"; },
      [](auto& p) { p.properties[0].key = "c"; }};
  for (const auto& change : files) {
    auto f = some_file();
    change(f);
    CHECK(seen.insert(identity(f)).second);
  }
  for (const auto& change : drafts) {
    auto p = some_draft();
    change(p);
    CHECK(seen.insert(identity(some_file(), p)).second);
  }
}

TEST_CASE("upload identity: no two lists of fields run together") {
  std::set<std::string> seen;
  const auto add = [&](const std::string& title, const std::string& type,
                       std::vector<msg::property> properties, const std::string& lease) {
    auto p = some_draft();
    p.title = title;
    p.media_type = type;
    p.properties = std::move(properties);
    CHECK(seen.insert(identity(some_file(), p, lease)).second);
  };
  add("ab", "c", {}, "");
  add("a", "bc", {}, "");
  add("abc", "", {}, "");
  add("ab1:c", "", {}, "");
  add("ab", "c", {{"a", "b"}}, "");
  add("ab", "c", {{"ab", ""}}, "");
  add("ab", "c", {{"a", ""}, {"b", ""}}, "");
  add("ab", "c", {{"b", "a"}}, "");
  add("ab", "c", {}, "1:a1:b");
  // A file's numbers, too: 1 and 23 are not 12 and 3.
  CHECK(identity({"host", 1, 23, 3, 4, 5}) != identity({"host", 12, 3, 3, 4, 5}));
}

TEST_CASE("upload identity: what the storage service fills in does not count") {
  auto p = some_draft();
  p.id = 7;
  p.tenant = "alice";
  p.content_id = slice(bytes(32, 1));
  p.size = 5;
  p.published_at = 1000;
  // `expires` is counted from the moment of each call; the lease stands for it.
  p.expires = 2000;
  CHECK(identity(some_file(), p) == identity());
}
