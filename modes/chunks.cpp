#include "modes/chunks.hpp"

#include "actors/runtime/wall_clock.hpp"
#include "modes/node_folder.hpp"
#include "modes/soa_config.hpp"
#include "storage/chunk_store.hpp"

namespace interswarm {

namespace {

struct opened_place {
  std::unique_ptr<chunk_backend> place;
  std::string name;
};

result<opened_place> open_place(const soa_config& config, const node_folder& folder,
                                const std::string& domain) {
  if (config.rados.pool.empty()) {
    auto name = (config.folder.empty() ? folder.path() / "chunks" : config.folder).string();
    auto opened = open_chunk_folder(name, config.sync ? durability::synced : durability::cached);
    if (!opened) return tl::unexpected(opened.error());
    return opened_place{std::move(*opened), std::move(name)};
  }
  auto options = config.rados;
  if (options.space.empty()) options.space = domain;
  auto opened = open_chunk_rados(options);
  if (!opened) return tl::unexpected(opened.error());
  return opened_place{std::move(*opened), "RADOS pool " + options.pool + '/' + options.space};
}

} // namespace

result<opened_chunks> open_chunks(const soa_config& config, const node_folder& folder,
                                  const std::string& domain) {
  auto opened = open_place(config, folder, domain);
  if (!opened) return tl::unexpected(opened.error());
  auto quota = config.quota_bytes;
  std::uint64_t room = 0;
  if (quota == 0) {
    const auto asked = opened->place->room();
    if (!asked) return tl::unexpected(asked.error());
    room = *asked;
  }
  auto store = chunk_store::open(std::move(opened->place), (folder.path() / "chunks.db").string(),
                                 quota, runtime::unix_seconds());
  if (!store) return tl::unexpected(store.error());
  if (quota == 0) {
    // What is stored already counts, too, and is not free.
    const auto used = (*store)->usage();
    if (!used) return tl::unexpected(used.error());
    quota = (room + used->used_bytes) / 10 * 9;
    (*store)->set_quota(quota);
  }
  return opened_chunks{std::move(*store), opened->name + ", " + std::to_string(quota) + " bytes"};
}

} // namespace interswarm
