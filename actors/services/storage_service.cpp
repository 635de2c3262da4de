#include "actors/services/storage_service.hpp"

#include "actors/runtime/error.hpp"
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/promise.hpp"
#include "actors/runtime/wall_clock.hpp"
#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>

namespace interswarm::services {

namespace {

using namespace std::chrono_literals;

constexpr auto desk_timeout = 60s;

/// What a provider holds of its upload; the work itself outlives it.
class upload final : public runtime::loop_actor<msg::upload_actor> {
public:
  upload(caf::actor_config& config, runtime::loop& home, publish_work_actor work, slice id,
         std::shared_ptr<publish_works> works, std::string tenant)
      : loop_actor(config, home), work_(std::move(work)), id_(std::move(id)),
        works_(std::move(works)), tenant_(std::move(tenant)) {}

  const char* name() const override { return "upload"; }
  void on_exit() override {
    touch();
    work_ = nullptr;
    works_ = nullptr;
  }
  behavior_type make_behavior() override {
    return {
        [this](msg::upload_put& x) -> caf::result<void> {
          touch();
          return delegate(work_, take_block{x.offset, std::move(x.data)});
        },
        [this](const msg::upload_finish& x) -> caf::result<void> {
          return delegate(work_, take_end{x.size});
        },
        [this](const msg::upload_publishing&) {
          return msg::upload_publishing_result{caf::actor_cast<msg::publishing_actor>(work_), id_};
        },
    };
  }

private:
  void touch() {
    if (!works_) return;
    if (auto* e = works_->find(id_, tenant_)) e->touched = std::chrono::steady_clock::now();
  }

  publish_work_actor work_;
  slice id_;
  std::shared_ptr<publish_works> works_;
  std::string tenant_;
};

class storage_service final : public runtime::loop_actor<msg::storage_service_actor> {
public:
  storage_service(caf::actor_config& config, runtime::loop& home,
                  std::shared_ptr<publish_works> works, std::string tenant)
      : loop_actor(config, home), works_(std::move(works)), tenant_(std::move(tenant)) {}

  const char* name() const override { return "storage-service"; }
  void on_exit() override { works_ = nullptr; }
  behavior_type make_behavior() override {
    return {
        [this](msg::storage_service_publish& x) { return publish(x); },
        [this](const msg::storage_service_resume& x) { return resume(x.id); },
        [this](msg::storage_service_pull& x) { return pull(x); },
        [this](const msg::storage_service_withdraw& x) { return withdraw(x.content_id); },
        [this](msg::storage_service_list& x) { return list(x); },
        [this](const msg::storage_service_links& x) { return links(x.content_id); },
        [this](const msg::storage_service_origins&) { return origins(); },
        [this](const msg::storage_service_usage&) { return usage(); },
        [this](const msg::storage_service_accounts&) { return own_accounts(); },
    };
  }

private:
  const publish_context& publishing() const { return works_->context().publishing; }
  std::uint64_t quota() const {
    const auto& c = works_->context();
    const auto own = c.quotas.find(tenant_);
    return own == c.quotas.end() ? c.default_quota : own->second;
  }

  /// Checked before anything is sent: what the catalogue would refuse at the end.
  result<void> check(const msg::publication& draft) const {
    std::size_t texts = 0;
    for (const auto& p : draft.properties) texts += p.key.size() + p.value.size() + 2;
    const bool fits = draft.title.size() <= limits::title_bytes &&
                      draft.media_type.size() <= limits::media_type_bytes &&
                      draft.series.size() <= limits::title_bytes && texts <= limits::property_bytes;
    if (!fits) return fail(errc::too_large, "a title, media type or properties that are too long");
    const auto clean = [](const std::string& text) { return printable(text, text.size()) == text; };
    const bool printables =
        clean(draft.title) && clean(draft.media_type) && clean(draft.series) &&
        std::all_of(draft.properties.begin(), draft.properties.end(), [&](const auto& p) {
          return !p.key.empty() && p.key.find('=') == std::string::npos && clean(p.key) &&
                 clean(p.value);
        });
    if (!printables)
      return fail(errc::malformed, "title, media type and properties must be printable text, "
                                   "property names without '='");
    if (draft.expires != 0 && draft.expires <= runtime::unix_seconds())
      return fail(errc::malformed, "the publication would have expired already");
    return {};
  }

  msg::publication own(msg::publication draft) const {
    draft.id = 0;
    draft.content_id = {};
    draft.tenant = tenant_;
    return draft;
  }

