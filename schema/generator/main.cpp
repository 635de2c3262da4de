// capnpc-caf: a Cap'n Proto compiler plugin. Reads a CodeGeneratorRequest from standard input and
// writes, below the current folder and for each requested X.capnp, the values, their wire form and
// the actor glue (see README.md).
#include "schema/generator/reader.hpp"

#include <capnp/serialize.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <unistd.h>

namespace {

using namespace interswarm::generator;

void write(const std::string& path, const std::string& text) {
  const std::filesystem::path target(path);
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path());
  std::ofstream out(target, std::ios::binary);
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

void generate(const file& f) {
  const auto base = f.path.substr(0, f.path.rfind(".capnp"));
  write(base + ".values.hpp", values_header(f));
  write(base + ".wire.hpp", wire_header(f));
  write(base + ".wire.cpp", wire_source(f));
  write(base + ".gen.hpp", actor_header(f));
  write(base + ".glue.hpp", glue_header(f));
  write(base + ".glue.cpp", glue_source(f));
}

} // namespace

int main() {
  try {
    capnp::ReaderOptions unlimited;
    unlimited.traversalLimitInWords = 1U << 30U;
    capnp::StreamFdMessageReader message(STDIN_FILENO, unlimited);
    const auto request = message.getRoot<capnp::schema::CodeGeneratorRequest>();
    for (const auto requested : request.getRequestedFiles())
      generate(read_file(request, requested));
  } catch (const kj::Exception& e) {
    std::cerr << "capnpc-caf: " << e.getDescription().cStr() << '\n';
    return 1;
  } catch (const std::exception& e) {
    std::cerr << "capnpc-caf: " << e.what() << '\n';
    return 1;
  }
  return 0;
}
