#pragma once

#include "actors/overlays/ed2k/download_session.hpp"
#include "actors/overlays/ed2k/hub.hpp"
#include "actors/overlays/ed2k/part_blame.hpp"
#include "actors/overlays/ed2k/party.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/overlay.gen.hpp"
#include "storage/block_file.hpp"

#include <caf/typed_response_promise.hpp>
#include <list>

namespace interswarm::ed2k {

/// A content source that takes one file from ed2k clients: finds them through the tracker and
/// through each other, asks for what readers want first, keeps blocks on disk, checks parts. Ends
/// with its last handle.
class fetching final : public runtime::loop_actor<msg::source_actor>, public download_party {
public:
  fetching(caf::actor_config& config, runtime::loop& home, std::weak_ptr<hub> of,
           msg::name_record record, file_key key, msg::tracker_actor tracker);
  ~fetching() noexcept override;

  behavior_type make_behavior() override;
  const char* name() const override { return "ed2k-fetching"; }
  void on_exit() override;

  const md4_digest& hash() const override { return key_.hash; }
  std::optional<source_id> recognise(const md4_digest& user, client_id id,
                                     const endpoint& contact) const override;
  void session_ready(source_id source, client_session& session) override;
  bool session_frame(source_id source, client_session& session, const frame& packet) override;
  bool session_busy(source_id source) const override;
  void session_turn(source_id source) override { ask_blocks(source); }
  void session_closed(source_id source) override;
  void tick(instant now) override;

private:
  template <class Result>
  struct waiter {
    std::uint64_t after = 0;
    instant until{};
    caf::typed_response_promise<Result> answer;
  };
  struct pending_read {
    byte_range range;
    instant until{};
    caf::typed_response_promise<msg::source_read_result> answer;
  };
  struct pending_proof {
    byte_range range;
    instant until{};
    caf::typed_response_promise<msg::source_genuine_result> answer;
  };
  struct link {
    session_id session = 0;
    download_session talk;
    source_book::end so_far = source_book::end::useless;
  };
  struct awaited_recovery {
    bytes data;
    instant until{};
  };

  // fetching.cpp: what readers ask.
  caf::result<msg::source_info_result> info(const msg::source_info& ask);
  caf::result<msg::source_have_result> have(const msg::source_have& ask);
  caf::result<msg::source_read_result> read(const msg::source_read& ask);
  caf::result<void> judge(const msg::source_judge& ask);
  caf::result<msg::source_genuine_result> genuine(const msg::source_genuine& ask);
  result<void> prepare();
  void read_ahead(const byte_range& range);
  void answer_reads();
  void answer_proofs(std::uint64_t part, msg::verdict verdict);
  void fail_reads(const error& e);
  void answer_waiters(instant now);
  void changed() { ++version_; }
  msg::source_state state() const;
  std::vector<msg::range> available() const;
  instant now() const;

  // fetching_sources.cpp: whom it comes from.
  /// Somebody waits: what the last answer said may be old.
  void find_for_reader(instant at);
  void ask_when_due(instant at);
  void find(instant now);
  void take_found(const msg::tracker_find_result& found);
  void add_source(const endpoint& contact, client_id low);
  void dial_due(instant now);
  bool take_events(source_id source, client_session& session, download_events&& events);
  void take_block(source_id source, const byte_range& range, bytes&& data);
  void ask_blocks(source_id source);
  void ask_blocks_of_all();
  void look_for_hopelessness(instant now);
  void look_for_stuck(instant now);
  /// Gives slots back and lets go of the clients.
  void leave_all();
  void note(const client_session& session, std::string_view what) const;

  // fetching_parts.cpp: whether it is right.
  void check_part(std::uint64_t part);
  void part_checked(std::uint64_t part, const md4_digest& digest, bytes&& data);
  void part_failed(std::uint64_t part, const bytes& data, std::span<const sha1_digest> leaves);
  void take_recovery(const aich_recovery& recovery);
  void punish(const part_blame::finding& found);
  void take_hash_set(std::vector<md4_digest> parts);
  bool ask_recovery(std::uint64_t part, bytes&& data);
  bool part_verified(std::uint64_t part) const;

  std::weak_ptr<hub> hub_;
  msg::name_record record_;
  file_key key_;
  msg::tracker_actor tracker_;
  std::vector<md4_digest> part_hashes_;
  std::vector<sha1_digest> aich_leaves_;
  std::optional<sha1_digest> aich_root_;
  std::shared_ptr<block_file> spool_;
  block_scheduler schedule_;
  part_blame blame_;
  source_book book_;
  std::map<source_id, link> links_;
  range_set verified_;
  std::vector<bool> checking_;
  std::map<std::uint64_t, awaited_recovery> recoveries_;
  std::list<pending_read> reads_;
  std::list<pending_proof> proofs_;
  std::list<waiter<msg::source_info_result>> info_waiters_;
  std::list<waiter<msg::source_have_result>> have_waiters_;
  std::uint64_t version_ = 1;
  std::uint64_t received_bytes_ = 0;
  bool started_ = false;
  bool finding_ = false;
  bool ask_for_reader_ = false;
  std::size_t finds_ = 0;
  std::size_t found_peers_ = 0;
  instant started_at_{};
  instant find_at_{};
  instant find_interval_{};
  std::uint64_t last_read_end_ = 0;
  std::uint64_t ahead_bytes_ = 0;
};

} // namespace interswarm::ed2k
