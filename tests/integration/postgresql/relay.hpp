#pragma once

#include <atomic>
#include <string>
#include <thread>

/// A TCP relay before the server that loses what it is told to lose. One connection at a time.
class relay {
public:
  explicit relay(unsigned server_port);
  ~relay();
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  unsigned port() const { return port_; }
  /// The next request that contains `text` reaches the server, but its answer is lost with the
  /// connection.
  void lose_answer_to(const std::string& text);
  /// Nothing goes through any more, while the connection stays up.
  void freeze(bool frozen) { frozen_ = frozen; }
  /// The same from the next request on that contains `text`, which still reaches the server.
  void freeze_at(const std::string& text);
  bool is_frozen() const { return frozen_; }

private:
  void run();
  void pass(int client, int server);

  unsigned server_port_;
  unsigned port_ = 0;
  int listener_ = -1;
  std::string text_;
  std::atomic<bool> armed_ = false;
  bool freezes_ = false;
  std::atomic<bool> frozen_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};
