#pragma once

#include "actors/services/origin/origin_source.hpp"
#include "actors/services/storage_service.hpp"

namespace interswarm {

class config_reader;

/// Section [origins]: how contents are pulled from HTTP servers.
struct origins_config {
  origin::origin_options options;
};
void read_origins_config(config_reader& file, origins_config& out);

/// Opens sources over `hub` for the storage service, and tells it of the servers.
void use_origins(const std::shared_ptr<origin::origin_hub>& hub,
                 services::storage_service_context& out);

} // namespace interswarm
