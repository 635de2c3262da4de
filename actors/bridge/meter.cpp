#include "actors/bridge/meter.hpp"
#include "actors/runtime/wall_clock.hpp"

#include <chrono>

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

/// Longest loss of counts when the process is killed.
constexpr auto write_interval = 500ms;

} // namespace

void tally::verified(byte_range r, std::int64_t now_ms) {
  const auto before = counted_.bytes();
  counted_.add(r);
  if (counted_.bytes() == before) return;
  if (entry_.first_at == 0) entry_.first_at = now_ms;
  entry_.last_at = now_ms;
  entry_.bytes = counted_.bytes();
  changed_ = true;
}

std::optional<msg::ledger_entry> tally::take_changed() {
  if (!changed_) return std::nullopt;
  changed_ = false;
  return entry_;
}

meter::meter(caf::actor_config& cfg, runtime::loop& home, msg::source_actor inner,
             msg::ledger_entry entry, name_transfer_actor books)
    : loop_actor(cfg, home), inner_(std::move(inner)), tally_(std::move(entry)),
      books_(std::move(books)) {}

meter::~meter() noexcept = default;

meter::behavior_type meter::make_behavior() {
  return {
      [this](const msg::source_info& r) { return delegate(inner_, r); },
      [this](const msg::source_have& r) { return delegate(inner_, r); },
      [this](const msg::source_read& r) { return delegate(inner_, r); },
      [this](const msg::source_judge& r) {
        if (r.verdict == msg::verdict::good) {
          tally_.verified({r.range.begin, r.range.end}, runtime::unix_ms());
          if (!ticking_) {
            ticking_ = true;
            delayed_send(this, write_interval, meter_tick{});
          }
        }
        return delegate(inner_, r);
      },
      [this](const msg::source_genuine& r) { return delegate(inner_, r); },
      [this](meter_tick) {
        ticking_ = false;
        write_down();
      },
  };
}

void meter::write_down() {
  if (auto entry = tally_.take_changed()) caf::anon_send(books_, ledger_enter{{std::move(*entry)}});
}

void meter::on_exit() {
  if (books_) write_down();
  inner_ = nullptr;
  books_ = nullptr;
}

} // namespace interswarm::bridge
