#include "modes/node_client.hpp"

#include "actors/node/entrance.hpp"
#include "actors/runtime/loop.hpp"
#include "actors/runtime/rpc_dialer.hpp"
#include "schema/node.glue.hpp"

#include <future>
#include <mutex>
#include <unistd.h>

namespace interswarm {

namespace {

using namespace std::chrono_literals;

constexpr auto connect_timeout = 10s;

/// The first news of the dialler, whichever it is.
class first_news {
public:
  void tell(result<msg::node_actor> news) {
    const std::lock_guard guard(mutex_);
    if (told_) return;
    told_ = true;
    promise_.set_value(std::move(news));
  }
  std::future<result<msg::node_actor>> future() { return promise_.get_future(); }

private:
  std::mutex mutex_;
  bool told_ = false;
  std::promise<result<msg::node_actor>> promise_;
};

} // namespace

node_client::node_client() {
  config_.set("scheduler.max-threads", std::size_t{1});
  system_ = std::make_unique<caf::actor_system>(config_);
  loop_ = runtime::loop::start(*system_, "client");
  self_.emplace(*system_);
}

node_client::~node_client() {
  control_ = msg::control_actor{};
  session_ = msg::session_actor{};
  node_ = msg::node_actor{};
  if (dialer_) caf::anon_send_exit(dialer_, caf::exit_reason::user_shutdown);
  dialer_ = nullptr;
  self_.reset();
  loop_->stop();
  // Proxies that wait for nothing any more must not hold up the process.
  system_->await_actors_before_shutdown(false);
}

result<std::unique_ptr<node_client>> node_client::connect(const node_address& where) {
  auto out = connect_as_guest(where);
  if (!out) return out;
  auto& client = **out;
  auto control = client.ask<msg::session_control_result>(client.session_, msg::session_control{});
  if (!control) return tl::unexpected(control.error());
  client.control_ = control->control;
  return out;
}

result<std::unique_ptr<node_client>> node_client::connect_as_guest(const node_address& where) {
  std::unique_ptr<node_client> out(new node_client);
  runtime::dial_options options;
  options.address = where.address;
  if (!where.keys.empty()) {
    if (where.expected_name.empty())
      return fail(errc::configuration,
                  "--keys needs --expect NAME, the name in the certificate of the "
                  "node at " +
                      where.address);
    auto identity = runtime::tls_identity::load(
        where.keys, where.key_name.empty() ? "operator" : where.key_name);
    if (!identity) return tl::unexpected(identity.error());
    options.tls = std::move(*identity);
    options.expected_name = where.expected_name;
  }
  auto news = std::make_shared<first_news>();
  auto arrived = news->future();
  auto dialer = runtime::start_dialer<msg::node_actor>(
      *out->loop_, std::move(options),
      [news](msg::node_actor node) { news->tell(std::move(node)); },
      [news](const error& why) { news->tell(tl::unexpected(why)); });
  if (!dialer) return tl::unexpected(dialer.error());
  out->dialer_ = std::move(*dialer);
  if (arrived.wait_for(connect_timeout) != std::future_status::ready) {
    return fail(errc::timed_out,
                "no node answers at " + where.address + " within 10 s; is it running?");
  }
  auto node = arrived.get();
  // OpenSSL's words end in what it minds: "… SSL routines::certificate verify failed".
  if (const auto text = node ? std::string() : node.error().text;
      text.find("SSL routines:") != text.npos)
    return fail(errc::denied, "no trust between us and the node at " + where.address + ": " +
                                  text.substr(text.rfind(':') + 1) +
                                  "; are --keys, --as and --expect right?");
  if (!node)
    return fail(node.error().code,
                "no node at " + where.address + ": " + node.error().text + "; is it running?");
  out->node_ = std::move(*node);
  const auto own = where.key_name.empty() ? "client-" + std::to_string(getpid()) : where.key_name;
  auto hello = out->ask<msg::node_hello_result>(out->node_, msg::node_hello{own, protocol_version});
  if (!hello) return tl::unexpected(hello.error());
  out->domain_ = hello->domain;
  out->session_ = hello->session;
  return out;
}

} // namespace interswarm
