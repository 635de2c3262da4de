#include "actors/bridge/name_transfer.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "storage/database.hpp"
#include "storage/ledger.hpp"
#include "storage/name_table.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>

namespace interswarm::bridge {

namespace {

constexpr std::string_view content_overlay = "content";

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct books {
  std::unique_ptr<database> db;
  std::unique_ptr<name_table> names;
  std::unique_ptr<ledger> entries;
};

struct name_transfer_state {
  static inline const char* name = "name-transfer";
  std::shared_ptr<books> kept;
};

caf::error refuse(const error& e) { return runtime::make_caf_error(e); }

caf::result<names_group> group_of(name_table& names, const msg::name& name) {
  auto found = name.overlay == content_overlay ? names.by_content(name.key, unix_seconds())
                                               : names.names(name, unix_seconds());
  if (found) return names_group{std::move(*found)};
  if (found.error().code == errc::not_found) return names_group{};
  return refuse(found.error());
}

caf::result<names_group> verify(name_table& names, const names_verify& r) {
  std::vector<msg::name> keys;
  std::uint64_t size = 0;
  for (const auto& record : r.records) {
    // The equation comes with `verify`; the record brings only what it knows of its own name.
    auto known = record;
    known.evidence = msg::evidence::hint;
    known.content_id = {};
    if (auto learned = names.learn(known); !learned) return refuse(learned.error());
    keys.push_back(record.name);
    size = record.size;
  }
  if (keys.empty()) return refuse({errc::malformed, "no names to verify"});
  if (auto done = names.verify(keys, r.content_id, size); !done) return refuse(done.error());
  return group_of(names, keys.front());
}

name_transfer_actor::behavior_type
name_transfer(name_transfer_actor::stateful_pointer<name_transfer_state> self,
              std::shared_ptr<books> kept) {
  self->state.kept = std::move(kept);
  auto& names = *self->state.kept->names;
  auto& entries = *self->state.kept->entries;
  const auto listed = [](result<std::vector<msg::name_record>> found) -> caf::result<names_group> {
    if (found) return names_group{std::move(*found)};
    return refuse(found.error());
  };
  return {
      [&names](const names_link& r) -> caf::result<names_group> {
        if (auto done = names.link(r.records); !done) return refuse(done.error());
        return group_of(names, r.records.front().name);
      },
      [&names](const names_of& r) { return group_of(names, r.name); },
      [&names, listed](const names_all& r) {
        return listed(names.list(r.limit, 0, unix_seconds()));
      },
      [&names, listed](const names_search& r) {
        return listed(names.search(r.words, r.limit, unix_seconds()));
      },
      [&names](const names_learn& r) -> caf::result<void> {
        if (auto done = names.learn(r.record); !done) return refuse(done.error());
        return caf::unit;
      },
      [&names](const names_verify& r) { return verify(names, r); },
      [&names](const names_refute& r) -> caf::result<void> {
        if (auto done = names.refute(r.first, r.second, unix_seconds()); !done)
          return refuse(done.error());
        return caf::unit;
      },
      [&entries](const ledger_enter& r) -> caf::result<void> {
        if (auto done = entries.record(r.entries); !done) {
          runtime::log().error("the ledger took no entry: {}", to_string(done.error()));
          return refuse(done.error());
        }
        return caf::unit;
      },
      [&entries](const ledger_since& r) -> caf::result<ledger_list> {
        auto found = entries.list(r.since_ms, r.limit);
        if (!found) return refuse(found.error());
        return ledger_list{std::move(*found)};
      },
  };
}

} // namespace

result<name_transfer_actor> spawn_name_transfer(caf::actor_system& system,
                                                const std::filesystem::path& file) {
  auto kept = std::make_shared<books>();
  auto db = database::open(file.string());
  if (!db) return tl::unexpected(db.error());
  kept->db = std::move(*db);
  auto names = name_table::open(*kept->db);
  if (!names) return tl::unexpected(names.error());
  kept->names = std::move(*names);
  kept->entries = std::make_unique<ledger>(*kept->db);
  return system.spawn<caf::detached>(name_transfer, std::move(kept));
}

} // namespace interswarm::bridge
