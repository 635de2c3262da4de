#pragma once

#include "schema/generator/model.hpp"

#include <capnp/schema.capnp.h>

namespace interswarm::generator {

/// One requested schema file as C++ terms. Throws kj::Exception with one line for the schema's
/// author when the file uses what the generator does not know (generics, AnyPointer, interface
/// inheritance, shared parameter structs).
file read_file(capnp::schema::CodeGeneratorRequest::Reader request,
               capnp::schema::CodeGeneratorRequest::RequestedFile::Reader requested);

} // namespace interswarm::generator
