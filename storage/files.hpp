#pragma once

#include "schema/base/bytes.hpp"

#include <cstdint>
#include <span>
#include <utility>

/// Files by descriptor, for storage's sources.
namespace interswarm {

/// A file descriptor that closes itself.
class owned_fd {
public:
  explicit owned_fd(int fd = -1) : fd_(fd) {}
  ~owned_fd();
  owned_fd(owned_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  owned_fd& operator=(owned_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_;
};

/// False with errno set when not all could be written.
bool write_all(int fd, byte_view data, std::uint64_t offset);
/// How many bytes could be read; fewer than asked only at the end or on an error.
std::size_t read_all(int fd, std::span<byte> out, std::uint64_t offset);

} // namespace interswarm
