#pragma once

#include "actors/bridge/contract.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/services/contract.hpp"
#include "actors/services/payer_book.hpp"
#include "schema/storage.gen.hpp"

#include <atomic>
#include <functional>
#include <map>

namespace interswarm::services {

/// Another service node's catalogue came within reach, or went.
struct catalogue_up {
  std::string member;
  msg::catalogue_actor catalogue;
};
struct catalogue_down {
  std::string member;
};
/// A published content, opened: one source for all who read it.
struct open_stored {
  slice content_id;
};
struct opened_stored {
  msg::source_actor source;
  msg::stored_content content;
  std::vector<msg::publication> publications;
};
/// `who` is told `parties_changed` whenever somebody's rights may have changed, while it lives.
struct watch_parties {
  caf::weak_actor_ptr who;
};
struct parties_changed {};
struct library_tick {};

/// An access node's way to what was published: names and contents come from whichever catalogue
/// answers, the ledger is kept in the node's own books and handed to the catalogue as well. To the
/// message handler it is the name transfer.
using library_actor = bridge::name_transfer_actor::extend<
    caf::reacts_to<catalogue_up>,                                               //
    caf::reacts_to<catalogue_down>,                                             //
    caf::replies_to<open_stored>::with<opened_stored>,                          //
    caf::replies_to<msg::catalogue_search>::with<msg::catalogue_search_result>, //
    caf::replies_to<msg::catalogue_party>::with<msg::catalogue_party_result>,
    caf::replies_to<msg::catalogue_parties>::with<msg::catalogue_parties_result>,
    caf::replies_to<msg::catalogue_add_party>::with<msg::catalogue_add_party_result>,
    caf::replies_to<msg::catalogue_revoke_party>::with<void>,
    caf::replies_to<msg::catalogue_deliver>::with<msg::catalogue_deliver_result>,
    caf::replies_to<msg::catalogue_accounts>::with<msg::catalogue_accounts_result>,
    caf::replies_to<msg::catalogue_party_accounts>::with<msg::catalogue_party_accounts_result>,
    caf::reacts_to<watch_parties>, caf::reacts_to<library_tick>>;

/// Grows whenever the catalogue may have changed: what was learned of it before is to be asked for
/// again.
using change_count = std::atomic<std::uint64_t>;

struct library_context {
  /// The node's own ledger.
  bridge::name_transfer_actor books;
  msg::storage_network_actor network;
  /// Told the names that are offered everywhere, when they may have changed.
  std::function<void(const std::vector<msg::name_record>&)> changed;
  /// Told a name whose content nobody publishes any more.
  std::function<void(const msg::name&)> withdrawn;
  /// Told who pays for each content that is opened; may be null.
  std::shared_ptr<payer_book> payers{};
  /// May be null. For others on this node who remember what they learned here.
  std::shared_ptr<change_count> changes{};
};

class library final : public runtime::loop_actor<library_actor> {
public:
  library(caf::actor_config& config, runtime::loop& home, library_context context);
  ~library() noexcept override;

  const char* name() const override { return "library"; }
  void on_exit() override;
  behavior_type make_behavior() override;

private:
  struct member {
    msg::catalogue_actor catalogue;
    std::uint64_t version = 0;
  };
  struct open_content {
    opened_stored opened;
    std::chrono::steady_clock::time_point used_at{};
  };

  /// Asks one catalogue after the other until one answers.
  template <class Result, class Question>
  void ask(Question question, std::function<void(result<Result>)> then, std::size_t tried = 0);
  template <class Answer, class Result, class Question>
  caf::result<Answer> ask_and_answer(Question question, std::function<Answer(Result&)> make);
  template <class Result, class Question>
  caf::result<Result> pass_on(Question question);
  void add(catalogue_up& x);
  caf::result<void> revoke(const msg::catalogue_revoke_party& x);
  void watch(const std::string& name);
  void tell_parties_changed();
  void list_anew();
  void request_list();
  void take_list(std::vector<msg::name_record> records);
  caf::result<opened_stored> open(const slice& content_id);
  void hand_over_ledger();
  void tick();

  library_context ctx_;
  std::map<std::string, member> members_;
  std::vector<caf::weak_actor_ptr> party_watchers_;
  /// The last list of open names, and when it was asked for.
  std::vector<msg::name_record> newest_;
  bool listing_ = false;
  bool again_ = false;
  std::chrono::steady_clock::time_point listed_at_{};
  std::map<bytes, open_content> open_;
  std::int64_t handed_over_ms_ = 0;
  bool handing_over_ = false;
};

} // namespace interswarm::services

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::catalogue_up)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::catalogue_down)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::open_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::opened_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::watch_parties)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::parties_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::services::library_tick)
