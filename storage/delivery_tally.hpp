#pragma once

#include "schema/base/bytes.hpp"
#include "schema/service.values.hpp"
#include "storage/limits.hpp"

#include <functional>
#include <map>
#include <tuple>
#include <vector>

namespace interswarm {

/// What one node's faces send, summed up for each hour, overlay, content, tenant and party. A count
/// has a receipt of its own and only grows, so that entering it again (a lost answer, a restart)
/// changes nothing; where a count was forgotten the next byte begins another one.
class delivery_tally {
public:
  /// `receipt` gives 16 random bytes.
  delivery_tally(std::string node, std::function<slice()> receipt,
                 std::size_t max_counts = limits::tallied_deliveries)
      : node_(std::move(node)), receipt_(std::move(receipt)), max_counts_(max_counts) {}

  /// Counts `what.bytes` under `what`'s overlay, content, tenant and party. False when there are
  /// too many counts that nobody has taken: nothing was counted.
  bool add(const msg::delivery& what, std::int64_t now_ms);

  /// The counts that changed since they were last taken, at most `limit`, as they stand. Forgets
  /// those of past hours that were taken before.
  std::vector<msg::delivery> take_changed(std::size_t limit, std::int64_t now_ms);
  /// These could not be entered: they are given again. Before the next `add`.
  void give_back(const std::vector<msg::delivery>& entries);

private:
  using key = std::tuple<std::int64_t, std::string, std::string, bytes, std::string>;
  struct count {
    msg::delivery entry;
    bool changed = false;
  };
  static key key_of(const msg::delivery& d);

  std::string node_;
  std::function<slice()> receipt_;
  std::size_t max_counts_;
  std::map<key, count> counts_;
};

} // namespace interswarm
