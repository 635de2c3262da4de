#include "actors/overlays/ppsp/tracker.hpp"

#include "actors/overlays/ppsp/tracker_names.hpp"
#include "actors/overlays/ppsp/tracker_responder.hpp"
#include "actors/runtime/demand_board.hpp"
#include "actors/runtime/http_front.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/registration.hpp"

#include <chrono>
#include <fstream>
#include <iterator>
#include <random>

namespace interswarm::ppsp {

namespace {

constexpr auto tracker_tick = 50 * kj::MILLISECONDS;
constexpr std::size_t swept_a_tick = 1024;
constexpr std::size_t demands_a_turn = 256;
constexpr std::size_t most_scraped = 74;

/// A steady clock that starts at a minute or more.
std::uint64_t tracker_now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      60'000 + std::chrono::duration_cast<std::chrono::milliseconds>(since).count());
}

result<std::vector<bytes>> read_list(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return fail(errc::configuration, "tracker: list " + path + ": cannot be read");
  auto out = parse_swarm_list(text);
  if (!out) return fail(errc::configuration, "tracker: list " + path + ": " + out.error().text);
  return out;
}

msg::swarm_status tracker_status(const msg::name& name, const tracked_swarm& s) {
  return {name, s.sources, s.leechers, s.completed, s.known};
}

/// Where this node's peer is entered, and by how many: two names may have one swarm id.
struct own_swarms {
  std::shared_ptr<tracker_book> book;
  std::map<bytes, std::size_t> holders;

  void withdraw(const bytes& id) {
    const auto at = holders.find(id);
    if (at == holders.end() || --at->second > 0) return;
    holders.erase(at);
    book->withdraw_own(id);
  }
};

/// Our own tracker as an actor: HTTP and housekeeping are on its loop.
class tracker final : public runtime::loop_actor<msg::tracker_actor> {
public:
  using sockets = std::vector<runtime::listening_socket>;

  tracker(caf::actor_config& config, runtime::loop& at, std::shared_ptr<tracker_book> book,
          const tracker_options& options, std::shared_ptr<sockets> listen)
      : loop_actor(config, at), book_(std::move(book)), options_(options),
        listen_(std::move(listen)) {}

  const char* name() const override { return "ppsp-tracker"; }
  void on_exit() override {
    listeners_->clear();
    chores_.reset();
    http_.reset();
  }

  behavior_type make_behavior() override {
    start();
    return {[this](const msg::tracker_announce& x) { return announce(x); },
            [this](const msg::tracker_find& x) { return find(x); },
            [this](const msg::tracker_scrape& x) { return scrape(x); },
            [this](const msg::tracker_watch& x) -> caf::result<msg::tracker_watch_result> {
              auto watching = listeners_->watch(home(), x.listener);
              if (!watching) return runtime::make_caf_error(watching.error());
              return *watching;
            },
            [this](const msg::tracker_follow& x) -> caf::result<void> {
              names_.replace(x.names);
              return caf::unit;
            }};
  }

private:
  void start() {
    runtime::http_front_options o;
    o.connections = options_.connections;
    o.body_bytes = limits::tracker_request_bytes;
    const auto responder =
        std::make_shared<tracker_responder>(*book_, options_.responder, std::random_device{}());
    http_ = runtime::on_loop<kj::Own<runtime::http_front>>(
        home(),
        kj::heap<runtime::http_front>(
            home().timer(), o, [book = book_, responder](const runtime::http_question& asked) {
              tracker_responder::question q;
              q.method = asked.method_name;
              q.path = asked.url;
              q.content_type = asked.content_type;
              q.body = asked.body;
              q.from = asked.from;
              q.local = asked.local;
              q.forwarded_for = asked.forwarded_for;
              q.authorization = asked.authorization;
              auto a = responder->respond(q, tracker_now_ms());
              return runtime::http_answer{a.status, std::string(a.type), std::move(a.body)};
            }));
    for (auto& socket : *listen_)
      (*http_)->serve(home().io().lowLevelProvider->wrapListenSocketFd(kj::mv(socket.fd)));
    listen_.reset();
    chores_ =
        runtime::on_loop<kj::Promise<void>>(home(), chores().eagerlyEvaluate([](kj::Exception&& e) {
          runtime::log().error("ppsp tracker: housekeeping ended: {}", e.getDescription().cStr());
        }));
  }

  kj::Promise<void> chores() {
    return home().timer().afterDelay(tracker_tick).then([this] {
      book_->sweep(tracker_now_ms(), swept_a_tick);
      for (const auto& status : book_->take_demands(demands_a_turn)) {
        for (const auto& named : names_.of(status.id))
          listeners_->tell(*this, tracker_status(named, status));
      }
      return chores();
    });
  }

