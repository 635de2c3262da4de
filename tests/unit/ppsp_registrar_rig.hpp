#pragma once

#include "actors/overlays/ppsp/registrar_core.hpp"
#include "actors/overlays/ppsp/tracker_responder.hpp"
#include "tests/catch.hpp"

#include <functional>
#include <set>

namespace interswarm::ppsp::test {

using namespace std::chrono_literals;

/// A registrar and our own tracker as the foreign one, in virtual time.
struct registrar_rig {
  enum class network { good, down, answers_lost };

  explicit registrar_rig(tracker_book_options b = {}, tracker_responder_options r = {})
      : book_options(b), responder_options(r) {
    restart();
    core = std::make_unique<registrar_core>(
        registrar_options{"http://t.example/", {*endpoint::parse(ours)}, {}, {}, 1s},
        "t.example:80", "registrar-peer", 5u);
  }

  /// The tracker forgets everything.
  void restart() {
    book = std::make_unique<tracker_book>(book_options, own_party{},
                                          std::array<std::uint64_t, 2>{11, 12});
    responder = std::make_unique<tracker_responder>(*book, responder_options, 7);
  }
  std::uint64_t now_ms() const { return static_cast<std::uint64_t>(now.count() / 1000); }

  tracker_responder::answer post(const tracker_request& r, const std::string& from) {
    const auto body = encode_tracker_request(r);
    tracker_responder::question q;
    q.method = "POST";
    q.path = "/";
    q.content_type = tracker_media_type;
    q.body = body;
    q.from = *endpoint::parse(from);
    return responder->respond(q, now_ms());
  }
  tracker_response other(const std::string& id, decltype(tracker_request::body) body,
                         const std::string& from) {
    const auto a = post({std::to_string(++others), id, std::move(body)}, from);
    return decode_tracker_response(a.body).value();
  }
  tracker_response other_joins(const std::string& id, const std::string& swarm, bool seeder,
                               const std::string& from) {
    return other(
        id, connect_request{peer_num{}, {{*endpoint::parse(from)}}, {{swarm, true, seeder}}}, from);
  }

  /// Does what the core decided, until nothing is left to do at this time.
  void take(registrar_effects effects) {
    for (auto& e : effects) {
      auto* const asked = std::get_if<ask_tracker>(&e);
      if (!asked) {
        all.push_back(std::move(e));
        continue;
      }
      sent.push_back(*asked);
      sent_at.push_back(now);
      if (script) {
        const auto body = script(asked->request);
        take(core->answered(asked->number, body, now));
      } else if (how == network::down) {
        take(core->failed(asked->number, "unreachable (refused)", false, now));
      } else {
        const auto answer = post(asked->request, ours);
        errors.push_back(decode_tracker_response(answer.body).value().error);
        if (how == network::good)
          take(core->answered(asked->number, answer.body, now));
        else
          take(core->failed(asked->number, "gave no answer in time", false, now));
      }
    }
  }
  void pass(instant time) {
    for (const auto end = now + time; now < end;) {
      now += 100ms;
      take(core->tick(now));
      book->sweep(now_ms(), 16);
    }
  }
  void announce(const std::string& swarm, bool seeder) {
    take(core->announce(++calls, swarm, seeder, now));
  }
  void withdraw(const std::string& swarm, bool seeder) { take(core->withdraw(swarm, seeder, now)); }
  registrar_call find(const std::string& swarm, std::size_t want = 50) {
    take(core->find(++calls, swarm, want, now));
    return calls;
  }

  template <class Effect>
  std::vector<Effect> effects() const {
    std::vector<Effect> out;
    for (const auto& e : all) {
      if (const auto* one = std::get_if<Effect>(&e)) out.push_back(*one);
    }
    return out;
  }
  template <class Effect>
  std::optional<Effect> effect_of(registrar_call call) const {
    for (const auto& e : effects<Effect>()) {
      if (e.call == call) return e;
    }
    return std::nullopt;
  }
  template <class Body>
  std::vector<Body> requests() const {
    std::vector<Body> out;
    for (const auto& s : sent) {
      if (const auto* one = std::get_if<Body>(&s.request.body)) out.push_back(*one);
    }
    return out;
  }
  tracked_swarm at_tracker(const std::string& swarm) const {
    return book->status(*swarm_bytes(swarm));
  }
  bool all_well() const {
    return std::all_of(errors.begin(), errors.end(),
                       [](tracker_error e) { return e == tracker_error::none; });
  }

  const std::string ours = "198.51.100.9:7000";
  tracker_book_options book_options;
  tracker_responder_options responder_options;
  std::unique_ptr<tracker_book> book;
  std::unique_ptr<tracker_responder> responder;
  std::unique_ptr<registrar_core> core;
  instant now = 1h;
  network how = network::good;
  /// Answers in the tracker's place.
  std::function<bytes(const tracker_request&)> script;
  registrar_effects all;
  std::vector<ask_tracker> sent;
  std::vector<instant> sent_at;
  std::vector<tracker_error> errors;
  registrar_call calls = 0;
  int others = 0;
};

} // namespace interswarm::ppsp::test
