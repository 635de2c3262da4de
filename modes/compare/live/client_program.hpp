#pragma once

#include "modes/compare/live/contents.hpp"
#include "schema/base/endpoint.hpp"

#include <memory>

namespace interswarm::compare {

/// How a content stands at a finished client, by its own word.
struct client_standing {
  /// Bytes that it has received, checked or not.
  std::uint64_t received = 0;
  bool whole = false;
  /// Others can find it there.
  bool offered = false;
};

/// Where a client runs.
struct client_place {
  ip_address address;
  /// As `tracker_of`.
  std::string tracker;
  /// Its own, which is there: configuration, downloads.
  std::string folder;
  std::string log;
  std::string nick;
};

/// A program that people use, unmodified, driven as its user would. Calls may take seconds. For a
/// process without other threads, in the peer's own network namespace.
class client_program {
public:
  virtual ~client_program() = default;

  /// Starts it and waits until it takes commands. What it is to hold has been put into its folder
  /// by `hold` before. Fails with its last words.
  virtual result<void> start() = 0;
  /// As its user ends it; its peers and tracker may hear of it.
  virtual void stop() = 0;

  /// It has this content's file from now on: a link to it, or a copy. While it is stopped.
  virtual result<void> hold(const live_content& what) = 0;
  /// It offers what it holds, or fetches what it does not, by what people hand on. While it runs.
  virtual result<void> add(content_id c, const live_content& what) = 0;
  /// It forgets a content and what came of it.
  virtual void drop(content_id c) = 0;
  /// What was added. Fails when it does not answer or gave one up.
  virtual result<std::map<content_id, client_standing>> look() = 0;
  /// Where it puts a content's file.
  virtual std::string file_of(const live_content& what) const = 0;
};

/// `program` as in peer_plan::client; null for another.
std::unique_ptr<client_program> make_client(const std::string& program, client_place where);
/// The programs on the path that it takes.
std::vector<std::string> tools_of(const std::string& program);

} // namespace interswarm::compare
