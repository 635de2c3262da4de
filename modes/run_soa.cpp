#include "modes/run_soa.hpp"

#include "actors/bridge/message_handler.hpp"
#include "actors/bridge/name_transfer.hpp"
#include "actors/bridge/status_manager.hpp"
#include "actors/node/control.hpp"
#include "actors/node/entrance.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/rpc_listener.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/access_service.hpp"
#include "actors/services/catalogue_desk.hpp"
#include "actors/services/http_shelf.hpp"
#include "actors/services/keeper.hpp"
#include "actors/services/stored_face.hpp"
#include "modes/chunks.hpp"
#include "modes/links.hpp"
#include "modes/name_argument.hpp"
#include "modes/naming.hpp"
#include "modes/node_parts.hpp"
#include "modes/origins.hpp"
#include "modes/own_member.hpp"
#include "modes/soa_config.hpp"
#include "schema/node.glue.hpp"
#include "storage/files.hpp"

#include <random>

namespace interswarm {

namespace {

/// A running node of a cluster: put together here, ended by its system in the opposite order.
class soa_node {
public:
  soa_node(node_settings s, soa_config soa, origins_config origins, const node_folder& folder,
           runtime::system& system)
      : settings_(std::move(s)), soa_(std::move(soa)), origins_(std::move(origins)),
        folder_(folder), system_(system) {}

  /// Gives what it listens on.
  result<std::vector<std::string>> start();

private:
  // The last loops: SQL blocks.
  runtime::loop& books_loop() { return system_.home(system_.loops() - 2); }
  runtime::loop& catalogue_loop() { return system_.home(system_.loops() - 1); }
  std::size_t io_loops() const { return system_.loops() - 2; }
  runtime::loop& home() { return system_.home(); }

  result<void> start_storage();
  result<void> start_catalogue();
  void start_network();
  result<void> start_overlays_here();
  result<void> start_library();
  void start_handler();
  result<void> start_http();
  result<void> join_cluster();
  result<void> start_service();
  void start_control();
  result<void> start_listener();
  std::string advertised() const;
  result<services::storage_service_context> service_context();

