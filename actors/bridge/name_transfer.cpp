#include "actors/bridge/name_transfer.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "storage/database.hpp"
#include "storage/ledger.hpp"
#include "storage/name_table.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <chrono>

namespace interswarm::bridge {

namespace {

constexpr std::string_view content_overlay = "content";

struct books {
  std::unique_ptr<database> db;
  std::unique_ptr<name_table> names;
  std::unique_ptr<ledger> entries;
};

caf::error refuse(const error& e) { return runtime::make_caf_error(e); }

caf::result<names_group> group_of(name_table& names, const msg::name& name) {
  auto found = name.overlay == content_overlay ? names.by_content(name.key, runtime::unix_seconds())
                                               : names.names(name, runtime::unix_seconds());
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

class name_transfer final : public runtime::loop_actor<name_transfer_actor> {
public:
  name_transfer(caf::actor_config& cfg, runtime::loop& home, std::shared_ptr<books> kept)
      : loop_actor(cfg, home), kept_(std::move(kept)) {}
  ~name_transfer() noexcept override = default;

  behavior_type make_behavior() override;
  void on_exit() override { kept_.reset(); }
  const char* name() const override { return "name-transfer"; }

private:
  static caf::result<names_group> listed(result<std::vector<msg::name_record>> found) {
    if (found) return names_group{std::move(*found)};
    return refuse(found.error());
  }

  std::shared_ptr<books> kept_;
};

name_transfer::behavior_type name_transfer::make_behavior() {
  auto& names = *kept_->names;
  auto& entries = *kept_->entries;
  // An exit message overtakes what waits in the mailbox; no ledger entry may be lost to that.
  set_exit_handler([this](caf::exit_msg&) { send(this, books_closing{}); });
  return {
      [&names](const names_link& r) -> caf::result<names_group> {
        if (r.records.empty()) return refuse({errc::malformed, "no names to link"});
        if (auto ok = names.link(r.records); !ok) return refuse(ok.error());
        return group_of(names, r.records.front().name);
      },
      [&names](const names_of& r) { return group_of(names, r.name); },
      [&names](const names_all& r) {
        return listed(names.list(r.limit, 0, runtime::unix_seconds()));
      },
      [&names](const names_search& r) {
        return listed(names.search(r.words, r.limit, runtime::unix_seconds()));
      },
      [&names](const names_learn& r) -> caf::result<void> {
        if (auto ok = names.learn(r.record); !ok) return refuse(ok.error());
        return caf::unit;
      },
      [&names](const names_verify& r) { return verify(names, r); },
      [&names](const names_refute& r) -> caf::result<void> {
        if (auto ok = names.refute(r.first, r.second, runtime::unix_seconds()); !ok) {
          return refuse(ok.error());
        }
        return caf::unit;
      },
      [&entries](const ledger_enter& r) -> caf::result<void> {
        if (auto ok = entries.record(r.entries); !ok) {
          runtime::log().error("the ledger took no entry: {}", to_string(ok.error()));
          return refuse(ok.error());
        }
        return caf::unit;
      },
      [&entries](const ledger_since& r) -> caf::result<ledger_list> {
        auto found = entries.list(r.since_ms, r.limit);
        if (!found) return refuse(found.error());
        return ledger_list{std::move(*found)};
      },
      [&entries](const ledger_page_wanted& r) -> caf::result<ledger_list> {
        auto found = entries.page(r.since_ms, r.until_ms, r.after, r.limit);
        if (!found) return refuse(found.error());
        return ledger_list{std::move(found->entries), std::move(found->next)};
      },
      [this](books_closing) { quit(caf::exit_reason::user_shutdown); },
  };
}

} // namespace

result<name_transfer_actor> spawn_name_transfer(runtime::loop& home,
                                                const std::filesystem::path& file) {
  auto kept = std::make_shared<books>();
  auto db = database::open(file.string());
  if (!db) return tl::unexpected(db.error());
  kept->db = std::move(*db);
  auto names = name_table::open(*kept->db);
  if (!names) return tl::unexpected(names.error());
  kept->names = std::move(*names);
  kept->entries = std::make_unique<ledger>(*kept->db);
  return runtime::spawn_on<name_transfer>(home, std::move(kept));
}

} // namespace interswarm::bridge
