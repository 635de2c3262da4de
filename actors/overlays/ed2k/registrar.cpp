#include "actors/overlays/ed2k/registrar.hpp"

#include "actors/overlays/ed2k/lease.hpp"
#include "actors/overlays/ed2k/registrar_hands.hpp"
#include "actors/runtime/on_loop.hpp"
#include "schema/base/encoding.hpp"
#include "schema/ed2k/client_hello.hpp"

#include <random>

namespace interswarm::ed2k {

namespace {

using hands_ptr = std::shared_ptr<registrar_hands>;

class registrar_actor final : public runtime::loop_actor<directory_actor> {
public:
  registrar_actor(caf::actor_config& config, runtime::loop& home, registrar_options options)
      : loop_actor(config, home), options_(std::move(options)) {}
  ~registrar_actor() noexcept override {}

  const char* name() const override { return "ed2k registrar"; }
  behavior_type make_behavior() override;
  /// On whichever thread let go last; that may be the sockets' own call that answered a request, so
  /// they go later.
  void on_exit() override {
    home().post([box = std::move(hands_)]() mutable { box.reset(); });
  }

private:
  caf::result<msg::tracker_announce_result> announce(const msg::tracker_announce& request);
  caf::result<msg::tracker_find_result> find(const msg::tracker_find& request);
  caf::result<msg::tracker_scrape_result> scrape(const msg::tracker_scrape& request);
  caf::result<msg::tracker_watch_result> watch(const msg::tracker_watch& request);
  caf::result<search_files_result> search(const search_files& request);
  msg::swarm_status status_of(const msg::name& name) const;

  registrar_options options_;
  runtime::on_loop<hands_ptr> hands_;
};

registrar_actor::behavior_type registrar_actor::make_behavior() {
  hands_ = runtime::on_loop<hands_ptr>(
      home(), std::make_shared<registrar_hands>(home().io().provider->getNetwork(), home().timer(),
                                                options_, std::random_device{}()));
  return {[this](const msg::tracker_announce& r) { return announce(r); },
          [this](const msg::tracker_find& r) { return find(r); },
          [this](const msg::tracker_scrape& r) { return scrape(r); },
          [this](const msg::tracker_watch& r) { return watch(r); },
          [this](const msg::tracker_follow& r) {
            std::vector<file_key> files;
            for (const auto& name : r.names) {
              if (const auto file = read_name(name)) files.push_back(*file);
            }
            (*hands_)->follow(files);
          },
          [this](const search_files& r) { return search(r); }};
}

caf::result<msg::tracker_announce_result>
registrar_actor::announce(const msg::tracker_announce& request) {
  if (request.record.permission == msg::permission::forbidden) {
    return runtime::make_caf_error(errc::denied,
                                   "ed2k registrar: this content may not be announced");
  }
  const auto file = read_name(request.record.name);
  if (!file) return runtime::make_caf_error(file.error());
  const auto link = make_link(request.record);
  const auto number =
      (*hands_)->announce(*file, link ? link->name : request.record.title, request.left == 0);
  if (!number) return runtime::make_caf_error(number.error());
  const std::weak_ptr<registrar_hands> weak = *hands_;
  auto check = [weak, at = *number] {
    msg::registration_check_result out;
    const auto hands = weak.lock();
    out.in_force = hands && hands->in_force(at);
    out.note = hands ? hands->status_line() : "the registrar has ended";
    return out;
  };
  auto end = [weak, at = *number] {
    if (const auto hands = weak.lock()) hands->withdraw(at);
  };
  return msg::tracker_announce_result{
      runtime::spawn_on<lease>(home(), std::move(check), std::move(end))};
}

msg::swarm_status registrar_actor::status_of(const msg::name& name) const {
  msg::swarm_status out;
  out.name = name;
  const auto file = read_name(name);
  const auto sources = file ? (*hands_)->core().known_sources(*file) : std::nullopt;
  out.known = sources && *sources > 0;
  out.sources = sources.value_or(0);
  return out;
}

caf::result<msg::tracker_find_result> registrar_actor::find(const msg::tracker_find& request) {
  const auto file = read_name(request.name);
  if (!file) return runtime::make_caf_error(file.error());
  auto answer = make_response_promise<msg::tracker_find_result>();
  (*hands_)->find(
      *file, request.want,
      [this, answer, name = request.name](result<std::vector<source_entry>> found) mutable {
        if (!found) {
          answer.deliver(runtime::make_caf_error(found.error()));
          return;
        }
        msg::tracker_find_result out;
        for (const auto& s : *found) {
          out.peers.push_back(peer_address_of(s.id, s.port, s.user_hash ? &*s.user_hash : nullptr));
        }
        out.status = status_of(name);
        answer.deliver(std::move(out));
      });
  return answer;
}

caf::result<msg::tracker_scrape_result>
registrar_actor::scrape(const msg::tracker_scrape& request) {
  if (request.names.size() > limits::max_scraped_names) {
    return runtime::make_caf_error(errc::too_large, "at most 74 names in one scrape");
  }
  msg::tracker_scrape_result out;
  for (const auto& name : request.names) out.status.push_back(status_of(name));
  return out;
}

caf::result<msg::tracker_watch_result> registrar_actor::watch(const msg::tracker_watch& request) {
  if (!request.listener)
    return runtime::make_caf_error(errc::malformed, "no listener to tell demand to");
  const std::weak_ptr<registrar_hands> weak = *hands_;
  auto check = [weak] {
    msg::registration_check_result out;
    const auto hands = weak.lock();
    out.in_force = hands && hands->core().online();
    out.note = hands ? hands->status_line() : "the registrar has ended";
    return out;
  };
  return msg::tracker_watch_result{
      runtime::spawn_on<lease>(home(), std::move(check), lease::end_function())};
}

caf::result<search_files_result> registrar_actor::search(const search_files& request) {
  search_query query;
  query.words = request.words;
  auto answer = make_response_promise<search_files_result>();
  (*hands_)->search(query,
                    [answer, limit = request.limit](result<std::vector<file_entry>> found) mutable {
                      if (!found) {
                        answer.deliver(runtime::make_caf_error(found.error()));
                        return;
                      }
                      answer.deliver(search_files_result{records_of(*found, limit)});
                    });
  return answer;
}

} // namespace

result<directory_actor> spawn_registrar(runtime::loop& home, registrar_options options) {
  if (options.host.empty() || options.host.size() > 255 || options.port == 0) {
    return fail(errc::configuration, "ed2k registrar: \"" + printable(options.host, 60) + ':' +
                                         std::to_string(options.port) +
                                         "\" is no server's host and port");
  }
  if (options.own.user_hash == md4_digest{} || options.own.address.port == 0) {
    return fail(errc::configuration, "ed2k registrar: needs our peer's user hash and port");
  }
  // As our peer's hello has it: the server compares.
  options.own.user_hash = mark_user_hash(options.own.user_hash);
  return runtime::spawn_on<registrar_actor>(home, std::move(options));
}

} // namespace interswarm::ed2k
