#pragma once

#include "actors/bridge/face.hpp"
#include "actors/runtime/loop.hpp"
#include "schema/base/result.hpp"
#include "schema/cluster.values.hpp"

#include <caf/fwd.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace interswarm {

class config_reader;

/// What an overlay is started with.
struct overlay_surroundings {
  caf::actor_system& system;
  /// One for the overlay's own sockets; several overlays may share it.
  runtime::loop& home;
  std::filesystem::path data;
  /// `count` bytes that belong to this node and stay the same over restarts; `purpose` tells uses
  /// apart.
  std::function<bytes(const std::string& purpose, std::size_t count)> identity;
};

/// A started overlay: what the bridge uses of it, and what it listens on, for people.
struct started_overlay {
  bridge::face face;
  std::vector<std::string> addresses;
  /// Where its clients find this node. An unspecified address stands for whatever this machine is
  /// called elsewhere.
  std::vector<msg::door> doors;
};

/// One P2P system as the wiring knows it. Adding a system is adding one of these to `all_overlays`.
class overlay {
public:
  virtual ~overlay() = default;
  virtual std::string name() const = 0;
  /// Reads this overlay's sections; none of them present: it stays off.
  virtual void read(config_reader& file) = 0;
  virtual bool configured() const = 0;
  /// Fails with one line for the operator: what, where, what to do.
  virtual result<started_overlay> start(const overlay_surroundings& around) = 0;
  /// The link by which people hand on a content of this overlay's name, with the doors of this
  /// overlay among `doors`; empty for another overlay's name.
  virtual std::string link(const msg::name_record& record,
                           const std::vector<msg::door>& doors) const = 0;
};

std::unique_ptr<overlay> make_bittorrent_overlay();
std::unique_ptr<overlay> make_ed2k_overlay();
std::unique_ptr<overlay> make_ppsp_overlay();
std::vector<std::unique_ptr<overlay>> all_overlays();

} // namespace interswarm
