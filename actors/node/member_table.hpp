#pragma once

#include "schema/base/result.hpp"
#include "schema/cluster.values.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

namespace interswarm {

/// Who belongs to the cluster, as one member knows it from what the members tell each other. A
/// member counts as long as its `beat` is seen to grow.
class member_table {
public:
  using instant = std::chrono::steady_clock::time_point;
  struct timing {
    /// A member whose beat did not grow for so long is forgotten.
    std::chrono::milliseconds silence{30'000};
    /// A forgotten member is known to be so for this long.
    std::chrono::milliseconds memory{600'000};
    /// Another process with a member's id is refused while the member's beat grew so recently.
    std::chrono::milliseconds alive{6'000};
  };
  static constexpr std::size_t max_members = 1000;

  explicit member_table(msg::member own) : member_table(std::move(own), timing{}) {}
  member_table(msg::member own, timing t) : own_(std::move(own)), timing_(t) {}

  void beat() { ++own_.beat; }
  const msg::member& own() const { return own_; }
  void set_doors(std::vector<msg::door> doors) { own_.doors = std::move(doors); }

  /// What another member told, itself first. Fails `conflict` when another living process has its
  /// id, `malformed`, `too_large`.
  result<void> heard(const std::vector<msg::member>& told, instant now);
  /// Forgets the silent ones; gives their ids.
  std::vector<std::string> forget_silent(instant now);

  /// This process first.
  std::vector<msg::member> all() const;
  const msg::member* find(const std::string& id) const;
  /// The one who does what is to be done once in a cluster: the first id among the members with
  /// that role; empty without any.
  std::string leader(msg::role role) const;

private:
  struct entry {
    msg::member member;
    instant grew_at;
  };
  void take(const msg::member& m, instant now);
  /// Whether this is only what others still tell of one that was forgotten here.
  bool is_echo(const msg::member& m) const;

  msg::member own_;
  timing timing_;
  std::map<std::string, entry> others_;
  /// As they were when they were forgotten; without this they would come back from the tables of
  /// those who forget them a little later.
  std::map<std::string, entry> forgotten_;
};

bool has_role(const msg::member& m, msg::role role);

} // namespace interswarm
