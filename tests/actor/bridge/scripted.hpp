#pragma once

#include "actors/bridge/message_handler.hpp"
#include "actors/bridge/name_transfer.hpp"
#include "actors/bridge/status_manager.hpp"
#include "tests/actor/runtime/fixture.hpp"

#include <atomic>

/// Overlays whose clients are the test itself: what the bridge does is seen without any network.
namespace interswarm::bridge {

using namespace std::chrono_literals;

/// What a scripted source does and what it was asked.
struct source_script {
  bytes content;
  std::atomic<bool> stalls{false};
  std::atomic<bool> lies{false};
  std::atomic<int> reads{0};
  std::atomic<int> good{0};
  /// Answers to "are these bytes right under your name?"
  std::atomic<int> examined{0};
};

class scripted_source final : public runtime::loop_actor<msg::source_actor> {
public:
  scripted_source(caf::actor_config& cfg, runtime::loop& home,
                  std::shared_ptr<source_script> script, msg::name_record record)
      : loop_actor(cfg, home), script_(std::move(script)), record_(std::move(record)) {}

  behavior_type make_behavior() override {
    return {
        [this](const msg::source_info&) {
          msg::source_info_result out;
          out.info.size = script_->content.size();
          out.info.record = record_;
          out.info.peers = 1;
          return out;
        },
        [this](const msg::source_have&) {
          return msg::source_have_result{1, {{0, script_->content.size()}}, 0};
        },
        [this](const msg::source_read& r) {
          auto promise = make_response_promise<msg::source_read_result>();
          ++script_->reads;
          if (script_->stalls) {
            stalled_.push_back(promise);
            return promise;
          }
          const auto size = r.range.end - r.range.begin;
          bytes data(script_->content.begin() + static_cast<std::ptrdiff_t>(r.range.begin),
                     script_->content.begin() + static_cast<std::ptrdiff_t>(r.range.begin + size));
          if (script_->lies) data[0] = static_cast<byte>(data[0] ^ 1);
          promise.deliver(msg::source_read_result{slice(std::move(data))});
          return promise;
        },
        [this](const msg::source_judge& r) { script_->good += r.verdict == msg::verdict::good; },
        [this](const msg::source_genuine& r) {
          // A liar is found out by its own hashes; a false equation is not.
          const auto verdict = script_->lies ? msg::verdict::bad : msg::verdict::good;
          ++script_->examined;
          return msg::source_genuine_result{r.range, verdict};
        },
    };
  }
  void on_exit() override { stalled_.clear(); }

private:
  std::shared_ptr<source_script> script_;
  msg::name_record record_;
  std::vector<caf::typed_response_promise<msg::source_read_result>> stalled_;
};

class scripted_lease final : public runtime::loop_actor<msg::registration_actor> {
public:
  using loop_actor::loop_actor;
  behavior_type make_behavior() override {
    return {[](const msg::registration_check&) {
      return msg::registration_check_result{true, ""};
    }};
  }
};

/// What one scripted overlay did, for the test to look at.
struct overlay_script {
  std::mutex mutex;
  std::vector<msg::source_actor> served;
  std::vector<msg::demand_listener_actor> listeners;
  std::atomic<int> serve_calls{0};
  std::atomic<int> announced{0};
  std::atomic<std::uint32_t> sources{1};
  /// What clients were sent of each content that is served.
  std::atomic<std::uint64_t> sent{0};
  std::shared_ptr<source_script> content = std::make_shared<source_script>();

  msg::source_actor last_served() {
    const std::lock_guard guard(mutex);
    return served.empty() ? msg::source_actor{} : served.back();
  }
  void demand(const msg::name& name) {
    msg::swarm_status status;
    status.name = name;
    status.seekers = 1;
    const std::lock_guard guard(mutex);
    for (const auto& l : listeners) caf::anon_send(l, msg::demand_listener_demand{status});
  }
  bool watched() {
    const std::lock_guard guard(mutex);
    return !listeners.empty();
  }
  void forget() {
    const std::lock_guard guard(mutex);
    served.clear();
    listeners.clear();
  }
};

class scripted_tracker final : public runtime::loop_actor<msg::tracker_actor> {
public:
  scripted_tracker(caf::actor_config& cfg, runtime::loop& home,
                   std::shared_ptr<overlay_script> script)
      : loop_actor(cfg, home), script_(std::move(script)) {}

  behavior_type make_behavior() override {
    return {
        [this](const msg::tracker_announce&) {
          ++script_->announced;
          return msg::tracker_announce_result{runtime::spawn_on<scripted_lease>(home())};
        },
        [this](const msg::tracker_find& r) {
          msg::tracker_find_result out;
          out.status.name = r.name;
          out.status.sources = script_->sources;
          return out;
        },
        [](const msg::tracker_scrape&) { return msg::tracker_scrape_result{}; },
        [this](const msg::tracker_watch& r) {
          const std::lock_guard guard(script_->mutex);
          script_->listeners.push_back(r.listener);
          return msg::tracker_watch_result{runtime::spawn_on<scripted_lease>(home())};
        },
        [](const msg::tracker_follow&) {},
    };
  }

private:
  std::shared_ptr<overlay_script> script_;
};

class scripted_serving final : public runtime::loop_actor<msg::serving_actor> {
public:
  scripted_serving(caf::actor_config& cfg, runtime::loop& home,
                   std::shared_ptr<overlay_script> script)
      : loop_actor(cfg, home), script_(std::move(script)) {}

