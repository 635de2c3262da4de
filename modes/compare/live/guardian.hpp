#pragma once

#include "schema/base/result.hpp"

#include <functional>
#include <string>
#include <sys/types.h>

namespace interswarm::compare {

/// A process between this one and everything that a live run starts, so that nothing is left
/// whoever dies first. Below it is the first process of a PID namespace, with mount and network
/// namespaces of its own (and a user namespace where this is not root): the kernel ends all others
/// with it. The guardian ends it when this process ends or says so, and removes the folder then.
class guardian {
public:
  /// Runs `work` down there; it writes its reports to the descriptor it is given, and its result is
  /// the exit code. Fails `configuration` where the kernel gives no namespaces, with what to do.
  static result<guardian> start(const std::function<int(int reports)>& work,
                                const std::string& folder);
  guardian(guardian&& other) noexcept;
  guardian& operator=(guardian&&) = delete;
  /// As `stop`.
  ~guardian();

  /// Readable when there is a report; ends when all of them have gone.
  int reports() const { return reports_; }
  /// Returns when nothing of it is left.
  void stop();

private:
  guardian(pid_t process, int reports, int lifeline)
      : process_(process), reports_(reports), lifeline_(lifeline) {}

  pid_t process_ = -1;
  int reports_ = -1;
  /// Its closing tells the guardian.
  int lifeline_ = -1;
};

} // namespace interswarm::compare
