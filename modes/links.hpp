#pragma once

#include "modes/overlay.hpp"
#include "schema/service.values.hpp"

#include <mutex>

namespace interswarm {

/// Where the cluster's clients find its access nodes. Safe for several threads.
class door_book {
public:
  void set(std::vector<msg::door> doors);
  std::vector<msg::door> get() const;

private:
  mutable std::mutex mutex_;
  std::vector<msg::door> doors_;
};

/// `doors` with each unspecified address replaced by `host`.
std::vector<msg::door> reachable(std::vector<msg::door> doors, const std::string& host);

/// By what people hand the content on: a link for each name, and URLs at the HTTP doors. None for
/// one that is not open.
std::vector<msg::link> make_links(const std::vector<std::unique_ptr<overlay>>& overlays,
                                  const std::vector<msg::door>& doors,
                                  const std::vector<msg::name_record>& records,
                                  const msg::publication& publication);

} // namespace interswarm
