#pragma once

#include "actors/runtime/loop_actor.hpp"
#include "modes/compare/live/mapped_file.hpp"
#include "schema/source.gen.hpp"

namespace interswarm::compare {

/// A whole file as a content source: what a peer has from the start.
msg::source_actor spawn_file_source(runtime::loop& home, std::shared_ptr<const mapped_file> file,
                                    msg::name_record record);

} // namespace interswarm::compare
