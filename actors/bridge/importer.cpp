#include "actors/bridge/importer.hpp"

#include "actors/bridge/message_handler.hpp"
#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "storage/content_hasher.hpp"

#include <algorithm>
#include <caf/typed_event_based_actor.hpp>

namespace interswarm::bridge {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t read_size = 1 << 20;
/// Reads on their way plus blocks not yet hashed: what an import may hold in memory.
constexpr std::size_t window = 24;
constexpr auto open_timeout = 20s;
/// Until the overlay has told the size.
constexpr auto size_timeout = 180s;
/// Between two questions for the size while nobody offers the content.
constexpr auto retry_pause = 2s;
constexpr auto read_timeout = 600s;
constexpr auto hash_timeout = 600s;
constexpr std::uint32_t max_failures = 20;
constexpr std::uint32_t max_wait_ms = 60'000;
/// Progress is told at most once for so many bytes.
constexpr std::uint64_t tell_step = 1 << 20;

/// Whether `list` covers a whole content as the hashes computed here do.
bool covers_all(const msg::hash_list& list, std::uint64_t size) {
  return list.offset == 0 && list.end == size;
}

/// Whether any whole hash list of the record equals what was computed, and none differs.
bool proven(const msg::name_record& record, const content_hashes& h) {
  bool equal_one = false;
  for (const auto& list : record.hashes) {
    if (!covers_all(list, h.size)) continue;
    const auto ours = hash_list_like(h, list);
    if (!ours) continue;
    if (!(ours->hashes == list.hashes)) return false;
    equal_one = true;
  }
  return equal_one;
}

} // namespace

importer::importer(caf::actor_config& cfg, runtime::loop& home, context ctx,
                   msg::name_record wanted)
    : loop_actor(cfg, home), ctx_(std::move(ctx)), wanted_(std::move(wanted)) {}

importer::~importer() noexcept = default;

importer::behavior_type importer::make_behavior() {
  give_up_ = clock().now() + size_timeout;
  request(ctx_.handler, open_timeout, open_source{wanted_, true})
      .then(
          [this](opened_source& r) {
            source_ = std::move(r.source);
            ask_size(0);
          },
          [this](const caf::error& why) { fail_with(to_string(runtime::to_error(why))); });
  return {
      [this](const msg::import_progress& r) {
        auto promise = make_response_promise<msg::import_progress_result>();
        const auto wait = std::chrono::milliseconds(std::min(r.wait_ms, max_wait_ms));
        waiters_.push_back({r.after_bytes, clock().now() + wait, promise});
        delayed_send(this, wait, import_tick{});
        tell();
        return promise;
      },
      [this](import_tick) { tell(); },
      [this](import_retry) { ask_size(0); },
  };
}

void importer::on_exit() {
  if (worker_) caf::anon_send_exit(worker_, caf::exit_reason::user_shutdown);
  worker_ = nullptr;
  source_ = nullptr;
  waiters_.clear();
  ctx_ = {};
}

void importer::ask_size(std::uint64_t version) {
  if (!source_ || state_.finished) return;
  if (clock().now() > give_up_) {
    fail_with("timed out: no party of its overlay gave the content in " +
              std::to_string(size_timeout.count()) + " s; is one with all of it online?" +
              (state_.note.empty() ? "" : " Last: " + state_.note));
    return;
  }
  request(source_, 30s, msg::source_info{version, 2000})
      .then(
          [this](const msg::source_info_result& r) {
            if (r.info.record.permission == msg::permission::forbidden) {
              fail_with("denied: the content is private, it is not imported");
            } else if (r.info.size == msg::unknown_size) {
              tell();
              ask_size(r.info.version);
            } else {
              if (r.info.record.name == wanted_.name) merge_records_into_wanted(r.info.record);
              state_.total_bytes = r.info.size;
              state_.note.clear();
              wanted_.size = r.info.size;
              start();
            }
          },
          [this](const caf::error& why) {
            const auto reason = runtime::to_error(why);
            if (reason.code == errc::denied || reason.code == errc::refuted) {
              fail_with(to_string(reason));
              return;
            }
            state_.note = to_string(reason);
            delayed_send(this, retry_pause, import_retry{});
          });
}

void importer::merge_records_into_wanted(const msg::name_record& learned) {
  std::vector<msg::name_record> one{std::move(wanted_)};
  merge_records(one, {learned});
  wanted_ = std::move(one.front());
}