  node_settings settings_;
  soa_config soa_;
  origins_config origins_;
  const node_folder& folder_;
  runtime::system& system_;
  std::shared_ptr<std::atomic<bool>> leads_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<services::change_count> changes_ = std::make_shared<services::change_count>(0);
  std::shared_ptr<door_book> doors_ = std::make_shared<door_book>();
  started_overlays overlays_;
  std::vector<std::string> addresses_;
  msg::storage_node_actor storage_;
  msg::storage_network_actor network_;
  services::catalogue_desk_actor catalogue_;
  bridge::name_transfer_actor books_;
  services::library_actor shelf_;
  services::post_desk_actor post_;
  services::access_desk_actor access_;
  services::delivery_desk_actor deliveries_;
  std::shared_ptr<services::payer_book> payers_ = std::make_shared<services::payer_book>();
  bridge::handler_actor handler_;
  std::shared_ptr<services::publish_works> works_;
  msg::repair_actor repair_;
  cluster_desk_actor cluster_;
  msg::control_actor control_;
};

result<void> soa_node::start_storage() {
  auto chunks = open_chunks(soa_, folder_, settings_.node.domain);
  if (!chunks) return tl::unexpected(chunks.error());
  auto options = soa_.node;
  options.id = settings_.node.domain;
  storage_ = storage::spawn_storage_node(home(), std::move(chunks->store), std::move(options));
  system_.enlist(runtime::stage::storage, "storage node", storage_);
  addresses_.push_back("storage " + chunks->where);
  return {};
}

result<void> soa_node::start_catalogue() {
  const auto where =
      soa_.catalogue.empty() ? (folder_.path() / "catalogue.db").string() : soa_.catalogue;
  auto started = services::spawn_catalogue_desk(
      catalogue_loop(), where, {soa_.quotas, soa_.default_quota_bytes, soa_.keep_accounts});
  if (!started) return tl::unexpected(started.error());
  catalogue_ = std::move(*started);
  system_.enlist(runtime::stage::storage, "catalogue", catalogue_);
  return {};
}

void soa_node::start_network() {
  soa_.network.cache = std::make_shared<storage::chunk_cache>(soa_.network.cache_bytes);
  network_ = storage::spawn_storage_network(system_.home(1 % io_loops()), soa_.network);
  system_.enlist(runtime::stage::storage, "storage network", network_);
}

result<void> soa_node::start_overlays_here() {
  auto started = start_overlays(settings_.overlays, system_, io_loops(), folder_);
  if (!started) return tl::unexpected(started.error());
  overlays_ = std::move(*started);
  for (auto& a : overlays_.addresses) addresses_.push_back(a);
  return {};
}

result<void> soa_node::start_library() {
  const auto file = (folder_.path() / "interswarm.db").string();
  auto books = bridge::spawn_name_transfer(books_loop(), file);
  if (!books) return tl::unexpected(books.error());
  books_ = std::move(*books);
  system_.enlist(runtime::stage::storage, "books", books_);
  services::library_context ctx;
  ctx.books = books_;
  ctx.payers = payers_;
  ctx.network = network_;
  ctx.changes = changes_;
  // The handler comes after the library.
  const auto tell = [this](auto message) {
    if (handler_) caf::anon_send(handler_, std::move(message));
  };
  ctx.changed = [tell](const std::vector<msg::name_record>& records) {
    tell(bridge::names_changed{records, false});
  };
  ctx.withdrawn = [tell](const msg::name& name) { tell(bridge::name_withdrawn{name}); };
  shelf_ = runtime::spawn_on<services::library>(home(), std::move(ctx));
  system_.enlist(runtime::stage::sessions, "library", shelf_);
  if (soa_.access) {
    auto desk = services::spawn_delivery_desk(books_loop(), file, settings_.node.domain, shelf_);
    if (!desk) return tl::unexpected(desk.error());
    deliveries_ = std::move(*desk);
    system_.enlist(runtime::stage::storage, "delivery desk", deliveries_);
    post_ = services::spawn_post_desk(home(), shelf_);
    system_.enlist(runtime::stage::sessions, "post", post_);
    access_ = services::spawn_access_desk(home(), shelf_, post_, deliveries_);
    system_.enlist(runtime::stage::sessions, "access", access_);
  }
  start_handler();
  return {};
}

/// The same message handler as a bridge's: here the storage network is the overlay that gives, and
/// the others only take.
void soa_node::start_handler() {
  const auto& cfg = settings_.node;
  auto status = runtime::spawn_on<bridge::status_manager>(home(), cfg.domain, cfg.policy);
  bridge::message_handler::context ctx;
  ctx.domain = cfg.domain;
  ctx.rules = cfg.policy;
  ctx.names = shelf_;
  ctx.status = status;
  ctx.tenant_of = [payers = payers_](const msg::name& giver) {
    return giver.overlay == services::stored_overlay ? payers->of(giver.key) : std::string();
  };
  if (deliveries_)
    ctx.delivered = [desk = deliveries_](const msg::name& name, std::uint64_t bytes) {
      caf::anon_send(desk, services::delivered{name.overlay, name, {}, {}, bytes});
    };
  ctx.random_seed = std::random_device{}();
  ctx.random_seed = (ctx.random_seed << 32) ^ std::random_device{}();
  for (auto f : overlays_.faces) {
    if (!f.peer) continue;
    f.gives = false;
    // What is published is offered before anybody asks.
    f.standing = true;
    ctx.faces.push_back(std::move(f));
  }
  const auto stored = services::spawn_stored_face(home(), shelf_);
  bridge::face from;
  from.overlay = services::stored_overlay;
  from.tracker = stored.tracker;
  from.peer = stored.peer;
  ctx.faces.push_back(std::move(from));
  for (std::size_t i = 0; i < io_loops(); ++i) ctx.loops.push_back(&system_.home(i));
  handler_ = runtime::spawn_on<bridge::message_handler>(home(), std::move(ctx));
  system_.enlist(runtime::stage::sessions, "message handler", handler_);
  system_.enlist(runtime::stage::sessions, "status manager", status);
  system_.enlist(runtime::stage::sessions, "stored tracker", stored.tracker);
  system_.enlist(runtime::stage::sessions, "stored peer", stored.peer);
}

/// One door a loop, all at the same port.
result<void> soa_node::start_http() {
  if (soa_.http.listen.empty()) return {};
  auto options = soa_.http;
  if (!soa_.url_keys.empty()) {
    auto keys = read_url_keys(soa_.url_keys);
    if (!keys) return tl::unexpected(keys.error());
    options.url_keys = std::move(*keys);
  }
  options.share_port = true;
  for (std::size_t i = 0; i < io_loops(); ++i) {
    auto door = services::spawn_http_shelf(system_.home(i), shelf_,
                                           {options, settings_.node.domain,
                                            [](const std::string& text) { return names_in(text); },
                                            deliveries_, changes_, soa_.network.cache});
    if (!door) return fail(door.error().code, "[access] http: " + door.error().text);
    system_.enlist(runtime::stage::faces, "http door", door->handle);
    // A port that was taken by itself is the other doors', too.
    options.listen = door->listening;
  }
  const std::string scheme = options.tls ? "https://" : "http://";
  for (const auto& e : options.listen) {
    addresses_.push_back("http " + scheme + e.to_string());
    overlays_.doors.push_back(
        {"http", soa_.http_url.empty() ? scheme + e.to_string() : soa_.http_url, "content"});
    if (!soa_.http_url.empty()) break;
  }
  return {};
}

std::string soa_node::advertised() const {
  return soa_.advertise.empty() ? settings_.node.listen : soa_.advertise;
}

result<void> soa_node::join_cluster() {
  auto tls = identity_of(settings_.node);
  if (!tls) return tl::unexpected(tls.error());
  cluster_desk::context ctx;
  ctx.own = own_member(soa_, settings_.node.domain, advertised(), overlays_.doors);
  ctx.seeds = soa_.join;
  if (tls->has_value()) {
    for (const auto& s : soa_.join)
      if (s.id.empty())
        return fail(errc::configuration, "[cluster] join: with [node] keys a member's name is "
                                         "wanted, as in \"NAME@" +
                                             s.address + "\"");
  }
  ctx.tls = std::move(*tls);
  ctx.allow_plain = settings_.node.plain_tcp;
  ctx.storage = storage_;
  ctx.catalogue = catalogue_;
  ctx.network = network_;
  ctx.shelf = shelf_;
  ctx.post = post_;
  ctx.copies = static_cast<std::uint8_t>(soa_.network.copies);
  ctx.least_copies = static_cast<std::uint8_t>(soa_.network.least_copies);
  ctx.leads = leads_;
  ctx.doors = [book = doors_](std::vector<msg::door> doors) { book->set(std::move(doors)); };
  cluster_ = runtime::spawn_on<cluster_desk>(home(), std::move(ctx));
  system_.enlist(runtime::stage::intake, "cluster", cluster_);
  return {};
}

result<services::storage_service_context> soa_node::service_context() {
  services::storage_service_context out;
  out.publishing.desk = catalogue_;
  out.publishing.network = network_;
  out.publishing.namings = all_namings();
  out.publishing.links = [this](const std::vector<msg::name_record>& records,
                                const msg::publication& p) {
    return make_links(settings_.overlays, doors_->get(), records, p);
  };
  out.publishing.pool = std::make_shared<runtime::worker_pool>(2);
  out.quotas = soa_.quotas;
  out.default_quota = soa_.default_quota_bytes;
  auto options = origins_.options;
  options.seed = std::random_device{}();
  auto hub = origin::origin_hub::make(system_.home(1 % io_loops()), std::move(options));
  if (!hub) return fail(hub.error().code, "[origins] " + hub.error().text);
  use_origins(*hub, out);
  return out;
}

result<void> soa_node::start_service() {
  auto context = service_context();
  if (!context) return tl::unexpected(context.error());
  works_ = std::make_shared<services::publish_works>(std::move(*context));
  const auto leads = [flag = leads_] { return flag->load(); };
  auto keeper = services::spawn_keeper(home(), works_, leads);
  system_.enlist(runtime::stage::sessions, "keeper", keeper);
  repair_ = storage::spawn_repairer(
      home(), network_, services::wanted_contents(home(), catalogue_, leads), soa_.repair);
  system_.enlist(runtime::stage::sessions, "repair", repair_);
  return {};
}

void soa_node::start_control() {
  control::context ctx;
  ctx.handler = handler_;
  ctx.names = shelf_;
  ctx.stop = [this] { system_.request_stop(); };
  ctx.cluster = cluster_;
  ctx.network = network_;
  ctx.repair = repair_;
  ctx.shelf = shelf_;
  control_ = runtime::spawn_on<control>(home(), std::move(ctx));
  system_.enlist(runtime::stage::sessions, "control", control_);
}

result<void> soa_node::start_listener() {
  const auto& cfg = settings_.node;
  auto mine = identity_of(cfg);
  if (!mine) return tl::unexpected(mine.error());
  runtime::listen_options options;
  options.address = cfg.listen;
  options.tls = std::move(*mine);
  options.allow_plain = cfg.plain_tcp;
  entrance::context ctx;
  ctx.domain = cfg.domain;
  ctx.control = control_;
  ctx.operators = cfg.operators;
  ctx.cluster = cluster_;
  ctx.members = soa_.members;
  ctx.publishers = soa_.publishers;
  ctx.access = access_;
  if (works_)
    ctx.publishing = [this](const std::string& tenant) {
      return services::spawn_storage_service(home(), works_, tenant);
    };
  auto& at = home();
  auto listener = runtime::start_listener<msg::node_actor>(
      at, std::move(options), [ctx, &at](const runtime::peer_identity& peer) {
        return msg::node_actor(runtime::spawn_on<entrance>(at, ctx, peer));
      });
  if (!listener) return fail(listener.error().code, "[node] listen: " + listener.error().text);
  system_.enlist(runtime::stage::intake, "listener", listener->handle);
  addresses_.push_back("node " + cfg.listen);
  return {};
}

result<std::vector<std::string>> soa_node::start() {
  using step = result<void> (soa_node::*)();
  std::vector<step> steps;
  if (soa_.storage) steps.push_back(&soa_node::start_storage);
  if (soa_.service) steps.push_back(&soa_node::start_catalogue);
  const bool contents = soa_.service || soa_.access;
  if (contents) start_network();
  if (soa_.access) steps.push_back(&soa_node::start_overlays_here);
  if (contents) steps.push_back(&soa_node::start_library);
  if (soa_.access) steps.push_back(&soa_node::start_http);
  steps.push_back(&soa_node::join_cluster);
  if (soa_.service) steps.push_back(&soa_node::start_service);
  for (const auto s : steps)
    if (auto ok = (this->*s)(); !ok) return tl::unexpected(ok.error());
  start_control();
  if (auto ok = start_listener(); !ok) return tl::unexpected(ok.error());
  return addresses_;
}

} // namespace

int run_soa(const std::string& config_file, const std::vector<std::string>& join) {
  soa_config soa;
  origins_config origins;
  auto read = read_node_settings(config_file, [&](config_reader& r) {
    read_soa_config(r, soa);
    read_origins_config(r, origins);
  });
  if (!read) return report_failure(read.error());
  for (const auto& text : join) {
    auto seed = read_seed(text);
    if (!seed) return report_failure(seed.error());
    soa.join.push_back(std::move(*seed));
  }
  const auto cfg = read->node;
  const auto start = [&](runtime::system& system, const node_folder& folder,
                         std::shared_ptr<void>& parts) {
    const auto made = std::make_shared<soa_node>(std::move(*read), std::move(soa),
                                                 std::move(origins), folder, system);
    parts = made;
    return made->start();
  };
  return run_node(cfg, {"books", "catalogue"}, start);
}

} // namespace interswarm
