#include "tests/probe/probe.hpp"

#include <algorithm>
#include <caf/stateful_actor.hpp>

namespace interswarm::probe {

namespace {

using namespace runtime;

/// Counts one live object for as long as it lives.
class counted {
public:
  explicit counted(std::atomic<unsigned>& count) : count_(count) { ++count_; }
  counted(const counted&) = delete;
  counted& operator=(const counted&) = delete;
  ~counted() { --count_; }

private:
  std::atomic<unsigned>& count_;
};

class listener final : public loop_actor<msg::listener_actor> {
public:
  listener(caf::actor_config& config, loop& home)
      : loop_actor(config, home), counted_(living().listeners) {}
  const char* name() const override { return "listener"; }

protected:
  msg::listener_actor::behavior_type make_behavior() override {
    return {
        [this](const msg::listener_tell&) { return msg::listener_tell_result{.count = ++count_}; }};
  }

private:
  counted counted_;
  std::uint32_t count_ = 0;
};

/// Takes a while for each chunk, so that calls pile up if somebody lets them.
class sink final : public loop_actor<msg::sink_actor> {
public:
  sink(caf::actor_config& config, loop& home)
      : loop_actor(config, home), counted_(living().sinks) {}
  const char* name() const override { return "sink"; }

protected:
  msg::sink_actor::behavior_type make_behavior() override {
    return {
        [this](const msg::sink_write& x) -> caf::result<void> {
          most_ = std::max(most_, ++now_);
          if (!x.chunk.empty() && x.chunk.data()[0] != static_cast<byte>(chunks_++))
            return make_caf_error(errc::conflict, "a chunk is out of order");
          bytes_ += x.chunk.size();
          auto promise = make_response_promise();
          tasks_.push_back(home()
                               .timer()
                               .afterDelay(1 * kj::MILLISECONDS)
                               .then([this, promise]() mutable {
                                 --now_;
                                 promise.deliver(caf::unit);
                               })
                               .eagerlyEvaluate(nullptr));
          return promise;
        },
        [this](const msg::sink_done&) {
          return msg::sink_done_result{.bytes = bytes_, .most_at_once = most_};
        },
    };
  }

private:
  counted counted_;
  std::vector<kj::Promise<void>> tasks_;
  std::uint64_t bytes_ = 0;
  std::uint32_t chunks_ = 0;
  std::uint32_t now_ = 0;
  std::uint32_t most_ = 0;

public:
  ~sink() noexcept override {} // NOLINT(modernize-use-equals-default): KJ's destructors may throw
};

class probe_impl final : public loop_actor<msg::probe_actor> {
public:
  probe_impl(caf::actor_config& config, loop& home)
      : loop_actor(config, home), counted_(living().probes) {}
  const char* name() const override { return "probe"; }
  void on_exit() override {
    kept_ = nullptr;
    forgotten_.clear();
  }

protected:
  msg::probe_actor::behavior_type make_behavior() override {
    return {
        [](const msg::probe_echo& x) { return msg::probe_echo_result{.value = x.value}; },
        [](const msg::probe_pass& x) { return msg::probe_pass_result{.gift = x.gift}; },
        [this](const msg::probe_keep& x) { kept_ = x.listener; },
        [this](const msg::probe_poke& x) -> caf::result<msg::probe_poke_result> {
          auto promise = make_response_promise<msg::probe_poke_result>();
          request(kept_, std::chrono::seconds(5), msg::listener_tell{.text = x.text})
              .then(
                  [promise](const msg::listener_tell_result& r) mutable {
                    promise.deliver(msg::probe_poke_result{.count = r.count});
                  },
                  [promise](const caf::error& e) mutable { promise.deliver(e); });
          return promise;
        },
        [](const msg::probe_refuse& x) -> caf::result<void> {
          return make_caf_error(static_cast<errc>(x.code), x.text);
        },
        [this](const msg::probe_hang&) -> caf::result<void> {
          forgotten_.push_back(make_response_promise());
          return forgotten_.back();
        },
        [this](const msg::probe_open&) {
          return msg::probe_open_result{.sink = spawn_on<sink>(home())};
        },
        [this](const msg::probe_next&) { return msg::probe_next_result{.number = number_++}; },
        [this](const msg::probe_child&) {
          return msg::probe_child_result{.child = spawn_on<probe_impl>(home())};
        },
        [](const msg::probe_children&) {
          return msg::probe_children_result{.alive = living().probes};
        },
    };
  }

private:
  counted counted_;
  msg::listener_actor kept_;
  std::vector<caf::response_promise> forgotten_;
  std::uint32_t number_ = 0;
};

} // namespace

counters& living() {
  static counters instance;
  return instance;
}

msg::probe_actor spawn_probe(loop& home) { return spawn_on<probe_impl>(home); }
msg::listener_actor spawn_listener(loop& home) { return spawn_on<listener>(home); }

msg::listener_actor spawn_pool_listener(caf::actor_system& system) {
  return system.spawn([]() -> msg::listener_actor::behavior_type {
    auto count = std::make_shared<std::uint32_t>(0);
    return {[count](const msg::listener_tell&) {
      return msg::listener_tell_result{.count = ++*count};
    }};
  });
}

} // namespace interswarm::probe
