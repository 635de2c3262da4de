#include "modes/overlay.hpp"

namespace interswarm {

std::vector<std::unique_ptr<overlay>> all_overlays() {
  std::vector<std::unique_ptr<overlay>> out;
  out.push_back(make_bittorrent_overlay());
  out.push_back(make_ed2k_overlay());
  out.push_back(make_ppsp_overlay());
  return out;
}

} // namespace interswarm
