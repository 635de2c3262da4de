#include "actors/storage/repairer.hpp"

#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "actors/runtime/reason.hpp"
#include "actors/storage/hands.hpp"
#include "actors/storage/repair_plan.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <deque>

namespace interswarm::storage {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;
constexpr auto chore_interval = 50 * kj::MILLISECONDS;
/// A pass that left something undone is repeated after so many looks, not at once: what cannot be
/// done must not keep the nodes busy.
constexpr int retry_looks = 10;
/// So many passes in vain over chunks that stay bad: nobody wants them, or no good copy is left.
constexpr int fruitless_passes = 3;
/// A little longer than the network takes to ask the nodes for their states.
constexpr auto measure_every = 3s;
constexpr std::size_t contents_at_once = 16;
constexpr std::size_t chunks_at_once = 512;

std::vector<slice> to_slices(const std::vector<chunk_name>& names) {
  std::vector<slice> out;
  out.reserve(names.size());
  for (const auto& n : names) out.push_back(slice::copy_of(n));
  return out;
}

chunk_name to_name(byte_view raw) {
  chunk_name out{};
  std::copy_n(raw.begin(), std::min(raw.size(), out.size()), out.begin());
  return out;
}

class repairer final : public runtime::loop_actor<msg::repair_actor> {
public:
  repairer(caf::actor_config& config, runtime::loop& home, msg::storage_network_actor network,
           wanted_list wanted, repairer_options options)
      : loop_actor(config, home), network_(std::move(network)), wanted_(std::move(wanted)),
        options_(options), pace_(options.pace) {}

  const char* name() const override { return "repairer"; }
  void on_exit() override {
    chores_.reset();
    pass_.reset();
    network_ = nullptr;
    wanted_ = nullptr;
  }

  behavior_type make_behavior() override {
    chores_ =
        runtime::on_loop<kj::Promise<void>>(home(), chores().eagerlyEvaluate([](kj::Exception&& e) {
          runtime::log().error("the repair stopped: {}", runtime::reason_of(e));
        }));
    return {
        [this](const msg::repair_state& /*ask*/) { return msg::repair_state_result{state_}; },
        [this](const msg::repair_run&) { asked_ = true; },
    };
  }

private:
  struct put_job {
    chunk_name name{};
    std::size_t to = 0;
    std::vector<std::size_t> spare;
  };
  /// One look at everything.
  struct pass {
    repair_plan plan{{}, 0};
    std::vector<msg::storage_node_actor> nodes;
    std::set<std::size_t> full;
    slice after;
    std::deque<kept_content> contents;
    std::uint64_t offset = 0;
    // The batch in work.
    std::vector<chunk_name> names;
    std::map<chunk_name, std::set<std::size_t>> good;
    std::size_t answers = 0;
    bool sure = true;
    std::deque<put_job> puts;
    std::size_t putting = 0;
  };
  using pass_ref = std::shared_ptr<pass>;

  kj::Promise<void> chores() {
    return home().timer().afterDelay(chore_interval).then([this] {
      const auto rate = static_cast<std::int64_t>(pace_.bytes_per_second());
      credit_ = std::min<std::int64_t>(credit_ + rate / 20, rate);
      const auto now = clock_now();
      if (pass_) {
        if (now - measured_at_ >= measure_every) measure(now);
        put_more(pass_);
      } else if (!looking_ && (asked_ || now - looked_at_ >= options_.look_every)) {
        looked_at_ = now;
        look();
      }
      return chores();
    });
  }

  /// Who else reads.
  void measure(instant now) {
    measured_at_ = now;
    request(network_, patience, msg::storage_network_members{})
        .then(
            [this](const msg::storage_network_members_result& found) {
              std::map<std::string, std::uint64_t> given;
              for (const auto& m : found.members) given[m.state.id] = m.state.given_bytes;
              pace_.heard(given, read_bytes_, clock_now());
            },
            [](const caf::error&) {});
  }