  using publish_promise = caf::typed_response_promise<msg::storage_service_publish_result>;

  caf::result<msg::storage_service_publish_result> publish(msg::storage_service_publish& x) {
    if (auto ok = check(x.draft); !ok) return runtime::make_caf_error(ok.error());
    if (x.identity.size() > max_identity_bytes)
      return runtime::make_caf_error(errc::malformed, "a file's identity is too long");
    auto promise = make_response_promise<msg::storage_service_publish_result>();
    const auto id = x.identity.empty() ? slice() : works_->find_upload(x.identity, tenant_);
    if (id.empty()) {
      begin(std::move(x), promise);
      return promise;
    }
    const auto known = *works_->find(id, tenant_);
    request(known.work, desk_timeout, msg::publishing_progress{0, 0})
        .then(
            [this, x, id, promise](const msg::publishing_progress_result& r) mutable {
              // What was published may have been withdrawn since.
              if (!r.progress.finished && give_again(id, promise)) return;
              works_->forget(id);
              begin(std::move(x), promise);
            },
            [this, x, id, promise](const caf::error&) mutable {
              works_->forget(id);
              begin(std::move(x), promise);
            });
    return promise;
  }

  bool give_again(const slice& id, publish_promise& promise) {
    auto* e = works_->find(id, tenant_);
    if (e == nullptr) return false;
    e->touched = std::chrono::steady_clock::now();
    promise.deliver(msg::storage_service_publish_result{
        runtime::spawn_on<upload>(home(), e->uploading, id, works_, tenant_)});
    return true;
  }

  void begin(msg::storage_service_publish x, publish_promise promise) {
    const auto refuse = [&](const error& why) { promise.deliver(runtime::make_caf_error(why)); };
    const auto now = std::chrono::steady_clock::now();
    if (auto ok = works_->admit(tenant_); !ok) return refuse(ok.error());
    if (x.size != msg::unknown_size && x.size > limits::kept_content_bytes)
      return refuse({errc::too_large, "a content of more than 4 TiB cannot be kept"});
    const auto holder = new_upload_holder(runtime::unix_seconds());
    auto work = spawn_publish_work(home(), publishing(), own(std::move(x.draft)), x.size, holder);
    if (!work) return refuse(work.error());
    works_->add(holder, {tenant_, *work, caf::actor_cast<msg::publishing_actor>(*work), now,
                         std::move(x.identity)});
    msg::storage_service_publish_result out{
        runtime::spawn_on<upload>(home(), *work, holder, works_, tenant_)};
    if (quota() == 0) {
      promise.deliver(std::move(out));
      return;
    }
    within_quota(x.size, [this, promise, out, holder](result<void> ok) mutable {
      if (ok) {
        promise.deliver(std::move(out));
      } else {
        works_->forget(holder);
        promise.deliver(runtime::make_caf_error(ok.error()));
      }
    });
  }

  void within_quota(std::uint64_t size, std::function<void(result<void>)> then) {
    request(publishing().desk, desk_timeout, tenant_usage_wanted{tenant_})
        .then(
            [this, size, then](const tenant_usage& u) {
              const auto limit = quota();
              if (limit == 0 || (size <= limit && u.bytes <= limit - size)) return then({});
              then(fail(errc::no_room, printable(tenant_) + " has stored " +
                                           std::to_string(u.bytes) + " of its " +
                                           std::to_string(limit) + " bytes"));
            },
            [then](const caf::error& e) { then(tl::unexpected(runtime::to_error(e))); });
  }

  caf::result<msg::storage_service_resume_result> resume(const slice& id) {
    auto* e = works_->find(id, tenant_);
    if (e == nullptr || !e->uploading)
      return runtime::make_caf_error(errc::not_found,
                                     "no upload of this id is at work here; begin anew");
    e->touched = std::chrono::steady_clock::now();
    return msg::storage_service_resume_result{
        runtime::spawn_on<upload>(home(), e->uploading, id, works_, tenant_)};
  }

