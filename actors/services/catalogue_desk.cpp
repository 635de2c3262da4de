#include "actors/services/catalogue_desk.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "actors/services/account_reader.hpp"
#include "schema/base/encoding.hpp"
#include "schema/base/hash.hpp"
#include "storage/ledger.hpp"
#include "storage/name_table.hpp"
#include "storage/party_table.hpp"

#include <algorithm>
#include <list>
#include <openssl/rand.h>
#include <optional>
#include <set>

namespace interswarm::services {

namespace {

struct books {
  std::unique_ptr<database> db;
  std::unique_ptr<name_table> names;
  std::unique_ptr<catalogue> contents;
  std::unique_ptr<ledger> entries;
  std::unique_ptr<party_table> parties;
  std::unique_ptr<accounts> charged;
};

constexpr std::uint32_t max_wait_ms = 60'000;
constexpr std::size_t token_bytes = 32;
constexpr auto prune_every = std::chrono::hours(1);

bytes to_bytes(const slice& s) { return {s.view().begin(), s.view().end()}; }
caf::error refuse_entry(const error& e) { return runtime::make_caf_error(e); }

class catalogue_desk final : public runtime::loop_actor<catalogue_desk_actor> {
public:
  catalogue_desk(caf::actor_config& config, runtime::loop& home, std::shared_ptr<books> kept,
                 charging_options charging)
      : loop_actor(config, home), kept_(std::move(kept)), charging_(std::move(charging)) {
    // Another life of this node counts from elsewhere, so nobody takes its numbers for ours.
    version_ = static_cast<std::uint64_t>(runtime::unix_ms()) << 16;
  }
  ~catalogue_desk() noexcept override = default;

  const char* name() const override { return "catalogue-desk"; }
  void on_exit() override {
    waiting_.clear();
    kept_.reset();
  }
  behavior_type make_behavior() override;

private:
  struct waiter {
    std::uint64_t after = 0;
    caf::typed_response_promise<msg::catalogue_changed_result> promise;
  };

  caf::result<msg::catalogue_changed_result> changed(const msg::catalogue_changed& x);
  void note_change();
  caf::result<msg::catalogue_names_result> names(const msg::name& name);
  /// What everybody may have, newest first.
  caf::result<msg::catalogue_newest_result> newest(std::uint32_t limit);
  caf::result<msg::catalogue_content_result> content(const slice& id);
  caf::result<tenant_list> list(const msg::query& q, std::int64_t before, std::uint32_t limit);
  caf::result<entered_publication> enter(const enter_publication& x);
  result<void> verify(const std::vector<msg::name_record>& records, const slice& content_id);
  caf::result<unknown_contents> unknown(const find_unknown& x) const;
  caf::result<msg::catalogue_parties_result> parties() const;
  caf::result<msg::catalogue_add_party_result> add_party(const msg::party& p);
  msg::accounts_actor read_accounts(account_scope scope);
  caf::result<orphaned> dropped(result<std::vector<slice>> gone);
  void prune();

