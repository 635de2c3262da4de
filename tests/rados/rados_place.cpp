#include "schema/base/encoding.hpp"
#include "tests/rados/cluster.hpp"

#include <fstream>
#include <iterator>

using namespace interswarm;

rados_options place_options(const std::string& space, const std::string& config_file) {
  rados_options o;
  o.config_file = config_file;
  o.user = "node";
  o.pool = rados_cluster::pool;
  o.space = space;
  o.operation_limit = std::chrono::seconds(4);
  return o;
}

rados_place::rados_place() {
  static int made = 0;
  space_ = "node-" + std::to_string(++made);
}

result<std::unique_ptr<chunk_backend>> rados_place::open() const {
  return open_chunk_rados(place_options(space_, the_cluster().config_file()));
}

std::string rados_place::run(const std::string& arguments) const {
  return the_cluster().run("rados", std::string("-p ") + rados_cluster::pool + " -N " + space_ +
                                        " " + arguments);
}

void rados_place::flip_byte(const chunk_name& name, std::uint64_t offset) const {
  const auto file = scratch_.file("image");
  run("get " + to_hex(name) + " " + file);
  std::ifstream in(file, std::ios::binary);
  std::string image(std::istreambuf_iterator<char>(in), {});
  image.at(offset) = static_cast<char>(image.at(offset) ^ 1);
  overwrite(name, image);
}

void rados_place::overwrite(const chunk_name& name, const std::string& text) const {
  const auto file = scratch_.file("image");
  std::ofstream(file, std::ios::binary) << text;
  run("put " + to_hex(name) + " " + file);
}

void rados_place::remove(const chunk_name& name) const { run("rm " + to_hex(name)); }

std::optional<std::uint64_t> rados_place::length(const chunk_name& name) const {
  // "chunks/<name> mtime ..., size 1234"; for one that is not there the listing is asked.
  const auto hex = to_hex(name);
  if (run("ls").find(hex) == std::string::npos) return {};
  const auto said = run("stat " + hex);
  return std::stoull(said.substr(said.rfind("size ") + 5));
}

std::unique_ptr<chunk_place> make_chunk_place() { return std::make_unique<rados_place>(); }