  caf::result<msg::storage_service_pull_result> pull(msg::storage_service_pull& x) {
    const auto now = std::chrono::steady_clock::now();
    if (!works_->context().open_source)
      return runtime::make_caf_error(errc::unimplemented, "this node pulls from no origins");
    if (x.urls.empty() || x.urls.size() > max_pull_urls || x.headers.size() > max_pull_headers)
      return runtime::make_caf_error(errc::malformed,
                                     "1 to 32 URLs and at most 16 headers are wanted");
    if (auto ok = check(x.draft); !ok) return runtime::make_caf_error(ok.error());
    if (auto ok = works_->admit(tenant_); !ok) return runtime::make_caf_error(ok.error());
    auto opened = works_->context().open_source(x.urls, x.headers);
    if (!opened) return runtime::make_caf_error(opened.error());
    const auto holder = new_upload_holder(runtime::unix_seconds());
    auto work =
        spawn_pull_work(home(), publishing(), own(std::move(x.draft)), std::move(*opened), holder);
    works_->add(holder, {tenant_, publish_work_actor{}, work, now, {}});
    return msg::storage_service_pull_result{std::move(work)};
  }

  caf::result<void> withdraw(const slice& content_id) {
    auto promise = make_response_promise<void>();
    request(publishing().desk, desk_timeout, drop_publication{content_id, tenant_})
        .then(
            [this, promise](const orphaned& x) mutable {
              for (const auto& id : x.content_ids)
                caf::anon_send(publishing().network, msg::storage_network_release{id});
              runtime::deliver_nothing(promise);
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::storage_service_list_result> list(msg::storage_service_list& x) {
    auto promise = make_response_promise<msg::storage_service_list_result>();
    x.query.tenant = tenant_;
    request(publishing().desk, desk_timeout, list_tenant{x.query, x.before, x.limit})
        .then(
            [promise](tenant_list& r) mutable {
              promise.deliver(msg::storage_service_list_result{std::move(r.publications)});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::storage_service_links_result> links(const slice& content_id) {
    auto promise = make_response_promise<msg::storage_service_links_result>();
    request(publishing().desk, desk_timeout, msg::catalogue_content{content_id})
        .then(
            [this, promise](const msg::catalogue_content_result& known) mutable {
              const auto own = std::find_if(known.publications.begin(), known.publications.end(),
                                            [this](const auto& p) { return p.tenant == tenant_; });
              if (own == known.publications.end()) {
                promise.deliver(runtime::make_caf_error(
                    errc::not_found, printable(tenant_) + " does not publish this content"));
                return;
              }
              request(publishing().desk, desk_timeout,
                      msg::catalogue_names{known.content.record.name})
                  .then(
                      [this, promise, publication = *own](msg::catalogue_names_result& r) mutable {
                        msg::storage_service_links_result out;
                        if (publishing().links)
                          out.links = publishing().links(r.records, publication);
                        out.records = std::move(r.records);
                        promise.deliver(std::move(out));
                      },
                      [promise](const caf::error& e) mutable { promise.deliver(e); });
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::storage_service_origins_result> origins() {
    if (!works_->context().origins) return msg::storage_service_origins_result{};
    auto promise = make_response_promise<msg::storage_service_origins_result>();
    works_->context().origins(
        [at = home().shared_from_this(), promise](std::vector<msg::origin_server> servers) {
          // Promises are answered on this actor's own loop.
          at->post([promise, told = std::move(servers)]() mutable {
            promise.deliver(msg::storage_service_origins_result{std::move(told)});
          });
        });
    return promise;
  }

  caf::result<msg::storage_service_usage_result> usage() {
    auto promise = make_response_promise<msg::storage_service_usage_result>();
    request(publishing().desk, desk_timeout, tenant_usage_wanted{tenant_})
        .then(
            [this, promise](const tenant_usage& u) mutable {
              promise.deliver(msg::storage_service_usage_result{u.bytes, quota(), u.publications});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  caf::result<msg::storage_service_accounts_result> own_accounts() {
    auto promise = make_response_promise<msg::storage_service_accounts_result>();
    request(publishing().desk, desk_timeout, msg::catalogue_accounts{tenant_})
        .then(
            [promise](msg::catalogue_accounts_result& r) mutable {
              promise.deliver(msg::storage_service_accounts_result{std::move(r.accounts)});
            },
            [promise](const caf::error& e) mutable { promise.deliver(e); });
    return promise;
  }

  std::shared_ptr<publish_works> works_;
  std::string tenant_;
};

} // namespace

msg::storage_service_actor spawn_storage_service(runtime::loop& home,
                                                 std::shared_ptr<publish_works> works,
                                                 std::string tenant) {
  return runtime::spawn_on<storage_service>(home, std::move(works), std::move(tenant));
}

} // namespace interswarm::services