  std::shared_ptr<books> kept_;
  charging_options charging_;
  std::optional<std::chrono::steady_clock::time_point> pruned_at_;
  std::uint64_t version_ = 0;
  std::list<waiter> waiting_;
};

catalogue_desk::behavior_type catalogue_desk::make_behavior() {
  return {
      [this](const msg::catalogue_changed& x) { return changed(x); },
      [this](const msg::catalogue_names& x) { return names(x.name); },
      [this](const msg::catalogue_newest& x) { return newest(x.limit); },
      [this](const msg::catalogue_content& x) { return content(x.content_id); },
      [this](const msg::catalogue_search& x) -> caf::result<msg::catalogue_search_result> {
        auto found = kept_->contents->list(x.query, x.before, x.limit, runtime::unix_seconds());
        if (!found) return refuse_entry(found.error());
        return msg::catalogue_search_result{std::move(*found)};
      },
      [this](const msg::catalogue_account& x) -> caf::result<void> {
        if (auto ok = kept_->entries->record(x.entries); !ok) return refuse_entry(ok.error());
        return caf::unit;
      },
      [this](const msg::catalogue_deliver& x) -> caf::result<msg::catalogue_deliver_result> {
        if (auto ok = kept_->charged->served().record(x.deliveries); !ok)
          return refuse_entry(ok.error());
        return msg::catalogue_deliver_result{static_cast<std::uint32_t>(x.deliveries.size())};
      },
      [this](const msg::catalogue_accounts& x) {
        return msg::catalogue_accounts_result{read_accounts({x.tenant, {}})};
      },
      [this](const msg::catalogue_party_accounts& x)
          -> caf::result<msg::catalogue_party_accounts_result> {
        // Nobody's name would show everybody's accounts.
        if (x.party.empty())
          return runtime::make_caf_error(errc::malformed, "a party's name is wanted");
        return msg::catalogue_party_accounts_result{read_accounts({{}, x.party})};
      },
      [this](const msg::catalogue_party& x) -> caf::result<msg::catalogue_party_result> {
        auto found = kept_->parties->find_token(x.token_hash);
        if (!found) return refuse_entry(found.error());
        if (found->revoked) return runtime::make_caf_error(errc::denied, "this party was revoked");
        return msg::catalogue_party_result{std::move(*found)};
      },
      [this](const msg::catalogue_parties&) { return parties(); },
      [this](const msg::catalogue_add_party& x) { return add_party(x.party); },
      [this](const msg::catalogue_revoke_party& x) -> caf::result<void> {
        if (auto ok = kept_->parties->revoke(x.name); !ok) return refuse_entry(ok.error());
        // Access nodes look again at whom they let in.
        note_change();
        return caf::unit;
      },
      [this](const enter_publication& x) { return enter(x); },
      [this](const drop_publication& x) {
        return dropped(kept_->contents->withdraw(x.content_id, x.tenant, runtime::unix_seconds()));
      },
      [this](drop_expired) -> caf::result<orphaned> {
        prune();
        auto gone = kept_->contents->expire(runtime::unix_seconds());
        if (gone && gone->empty()) return orphaned{};
        return dropped(std::move(gone));
      },
      [this](const list_kept& x) -> caf::result<kept_list> {
        auto found = kept_->contents->wanted(x.after, x.limit);
        if (!found) return refuse_entry(found.error());
        return kept_list{std::move(*found)};
      },
      [this](const find_unknown& x) { return unknown(x); },
      [this](const list_tenant& x) { return list(x.query, x.before, x.limit); },
      [this](const tenant_usage_wanted& x) -> caf::result<tenant_usage> {
        auto found = kept_->contents->usage(x.tenant, runtime::unix_seconds());
        if (!found) return refuse_entry(found.error());
        return *found;
      },
  };
}

caf::result<msg::catalogue_changed_result>
catalogue_desk::changed(const msg::catalogue_changed& x) {
  if (x.after_version != version_) return msg::catalogue_changed_result{version_};
  auto promise = make_response_promise<msg::catalogue_changed_result>();
  waiting_.push_back({x.after_version, promise});
  home()
      .timer()
      .afterDelay(std::min(x.wait_ms, max_wait_ms) * kj::MILLISECONDS)
      .then([version = version_, promise]() mutable {
        if (promise.pending()) promise.deliver(msg::catalogue_changed_result{version});
      })
      .detach([](kj::Exception&&) {});
  return promise;
}

void catalogue_desk::note_change() {
  ++version_;
  for (auto& w : waiting_)
    if (w.promise.pending()) w.promise.deliver(msg::catalogue_changed_result{version_});
  waiting_.clear();
}

caf::result<msg::catalogue_names_result> catalogue_desk::names(const msg::name& name) {
  const auto now = runtime::unix_seconds();
  auto found = name.overlay == stored_overlay ? kept_->names->by_content(name.key, now)
                                              : kept_->names->names(name, now);
  if (!found && found.error().code != errc::not_found) return refuse_entry(found.error());
  msg::catalogue_names_result out;
  if (found) out.records = std::move(*found);
  auto id = name.overlay == stored_overlay ? name.key : slice{};
  for (const auto& r : out.records)
    if (r.content_id.size() == 32 && r.evidence >= msg::evidence::verified) id = r.content_id;
  if (id.size() != 32) return out;
  const auto kept = kept_->contents->find(id);
  if (!kept) {
    if (kept.error().code == errc::not_found) return out;
    return refuse_entry(kept.error());
  }
  const auto published = kept_->contents->publications(id, now);
  if (!published) return refuse_entry(published.error());
  const bool open = std::any_of(published->begin(), published->end(),
                                [](const msg::publication& p) { return p.open; });
  msg::name_record stored;
  stored.name = {std::string(stored_overlay), id};
  stored.size = kept->size;
  stored.content_id = id;
  stored.evidence = msg::evidence::structural;
  stored.permission = msg::permission::allowed;
  if (!published->empty()) stored.title = published->front().title;
  out.records.push_back(std::move(stored));
  // What not everybody may have is not given to swarms, where everybody is.
  if (!open)
    for (auto& r : out.records) r.permission = msg::permission::forbidden;
  return out;
}

caf::result<msg::catalogue_newest_result> catalogue_desk::newest(std::uint32_t limit) {
  limit = std::min(limit, max_newest);
  const auto now = runtime::unix_seconds();
  msg::catalogue_newest_result out;
  msg::query q;
  q.open_only = true;
  std::int64_t before = 0;
  std::set<bytes> seen; // several may publish one content
  while (out.records.size() < limit) {
    const auto some = kept_->contents->list(q, before, limits::listing, now);
    if (!some) return refuse_entry(some.error());
    std::vector<slice> fresh;
    for (const auto& p : *some)
      if (seen.insert(to_bytes(p.content_id)).second) fresh.push_back(p.content_id);
    auto names = kept_->names->by_contents(fresh, now);
    if (!names) return refuse_entry(names.error());
    for (auto& r : *names)
      if (out.records.size() < limit && r.evidence >= msg::evidence::verified)
        out.records.push_back(std::move(r));
    if (some->size() < limits::listing || seen.size() >= limit) break;
    before = some->back().id;
  }
  return out;
}

caf::result<msg::catalogue_content_result> catalogue_desk::content(const slice& id) {
  const auto kept = kept_->contents->find(id);
  if (!kept) return refuse_entry(kept.error());
  auto published = kept_->contents->publications(id, runtime::unix_seconds());
  if (!published) return refuse_entry(published.error());
  msg::catalogue_content_result out;
  out.content.record.name = {std::string(stored_overlay), id};
  out.content.record.size = kept->size;
  out.content.record.content_id = id;
  out.content.record.evidence = msg::evidence::structural;
  out.content.record.permission = msg::permission::allowed;
  out.content.chunks = kept->chunks;
  out.publications = std::move(*published);
  if (!out.publications.empty()) out.content.record.title = out.publications.front().title;
  return out;
}

caf::result<tenant_list> catalogue_desk::list(const msg::query& q, std::int64_t before,
                                              std::uint32_t limit) {
  auto found = kept_->contents->list(q, before, limit, runtime::unix_seconds());
  if (!found) return refuse_entry(found.error());
  return tenant_list{std::move(*found)};
}

result<void> catalogue_desk::verify(const std::vector<msg::name_record>& records,
                                    const slice& content_id) {
  std::vector<msg::name> keys;
  std::uint64_t size = 0;
  for (const auto& record : records) {
    // The equation comes with `verify`; the record brings only what it knows of its own name.
    auto known = record;
    known.evidence = msg::evidence::hint;
    known.content_id = {};
    if (auto learned = kept_->names->learn(known); !learned) return learned;
    keys.push_back(record.name);
    size = record.size;
  }
  return keys.empty() ? result<void>{} : kept_->names->verify(keys, content_id, size);
}

caf::result<entered_publication> catalogue_desk::enter(const enter_publication& x) {
  entered_publication out;
  // Names and publication together, or neither.
  const auto entered = kept_->db->batch([&]() -> result<void> {
    if (auto ok = verify(x.records, x.what.content_id); !ok) return ok;
    auto gone = kept_->contents->publish(x.what, x.chunks);
    if (!gone) return tl::unexpected(gone.error());
    out.orphans = std::move(*gone);
    return {};
  });
  if (!entered) return refuse_entry(entered.error());
  note_change();
  const auto published = kept_->contents->publications(x.what.content_id, runtime::unix_seconds());
  if (published) {
    for (const auto& p : *published)
      if (p.tenant == x.what.tenant) out.what = p;
  }
  if (auto all = kept_->names->by_content(x.what.content_id, runtime::unix_seconds()))
    out.records = std::move(*all);
  return out;
}

caf::result<unknown_contents> catalogue_desk::unknown(const find_unknown& x) const {
  unknown_contents out;
  for (const auto& id : x.content_ids) {
    const auto found = kept_->contents->find(id);
    if (found) continue;
    if (found.error().code != errc::not_found) return refuse_entry(found.error());
    out.content_ids.push_back(id);
  }
  return out;
}

caf::result<msg::catalogue_parties_result> catalogue_desk::parties() const {
  auto found = kept_->parties->list();
  if (!found) return refuse_entry(found.error());
  return msg::catalogue_parties_result{std::move(*found)};
}

caf::result<msg::catalogue_add_party_result> catalogue_desk::add_party(const msg::party& p) {
  bytes secret(token_bytes);
  if (RAND_bytes(secret.data(), static_cast<int>(secret.size())) != 1)
    return runtime::make_caf_error(errc::internal, "the system gives no random bytes");
  const auto token = to_hex(secret);
  auto entered = p;
  entered.revoked = false;
  entered.added_at = runtime::unix_seconds();
  if (auto ok = kept_->parties->add(entered, token_hash(token)); !ok)
    return refuse_entry(ok.error());
  // An old token of it is void now.
  note_change();
  return msg::catalogue_add_party_result{token};
}

msg::accounts_actor catalogue_desk::read_accounts(account_scope scope) {
  return spawn_account_reader(home(), std::shared_ptr<accounts>(kept_, kept_->charged.get()),
                              charging_, std::move(scope));
}

void catalogue_desk::prune() {
  const auto now = std::chrono::steady_clock::now();
  if (charging_.keep.count() == 0 || (pruned_at_ && now - *pruned_at_ < prune_every)) return;
  pruned_at_ = now;
  const auto before = runtime::unix_seconds() - charging_.keep.count();
  auto gone = kept_->charged->prune(before);
  const auto entries = kept_->entries->prune(before * 1000);
  if (gone && !entries) gone = entries;
  if (!gone) runtime::log().warn("old accounts were not removed: {}", to_string(gone.error()));
}

caf::result<orphaned> catalogue_desk::dropped(result<std::vector<slice>> gone) {
  if (!gone) return refuse_entry(gone.error());
  note_change();
  return orphaned{std::move(*gone)};
}

} // namespace

slice token_hash(std::string_view token) { return slice::copy_of(sha256(as_bytes(token))); }

result<catalogue_desk_actor> spawn_catalogue_desk(runtime::loop& home, const std::string& where,
                                                  charging_options charging) {
  auto kept = std::make_shared<books>();
  auto db = database::open(where);
  if (!db) return tl::unexpected(db.error());
  kept->db = std::move(*db);
  auto names = name_table::open(*kept->db, limits::published_names, name_table::titles::unindexed);
  if (!names) return tl::unexpected(names.error());
  kept->names = std::move(*names);
  kept->contents = std::make_unique<catalogue>(*kept->db);
  kept->entries = std::make_unique<ledger>(*kept->db);
  kept->parties = std::make_unique<party_table>(*kept->db);
  kept->charged = std::make_unique<accounts>(*kept->db);
  return runtime::spawn_on<catalogue_desk>(home, std::move(kept), std::move(charging));
}

} // namespace interswarm::services