  void look() {
    looking_ = true;
    request(network_, patience, msg::storage_network_members{})
        .then(
            [this](const msg::storage_network_members_result& found) {
              looking_ = false;
              std::string signature;
              bool bad = false;
              for (const auto& m : found.members) {
                signature += m.state.id + (m.presence == msg::presence::here ? "+" : "-") +
                             (m.presence == msg::presence::gone ? "-" : "") +
                             std::to_string(m.state.bad_chunks) + "\n";
                bad = bad || m.state.bad_chunks > 0;
              }
              const bool due = clock_now() - passed_at_ >= options_.pass_every;
              const bool again = retry_at_ && clock_now() >= *retry_at_;
              // As much may be found bad during a pass as it heals, or just before the nodes were
              // asked for their states.
              const bool damaged = bad && fruitless_ < fruitless_passes;
              if (asked_ || due || again || damaged || signature != signature_)
                begin(found, signature);
            },
            [this](const caf::error& e) {
              looking_ = false;
              state_.note = runtime::to_error(e).text;
            });
  }

  void begin(const msg::storage_network_members_result& found, std::string signature) {
    asked_ = false;
    retry_at_.reset();
    if (signature != signature_) fruitless_ = 0;
    signature_ = std::move(signature);
    const auto passes = state_.passes;
    state_ = {};
    state_.passes = passes;
    state_.running = true;
    auto p = std::make_shared<pass>();
    std::vector<repair_member> members;
    for (const auto& m : found.members) {
      if (m.presence == msg::presence::gone) continue;
      const auto& s = m.state;
      members.push_back(
          {{s.id, s.domain.empty() ? "node " + s.id : s.domain, static_cast<double>(s.quota_bytes)},
           m.presence == msg::presence::here && m.node});
      p->nodes.push_back(m.node);
    }
    p->plan = repair_plan(std::move(members), found.copies);
    pass_ = p;
    next_contents(p);
  }

  void next_contents(const pass_ref& p) {
    wanted_(p->after, contents_at_once, [this, p](result<std::vector<kept_content>> found) {
      if (pass_ != p) return;
      if (!found) return end(p, found.error().text);
      if (found->empty()) return end(p, {});
      p->after = found->back().content_id;
      p->contents.assign(found->begin(), found->end());
      p->offset = 0;
      next_batch(p);
    });
  }

  void end(const pass_ref& p, const std::string& failure) {
    if (pass_ != p) return;
    pass_.reset();
    passed_at_ = clock_now();
    state_.running = false;
    ++state_.passes;
    if (!failure.empty()) state_.note = failure;
    fruitless_ = state_.made_copies > 0 ? 0 : fruitless_ + 1;
    if (state_.missing_copies > 0 || state_.lost_chunks > 0)
      runtime::log().info("repair: {} copies were missing, {} made, {} chunks lost",
                          state_.missing_copies, state_.made_copies, state_.lost_chunks);
    // What could not be done is tried again, and what was put lets extra copies go: only a pass
    // that misses nothing removes them.
    if (state_.missing_copies > 0) retry_at_ = clock_now() + retry_looks * options_.look_every;
  }

  void next_batch(const pass_ref& p) {
    while (!p->contents.empty()) {
      const auto& c = p->contents.front();
      const auto count = c.chunks.size() / 32;
      if (p->offset < count) break;
      ++state_.contents;
      p->contents.pop_front();
      p->offset = 0;
    }
    if (p->contents.empty()) return next_contents(p);
    const auto& c = p->contents.front();
    p->names.clear();
    p->good.clear();
    p->sure = true;
    for (; p->offset < c.chunks.size() / 32 && p->names.size() < chunks_at_once; ++p->offset) {
      p->names.push_back(to_name(c.chunks.view().subspan(p->offset * 32, 32)));
      p->good[p->names.back()];
    }
    state_.chunks += p->names.size();
    ask_all(p, c.content_id);
  }

  /// Who has what of the batch; those who should have it hold it for the content.
  void ask_all(const pass_ref& p, const slice& holder) {
    p->answers = 1;
    const auto answered = [this, p](bool well) {
      p->sure = p->sure && well;
      if (--p->answers == 0 && pass_ == p) give_orders(p);
    };
    for (std::size_t m = 0; m < p->plan.members(); ++m) {
      if (!p->plan.here(m)) continue;
      ++p->answers;
      request(p->nodes[m], patience, msg::storage_node_find{to_slices(p->names)})
          .then(
              [p, m, answered](const msg::storage_node_find_result& found) {
                for (const auto& c : found.chunks)
                  if (c.condition == msg::chunk_condition::good) p->good[to_name(c.name)].insert(m);
                answered(true);
              },
              [answered](const caf::error&) { answered(false); });
      const auto own = p->plan.at_home(p->names, m);
      if (own.empty()) continue;
      ++p->answers;
      request(p->nodes[m], patience, msg::storage_node_hold{to_slices(own), holder})
          .then([answered](const msg::storage_node_hold_result&) { answered(true); },
                [answered](const caf::error&) { answered(false); });
    }
    answered(true);
  }

