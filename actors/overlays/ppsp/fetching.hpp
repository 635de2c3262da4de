#pragma once

#include "actors/overlays/ppsp/fetching_swarm.hpp"
#include "actors/overlays/ppsp/hub.hpp"
#include "actors/overlays/ppsp/peer_options.hpp"
#include "actors/overlays/ppsp/read_ahead.hpp"
#include "actors/overlays/ppsp/swarm_finder.hpp"
#include "schema/ppsp/record.hpp"
#include "storage/block_file.hpp"

#include <caf/typed_response_promise.hpp>
#include <list>

namespace interswarm::ppsp {

/// A content source that takes one static content from its swarm: finds peers through the tracker,
/// the name's link and other peers, asks for what readers want first, keeps chunks on disk. Every
/// chunk is proved up to the swarm id before it counts. Ends with its last handle.
class fetching final : public runtime::loop_actor<msg::source_actor> {
public:
  /// On the loop's thread: the name is taken at once.
  fetching(caf::actor_config& config, runtime::loop& home, std::shared_ptr<hub> at,
           const peer_options& options, msg::name_record record, swarm_key key,
           msg::tracker_actor tracker);

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "ppsp-fetching"; }

private:
  /// The swarm at its place in the hub; all of it goes on the loop.
  struct place {
    place(std::shared_ptr<hub> h, bytes id)
        : port(std::move(h)), seat(*port, hub::role::takes, std::move(id)) {}
    ~place();

    std::shared_ptr<hub> port;
    hub::seat seat;
    std::unique_ptr<fetching_swarm> swarm;
  };
  template <class Result>
  struct waiter {
    std::uint64_t after = 0;
    instant until{};
    caf::typed_response_promise<Result> answer;
  };
  /// Of a read or a proof.
  template <class Result>
  struct pending {
    byte_range range;
    instant until{};
    caf::typed_response_promise<Result> answer;
  };
  struct task_errors final : kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };

  // fetching.cpp: what readers ask.
  caf::result<msg::source_info_result> info(const msg::source_info& ask);
  caf::result<msg::source_have_result> have(const msg::source_have& ask);
  caf::result<msg::source_read_result> read(const msg::source_read& ask);
  caf::result<msg::source_genuine_result> genuine(const msg::source_genuine& ask);
  /// The first question of any kind starts the search for peers; data is asked for only by reads.
  void prepare();
  result<void> open_file();
  bool too_many() const;
  bool beyond(const byte_range& range) const;
  void answer_ready();
  void answer_waiters();
  void fail_pending(const error& e);
  void give_up_late();
  msg::source_state state() const;
  msg::source_have_result available() const;

  // fetching_swarming.cpp: what comes of the swarm.
  void start_swarm();
  void took(std::uint64_t chunk, byte_view payload);
  void sized(std::uint64_t chunks);
  void prove_size(std::uint64_t size);
  void heard_of(const std::vector<endpoint>& peers);
  void want(const byte_range& range, chunk_picker::tier at);
  void want_ahead(const byte_range& range);
  void look();
  void look_for_hopelessness();
  chunk_range chunks_around(const byte_range& range) const;
  bool holds(const byte_range& range) const;
  bool holds_all() const { return size_ && holds({0, *size_}); }
  instant now() const { return place_->port->now(); }

  peer_options options_;
  msg::name_record record_;
  swarm_key key_;
  msg::tracker_actor tracker_;
  caf::actor finder_;
  block_file file_;
  bool file_open_ = false;
  std::optional<error> disk_failure_;
  /// Proved by the last chunk.
  std::optional<std::uint64_t> size_;
  read_ahead ahead_;
  std::list<pending<msg::source_read_result>> reads_;
  std::list<pending<msg::source_genuine_result>> proofs_;
  std::list<waiter<msg::source_info_result>> infos_;
  std::list<waiter<msg::source_have_result>> haves_;
  std::uint64_t version_ = 1;
  /// What the last version told, to see whether there is news.
  range_set told_;
  std::uint64_t told_held_ = 0;
  std::uint64_t received_ = 0;
  std::uint64_t bytes_per_second_ = 0;
  bool left_ = false;
  instant peerless_since_{};
  std::shared_ptr<fetching*> self_;
  task_errors errors_;
  runtime::on_loop<kj::TaskSet> tasks_;
  runtime::on_loop<place> place_;
};

} // namespace interswarm::ppsp
