#pragma once

#include "actors/overlays/ppsp/instant.hpp"
#include "actors/overlays/ppsp/registrar_effect.hpp"

namespace interswarm::ppsp {

/// One swarm of a registrar: who wants what of it here, what the tracker holds of us, and what it
/// told.
struct registrar_entry {
  /// What the tracker holds of us; `unsure` after a lost answer.
  enum class standing : std::uint8_t { out, leech, seeder, unsure };

  struct finding {
    registrar_call call = 0;
    std::size_t want = 0;
    instant since{};
  };
  struct entering {
    registrar_call call = 0;
    bool seeder = false;
    instant since{};
  };

  /// Announces in force, by what they are.
  std::uint32_t seeders = 0;
  std::uint32_t leeches = 0;
  std::optional<instant> sought_until;
  std::vector<finding> finds;
  std::vector<entering> enters;

  standing at = standing::out;
  /// When the tracker last said or showed that it holds us there.
  instant checked{};
  /// Joined anew for a FIND that was refused to us as a member; one more is a refusal.
  bool rejoined = false;
  /// Not tried before, after refusals.
  instant retry_at{};
  std::uint32_t refusals = 0;
  std::optional<error> refusal;

  /// Of the last answer; `asked` is its time.
  std::vector<party_at_tracker> parties;
  std::uint32_t party_count = 0;
  bool told_as_seeder = false;
  std::optional<instant> asked;
  std::optional<std::uint32_t> interval_s;

  bool announced() const { return seeders + leeches > 0; }
  bool in() const { return at == standing::leech || at == standing::seeder; }
  bool sought(instant now) const { return sought_until && now < *sought_until; }
};

} // namespace interswarm::ppsp