  behavior_type make_behavior() override {
    return {[this](const msg::serving_status&) {
      msg::serving_status_result out;
      out.status.clients = 1;
      out.status.bytes_sent = script_->sent;
      return out;
    }};
  }

private:
  std::shared_ptr<overlay_script> script_;
};

class scripted_peer final : public runtime::loop_actor<msg::peer_actor> {
public:
  scripted_peer(caf::actor_config& cfg, runtime::loop& home, std::shared_ptr<overlay_script> script)
      : loop_actor(cfg, home), script_(std::move(script)) {}

  behavior_type make_behavior() override {
    return {
        [this](const msg::peer_serve& r) {
          ++script_->serve_calls;
          const std::lock_guard guard(script_->mutex);
          script_->served.push_back(r.source);
          return msg::peer_serve_result{runtime::spawn_on<scripted_serving>(home(), script_)};
        },
        [this](const msg::peer_fetch& r) {
          return msg::peer_fetch_result{
              runtime::spawn_on<scripted_source>(home(), script_->content, r.record)};
        },
        [](const msg::peer_describe&) { return msg::peer_describe_result{}; },
    };
  }

private:
  std::shared_ptr<overlay_script> script_;
};

/// Reads that no client made would blur what the tests count.
inline policy only_what_clients_read() {
  policy out;
  out.warm_up_bytes = 0;
  return out;
}

/// A bridge over scripted overlays with an in-memory database.
struct scripted_node {
  runtime::world& world;
  std::string domain;
  name_transfer_actor names;
  status_manager_actor status;
  handler_actor handler;
  std::map<std::string, std::shared_ptr<overlay_script>> overlays;
  /// As the handler told it, by overlay.
  std::mutex mutex;
  std::map<std::string, std::uint64_t> delivered;

  scripted_node(runtime::world& w, std::string name, const std::vector<std::string>& faces,
                policy rules = only_what_clients_read())
      : world(w), domain(std::move(name)) {
    auto& home = world.new_loop(domain);
    auto opened = spawn_name_transfer(world.new_loop("storage"), ":memory:");
    REQUIRE(opened);
    names = *opened;
    status = runtime::spawn_on<status_manager>(home, domain, rules);
    message_handler::context ctx{domain, rules, {}, names, status, {&home}, 1};
    ctx.tenant_of = [](const msg::name& giver) { return "whose " + giver.overlay + " is"; };
    ctx.delivered = [this](const msg::name& sought, std::uint64_t count) {
      const std::lock_guard guard(mutex);
      delivered[sought.overlay] += count;
    };
    for (const auto& overlay : faces) {
      auto script = std::make_shared<overlay_script>();
      overlays[overlay] = script;
      face f;
      f.overlay = overlay;
      f.tracker = runtime::spawn_on<scripted_tracker>(home, script);
      f.peer = runtime::spawn_on<scripted_peer>(home, script);
      ctx.faces.push_back(std::move(f));
    }
    handler = runtime::spawn_on<message_handler>(home, std::move(ctx));
    for (auto& [overlay, script] : overlays) {
      CHECK(runtime::eventually([&, s = script] { return s->watched(); }));
    }
  }
  ~scripted_node() {
    for (auto& [overlay, script] : overlays) script->forget();
    caf::anon_send_exit(handler, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(status, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(names, caf::exit_reason::user_shutdown);
  }

  result<names_group> link(const std::vector<msg::name_record>& records) {
    auto out = runtime::ask<names_group>(world.system, names, names_link{records});
    if (out) caf::anon_send(handler, names_changed{records, false});
    return out;
  }
  std::vector<msg::name_record> names_for(const msg::name& n) {
    auto out = runtime::ask<names_group>(world.system, names, names_of{n});
    return out ? out->records : std::vector<msg::name_record>{};
  }
  std::uint64_t delivered_to(const std::string& overlay) {
    const std::lock_guard guard(mutex);
    return delivered[overlay];
  }
  std::vector<msg::ledger_entry> ledger() {
    auto out = runtime::ask<ledger_list>(world.system, names, ledger_since{0, 1000});
    return out ? out->entries : std::vector<msg::ledger_entry>{};
  }
};

inline msg::name_record scripted_record(const std::string& overlay, byte tag, std::uint64_t size) {
  msg::name_record out;
  out.name = {overlay, slice(bytes(20, tag))};
  out.size = size;
  out.evidence = msg::evidence::declared;
  out.permission = msg::permission::allowed;
  return out;
}

} // namespace interswarm::bridge
