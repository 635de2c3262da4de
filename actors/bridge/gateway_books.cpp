#include "actors/bridge/gateway.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/wall_clock.hpp"

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr auto judge_timeout = 60s;
/// A unit of many MiB may have to be fetched to tell a liar from a false equation.
constexpr auto books_genuine_timeout = 120s;

} // namespace

void gateway::judged(const msg::source_judge& verdict) {
  const byte_range r{verdict.range.begin, verdict.range.end};
  // The newest giver that provided the bytes is the one they are judged of.
  for (std::size_t i = givers_.size(); i-- > 0;) {
    if (!givers_[i].provided.intersects(r)) continue;
    request(givers_[i].offer.source, judge_timeout, verdict).then([] {}, [](const caf::error&) {});
    if (verdict.verdict == msg::verdict::good) {
      const auto before = givers_[i].books.entry().bytes;
      givers_[i].books.verified(r, runtime::unix_ms());
      verified_bytes_ += givers_[i].books.entry().bytes - before;
      tick_later();
    } else {
      check_equation(i, r);
    }
    return;
  }
}

void gateway::check_equation(std::size_t from, byte_range r) {
  if (checking_ || refuted_) return;
  checking_ = true;
  const auto receipt = givers_[from].offer.receipt;
  const auto giver_name = givers_[from].offer.record.name;
  msg::source_genuine question;
  question.range = {r.begin, r.end};
  question.deadline_ms =
      static_cast<std::uint32_t>(std::chrono::milliseconds(books_genuine_timeout).count());
  request(givers_[from].offer.source, books_genuine_timeout + 1s, std::move(question))
      .then(
          [this, giver_name](const msg::source_genuine_result& answer) {
            checking_ = false;
            if (answer.verdict == msg::verdict::good && giver_name != sought_.name) {
              refuted_ = true;
              note_ = "the bytes are not what this name says: the two names were linked falsely";
              if (ctx_.handler) send(ctx_.handler, equation_refuted{sought_.name, giver_name});
              fail_all(errc::refuted, note_);
              return;
            }
            follow(delivery_.mismatched(clock().now()));
          },
          [this](const caf::error& why) {
            checking_ = false;
            note_ = to_string(runtime::to_error(why));
            follow(delivery_.mismatched(clock().now()));
          });
}

void gateway::report(std::size_t from, bool failed) {
  if (!ctx_.handler) return;
  const auto now = clock().now();
  const auto& offer = givers_[from].offer;
  send(ctx_.handler,
       delivery_report{offer.domain, offer.overlay, bytes_since_report_,
                       std::chrono::duration_cast<std::chrono::microseconds>(now - asked_since_),
                       failed});
  bytes_since_report_ = 0;
  asked_since_ = now;
}

void gateway::write_down() {
  ledger_enter changed;
  for (auto& one : givers_) {
    if (auto entry = one.books.take_changed()) changed.entries.push_back(std::move(*entry));
  }
  if (!changed.entries.empty()) caf::anon_send(ctx_.books, std::move(changed));
}

msg::gateway gateway::look() const {
  msg::gateway out;
  out.name = sought_.name;
  out.uri = sought_.uri;
  out.to_overlay = sought_.name.overlay;
  out.verified_bytes = verified_bytes_;
  out.note = note_;
  if (const auto current = delivery_.current()) {
    const auto& offer = givers_[first_ + *current].offer;
    out.from_domain = offer.domain;
    out.from_overlay = offer.overlay;
  }
  return out;
}

} // namespace interswarm::bridge