void importer::start() {
  auto plan = plan_for(ctx_.namings, wanted_.size);
  for (const auto& list : wanted_.hashes) {
    if (list.algorithm == msg::hash_algorithm::sha1 && list.period == 0)
      add_piece_length(plan, list.unit);
  }
  if (auto possible = content_hasher::check(plan); !possible) {
    fail_with(to_string(possible.error()));
    return;
  }
  worker_ = spawn_hash_worker(system(), plan);
  failures_ = 0;
  if (wanted_.size == 0) {
    finish();
  } else {
    read_more();
  }
}

void importer::read_more() {
  while (!state_.finished && next_read_ < wanted_.size && in_flight_ + arrived_.size() < window) {
    const auto begin = next_read_;
    const auto end = std::min(begin + read_size, wanted_.size);
    next_read_ = end;
    ++in_flight_;
    read_block({begin, end});
  }
}

void importer::read_block(byte_range r) {
  msg::source_read question;
  question.range = {r.begin, r.end};
  question.deadline_ms =
      static_cast<std::uint32_t>(std::chrono::milliseconds(read_timeout).count());
  request(source_, read_timeout + 5s, std::move(question))
      .then(
          [this, r](const msg::source_read_result& result) {
            --in_flight_;
            arrived_.emplace(r.begin, result.data);
            push_ready();
            read_more();
          },
          [this, r](const caf::error& why) {
            const auto reason = runtime::to_error(why);
            if (reason.code == errc::refuted || reason.code == errc::denied ||
                ++failures_ > max_failures) {
              fail_with(to_string(reason));
            } else if (!state_.finished) {
              read_block(r);
            }
          });
}

void importer::push_ready() {
  if (pushing_ || state_.finished) return;
  const auto next = arrived_.find(next_push_);
  if (next == arrived_.end()) {
    if (next_push_ == wanted_.size) finish();
    return;
  }
  pushing_ = true;
  auto block = std::move(next->second);
  arrived_.erase(next);
  const auto size = block.size();
  request(worker_, hash_timeout, hash_block{std::move(block)})
      .then(
          [this, size]() {
            pushing_ = false;
            next_push_ += size;
            state_.done_bytes = next_push_;
            tell();
            push_ready();
            read_more();
          },
          [this](const caf::error& why) { fail_with(to_string(runtime::to_error(why))); });
}

void importer::finish() {
  request(worker_, hash_timeout, hash_finish{})
      .then([this](const hash_done& r) { name_all(*r.hashes); },
            [this](const caf::error& why) { fail_with(to_string(runtime::to_error(why))); });
}

void importer::name_all(const content_hashes& hashes) {
  std::vector<msg::name_record> records;
  bool wanted_named = false;
  for (const auto& n : ctx_.namings) {
    auto made = n.make(hashes, wanted_.title);
    if (!made) {
      fail_with(to_string(made.error()));
      return;
    }
    for (auto& record : *made) {
      if (record.name == wanted_.name) {
        wanted_named = true;
        std::vector<msg::name_record> one{std::move(record)};
        merge_records(one, {wanted_});
        records.push_back(std::move(one.front()));
      } else if (n.overlay != wanted_.name.overlay) {
        // A content that has a swarm in an overlay gets no second one there.
        records.push_back(std::move(record));
      }
    }
  }
  if (!wanted_named) {
    if (!proven(wanted_, hashes)) {
      fail_with("refuted: the bytes that came are not what " + describe(wanted_) + " names");
      return;
    }
    records.push_back(wanted_);
  }
  for (auto& r : records) {
    r.content_id = slice::copy_of(*hashes.content_id);
    r.evidence = std::max(r.evidence, msg::evidence::verified);
    r.permission = msg::permission::allowed;
  }
  request(ctx_.names, 30s, names_verify{records, slice::copy_of(*hashes.content_id)})
      .then(
          [this, records](names_group& g) {
            if (ctx_.handler) send(ctx_.handler, names_changed{records, true});
            state_.records = g.records.empty() ? records : std::move(g.records);
            state_.finished = true;
            tell();
          },
          [this](const caf::error& why) { fail_with(to_string(runtime::to_error(why))); });
}

void importer::fail_with(const std::string& text) {
  if (state_.finished) return;
  state_.failure = text;
  state_.finished = true;
  arrived_.clear();
  source_ = nullptr;
  tell();
}

void importer::tell() {
  const auto now = clock().now();
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    const bool news =
        state_.finished || state_.done_bytes >= at->after + tell_step || now >= at->until;
    if (!news) {
      ++at;
      continue;
    }
    at->promise.deliver(msg::import_progress_result{state_});
    at = waiters_.erase(at);
  }
}

} // namespace interswarm::bridge
