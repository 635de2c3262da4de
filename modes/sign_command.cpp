#include "modes/command.hpp"
#include "modes/duration.hpp"
#include "modes/soa_config.hpp"
#include "schema/base/encoding.hpp"

#include <CLI/CLI.hpp>
#include <ctime>
#include <iostream>

namespace interswarm {

namespace {

struct sign_options {
  std::string content;
  std::string keys;
  std::string lifetime = "1h";
  std::string url;
};

result<void> run_sign(const sign_options& o) {
  const auto id = from_hex(o.content);
  if (!id || id->size() != 32)
    return fail(errc::configuration, "a content id of 64 hex digits is wanted");
  const auto lifetime = read_duration(o.lifetime);
  if (!lifetime) return tl::unexpected(lifetime.error());
  auto keys = read_url_keys(o.keys);
  if (!keys) return tl::unexpected(keys.error());
  const auto signer = http::url_signer::make(std::move(*keys));
  if (!signer) return tl::unexpected(signer.error());
  const auto name = to_hex(*id);
  const std::int64_t now = std::time(nullptr);
  const auto query = signer->sign(name, now + *lifetime, now);
  if (!query) return tl::unexpected(query.error());
  std::cout << o.url << "/content/" << name << "?" << *query << "\n";
  return {};
}

} // namespace

void add_sign_command(CLI::App& app, int& exit_code) {
  auto o = std::make_shared<sign_options>();
  auto* sub =
      app.add_subcommand("sign", "A URL that gives one content for a while, also a closed one");
  sub->add_option("CONTENT", o->content, "content id")->required();
  sub->add_option("--url-keys", o->keys, "the access nodes' file of keys: lines \"ID SECRET\"")
      ->required();
  sub->add_option("--for", o->lifetime, "how long it is good: 15m, 12h, at most 7d")
      ->capture_default_str();
  sub->add_option("--url", o->url, "what the access node is called: https://content.example.org");
  sub->callback([o, &exit_code] {
    if (auto done = run_sign(*o); !done) {
      std::cerr << "interswarm: " << to_string(done.error()) << "\n";
      exit_code = done.error().code == errc::configuration ? 2 : 1;
    }
  });
}

} // namespace interswarm
