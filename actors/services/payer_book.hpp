#pragma once

#include "schema/base/bytes.hpp"
#include "schema/service.values.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace interswarm::services {

/// Whose publication lets everybody have the content, of several the first one's: its tenant pays
/// for what swarms take. Null where nobody publishes it. `all` as the catalogue gives it: the first
/// publication first.
const msg::publication* payer_of(const std::vector<msg::publication>& all);

/// Who pays for the contents that this node opened. From any thread.
class payer_book {
public:
  explicit payer_book(std::size_t max_contents = 65'536) : max_contents_(max_contents) {}

  /// A full book forgets some other content.
  void note(const slice& content_id, const std::string& tenant);
  /// Empty if it is not known.
  std::string of(const slice& content_id) const;

private:
  std::size_t max_contents_;
  mutable std::mutex mutex_;
  std::map<bytes, std::string> tenants_;
};

} // namespace interswarm::services
