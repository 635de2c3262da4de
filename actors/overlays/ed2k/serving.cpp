#include "actors/overlays/ed2k/serving.hpp"

#include "actors/runtime/off_loop.hpp"
#include "actors/runtime/log.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ed2k/aich.hpp"

namespace interswarm::ed2k {

namespace {

constexpr std::uint32_t read_deadline_ms = 300'000;
constexpr int read_attempts = 3;
constexpr instant retry_delay = std::chrono::seconds(1);
/// How long a client's first question waits for a source that has not found its own parties yet.
/// A client that is told "nothing" comes again after 20 minutes; one that hears nothing for 40 s
/// goes.
constexpr instant availability_patience = std::chrono::seconds(25);
constexpr std::uint32_t availability_wait_ms = 2'000;
/// Nobody asked for so long: availability is no longer watched.
constexpr instant watch_while_asked = std::chrono::minutes(3);
/// Small units are worth their list up to this size; above it, parts do as well.
constexpr std::uint64_t largest_fine_unit = 2u << 20;

std::chrono::milliseconds request_timeout() {
  return std::chrono::milliseconds(read_deadline_ms + 5'000);
}

} // namespace

serving::serving(caf::actor_config& config, runtime::loop& at, std::weak_ptr<hub> of,
                 msg::name_record record, file_key key, msg::source_actor source)
    : loop_actor(config, at), hub_(std::move(of)), record_(std::move(record)), key_(key),
      source_(std::move(source)) {
  title_ = record_.title.empty() ? to_hex(key_.hash) : record_.title;
}

serving::behavior_type serving::make_behavior() {
  tasks_ = runtime::on_loop<kj::TaskSet>(home(), std::in_place, errors_);
  if (const auto h = hub_.lock()) {
    asked_at_ = h->now();
    h->offer(*this);
  }
  take_proofs();
  return {[this](const msg::serving_status&) { return msg::serving_status_result{state()}; }};
}

void serving::on_exit() {
  if (const auto h = hub_.lock()) h->withdraw(*this);
  tasks_.reset();
  reader_.reset();
  maker_.reset();
  source_ = nullptr;
}

msg::serving_state serving::state() const {
  msg::serving_state out;
  out.bytes_sent = sent_bytes_;
  out.completed = completed_;
  if (const auto h = hub_.lock()) {
    out.clients = static_cast<std::uint32_t>(h->clients_of(key_.hash));
    out.idle_ms = static_cast<std::uint64_t>((h->now() - asked_at_).count());
  }
  return out;
}

/// The hash set and finer lists out of the record; only what proves itself or was verified counts.
void serving::take_proofs() {
  const auto link = make_link(record_);
  if (link && link->aich) aich_root_ = link->aich;
  if (key_.size < part_bytes) {
    set_hash_set({key_.hash}, hash_variant::red);
  } else if (link && !link->part_hashes.empty()) {
    auto parts = link->part_hashes;
    if (const auto variant = match_part_hashes(parts, key_.size, key_.hash)) {
      parts.resize(part_count(key_.size));
      set_hash_set(std::move(parts), *variant);
    }
  }
  for (const auto& list : record_.hashes) {
    if (list.evidence < msg::evidence::verified || list.offset != 0 || list.end != key_.size)
      continue;
    if (!checked_hash_list::make(list)) continue;
    if (list.algorithm == msg::hash_algorithm::sha1 && list.unit == block_bytes &&
        list.period == part_bytes) {
      little_endian_reader in(list.hashes);
      aich_leaves_.clear();
      while (!in.done()) aich_leaves_.push_back(in.array<20>());
      aich_root_ = ed2k::aich_root(aich_leaves_, key_.size);
    }
    if (list.algorithm == msg::hash_algorithm::md4 || list.unit > largest_fine_unit) continue;
    // SHA-256 before SHA-1, and of two alike the finer one.
    const bool better =
        !fine_list_ || (list.algorithm == msg::hash_algorithm::bep52 &&
                        (fine_list_->algorithm != list.algorithm || list.unit < fine_list_->unit));
    if (better) fine_list_ = list;
  }
}

void serving::set_hash_set(std::vector<md4_digest> parts, hash_variant variant) {
  bytes digests;
  for (const auto& p : parts) append(digests, p);
  part_list_ = msg::hash_list{};
  part_list_->algorithm = msg::hash_algorithm::md4;
  part_list_->unit = part_bytes;
  part_list_->end = key_.size;
  part_list_->evidence = msg::evidence::structural;
  part_list_->hashes = slice(std::move(digests));
  const bool extra =
      variant == hash_variant::red && key_.size >= part_bytes && key_.size % part_bytes == 0;
  if (extra) parts.push_back(md4({}));
  if (key_.size < part_bytes) parts.clear();
  hash_set_ = std::move(parts);
}

verified_reader* serving::reader() {
  if (reader_) return reader_.get();
  const auto h = hub_.lock();
  const auto& list = fine_list_ ? fine_list_ : part_list_;
  if (!h || !list) return nullptr;
  auto checked = checked_hash_list::make(*list);
  if (!checked) return nullptr;
  reader_ = std::make_unique<verified_reader>(
      std::move(*checked), list->period, key_.size, h->pool(),
      verified_reader::hooks{[this](byte_range range, std::function<void(result<slice>)> then) {
                               read_source(range, true, read_attempts, std::move(then));
                             },
                             [this](byte_range range) { judge(range, msg::verdict::bad); },
                             [this](std::function<bool()> work, std::function<void(bool)> then) {
                               check(std::move(work), std::move(then));
                             }});
  return reader_.get();
}

void serving::judge(const byte_range& range, msg::verdict verdict) {
  request(source_, request_timeout(), msg::source_judge{{range.begin, range.end}, verdict})
      .then([] {}, [](const caf::error&) {});
}

void serving::sent(const byte_range& block) {
  sent_bytes_ += block.size();
  judge(block, msg::verdict::good);
}

void serving::check(std::function<bool()> work, std::function<void(bool)> then) {
  off_loop(home(), caf::strong_actor_ptr{ctrl()}, std::move(work), std::move(then));
}

void serving::read(const byte_range& range, blocks_callback then) {
  auto* r = refuted_ ? nullptr : reader();
  if (r == nullptr) return then(fail(errc::unavailable, "nothing to check the bytes by"));
  r->read(range, [this, then = std::move(then)](result<std::vector<slice>> data) {
    if (!data && data.error().code == errc::refuted) refute(data.error().text);
    then(std::move(data));
  });
}

void serving::prefetch(std::uint64_t part) {
  if (auto* r = refuted_ ? nullptr : reader()) r->prefetch(part * part_bytes);
}

void serving::asked() {
  if (const auto h = hub_.lock()) asked_at_ = h->now();
}

void serving::refute(std::string why) {
  if (refuted_) return;
  refuted_ = true;
  runtime::log().warn("ed2k: {} is not served: {}", to_hex(key_.hash), why);
  if (const auto h = hub_.lock()) {
    h->poke(key_.hash);
    h->withdraw(*this);
  }
}

void serving::read_source(byte_range range, bool urgent, int attempts_left,
                          std::function<void(result<slice>)> then) {
  msg::source_read ask;
  ask.range = {range.begin, range.end};
  ask.deadline_ms = read_deadline_ms;
  ask.urgent = urgent;
  const auto shared = std::make_shared<std::function<void(result<slice>)>>(std::move(then));
  request(source_, request_timeout(), ask)
      .then([shared](const msg::source_read_result& got) { (*shared)(got.data); },
            [this, range, urgent, attempts_left, shared](const caf::error& e) {
              const auto why = runtime::to_error(e);
              if (attempts_left <= 1 || why.code == errc::refuted)
                return (*shared)(tl::unexpected(why));
              later(retry_delay, [this, range, urgent, attempts_left, shared] {
                read_source(range, urgent, attempts_left - 1, std::move(*shared));
              });
            });
}

void serving::later(instant delay, std::function<void()> what) {
  tasks_->add(
      home().timer().afterDelay(delay.count() * kj::MILLISECONDS).then([what = std::move(what)] {
        what();
      }));
}

bool serving::ready() { return hash_set() != nullptr && !refuted_; }

const std::vector<md4_digest>* serving::hash_set() {
  if (part_list_) return &hash_set_;
  compute_hash_set();
  return nullptr;
}

void serving::compute_hash_set() {
  if (maker_ || refuted_) return;
  maker_ = std::make_unique<hash_set_maker>(
      key_.size,
      hash_set_maker::hooks{
          [this](byte_range range, std::function<void(result<slice>)> then) {
            read_source(range, false, read_attempts, std::move(then));
          },
          [this](std::vector<slice> pieces, std::function<void(md4_digest)> then) {
            off_loop(
                home(), caf::strong_actor_ptr{ctrl()},
                [pieces = std::move(pieces)] {
                  hasher all(hash_algorithm::md4);
                  for (const auto& p : pieces) all.update(p);
                  md4_digest out;
                  all.finish(out);
                  return out;
                },
                std::move(then));
          }},
      [this](result<std::vector<md4_digest>> parts) {
        // Not from within the maker, which goes away here.
        later(instant(0), [this, parts = std::move(parts)] { take_hash_set(parts); });
      });
  maker_->start();
}

void serving::take_hash_set(result<std::vector<md4_digest>> parts) {
  if (!parts) {
    runtime::log().warn("ed2k: no hash set of {}: {}", to_hex(key_.hash), parts.error().text);
    // The next question of a client begins anew, not at once.
    return later(retry_delay * 5, [this] { maker_.reset(); });
  }
  maker_.reset();
  const auto variant = match_part_hashes(*parts, key_.size, key_.hash);
  if (!variant) {
    judge({0, key_.size}, msg::verdict::bad);
    return refute("the source's bytes have another ed2k hash");
  }
  set_hash_set(std::move(*parts), *variant);
  if (const auto h = hub_.lock()) h->poke(key_.hash);
}

const std::optional<part_status>& serving::status() {
  if (!watching_) {
    watching_ = true;
    if (const auto h = hub_.lock()) watching_since_ = h->now();
    watch_availability(0, 0);
  }
  return status_;
}

void serving::watch_availability(std::uint64_t after, std::uint32_t wait_ms) {
  request(source_, std::chrono::milliseconds(wait_ms + 10'000), msg::source_have{after, wait_ms})
      .then([this](const msg::source_have_result& have) { take_availability(have); },
            [this](const caf::error&) {
              later(retry_delay, [this] {
                const auto h = hub_.lock();
                if (h && !status_ && h->now() - watching_since_ >= availability_patience)
                  take_availability({});
                watching_ = false;
                if (!status_) status();
              });
            });
}

void serving::take_availability(const msg::source_have_result& have) {
  const auto h = hub_.lock();
  if (!h) return;
  available_.clear();
  for (const auto& r : have.ranges) available_.add({r.begin, std::min(r.end, key_.size)});
  const bool complete = available_.contains({0, key_.size});
  // While a source is still finding its parties, a client is not told "nothing": it would stay away
  // for long.
  if (complete || status_ || !available_.empty() ||
      h->now() - watching_since_ >= availability_patience) {
    part_status s{complete, {}};
    for (std::uint64_t p = 0; !complete && p < wire_part_count(key_.size); ++p) {
      s.parts.push_back(available_.contains(part_range(key_.size, p)));
    }
    const bool first = !status_;
    const bool grown = !first && *status_ != s && !status_->complete;
    status_ = std::move(s);
    if (first) h->poke(key_.hash);
    if (grown) h->tell_status(key_.hash);
  }
  if (h->now() - asked_at_ >= watch_while_asked) {
    watching_ = false;
    status_.reset();
    return;
  }
  watch_availability(have.version, status_ ? availability_wait_ms * 5 : availability_wait_ms);
}

} // namespace interswarm::ed2k
