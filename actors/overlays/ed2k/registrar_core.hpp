#pragma once

#include "actors/overlays/ed2k/registrar_effect.hpp"
#include "actors/overlays/ed2k/registrar_limits.hpp"
#include "actors/overlays/ed2k/registrar_options.hpp"
#include "actors/overlays/ed2k/server_budget.hpp"

#include <deque>
#include <random>
#include <unordered_set>

namespace interswarm::ed2k {

/// Everything a client of a foreign server decides: when to dial and log in again, what to offer,
/// when a file's sources may be asked for, whom to have call us back. A plain class: each call
/// takes the time and returns what to do.
class registrar_core {
public:
  /// `seed` spreads the back-off of many nodes.
  registrar_core(registrar_options options, std::uint32_t seed);

  registrar_effects start(instant now);
  registrar_effects connected(instant now);
  /// The connection could not be made, or ended.
  registrar_effects closed(const std::string& why, instant now);
  registrar_effects received(const server_answer& answer, instant now);
  /// Once a second or so.
  registrar_effects tick(instant now);

  /// Our peer has the file, or a part of it. Fails `denied` while the server refuses us,
  /// `too_large` above `limits::max_announced_files`.
  result<void> announce(const file_key& file, std::string_view name, bool complete);
  void withdraw(const file_key& file);
  /// The server was told of the file on this connection.
  bool offered(const file_key& file) const;

  /// Answers with `find_answered` or `call_failed` for `call`, now or in a later call's effects.
  /// Low-id sources are asked to call our peer, and left out when we have a low id ourselves.
  registrar_effects find(call_id call, const file_key& file, std::size_t want, instant now);
  /// Answers with `search_answered` or `call_failed`.
  registrar_effects search(call_id call, const search_query& query, instant now);
  /// Names whose sources are asked for now and then.
  void follow(const std::vector<file_key>& files);
  /// Sources the server last told; nothing when it was never asked.
  std::optional<std::uint32_t> known_sources(const file_key& file) const;

  bool online() const { return at_ == stage::online; }
  /// The id the server gave us; 0 without one.
  client_id id() const { return online() ? id_ : client_id{}; }
  /// One line for people: server, state, what is next.
  std::string status_line(instant now) const;

private:
  enum class stage : std::uint8_t { waiting, dialling, logging_in, online };

  struct announced {
    std::string name;
    bool complete = true;
    bool offered = false;
  };
  struct waiter {
    call_id call = 0;
    std::size_t want = 0;
    instant since{};
  };
  struct known_file {
    std::vector<source_entry> sources;
    std::optional<instant> asked;
    bool answered = false;
    bool queued = false;
    std::uint32_t empty_rounds = 0;
    std::vector<waiter> waiting;
  };
  struct waiting_search {
    call_id call = 0;
    search_expression expression;
    std::optional<instant> sent;
    std::vector<file_entry> files;
  };

  void wait(std::chrono::milliseconds time, std::string why, instant now, registrar_effects& out);
  void lose(const std::string& why, registrar_effects& out);
  void log_in(registrar_effects& out);
  void on_id(const id_change_answer& answer, instant now, registrar_effects& out);
  void on_sources(const source_list& found, instant now, registrar_effects& out);
  void on_results(const search_result_answer& answer, instant now, registrar_effects& out);
  void on_reject(instant now, registrar_effects& out);
  void offer_changes(instant now, registrar_effects& out);
  void ask(instant now, registrar_effects& out);
  bool may_ask(const known_file& f, instant now) const;
  void answer(const file_key& file, known_file& f, instant now, registrar_effects& out);
  void call_back(const std::vector<source_entry>& sources, instant now, registrar_effects& out);
  void next_search(instant now, registrar_effects& out);
  void send(server_request request, instant now, registrar_effects& out);
  known_file* remember(const file_key& file);
  std::string server_name() const;

  registrar_options options_;
  std::minstd_rand random_;
  stage at_ = stage::waiting;
  instant since_{};
  instant retry_at_{};
  std::chrono::milliseconds back_off_ = limits::first_back_off;
  std::string trouble_;
  bool refused_ = false;
  client_id id_;
  std::uint32_t flags_ = 0;
  std::string last_message_;

  std::unordered_map<file_key, announced> announced_;
  bool offers_changed_ = false;
  bool withdrawn_ = false;
  std::optional<instant> offered_at_;
  instant sent_at_{};

  std::unordered_map<file_key, known_file> files_;
  std::deque<file_key> ask_queue_;
  std::unordered_set<file_key> followed_;
  token_bucket asks_;
  std::size_t waiting_finds_ = 0;
  std::unordered_map<std::uint32_t, instant> called_;
  std::deque<waiting_search> searches_;
};

} // namespace interswarm::ed2k
