#pragma once

#include "actors/overlays/ed2k/hash_set_maker.hpp"
#include "actors/overlays/ed2k/hub.hpp"
#include "actors/overlays/ed2k/party.hpp"
#include "actors/overlays/ed2k/verified_reader.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/on_loop.hpp"
#include "schema/ed2k/record.hpp"
#include "schema/overlay.gen.hpp"
#include "storage/range_set.hpp"

namespace interswarm::ed2k {

/// One content on offer to ed2k clients: reads its source, checks every byte, answers the sessions
/// of the hub. Ends with its last handle.
class serving final : public runtime::loop_actor<msg::serving_actor>, public upload_file {
public:
  serving(caf::actor_config& config, runtime::loop& home, std::weak_ptr<hub> of,
          msg::name_record record, file_key key, msg::source_actor source);

  behavior_type make_behavior() override;
  const char* name() const override { return "ed2k-serving"; }
  void on_exit() override;

  const md4_digest& hash() const override { return key_.hash; }
  std::uint64_t size() const override { return key_.size; }
  const std::string& title() const override { return title_; }
  const std::optional<part_status>& status() override;
  const std::vector<md4_digest>* hash_set() override;
  const std::optional<sha1_digest>& aich_root() const override { return aich_root_; }
  const std::vector<sha1_digest>& aich_leaves() const override { return aich_leaves_; }
  bool ready() override;
  bool refuted() const override { return refuted_; }
  void read(const byte_range& range, blocks_callback done) override;
  void prefetch(std::uint64_t part) override;
  void asked() override;
  void sent(const byte_range& block) override;
  void client_completed() override { ++completed_; }

private:
  struct task_errors final : kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };

  void take_proofs();
  void choose_list();
  void compute_hash_set();
  void take_hash_set(result<std::vector<md4_digest>> parts);
  void set_hash_set(std::vector<md4_digest> parts, hash_variant variant);
  void refute(std::string why);
  void watch_availability(std::uint64_t after, std::uint32_t wait_ms);
  void take_availability(const msg::source_have_result& have);
  /// What our hashes said of the source's bytes; good ones are told when a client has them.
  void judge(const byte_range& range, msg::verdict verdict);
  void read_source(byte_range range, bool urgent, int attempts_left,
                   std::function<void(result<slice>)> done);
  void later(instant delay, std::function<void()> what);
  void check(std::function<bool()> work, std::function<void(bool)> done);
  verified_reader* reader();
  msg::serving_state state() const;

  std::weak_ptr<hub> hub_;
  msg::name_record record_;
  file_key key_;
  std::string title_;
  msg::source_actor source_;
  std::vector<md4_digest> hash_set_;
  std::optional<msg::hash_list> part_list_;
  std::optional<msg::hash_list> fine_list_;
  std::optional<sha1_digest> aich_root_;
  std::vector<sha1_digest> aich_leaves_;
  std::unique_ptr<verified_reader> reader_;
  std::unique_ptr<hash_set_maker> maker_;
  bool refuted_ = false;
  std::optional<part_status> status_;
  bool watching_ = false;
  instant watching_since_{};
  range_set available_;
  std::uint64_t sent_bytes_ = 0;
  std::uint32_t completed_ = 0;
  instant asked_at_{};
  task_errors errors_;
  runtime::on_loop<kj::TaskSet> tasks_;
};

} // namespace interswarm::ed2k
