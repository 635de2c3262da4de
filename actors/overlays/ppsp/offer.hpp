#pragma once

#include "actors/overlays/ppsp/hub.hpp"
#include "actors/overlays/ppsp/peer_options.hpp"
#include "actors/overlays/ppsp/serving_swarm.hpp"
#include "actors/overlays/ppsp/swarm_finder.hpp"
#include "actors/overlays/ppsp/tree_maker.hpp"
#include "schema/ppsp/record.hpp"

namespace interswarm::ppsp {

/// Gives one content to its swarm: reads its source, proves every group by the swarm id before a
/// byte of it leaves, dials who looks for it. Lives until it is told to exit: its questions to the
/// source and the tracker keep it alive.
class offer final : public runtime::loop_actor<msg::serving_actor> {
public:
  /// On the loop's thread: the name is taken at once.
  offer(caf::actor_config& config, runtime::loop& home, std::shared_ptr<hub> at,
        const peer_options& options, msg::peer_serve what, swarm_key key);

  behavior_type make_behavior() override;
  void on_exit() override;
  const char* name() const override { return "ppsp-offer"; }

private:
  /// The swarm at its place in the hub; all of it goes on the loop.
  struct place {
    place(std::shared_ptr<hub> h, bytes id)
        : port(std::move(h)), seat(*port, hub::role::gives, std::move(id)) {}
    ~place();

    std::shared_ptr<hub> port;
    hub::seat seat;
    std::unique_ptr<serving_swarm> swarm;
  };
  struct task_errors final : kj::TaskSet::ErrorHandler {
    void taskFailed(kj::Exception&&) override {}
  };

  void learn_size(std::uint64_t after);
  void take_size(std::uint64_t size);
  void make_tree();
  void begin(tree_maker::groups groups);
  void refute();
  void read_group(std::uint64_t group);
  void read(byte_range range, bool urgent, std::function<void(result<slice>)> done);
  void watch(std::uint64_t after);
  void take_available(const msg::source_have_result& have);
  void dial(const std::vector<endpoint>& peers);
  void look();
  void later(instant delay, std::function<void()> what);
  msg::serving_state state() const;

  peer_options options_;
  msg::name_record record_;
  swarm_key key_;
  msg::source_actor source_;
  msg::tracker_actor tracker_;
  caf::actor finder_;
  std::uint64_t size_ = msg::unknown_size;
  /// The source told what it has.
  bool told_ = false;
  std::unique_ptr<tree_maker> maker_;
  std::vector<endpoint> dial_first_;
  runtime::on_loop<place> place_;
  std::uint64_t requests_ = 0;
  instant asked_at_{};
  /// Cleared when the actor ends, for whoever still holds a callback.
  std::shared_ptr<offer*> self_;
  task_errors errors_;
  runtime::on_loop<kj::TaskSet> tasks_;
};

} // namespace interswarm::ppsp
