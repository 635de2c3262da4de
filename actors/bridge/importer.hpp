#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/bridge/hash_worker.hpp"
#include "actors/bridge/naming.hpp"
#include "actors/runtime/loop_actor.hpp"

#include <map>

namespace interswarm::bridge {

struct import_tick {};
/// Asks for the size again.
struct import_retry {};
using importer_actor =
    msg::import_actor::extend<caf::reacts_to<import_tick>, caf::reacts_to<import_retry>>;

/// Fetches a content once from the overlay that knows it, computes every name in one pass and
/// publishes them. Lives while the client command that asked for it holds it.
class importer final : public runtime::loop_actor<importer_actor> {
public:
  struct context {
    handler_actor handler;
    name_transfer_actor names;
    std::vector<naming> namings;
  };

  importer(caf::actor_config& cfg, runtime::loop& home, context ctx, msg::name_record wanted);
  ~importer() noexcept override;

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "importer"; }

private:
  struct waiter {
    std::uint64_t after = 0;
    instant until;
    caf::typed_response_promise<msg::import_progress_result> promise;
  };

  void ask_size(std::uint64_t version);
  void merge_records_into_wanted(const msg::name_record& learned);
  void read_block(byte_range r);
  void start();
  void read_more();
  void push_ready();
  void finish();
  void name_all(const content_hashes& hashes);
  void fail_with(const std::string& text);
  void tell();

  context ctx_;
  msg::name_record wanted_;
  msg::source_actor source_;
  hash_worker_actor worker_;
  msg::import_state state_;
  std::vector<waiter> waiters_;
  instant give_up_{};
  std::uint64_t next_read_ = 0;
  std::uint64_t next_push_ = 0;
  std::size_t in_flight_ = 0;
  bool pushing_ = false;
  std::uint32_t failures_ = 0;
  std::map<std::uint64_t, slice> arrived_;
};

} // namespace interswarm::bridge

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::import_tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::bridge::import_retry)
