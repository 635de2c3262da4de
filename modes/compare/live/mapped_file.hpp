#pragma once

#include "schema/base/bytes.hpp"

#include <memory>
#include <string>

namespace interswarm::compare {

/// A file's bytes in memory, for as long as somebody has them.
class mapped_file {
public:
  /// Nothing when the file cannot be read.
  static std::shared_ptr<const mapped_file> open(const std::string& path);
  ~mapped_file();
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;

  byte_view all() const { return all_; }

private:
  explicit mapped_file(byte_view all) : all_(all) {}
  byte_view all_;
};

} // namespace interswarm::compare
