#pragma once

#include "modes/compare/live/client_program.hpp"

#include <sys/types.h>

namespace interswarm::compare {

/// What all clients have in common: a process in a folder, with the files of what they hold.
class client_process : public client_program {
public:
  explicit client_process(client_place where) : where_(std::move(where)) {}
  ~client_process() override { end(); }

  /// SIGTERM; what does not end within seconds is killed.
  void stop() override { end(); }
  result<void> hold(const live_content& what) override;
  /// In its folder, unless it has another for that.
  std::string file_of(const live_content& what) const override {
    return where_.folder + what.file.substr(what.file.rfind('/'));
  }

protected:
  result<void> run(const std::vector<std::string>& words);
  /// Asks again and again until `answers`; fails when the process has ended, or with the time.
  result<void> wait_until(const std::function<bool()>& answers, const std::string& what);
  bool alive();
  void end();

  client_place where_;

private:
  pid_t process_ = -1;
};

std::unique_ptr<client_program> make_aria2(client_place where);
std::unique_ptr<client_program> make_transmission(client_place where);
std::unique_ptr<client_program> make_amule(client_place where);

/// The content's .torrent file with the tracker in it, in base 64, as RPCs take it. Fails `io`.
result<std::string> torrent_for_rpc(const live_content& what, const std::string& tracker);

} // namespace interswarm::compare
