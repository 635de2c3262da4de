#include "actors/node/control.hpp"

#include "actors/bridge/limits.hpp"
#include "actors/bridge/message_handler.hpp"
#include "actors/runtime/error.hpp"

#include <algorithm>

namespace interswarm {

namespace {

using namespace std::chrono_literals;

constexpr auto names_timeout = 30s;
constexpr auto open_timeout = 30s;
constexpr std::uint32_t max_listed = 100'000;

} // namespace

control::control(caf::actor_config& cfg, runtime::loop& home, context ctx)
    : loop_actor(cfg, home), ctx_(std::move(ctx)) {}

control::~control() noexcept = default;

template <class Result, class Question>
caf::typed_response_promise<Result> control::ask_names(Question question) {
  auto promise = make_response_promise<Result>();
  request(ctx_.names, names_timeout, std::move(question))
      .then([promise](
                bridge::names_group& g) mutable { promise.deliver(Result{std::move(g.records)}); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

control::behavior_type control::make_behavior() {
  return {
      [this](msg::control_link& r) { return link(r); },
      [this](const msg::control_names& r) {
        const auto limit = r.limit == 0 ? max_listed : std::min(r.limit, max_listed);
        if (r.all) return ask_names<msg::control_names_result>(bridge::names_all{limit});
        return ask_names<msg::control_names_result>(bridge::names_of{r.name});
      },
      [this](const msg::control_import& r) { return begin_import(r); },
      [this](const msg::control_fetch& r) {
        auto promise = make_response_promise<msg::control_fetch_result>();
        request(ctx_.handler, open_timeout, bridge::open_source{r.record, true})
            .then(
                [promise](bridge::opened_source& x) mutable {
                  promise.deliver(msg::control_fetch_result{std::move(x.source)});
                },
                [promise](const caf::error& why) mutable { promise.deliver(why); });
        return promise;
      },
      [this](const msg::control_status&) {
        auto promise = make_response_promise<msg::control_status_result>();
        request(ctx_.handler, names_timeout, bridge::status_wanted{})
            .then(
                [promise](bridge::status_report& x) mutable {
                  promise.deliver(
                      msg::control_status_result{std::move(x.domains), std::move(x.gateways)});
                },
                [promise](const caf::error& why) mutable { promise.deliver(why); });
        return promise;
      },
      [this](const msg::control_ledger& r) {
        auto promise = make_response_promise<msg::control_ledger_result>();
        const auto limit = r.limit == 0 ? max_listed : std::min(r.limit, max_listed);
        request(ctx_.names, names_timeout, bridge::ledger_since{r.since_ms, limit})
            .then(
                [promise](bridge::ledger_list& x) mutable {
                  promise.deliver(msg::control_ledger_result{std::move(x.entries)});
                },
                [promise](const caf::error& why) mutable { promise.deliver(why); });
        return promise;
      },
      [this](const msg::control_search& r) {
        const auto limit = r.limit == 0 ? max_listed : std::min(r.limit, max_listed);
        return ask_names<msg::control_search_result>(bridge::names_search{r.words, limit});
      },
      [this](const msg::control_stop&) {
        if (ctx_.stop) ctx_.stop();
      },
  };
}

void control::on_exit() {
  imports_.clear();
  ctx_ = {};
}

caf::typed_response_promise<msg::control_link_result> control::link(msg::control_link& r) {
  auto promise = make_response_promise<msg::control_link_result>();
  if (r.records.size() < 2) {
    promise.deliver(runtime::make_caf_error(errc::malformed,
                                            "a link takes at least two names of the same content"));
    return promise;
  }
  if (auto allowed = bridge::may_cross(r.records); !allowed) {
    promise.deliver(runtime::make_caf_error(allowed.error().code, allowed.error().text));
    return promise;
  }
  // Whatever a client claims, its word is a declaration.
  for (auto& record : r.records) record.evidence = msg::evidence::declared;
  request(ctx_.names, names_timeout, bridge::names_link{std::move(r.records)})
      .then(
          [this, promise](bridge::names_group& g) mutable {
            send(ctx_.handler, bridge::names_changed{g.records, true});
            promise.deliver(msg::control_link_result{std::move(g.records)});
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

caf::typed_response_promise<msg::control_import_result>
control::begin_import(const msg::control_import& r) {
  auto promise = make_response_promise<msg::control_import_result>();
  std::erase_if(imports_, [](const caf::weak_actor_ptr& w) {
    return !caf::actor_cast<caf::strong_actor_ptr>(w);
  });
  if (imports_.size() >= bridge::limits::max_imports) {
    promise.deliver(runtime::make_caf_error(errc::overloaded,
                                            "16 imports are at work already; wait for one to end"));
    return promise;
  }
  if (auto allowed = bridge::may_cross({r.record}); !allowed) {
    promise.deliver(runtime::make_caf_error(allowed.error().code, allowed.error().text));
    return promise;
  }
  bridge::importer::context ctx{ctx_.handler, ctx_.names, ctx_.namings};
  auto work = caf::actor_cast<msg::import_actor>(
      runtime::spawn_on<bridge::importer>(home(), std::move(ctx), r.record));
  imports_.push_back(caf::actor_cast<caf::weak_actor_ptr>(work));
  promise.deliver(msg::control_import_result{std::move(work)});
  return promise;
}

} // namespace interswarm
