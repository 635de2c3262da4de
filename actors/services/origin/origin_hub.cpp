#include "actors/services/origin/origin_hub.hpp"

#include "actors/runtime/reason.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace interswarm::origin {

origin_hub::origin_hub(runtime::loop& home, origin_options options)
    : home_(home.shared_from_this()), options_(std::move(options)), board_(options_.board),
      fetch_(home, options_.http), random_(options_.seed) {}

result<std::shared_ptr<origin_hub>> origin_hub::make(runtime::loop& home, origin_options options) {
  const auto& path = options.authority_file;
  const auto unusable = [&path](const std::string& why) {
    return fail(errc::configuration, "the authority file " + path + " cannot be used: " + why);
  };
  if (!path.empty()) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path, failed);
    std::ifstream in(path, std::ios::binary);
    if (failed || !in) return unusable(failed ? failed.message() : "it cannot be read");
    if (size > limits::authority_file_bytes) return unusable("it is too large");
    options.http.authorities.assign(std::istreambuf_iterator<char>(in), {});
    if (options.http.authorities.empty()) return unusable("it is empty");
  }
  std::shared_ptr<origin_hub> made;
  const auto wrong = kj::runCatchingExceptions(
      [&] { made = std::shared_ptr<origin_hub>(new origin_hub(home, options)); });
  KJ_IF_MAYBE (e, wrong) {
    return unusable(runtime::reason_of(*e));
  }
  return made;
}

bool origin_hub::servers(std::function<void(std::vector<server_status>)> take) {
  return home_->post(
      [self = shared_from_this(), take = std::move(take)] { take(self->board_.all(self->now())); });
}

instant origin_hub::now() const {
  return instant((home_->timer().now() - kj::origin<kj::TimePoint>()) / kj::MICROSECONDS);
}

} // namespace interswarm::origin
