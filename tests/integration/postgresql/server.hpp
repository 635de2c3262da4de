#pragma once

#include "tests/scratch.hpp"

#include <string>
#include <sys/types.h>

/// A PostgreSQL server of the test's own on a free loopback port, from Debian's package. Its
/// databases compare text by a language (ICU), which ours must not depend on, and the password has
/// every sign that a URI writes differently. Throws std::runtime_error.
class postgresql_server {
public:
  postgresql_server();
  ~postgresql_server();

  void start();
  /// As when the machine loses power: every process of it at once.
  void kill();
  /// Asks it to shut down and waits.
  void stop();

  /// The URI of its database, with a port of somebody else if one is given, and `options`.
  std::string uri(const std::string& options = {}, unsigned port = 0) const;
  unsigned port() const { return port_; }
  static std::string password() { return "p@ss/w:rd?#%'\\"; }

  /// Runs statements as the superuser and gives the first value of the last, "" if there is none.
  std::string run(const std::string& statements) const;

private:
  scratch_folder folder_;
  std::string data_;
  unsigned port_ = 0;
  pid_t pid_ = -1;
};

/// The one that all cases of this process share.
postgresql_server& shared_server();
