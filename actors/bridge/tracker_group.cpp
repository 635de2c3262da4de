#include "actors/bridge/tracker_group.hpp"

#include "actors/bridge/gather.hpp"
#include "actors/runtime/error.hpp"

#include <algorithm>

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto member_timeout = 10s;
/// A find is on a client's critical path: a directory that is slow must not hold up the others.
constexpr auto find_timeout = 2s;

/// In force while any member is.
class registration_group final : public runtime::loop_actor<msg::registration_actor> {
public:
  registration_group(caf::actor_config& cfg, runtime::loop& home,
                     std::vector<msg::registration_actor> members)
      : loop_actor(cfg, home), members_(std::move(members)) {}
  ~registration_group() noexcept override = default;

  behavior_type make_behavior() override {
    return {[this](const msg::registration_check& question) {
      using check_result = msg::registration_check_result;
      auto promise = make_response_promise<check_result>();
      ask_all<check_result>(
          this, members_, member_timeout, question,
          [promise](std::vector<check_result>& answers, const caf::error&) mutable {
            check_result out;
            for (const auto& r : answers) {
              out.in_force = out.in_force || r.in_force;
              if (!r.note.empty()) out.note += (out.note.empty() ? "" : "; ") + r.note;
            }
            promise.deliver(std::move(out));
          });
      return promise;
    }};
  }
  void on_exit() override { members_.clear(); }
  const char* name() const override { return "registration-group"; }

private:
  std::vector<msg::registration_actor> members_;
};

void merge(msg::swarm_status& into, const msg::swarm_status& other) {
  // The same party may be known to several directories: the largest count is the safest claim.
  into.name = other.name;
  into.sources = std::max(into.sources, other.sources);
  into.seekers = std::max(into.seekers, other.seekers);
  into.completed = std::max(into.completed, other.completed);
  into.known = into.known || other.known;
}

msg::tracker_find_result merge(const msg::tracker_find& question,
                               std::vector<msg::tracker_find_result>& answers) {
  msg::tracker_find_result out;
  out.status.name = question.name;
  for (auto& one : answers) {
    merge(out.status, one.status);
    for (auto& peer : one.peers) {
      if (out.peers.size() >= question.want) break;
      if (std::find(out.peers.begin(), out.peers.end(), peer) == out.peers.end())
        out.peers.push_back(std::move(peer));
    }
  }
  return out;
}

msg::tracker_scrape_result merge(const msg::tracker_scrape& question,
                                 const std::vector<msg::tracker_scrape_result>& answers) {
  msg::tracker_scrape_result out;
  out.status.resize(question.names.size());
  for (std::size_t i = 0; i < question.names.size(); ++i) {
    out.status[i].name = question.names[i];
    for (const auto& one : answers) {
      if (i < one.status.size()) merge(out.status[i], one.status[i]);
    }
  }
  return out;
}

} // namespace

tracker_group::tracker_group(caf::actor_config& cfg, runtime::loop& home,
                             std::vector<msg::tracker_actor> members)
    : loop_actor(cfg, home), members_(std::move(members)) {}

tracker_group::~tracker_group() noexcept = default;

caf::typed_response_promise<msg::tracker_announce_result>
tracker_group::announce(const msg::tracker_announce& question) {
  auto promise = make_response_promise<msg::tracker_announce_result>();
  ask_all<msg::tracker_announce_result>(
      this, members_, member_timeout, question,
      [this, promise](std::vector<msg::tracker_announce_result>& answers,
                      const caf::error& failure) mutable {
        if (answers.empty()) {
          promise.deliver(
              failure ? failure
                      : runtime::make_caf_error(errc::unavailable, "no tracker is configured"));
          return;
        }
        std::vector<msg::registration_actor> leases;
        for (auto& answer : answers) leases.push_back(std::move(answer.lease));
        promise.deliver(msg::tracker_announce_result{
            runtime::spawn_on<registration_group>(home(), std::move(leases))});
      });
  return promise;
}

caf::typed_response_promise<msg::tracker_watch_result>
tracker_group::watch(const msg::tracker_watch& question) {
  auto promise = make_response_promise<msg::tracker_watch_result>();
  ask_all<msg::tracker_watch_result>(
      this, members_, member_timeout, question,
      [this, promise](std::vector<msg::tracker_watch_result>& answers, const caf::error&) mutable {
        std::vector<msg::registration_actor> watches;
        for (auto& answer : answers) watches.push_back(std::move(answer.watching));
        promise.deliver(msg::tracker_watch_result{
            runtime::spawn_on<registration_group>(home(), std::move(watches))});
      });
  return promise;
}

tracker_group::behavior_type tracker_group::make_behavior() {
  return {
      [this](const msg::tracker_announce& question) { return announce(question); },
      [this](const msg::tracker_find& question) {
        auto promise = make_response_promise<msg::tracker_find_result>();
        ask_all<msg::tracker_find_result>(
            this, members_, find_timeout, question,
            [promise, question](std::vector<msg::tracker_find_result>& answers,
                                const caf::error& failure) mutable {
              if (answers.empty() && failure) {
                promise.deliver(failure);
              } else {
                promise.deliver(merge(question, answers));
              }
            });
        return promise;
      },
      [this](const msg::tracker_scrape& question) {
        auto promise = make_response_promise<msg::tracker_scrape_result>();
        ask_all<msg::tracker_scrape_result>(
            this, members_, member_timeout, question,
            [promise, question](std::vector<msg::tracker_scrape_result>& answers,
                                const caf::error&) mutable {
              promise.deliver(merge(question, answers));
            });
        return promise;
      },
      [this](const msg::tracker_watch& question) { return watch(question); },
      [this](const msg::tracker_follow& question) {
        for (const auto& member : members_)
          request(member, member_timeout, question).then([] {}, [](const caf::error&) {});
      },
  };
}

} // namespace interswarm::bridge