  void give_orders(const pass_ref& p) {
    if (!p->sure) {
      // Somebody went, or was too busy, while it was asked.
      retry_at_ = clock_now() + retry_looks * options_.look_every;
      return end(p, "a storage node did not answer during the pass");
    }
    std::map<std::size_t, std::vector<chunk_name>> removals;
    for (const auto& name : p->names) {
      auto o = p->plan.of(name, p->good[name], p->full);
      if (o.lost) {
        ++state_.lost_chunks;
        state_.note = "no good copy of chunk " + to_hex(name);
      }
      state_.missing_copies += o.put.size();
      for (const auto to : o.put) p->puts.push_back({name, to, o.spare});
      for (const auto m : o.remove) removals[m].push_back(name);
    }
    for (auto& [m, names] : removals) {
      request(p->nodes[m], patience, msg::storage_node_remove{to_slices(names)})
          .then([this, count = names.size()] { state_.removed_copies += count; },
                // The next pass finds them again.
                [this](const caf::error& e) { state_.note = runtime::to_error(e).text; });
    }
    put_more(p);
  }

  void put_more(const pass_ref& p) {
    while (!p->puts.empty() && p->putting < options_.parallel && credit_ > 0) {
      auto job = std::move(p->puts.front());
      p->puts.pop_front();
      ++p->putting;
      credit_ -= static_cast<std::int64_t>(chunk_bytes);
      request(network_, patience, msg::storage_network_chunk{slice::copy_of(job.name)})
          .then(
              [this, p, job](const msg::storage_network_chunk_result& got) {
                read_bytes_ += got.data.size();
                if (pass_ == p) put(p, job, got.data);
              },
              [this, p](const caf::error& e) { put_done(p, runtime::to_error(e).text); });
    }
    const bool idle = p->putting == 0 && p->puts.empty() && p->answers == 0;
    if (idle && !p->names.empty()) {
      p->names.clear();
      next_batch(p);
    }
  }

  void put(const pass_ref& p, const put_job& job, const slice& data) {
    request(p->nodes[job.to], patience,
            msg::storage_node_put{slice::copy_of(job.name), data, p->contents.front().content_id})
        .then(
            [this, p, count = data.size()] {
              ++state_.made_copies;
              state_.moved_bytes += count;
              put_done(p, {});
            },
            [this, p, job, data](const caf::error& e) {
              if (pass_ != p) return;
              const auto why = runtime::to_error(e);
              if (why.code != errc::no_room) return put_done(p, why.text);
              p->full.insert(job.to);
              auto next = job;
              std::erase_if(next.spare, [&](auto m) { return p->full.contains(m); });
              if (next.spare.empty()) return put_done(p, why.text);
              next.to = next.spare.front();
              next.spare.erase(next.spare.begin());
              put(p, next, data);
            });
  }

  void put_done(const pass_ref& p, const std::string& failure) {
    if (!failure.empty()) state_.note = failure;
    --p->putting;
    if (pass_ == p) put_more(p);
  }

  msg::storage_network_actor network_;
  wanted_list wanted_;
  repairer_options options_;
  msg::repair_work state_;
  pass_ref pass_;
  std::string signature_;
  /// Passes one after the other that made nothing, with the same nodes and bad chunks.
  int fruitless_ = 0;
  bool looking_ = false;
  bool asked_ = false;
  instant looked_at_{};
  std::optional<instant> retry_at_;
  instant passed_at_ = clock_now();
  std::int64_t credit_ = 0;
  repair_pace pace_;
  instant measured_at_{};
  /// Since the start.
  std::uint64_t read_bytes_ = 0;
  runtime::on_loop<kj::Promise<void>> chores_;
};

} // namespace

msg::repair_actor spawn_repairer(runtime::loop& home, msg::storage_network_actor network,
                                 wanted_list wanted, repairer_options options) {
  return runtime::spawn_on<repairer>(home, std::move(network), std::move(wanted), options);
}

} // namespace interswarm::storage
