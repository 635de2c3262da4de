#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "actors/services/origin/origin_source.hpp"
#include "actors/services/origin/transfer.hpp"

#include <map>
#include <variant>

namespace interswarm::origin {

/// The hands of a pull: answers reads from the window, keeps transfers going for what is missing.
class origin_source final : public runtime::loop_actor<msg::source_actor>, transfer_owner {
public:
  struct mirror {
    http_url url;
    std::vector<request_header> headers;
  };

  origin_source(caf::actor_config& config, runtime::loop& home, std::shared_ptr<origin_hub> hub,
                std::vector<mirror> mirrors, std::shared_ptr<pull_report> report);

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "origin-source"; }

private:
  struct waiter {
    std::uint64_t after = 0;
    instant until{};
    std::variant<caf::typed_response_promise<msg::source_info_result>,
                 caf::typed_response_promise<msg::source_have_result>>
        promise;
  };
  struct given {
    byte_range range;
    std::size_t mirror = 0;
  };
  /// What lives on the loop. Tasks use the rest and go first.
  struct loop_side final : kj::TaskSet::ErrorHandler {
    loop_side() : tasks(*this) {}
    void taskFailed(kj::Exception&& e) override;
    std::vector<kj::Own<transfer>> transfers;
    kj::TaskSet tasks;
  };

  caf::result<msg::source_info_result> info(const msg::source_info& x);
  caf::result<msg::source_have_result> have(const msg::source_have& x);
  caf::result<msg::source_read_result> read(const msg::source_read& x);
  void judged(const msg::source_judge& x);
  template <class Result>
  caf::result<Result> wait_for_news(std::uint64_t after, std::uint32_t wait_ms);
  result<msg::source_info_result> info_now(bool waited) const;
  msg::source_have_result have_now() const;
  void answer_waiters();
  void answer(waiter& w);

  verdict on_head(transfer& t, const response_head& head) override;
  void on_data(transfer& t, std::uint64_t at, const slice& data) override;
  bool wants_more(const transfer& t) override;
  void on_end(transfer& t, const transfer_end& end) override;

  kj::Promise<void> tick();
  void look_after_transfers();
  void pump();
  void pump_later();
  bool open(const byte_range& gap);
  std::vector<std::size_t> candidates(std::uint64_t from) const;
  bool make_place();
  void size_changed();
  void answer_reads();
  void expire();
  void fail_reads(const std::vector<pull_window::read_id>& ids, const error& why);
  void fail_all(error why);
  void note_giver(std::size_t m, const byte_range& r);
  void tell();
  std::vector<origin_board::number> servers_in_use() const;
  bool nobody_delivers() const;

  std::shared_ptr<origin_hub> hub_;
  std::vector<mirror> mirrors_;
  std::shared_ptr<pull_report> report_;
  mirror_set set_;
  pull_window window_;
  std::vector<origin_board::number> numbers_;
  std::map<pull_window::read_id, caf::typed_response_promise<msg::source_read_result>> reads_;
  std::vector<waiter> waiters_;
  std::vector<given> givers_;
  runtime::on_loop<loop_side> side_;
  std::optional<error> failed_;
  std::optional<std::uint64_t> told_size_;
  std::uint64_t version_ = 1;
  std::uint64_t received_ = 0;
  std::uint64_t told_received_ = 0;
  std::string told_mirrors_;
  std::uint64_t discarded_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t rate_ = 0;
  std::uint64_t rate_bytes_ = 0;
  instant rate_since_{};
  bool pump_due_ = false;
};

} // namespace interswarm::origin
