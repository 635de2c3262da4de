#include "actors/node/control.hpp"

#include "actors/bridge/gather.hpp"
#include "actors/bridge/limits.hpp"
#include "actors/bridge/message_handler.hpp"
#include "actors/runtime/error.hpp"

#include <algorithm>
#include <limits>

namespace interswarm {

namespace {

using namespace std::chrono_literals;

constexpr auto names_timeout = 30s;
constexpr auto open_timeout = 30s;
constexpr std::uint32_t max_listed = 100'000;

caf::error stores_only() {
  return runtime::make_caf_error(errc::unimplemented,
                                 "this node only stores chunks; ask one with the service or access "
                                 "role");
}

caf::error no_parties() {
  return runtime::make_caf_error(
      errc::unimplemented,
      "parties and accounts are those of a cluster; ask a node in SOA mode with the "
      "service or access role");
}

caf::error published_only() {
  return runtime::make_caf_error(errc::unimplemented,
                                 "in SOA mode contents are not linked or imported from overlays; "
                                 "give the file or its URL to `interswarm publish`");
}

} // namespace

control::control(caf::actor_config& cfg, runtime::loop& home, context ctx)
    : loop_actor(cfg, home), ctx_(std::move(ctx)) {}

control::~control() noexcept = default;

template <class Result, class Question>
caf::typed_response_promise<Result> control::ask_names(Question question) {
  auto promise = make_response_promise<Result>();
  if (!ctx_.names) {
    promise.deliver(stores_only());
    return promise;
  }
  request(ctx_.names, names_timeout, std::move(question))
      .then([promise](
                bridge::names_group& g) mutable { promise.deliver(Result{std::move(g.records)}); },
            [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

template <class Answer, class Result, class Question>
caf::result<Answer> control::ask_shelf(Question question) {
  if (!ctx_.shelf) return no_parties();
  auto promise = make_response_promise<Answer>();
  request(ctx_.shelf, names_timeout, std::move(question))
      .then(
          [promise](Result& r) mutable {
            auto& [only] = r;
            promise.deliver(Answer{std::move(only)});
          },
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
        if (!ctx_.handler) {
          promise.deliver(stores_only());
          return promise;
        }
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
        if (!ctx_.handler) {
          promise.deliver(msg::control_status_result{});
          return promise;
        }
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
        if (!ctx_.names) {
          promise.deliver(stores_only());
          return promise;
        }
        const auto until = r.until_ms == 0 ? std::numeric_limits<std::int64_t>::max() : r.until_ms;
        const auto limit = r.limit == 0 ? max_listed : std::min(r.limit, max_listed);
        request(ctx_.names, names_timeout,
                bridge::ledger_page_wanted{r.since_ms, until, r.after, limit})
            .then(
                [promise](bridge::ledger_list& x) mutable {
                  promise.deliver(
                      msg::control_ledger_result{std::move(x.entries), std::move(x.next)});
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
      [this](const msg::control_cluster&) { return cluster(); },
      [this](const msg::control_parties&) {
        return ask_shelf<msg::control_parties_result, msg::catalogue_parties_result>(
            msg::catalogue_parties{});
      },
      [this](const msg::control_add_party& r) {
        return ask_shelf<msg::control_add_party_result, msg::catalogue_add_party_result>(
            msg::catalogue_add_party{r.party});
      },
      [this](const msg::control_revoke_party& r) -> caf::result<void> {
        if (!ctx_.shelf) return no_parties();
        return delegate(ctx_.shelf, msg::catalogue_revoke_party{r.name});
      },
      [this](const msg::control_accounts& r) {
        return ask_shelf<msg::control_accounts_result, msg::catalogue_accounts_result>(
            msg::catalogue_accounts{r.tenant});
      },
  };
}

void control::on_exit() {
  imports_.clear();
  ctx_ = {};
}

caf::typed_response_promise<msg::control_link_result> control::link(msg::control_link& r) {
  auto promise = make_response_promise<msg::control_link_result>();
  if (ctx_.cluster) {
    promise.deliver(published_only());
    return promise;
  }
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
  if (ctx_.cluster) {
    promise.deliver(published_only());
    return promise;
  }
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

caf::result<msg::control_cluster_result> control::cluster() {
  if (!ctx_.cluster)
    return runtime::make_caf_error(errc::unimplemented, "this node belongs to no cluster");
  auto promise = make_response_promise<msg::control_cluster_result>();
  auto state = std::make_shared<msg::cluster_state>();
  // Each part is told as far as it answers.
  auto all = bridge::gather<bool>::of(3, [state, promise](std::vector<bool>&) mutable {
    promise.deliver(msg::control_cluster_result{std::move(*state)});
  });
  const auto silent = [all](const caf::error&) { all->done(); };
  request(ctx_.cluster, names_timeout, cluster_wanted{})
      .then(
          [state, all](cluster_seen& x) {
            state->members = std::move(x.members);
            state->leader = std::move(x.leader);
            all->done();
          },
          silent);
  if (ctx_.network) {
    request(ctx_.network, names_timeout, msg::storage_network_members{})
        .then(
            [state, all](msg::storage_network_members_result& x) {
              state->storage = std::move(x.members);
              state->copies = x.copies;
              all->done();
            },
            silent);
  } else {
    all->done();
  }
  if (ctx_.repair) {
    request(ctx_.repair, names_timeout, msg::repair_state{})
        .then(
            [state, all](msg::repair_state_result& x) {
              state->repair = std::move(x.state);
              all->done();
            },
            silent);
  } else {
    all->done();
  }
  return promise;
}

} // namespace interswarm