  caf::result<msg::tracker_announce_result> announce(const msg::tracker_announce& x) {
    const auto key = read_name(x.record.name);
    if (!key) return runtime::make_caf_error(key.error());
    if (x.record.permission == msg::permission::forbidden)
      return runtime::make_caf_error(errc::denied, "this content may not be announced");
    if (auto ok = book_->enter_own(key->id, x.left == 0); !ok)
      return runtime::make_caf_error(ok.error());
    ++own_->holders[key->id];
    return msg::tracker_announce_result{runtime::spawn_on<runtime::registration>(
        home(),
        [own = std::weak_ptr(own_), id = key->id] {
          const auto o = own.lock();
          const bool in = o && o->book->status(id).own;
          return msg::registration_check_result{in,
                                                in ? "entered at our own tracker" : "not entered"};
        },
        [own = std::weak_ptr(own_), at = home().weak_from_this(), id = key->id] {
          const auto there = at.lock();
          if (!there) return;
          there->post([own, id] {
            if (const auto o = own.lock()) o->withdraw(id);
          });
        })};
  }

  caf::result<msg::tracker_find_result> find(const msg::tracker_find& x) {
    const auto key = read_name(x.name);
    if (!key) return runtime::make_caf_error(key.error());
    std::vector<tracker_book::found_peer> peers;
    const auto status =
        book_->find(key->id, std::min(x.want, book_->options().max_want), random_(), peers);
    msg::tracker_find_result out;
    for (const auto& p : peers) {
      msg::peer_address one;
      one.endpoint.address = slice::copy_of(p.at.address.network_bytes());
      one.endpoint.port = p.at.port;
      one.id = slice::copy_of(as_bytes(p.peer_id));
      out.peers.push_back(std::move(one));
    }
    out.status = tracker_status(x.name, status);
    return out;
  }

  caf::result<msg::tracker_scrape_result> scrape(const msg::tracker_scrape& x) {
    if (x.names.size() > most_scraped)
      return runtime::make_caf_error(errc::too_large, "a scrape names at most 74 contents");
    msg::tracker_scrape_result out;
    for (const auto& one : x.names) {
      const auto key = read_name(one);
      if (!key) return runtime::make_caf_error(key.error());
      out.status.push_back(tracker_status(one, book_->status(key->id)));
    }
    return out;
  }

  std::shared_ptr<tracker_book> book_;
  tracker_options options_;
  std::shared_ptr<sockets> listen_;
  swarm_names names_;
  std::shared_ptr<own_swarms> own_ = std::make_shared<own_swarms>(own_swarms{book_, {}});
  std::shared_ptr<runtime::demand_board> listeners_ = std::make_shared<runtime::demand_board>();
  std::mt19937_64 random_{std::random_device{}()};
  runtime::on_loop<kj::Own<runtime::http_front>> http_;
  runtime::on_loop<kj::Promise<void>> chores_;
};

} // namespace

result<running_tracker> spawn_tracker(runtime::loop& home, const tracker_options& options,
                                      const own_party& own) {
  auto book_options = options.book;
  book_options.allow_list = book_options.allow_list || !options.allow_list_file.empty();
  std::random_device random;
  const auto word = [&] { return std::uint64_t{random()} << 32 | random(); };
  auto book = std::make_shared<tracker_book>(book_options, own, std::array{word(), word()});
  const auto listed = [](const std::string& file, auto take) -> result<void> {
    if (file.empty()) return {};
    const auto swarms = read_list(file);
    if (!swarms) return tl::unexpected(swarms.error());
    return take(*swarms);
  };
  if (auto ok =
          listed(options.allow_list_file, [&](const auto& s) { return book->set_allowed(s); });
      !ok)
    return tl::unexpected(ok.error());
  if (auto ok = listed(options.deny_list_file, [&](const auto& s) { return book->set_denied(s); });
      !ok)
    return tl::unexpected(ok.error());
  running_tracker out;
  auto sockets = std::make_shared<tracker::sockets>();
  for (const auto& at : options.listen) {
    auto socket = runtime::listen_tcp(at, "tracker");
    if (!socket)
      return fail(errc::configuration, socket.error().text + " (is another tracker running?)");
    out.http.push_back(socket->at);
    sockets->push_back(std::move(*socket));
  }
  out.actor = runtime::spawn_on<tracker>(home, std::move(book), options, std::move(sockets));
  return out;
}

} // namespace interswarm::ppsp
