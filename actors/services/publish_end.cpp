#include "actors/services/publish_end.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "storage/chunk.hpp"

#include <algorithm>
#include <deque>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto desk_timeout = 60s;
constexpr auto network_timeout = 120s;
constexpr std::size_t names_at_once = 4096;

class publish_closer final : public runtime::loop_actor<caf::actor> {
public:
  publish_closer(caf::actor_config& config, runtime::loop& home, publish_context context,
                 publish_ending what, std::function<void(result<entered_publication>)> then)
      : loop_actor(config, home), ctx_(std::move(context)), what_(std::move(what)),
        then_(std::move(then)) {}

  const char* name() const override { return "publish-closer"; }
  void on_exit() override {
    ctx_ = {};
    then_ = nullptr;
  }
  caf::behavior make_behavior() override {
    const auto& h = *what_.hashes;
    what_.draft.content_id = slice::copy_of(*h.content_id);
    what_.draft.size = h.size;
    if (name_chunks(h.bep52_leaves) != what_.chunks) {
      // The two were made from the same bytes by different code.
      finish(fail(errc::internal, "the chunks stored are not the content that was hashed"));
    } else {
      ask_known();
    }
    return {[](caf::unit_t) {}};
  }

private:
  void ask_known() {
    request(ctx_.desk, desk_timeout,
            msg::catalogue_names{{std::string(stored_overlay), what_.draft.content_id}})
        .then(
            [this](const msg::catalogue_names_result& known) {
              auto made = make_names(ctx_.namings, *what_.hashes, what_.draft.title, known.records);
              if (!made) return finish(tl::unexpected(made.error()));
              records_ = std::move(*made);
              hold_more();
            },
            [this](const caf::error& e) { finish(tl::unexpected(runtime::to_error(e))); });
  }

  void hold_more() {
    if (held_ == what_.chunks.size()) return enter();
    msg::storage_network_hold ask;
    ask.holder = what_.draft.content_id;
    for (; held_ < what_.chunks.size() && ask.names.size() < names_at_once; held_ += 32)
      ask.names.push_back(slice::copy_of(byte_view(what_.chunks).subspan(held_, 32)));
    request(ctx_.network, network_timeout, std::move(ask))
        .then(
            [this](const msg::storage_network_hold_result& r) {
              missing_.assign(r.missing.begin(), r.missing.end());
              put_missing();
            },
            [this](const caf::error& e) { finish(tl::unexpected(runtime::to_error(e))); });
  }

  /// A node went since they were stored: they are read from another one's copy.
  void put_missing() {
    if (missing_.empty()) return hold_more();
    const auto name = missing_.front();
    missing_.pop_front();
    const auto failed = [this](const caf::error& e) {
      finish(tl::unexpected(runtime::to_error(e)));
    };
    request(ctx_.network, network_timeout, msg::storage_network_chunk{name})
        .then(
            [this, name, failed](const msg::storage_network_chunk_result& r) {
              request(ctx_.network, network_timeout,
                      msg::storage_network_put{name, r.data, what_.draft.content_id})
                  .then([this](const msg::storage_network_put_result&) { put_missing(); }, failed);
            },
            failed);
  }

  void enter() {
    request(ctx_.desk, desk_timeout,
            enter_publication{what_.draft, slice(bytes(what_.chunks)), records_})
        .then(
            [this](entered_publication& r) {
              for (const auto& id : r.orphans)
                caf::anon_send(ctx_.network, msg::storage_network_release{id});
              finish(std::move(r));
            },
            [this](const caf::error& e) { finish(tl::unexpected(runtime::to_error(e))); });
  }

  void finish(result<entered_publication> outcome) {
    if (!then_) return;
    const auto then = std::exchange(then_, nullptr);
    then(std::move(outcome));
    quit();
  }

  publish_context ctx_;
  publish_ending what_;
  std::function<void(result<entered_publication>)> then_;
  std::vector<msg::name_record> records_;
  std::size_t held_ = 0;
  std::deque<slice> missing_;
};

} // namespace

caf::actor end_publication(runtime::loop& home, publish_context context, publish_ending what,
                           std::function<void(result<entered_publication>)> then) {
  return runtime::spawn_on<publish_closer>(home, std::move(context), std::move(what),
                                           std::move(then));
}

result<std::vector<msg::name_record>> make_names(const std::vector<bridge::naming>& namings,
                                                 const content_hashes& hashes,
                                                 const std::string& title,
                                                 const std::vector<msg::name_record>& known) {
  std::vector<msg::name_record> out;
  for (const auto& n : namings) {
    // A content that has a swarm in an overlay gets no second one there.
    const bool named = std::any_of(known.begin(), known.end(), [&](const msg::name_record& r) {
      return r.name.overlay == n.overlay && r.evidence >= msg::evidence::verified;
    });
    if (named) continue;
    auto made = n.make(hashes, title);
    if (!made) return tl::unexpected(made.error());
    for (auto& r : *made) {
      r.content_id = slice::copy_of(*hashes.content_id);
      r.evidence = std::max(r.evidence, msg::evidence::verified);
      r.permission = msg::permission::allowed;
      out.push_back(std::move(r));
    }
  }
  return out;
}

} // namespace interswarm::services
