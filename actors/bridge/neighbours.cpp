#include "actors/bridge/limits.hpp"
#include "actors/bridge/message_handler.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/wall_clock.hpp"

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto names_timeout = 5s;
constexpr auto settle_timeout = 30s;
/// How far back two ledgers are compared when bridges meet again.
constexpr std::int64_t settle_window_ms = std::int64_t{7} * 24 * 3600 * 1000;
constexpr std::uint32_t max_settled = 10'000;

} // namespace

caf::typed_response_promise<msg::bridge_handle_result>
message_handler::handle(msg::message& message) {
  auto promise = make_response_promise<msg::bridge_handle_result>();
  msg::bridge_handle_result out;
  switch (message.which) {
  case msg::message::which_t::find: answer_find(message, promise); return promise;
  case msg::message::which_t::publish:
    answer_publish(message.publish.records, promise);
    return promise;
  case msg::message::which_t::settle:
    answer_settle(message.settle, message.domain, promise);
    return promise;
  case msg::message::which_t::status:
    out.reply.which = msg::reply::which_t::status;
    out.reply.status = own_status();
    promise.deliver(std::move(out));
    return promise;
  case msg::message::which_t::names: break;
  }
  if (message.names.names.empty()) {
    promise.deliver(runtime::make_caf_error(errc::malformed, "the message names nothing"));
    return promise;
  }
  request(ctx_.names, names_timeout, names_of{message.names.names.front()})
      .then(
          [promise](names_group& g) mutable {
            msg::bridge_handle_result r;
            r.reply.which =
                g.records.empty() ? msg::reply::which_t::unknown : msg::reply::which_t::records;
            r.reply.records = std::move(g.records);
            promise.deliver(std::move(r));
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
  return promise;
}

void message_handler::answer_find(msg::message& message,
                                  caf::typed_response_promise<msg::bridge_handle_result> promise) {
  auto& records = message.find.records;
  if (records.empty() || records.size() > limits::max_records_per_message) {
    promise.deliver(runtime::make_caf_error(errc::malformed, "a find carries 1 to 64 records"));
    return;
  }
  if (messages_in_work_ >= limits::max_messages_in_work) {
    promise.deliver(
        runtime::make_caf_error(errc::overloaded, "too many messages are in work here"));
    return;
  }
  if (!desk_.first_time(message.id)) {
    promise.deliver(msg::bridge_handle_result{});
    return;
  }
  ++messages_in_work_;
  quest q;
  q.sought = records.front().name;
  q.told = std::move(records);
  q.who = {message.domain, message.find.seeking};
  q.own_swarm = message.find.own_swarm;
  q.hops = message.hops;
  q.message_id = message.id;
  q.asked_by = message.domain;
  find(std::move(q), [this, promise](result<offers_found> x) mutable {
    --messages_in_work_;
    msg::bridge_handle_result out;
    if (!x) {
      promise.deliver(runtime::make_caf_error(x.error().code, x.error().text));
      return;
    }
    out.reply.which =
        x->offers.empty() ? msg::reply::which_t::unknown : msg::reply::which_t::offers;
    out.reply.offers = std::move(x->offers);
    promise.deliver(std::move(out));
  });
}

void message_handler::answer_publish(
    std::vector<msg::name_record>& records,
    caf::typed_response_promise<msg::bridge_handle_result> promise) {
  if (records.size() > limits::max_records_per_message) {
    promise.deliver(
        runtime::make_caf_error(errc::too_large, "a publish carries at most 64 records"));
    return;
  }
  // Another domain's verification is its word here: bytes are verified again before they are mixed.
  for (auto& r : records) r.evidence = std::min(r.evidence, msg::evidence::declared);
  request(ctx_.names, names_timeout, names_link{records})
      .then(
          [this, promise, records](const names_group&) mutable {
            msg::bridge_handle_result out;
            out.reply.which = msg::reply::which_t::accepted;
            out.reply.accepted = static_cast<std::uint32_t>(records.size());
            send(this, names_changed{records, false});
            promise.deliver(std::move(out));
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
}

void message_handler::publish(const std::vector<msg::name_record>& records) {
  msg::message out;
  out.which = msg::message::which_t::publish;
  out.domain = ctx_.domain;
  out.id = random_();
  for (const auto& r : records) {
    if (r.permission != msg::permission::forbidden &&
        out.publish.records.size() < limits::max_records_per_message) {
      out.publish.records.push_back(r);
    }
  }
  for (const auto& [domain, bridge] : neighbours_) {
    request(bridge, names_timeout, msg::bridge_handle{out})
        .then([](const msg::bridge_handle_result&) {},
              [to = domain](const caf::error& why) {
                runtime::log().warn("{}: did not take the published names: {}", to,
                                    to_string(runtime::to_error(why)));
              });
  }
}

void message_handler::answer_settle(
    const std::vector<msg::ledger_entry>& entries, const std::string& from,
    caf::typed_response_promise<msg::bridge_handle_result> promise) {
  ledger_enter ours;
  for (auto entry : entries) {
    const bool they_gave = entry.role == msg::ledger_entry_role::giver;
    const auto& their_domain = they_gave ? entry.from_domain : entry.to_domain;
    const auto& our_domain = they_gave ? entry.to_domain : entry.from_domain;
    if (their_domain != from || our_domain != ctx_.domain || entry.receipt.size() != 16) continue;
    // The other end of the same receipt. What we counted before a crash but could not write down
    // comes back so.
    entry.role = they_gave ? msg::ledger_entry_role::taker : msg::ledger_entry_role::giver;
    ours.entries.push_back(std::move(entry));
  }
  const auto count = static_cast<std::uint32_t>(ours.entries.size());
  request(ctx_.names, names_timeout, std::move(ours))
      .then(
          [promise, count]() mutable {
            msg::bridge_handle_result out;
            out.reply.which = msg::reply::which_t::accepted;
            out.reply.accepted = count;
            promise.deliver(std::move(out));
          },
          [promise](const caf::error& why) mutable { promise.deliver(why); });
}

void message_handler::joined(const neighbour_joined& r) {
  if (neighbours_.size() >= limits::max_neighbours && !neighbours_.contains(r.domain)) {
    runtime::log().warn("neighbour {} is not taken: {} are joined already", r.domain,
                        neighbours_.size());
    return;
  }
  neighbours_[r.domain] = r.bridge;
  send(ctx_.status, r);
  runtime::log().info("joined with {}", r.domain);
  settle(runtime::unix_ms() - settle_window_ms, r.domain);
}

void message_handler::settle(std::int64_t since_ms, std::optional<std::string> only) {
  if (neighbours_.empty()) return;
  request(ctx_.names, names_timeout, ledger_since{since_ms, max_settled})
      .then(
          [this, only = std::move(only)](ledger_list& list) {
            std::map<std::string, msg::message> out;
            for (auto& entry : list.entries) {
              const bool gave = entry.role == msg::ledger_entry_role::giver;
              const auto other = gave ? entry.to_domain : entry.from_domain;
              if (other == ctx_.domain || (only && *only != other)) continue;
              out[other].settle.push_back(std::move(entry));
            }
            for (auto& [to, message] : out) {
              const auto at = neighbours_.find(to);
              if (at == neighbours_.end()) continue;
              message.which = msg::message::which_t::settle;
              message.domain = ctx_.domain;
              message.id = random_();
              request(at->second, settle_timeout, msg::bridge_handle{std::move(message)})
                  .then([](const msg::bridge_handle_result&) {},
                        [domain = to](const caf::error& why) {
                          runtime::log().warn("{}: ledgers were not compared: {}", domain,
                                              to_string(runtime::to_error(why)));
                        });
            }
          },
          [](const caf::error&) {});
}

} // namespace interswarm::bridge
