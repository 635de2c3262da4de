#pragma once

#include "actors/overlays/ed2k/client_connection.hpp"
#include "actors/overlays/ed2k/party.hpp"
#include "actors/overlays/ed2k/sent_ranges.hpp"
#include "actors/overlays/ed2k/upload_session.hpp"
#include "schema/ed2k/client_hello.hpp"

#include <deque>

namespace interswarm::ed2k {

class hub;
using session_id = std::uint64_t;

/// One client on one connection: the hellos, what it takes from us, and, where it is a source of a
/// download, what we take from it. Belongs to the hub.
class client_session final : public client_connection::owner {
public:
  client_session(hub& of, session_id id, kj::Own<kj::AsyncIoStream> stream, const endpoint& remote,
                 bool dialled);

  /// Right after a dial: what it was for.
  void for_slot(const md4_digest& file);
  void start();

  session_id id() const { return id_; }
  const endpoint& remote() const { return remote_; }
  bool greeted() const { return greeted_; }
  /// We connected to it, not it to us.
  bool dialled() const { return dialled_; }
  const hello& client() const { return client_; }
  /// Where the client listens: the address we see and the port it told; port 0 when it has a low
  /// id.
  endpoint contact() const;
  void send(bytes&& packets);
  void close(std::string_view why);
  bool closed() const { return connection_.closed(); }
  void tick(instant now);

  // What we take from the client. All downloads from it share the connection, since clients know
  // us by our user hash: with a second connection they close the first.

  /// Another download takes from it; its `session_ready` follows, at once or after the hellos.
  void take_from(const md4_digest& file, source_id source);
  /// That download has ended.
  void stop_taking(const md4_digest& file);
  std::size_t takings() const { return takings_.size(); }
  /// What was asked for over this connection.
  sent_ranges& sent() { return sent_; }
  /// Our place in the client's upload queue.
  enum class slot_state : std::uint8_t { none, asked, granted };
  slot_state slot() const { return slot_; }
  void slot_asked() { slot_ = slot_state::asked; }
  /// Whether the download of `file` may request blocks now; if not, its `session_turn` follows.
  bool take_turn(const md4_digest& file);

  // What the client takes from us.

  /// What a file could not answer before may be known now.
  void poke(const md4_digest& file);
  /// Clients take a part status unasked, and ask for a slot when it names what they lack.
  void tell_status(const md4_digest& file);
  /// The queue gave this client a slot for the file it waits for.
  void grant(upload_file& file);
  /// Whether it takes that file from us, or asked about it last.
  bool wants(const md4_digest& file) const;
  bool uploading() const { return upload_ != nullptr; }
  /// The file is no longer on offer.
  void withdraw(const md4_digest& file);

  bool on_frame(const frame& packet) override;
  void on_drained() override;
  void on_closed(std::string_view why) override;

private:
  struct prepared_block {
    std::uint64_t sequence = 0;
    byte_range range;
    std::optional<result<std::vector<slice>>> data;
  };

  struct taking {
    md4_digest file{};
    source_id source = 0;
  };

  /// What waits until the file can answer it.
  struct pending_question {
    enum class kind : std::uint8_t { inquiry, status, hash_set };
    kind what = kind::status;
    file_inquiry inquiry;
  };

  bool greet(const frame& packet);
  void take_hello(hello&& h);
  bool handle_edonkey(const frame& packet);
  bool handle_emule(const frame& packet);
  bool is_for_download(const frame& packet) const;
  bool give_to_downloads(const frame& packet);
  bool give_to_all(const frame& packet);
  bool keep_or_end(const md4_digest& file, bool keep);
  void pass_turn();
  bool turn_is_busy() const;
  const taking* find_taking(const md4_digest& file) const;
  upload_file* offered(const md4_digest& hash, bytes& out);
  bool answer_inquiry(const file_inquiry& q, bool multi);
  bool answer_status(const md4_digest& hash);
  bool answer_hash_set(const md4_digest& hash);
  bool answer_slot(const md4_digest& hash);
  bool answer_parts(const decoded<part_request>& request);
  bool answer_aich(byte_view payload);
  void answer_sources(const md4_digest& hash, std::uint8_t version, bool sx2);
  void answer_later(pending_question::kind what, file_inquiry inquiry);
  void send_rank(std::uint16_t rank);
  void end_upload(bool keep_place);
  void pump();
  void prepared(std::uint64_t sequence, result<std::vector<slice>> data);
  capabilities common() const;

  hub* hub_;
  session_id id_;
  endpoint remote_;
  bool dialled_;
  bool greeted_ = false;
  hello client_;
  client_connection connection_;
  instant opened_at_{};
  instant heard_at_{};
  instant kept_alive_at_{};

  // Uploads.
  std::optional<md4_digest> wanted_;
  std::vector<pending_question> pending_;
  std::optional<md4_digest> slot_for_;
  std::unique_ptr<upload_session> upload_;
  std::deque<prepared_block> prepared_;
  std::uint64_t next_sequence_ = 0;
  bool pumping_ = false;
  bool told_complete_ = false;

  // Downloads.
  std::vector<taking> takings_;
  sent_ranges sent_;
  slot_state slot_ = slot_state::none;
  std::optional<md4_digest> turn_;
  instant turn_since_{};
  std::deque<md4_digest> waiting_turns_;
};

} // namespace interswarm::ed2k
