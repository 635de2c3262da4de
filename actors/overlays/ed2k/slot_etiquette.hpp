#pragma once

#include "actors/overlays/ed2k/instant.hpp"
#include "schema/base/hash.hpp"

#include <cstdint>
#include <map>

namespace interswarm::ed2k {

/// When a client may be asked for a slot, whatever the file. Keeps the account that aMule keeps of
/// each asker (CUpDownClient::CheckForAggressive): a question less than `limits::min_reask_time`
/// after the last adds three points, a later one takes one off, and ten mean a ban of two hours.
class slot_etiquette {
public:
  bool may_ask(const md4_digest& user, instant now) const;
  void asked(const md4_digest& user, instant now);
  /// When it may be asked again, if nothing is asked until then.
  instant next(const md4_digest& user, instant now) const;

private:
  struct account {
    instant at{};
    std::uint32_t points = 0;
  };

  std::map<md4_digest, account> accounts_;
};

} // namespace interswarm::ed2k
