#pragma once

// The plain structs of schema/*.capnp that are kept here.
#include "schema/bridge.values.hpp"
#include "schema/content.values.hpp"
#include "schema/service.values.hpp"
