#pragma once

#include "schema/base/result.hpp"
#include "storage/database.hpp"
#include "storage/limits.hpp"
#include "storage/values.hpp"

#include <memory>
#include <vector>

namespace interswarm {

/// All names known here, grouped by the content they are believed to be, with evidence, lease and
/// proof data. Every change is one transaction: it happened wholly or not at all, whenever the
/// process dies. `now` is Unix seconds. For one thread at a time, like the database it is given,
/// which must outlive it.
class name_table {
public:
  /// Whether the titles of what is learned are indexed for `search`: work and space for nothing
  /// where a catalogue is searched instead.
  enum class titles : bool { unindexed, indexed };

  static result<std::unique_ptr<name_table>>
  open(database& db, std::uint64_t max_names = limits::names, titles t = titles::indexed);
  ~name_table();

  /// Takes in what a record knows; new names get a group of their own unless their content id is
  /// known. Fails `conflict` when the size or a stronger equation is against it, `refuted` when its
  /// content is known to be another, `too_large` beyond a limit.
  result<void> learn(const msg::name_record& record);
  /// Learns all records and joins their names into one group: somebody declared that they are one
  /// content. All or nothing. Fails `conflict` when sizes or content ids differ, `refuted` when two
  /// of the joined names are known to differ.
  result<void> link(const std::vector<msg::name_record>& records);
  /// The bytes were hashed here and are this content under each of `names`, which must be known. A
  /// name that was only declared to be another content leaves that group. Fails `conflict` if it
  /// was proved to be another.
  result<void> verify(const std::vector<msg::name>& names, byte_view content_id,
                      std::uint64_t size);
  /// The bytes under both names differ: parts them and keeps them from being linked again. Fails
  /// `conflict` if both were proved to be one content, `not_found` if neither is known.
  result<void> refute(const msg::name& a, const msg::name& b, std::int64_t now);

  /// The record with its proof data. Fails `not_found`, as for a name whose lease is over.
  result<msg::name_record> find(const msg::name& name, std::int64_t now) const;
  /// Every name of the content that `name` is, that one first, with proof data. If one of them is
  /// forbidden all are. Then, as records of evidence `refuted` without proof data, the names that
  /// were found to be other contents.
  result<std::vector<msg::name_record>> names(const msg::name& name, std::int64_t now) const;
  result<std::vector<msg::name_record>> by_content(byte_view content_id, std::int64_t now) const;
  /// Names of these contents (at most `limits::listing` of them), newest first, without proof data.
  result<std::vector<msg::name_record>> by_contents(const std::vector<slice>& content_ids,
                                                    std::int64_t now) const;
  /// Names whose title has all words (the last one as a beginning), newest first, without proof
  /// data.
  result<std::vector<msg::name_record>> search(std::string_view words, std::size_t limit,
                                               std::int64_t now) const;
  /// Newest first, without proof data, `skip` of them left out.
  result<std::vector<msg::name_record>> list(std::size_t limit, std::size_t skip,
                                             std::int64_t now) const;
  result<bool> is_refuted(const msg::name& a, const msg::name& b) const;

  /// Sets the lease; 0 = never ends.
  result<void> renew(const msg::name& name, std::int64_t expires);
  /// Names whose lease ends after `now` and no later than `before`, the first to end first, without
  /// proof data.
  result<std::vector<msg::name_record>> lapsing(std::int64_t now, std::int64_t before,
                                                std::size_t limit) const;
  /// Forgets the names whose lease is over (at most `limits::listing` a call) and tells how many
  /// those were.
  result<std::size_t> expire(std::int64_t now);

private:
  struct state;
  explicit name_table(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace interswarm
