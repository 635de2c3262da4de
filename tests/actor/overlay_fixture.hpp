#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "schema/base/range.hpp"
#include "schema/overlay.gen.hpp"
#include "storage/range_set.hpp"
#include "tests/actor/runtime/fixture.hpp"

#include <atomic>
#include <caf/typed_response_promise.hpp>
#include <list>
#include <random>

/// What tests of any overlay's peer need: a content, a source of it, a tracker that names parties.
namespace interswarm {

/// Bytes by offset: contents of any size without memory.
using content_function = std::function<bytes(byte_range)>;

inline content_function of_bytes(bytes data) {
  return [data = std::make_shared<bytes>(std::move(data))](byte_range r) {
    return bytes(data->begin() + static_cast<std::ptrdiff_t>(r.begin),
                 data->begin() + static_cast<std::ptrdiff_t>(r.end));
  };
}

inline bytes random_bytes(std::uint64_t size, std::uint32_t seed, unsigned mask = 0xFF) {
  std::mt19937 random(seed);
  bytes out(size);
  for (auto& b : out) b = static_cast<byte>(random() & mask);
  return out;
}

struct source_counters {
  std::atomic<std::uint64_t> read_bytes{0};
  std::atomic<int> judged_bad{0};
};

/// A content source over a function.
class test_source final : public runtime::loop_actor<msg::source_actor> {
public:
  test_source(caf::actor_config& config, runtime::loop& home, std::uint64_t size,
              content_function content, std::shared_ptr<source_counters> counters,
              range_set available)
      : loop_actor(config, home), size_(size), content_(std::move(content)),
        counters_(std::move(counters)), available_(std::move(available)) {}

  behavior_type make_behavior() override {
    return {[this](const msg::source_info&) {
              msg::source_info_result out;
              out.info.size = size_;
              return out;
            },
            [this](const msg::source_have& ask) -> caf::result<msg::source_have_result> {
              if (ask.after_version >= 1 && ask.wait_ms > 0) {
                // There will be no news.
                waiting_.push_back(make_response_promise<msg::source_have_result>());
                return waiting_.back();
              }
              msg::source_have_result out;
              out.version = 1;
              for (const auto r : available_) out.ranges.push_back({r.begin, r.end});
              return out;
            },
            [this](const msg::source_read& ask) -> caf::result<msg::source_read_result> {
              const byte_range r{ask.range.begin, ask.range.end};
              if (r.end > size_ || r.size() > msg::max_read_bytes) {
                return runtime::make_caf_error(errc::malformed, "bad range");
              }
              if (!available_.contains(r))
                return runtime::make_caf_error(errc::unavailable, "not here");
              counters_->read_bytes += r.size();
              return msg::source_read_result{slice(content_(r))};
            },
            [this](const msg::source_judge& ask) -> caf::result<void> {
              if (ask.verdict == msg::verdict::bad) ++counters_->judged_bad;
              return caf::unit;
            },
            [](const msg::source_genuine&) -> caf::result<msg::source_genuine_result> {
              return runtime::make_caf_error(errc::unimplemented, "not asked in these tests");
            }};
  }

private:
  std::uint64_t size_;
  content_function content_;
  std::shared_ptr<source_counters> counters_;
  range_set available_;
  std::list<caf::typed_response_promise<msg::source_have_result>> waiting_;
};

/// A tracker that names fixed parties, from when it is told to.
class test_tracker final : public runtime::loop_actor<msg::tracker_actor> {
public:
  using flag = std::shared_ptr<std::atomic<bool>>;

  test_tracker(caf::actor_config& config, runtime::loop& home, std::vector<msg::peer_address> peers,
               flag open = std::make_shared<std::atomic<bool>>(true))
      : loop_actor(config, home), peers_(std::move(peers)), open_(std::move(open)) {}

  behavior_type make_behavior() override {
    const auto no = [] {
      return runtime::make_caf_error(errc::unimplemented, "not asked in these tests");
    };
    return {
        [no](const msg::tracker_announce&) -> caf::result<msg::tracker_announce_result> {
          return no();
        },
        [this](const msg::tracker_find&) {
          msg::tracker_find_result out;
          if (*open_) out.peers = peers_;
          return out;
        },
        [no](const msg::tracker_scrape&) -> caf::result<msg::tracker_scrape_result> {
          return no();
        },
        [no](const msg::tracker_watch&) -> caf::result<msg::tracker_watch_result> { return no(); },
        [no](const msg::tracker_follow&) -> caf::result<void> { return no(); }};
  }

private:
  std::vector<msg::peer_address> peers_;
  flag open_;
};

} // namespace interswarm
