#include "actors/services/counted_source.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop_actor.hpp"

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto tell_interval = 1s;
/// The source keeps the deadline; this is for one that does not.
constexpr auto answer_grace = 5s;
constexpr auto default_deadline = 60s;

class counted_source final : public runtime::loop_actor<counted_source_actor> {
public:
  counted_source(caf::actor_config& config, runtime::loop& home, msg::source_actor inner,
                 delivery_desk_actor desk, delivered what)
      : loop_actor(config, home), inner_(std::move(inner)), desk_(std::move(desk)),
        what_(std::move(what)) {
    what_.bytes = 0;
  }

  const char* name() const override { return "counted-source"; }
  void on_exit() override {
    tell();
    inner_ = nullptr;
    desk_ = nullptr;
  }
  behavior_type make_behavior() override {
    return {
        [this](const msg::source_info& r) { return delegate(inner_, r); },
        [this](const msg::source_have& r) { return delegate(inner_, r); },
        [this](const msg::source_read& r) { return read(r); },
        [this](const msg::source_judge& r) { return delegate(inner_, r); },
        [this](const msg::source_genuine& r) { return delegate(inner_, r); },
        [this](count_tick) {
          ticking_ = false;
          tell();
        },
    };
  }

private:
  caf::result<msg::source_read_result> read(const msg::source_read& r) {
    const auto limit = r.deadline_ms == 0 ? std::chrono::milliseconds(default_deadline)
                                          : std::chrono::milliseconds(r.deadline_ms);
    auto promise = make_response_promise<msg::source_read_result>();
    request(inner_, limit + answer_grace, r)
        .then(
            [this, promise](msg::source_read_result& x) mutable {
              count(x.data.size());
              promise.deliver(std::move(x));
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  void count(std::uint64_t bytes) {
    what_.bytes += bytes;
    if (std::exchange(ticking_, true)) return;
    delayed_send(this, tell_interval, count_tick{});
  }

  void tell() {
    if (what_.bytes == 0 || !desk_) return;
    caf::anon_send(desk_, what_);
    what_.bytes = 0;
  }

  msg::source_actor inner_;
  delivery_desk_actor desk_;
  delivered what_;
  bool ticking_ = false;
};

} // namespace

msg::source_actor spawn_counted_source(runtime::loop& home, msg::source_actor inner,
                                       delivery_desk_actor desk, delivered what) {
  return caf::actor_cast<msg::source_actor>(
      runtime::spawn_on<counted_source>(home, std::move(inner), std::move(desk), std::move(what)));
}

} // namespace interswarm::services
