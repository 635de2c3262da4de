#pragma once

#include "actors/overlays/ed2k/download_block.hpp"
#include "actors/overlays/ed2k/instant.hpp"
#include "actors/overlays/ed2k/limits.hpp"
#include "actors/overlays/ed2k/sent_ranges.hpp"
#include "schema/ed2k/aich.hpp"
#include "schema/ed2k/client_exchange.hpp"
#include "schema/ed2k/client_file.hpp"
#include "schema/ed2k/client_transfer.hpp"

#include <deque>
#include <optional>
#include <variant>
#include <vector>

namespace interswarm::ed2k {

/// What a download wants of each of its sources.
struct download_goal {
  md4_digest hash{};
  std::uint64_t size = 0;
  bool need_hash_set = false;
  bool need_aich_root = false;
  bool want_sources = false;
  /// What we hold, for the part status that we tell.
  std::vector<bool> parts;
};

/// What a source said or did, for whoever runs the download.
namespace download_event {
struct named {
  std::string name;
};
struct status_known {
  part_status status;
};
struct hash_set_known {
  std::vector<md4_digest> parts;
};
struct aich_root_known {
  sha1_digest root;
};
struct recovery_known {
  aich_recovery recovery;
};
struct slot_granted {};
/// Waits in its queue; 0 when it did not say where.
struct queued {
  std::uint32_t rank = 0;
};
/// Some payload came; `count` new bytes.
struct progressed {
  std::uint64_t count = 0;
};
/// All of a requested block, or one run of a block that was asked in two.
struct block_received {
  byte_range range;
  bytes data;
};
/// The slot is gone; these blocks will not come.
struct slot_lost {
  std::vector<byte_range> blocks;
};
/// It does not have the file.
struct no_file {};
struct sources_known {
  std::vector<exchanged_source> sources;
};
} // namespace download_event

using download_events = std::vector<std::variant<
    download_event::named, download_event::status_known, download_event::hash_set_known,
    download_event::aich_root_known, download_event::recovery_known, download_event::slot_granted,
    download_event::queued, download_event::progressed, download_event::block_received,
    download_event::slot_lost, download_event::no_file, download_event::sources_known>>;

/// The conversation with one source about one file, from the first question to the last block.
/// Packets to send are appended to the caller's `out`; the caller owns time, socket and the choice
/// of blocks.
class download_session {
public:
  enum class phase : std::uint8_t { idle, inquiring, asked, queued, granted, over };

  download_session(download_goal goal, capabilities theirs)
      : goal_(std::move(goal)), theirs_(theirs) {}

  /// After the hellos: asks for name, status, hash set and so on. `ask_slot`: then also for a slot;
  /// false when it was asked less than `limits::min_reask_time` ago, or when the source dialled us
  /// to give one.
  void begin(bool ask_slot, bytes& out);
  /// A packet of this conversation. `drop`: the source broke the protocol; end the connection.
  /// Packets about other files or of other conversations are passed over.
  decoded<void> handle(const frame& packet, instant now, bytes& out, download_events& events);

  /// As the packet that grants a slot, where the client gave it to another download of ours.
  void granted(instant now, download_events& events);

  phase state() const { return phase_; }
  const std::optional<part_status>& status() const { return status_; }
  bool has_part(std::uint64_t part) const;
  /// Blocks that may be requested now.
  std::size_t room() const;
  /// Requests blocks; each at most 184,320 bytes within one part, at most `room()`. Where `sent`
  /// says so, a block is asked for, and comes, in two runs.
  void request(const std::vector<byte_range>& blocks, instant now, sent_ranges& sent, bytes& out);
  /// Blocks requested and not yet here.
  std::vector<byte_range> outstanding() const;
  /// Gives up one block (another source was faster); its data is passed over when it comes.
  void forget(const byte_range& block);
  /// No byte for `limits::stall_time` while blocks are outstanding.
  bool stalled(instant now) const;
  /// For how long blocks are outstanding without a byte of payload; 0 while none are.
  instant waited(instant now) const;
  /// Payload a second, measured over the last seconds.
  std::uint64_t bytes_per_second() const { return rate_; }
  /// Nothing more is wanted: gives the slot back.
  void finish(bytes& out);
  /// AICH recovery data of a bad part.
  void ask_recovery(std::uint16_t part, const sha1_digest& root, bytes& out) const;

private:
  decoded<void> handle_edonkey(const frame& packet, instant now, bytes& out,
                               download_events& events);
  decoded<void> handle_emule(const frame& packet, instant now, bytes& out, download_events& events);
  decoded<void> take_answer(const decoded<file_answer>& answer, bytes& out,
                            download_events& events);
  decoded<void> take_hash_set(byte_view payload, bytes& out, download_events& events);
  decoded<void> take_plain(byte_view payload, bool wide, instant now, download_events& events);
  decoded<void> take_compressed(byte_view payload, bool wide, instant now, download_events& events);
  decoded<void> took(decoded<std::uint64_t> count, std::deque<download_block>::iterator block,
                     instant now, download_events& events);
  void advance(bytes& out, download_events& events);
  void lose_slot(phase next, download_events& events);
  void measure(std::uint64_t count, instant now);
  std::uint8_t extended_request() const;

  download_goal goal_;
  capabilities theirs_;
  phase phase_ = phase::idle;
  bool ask_slot_ = false;
  bool named_ = false;
  bool hash_set_asked_ = false;
  std::optional<part_status> status_;
  std::deque<download_block> blocks_;
  instant progress_at_{};
  instant rate_from_{};
  std::uint64_t rate_bytes_ = 0;
  std::uint64_t rate_ = 0;
};

} // namespace interswarm::ed2k
