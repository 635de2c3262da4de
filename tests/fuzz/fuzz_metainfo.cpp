#include "schema/bittorrent/magnet.hpp"
#include "schema/bittorrent/metainfo.hpp"

#include <cstdlib>

using namespace interswarm;
using namespace interswarm::bittorrent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const byte_view input{data, size};
  (void)parse_info(input);
  const auto m = parse_metainfo(input);
  if (!m) return 0;
  const auto& info = m->info;
  if (info.files.empty() || info.piece_length == 0) std::abort();
  for (std::size_t i = 0; i < info.files.size(); ++i) {
    const auto& file = info.files[i];
    if (file.length > 0 && file.offset + file.length > info.total_length) std::abort();
    if (info.title_of(i).find('\n') != std::string::npos) std::abort();
  }
  const auto again = parse_metainfo(encode_metainfo(*m));
  if (!again || again->info.raw != info.raw || again->piece_layers != m->piece_layers) std::abort();
  if (to_string(make_magnet(*m)).empty()) std::abort();
  return 0;
}
