#include "modes/compare/live/lab.hpp"

#include "modes/compare/live/children.hpp"
#include "modes/compare/live/lab_commands.hpp"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace interswarm::compare {

namespace {

constexpr auto here = "/proc/thread-self/ns/net";

tl::unexpected<error> system_error(const std::string& what) {
  return fail(errno == EPERM ? errc::denied : errc::io, what + ": " + std::strerror(errno));
}

void write_setting(const std::string& name, const char* value) {
  std::ofstream("/proc/sys/net/" + name) << value;
}

/// Of the namespace that the caller is in. IPv6 would only add packets, and TCP's timestamps are in
/// the headers of some connections and not of others (see payload_of).
void quieten() {
  write_setting("ipv4/tcp_timestamps", "0");
  for (const std::string which : {"all", "default"}) {
    write_setting("ipv6/conf/" + which + "/disable_ipv6", "1");
    write_setting("ipv4/conf/" + which + "/rp_filter", "0");
    write_setting("ipv4/conf/" + which + "/send_redirects", "0");
  }
}

/// Whoever takes packets off a cable and puts them back wants finished checksums.
result<void> finish_checksums() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return system_error("no socket");
  ethtool_value off{ETHTOOL_STXCSUM, 0};
  ifreq request{};
  std::strcpy(request.ifr_name, "eth0");
  request.ifr_data = reinterpret_cast<char*>(&off);
  const bool done = ::ioctl(fd, SIOCETHTOOL, &request) == 0;
  const int number = errno;
  ::close(fd);
  errno = number;
  return done ? result<void>{} : system_error("a cable's checksums");
}

} // namespace

lab::held_fd::~held_fd() {
  if (fd >= 0) ::close(fd);
}

result<lab::held> lab::make_namespace() {
  const held before = std::make_shared<held_fd>(::open(here, O_RDONLY | O_CLOEXEC));
  if (before->fd < 0 || ::unshare(CLONE_NEWNET) != 0)
    return system_error("a network namespace cannot be made");
  held out = std::make_shared<held_fd>(::open(here, O_RDONLY | O_CLOEXEC));
  quieten();
  if (::setns(before->fd, CLONE_NEWNET) != 0 || out->fd < 0)
    return system_error("a network namespace cannot be left");
  return out;
}

result<lab> lab::build(const lab_plan& what) {
  lab out;
  out.what_ = &what;
  quieten();
  write_setting("ipv4/ip_forward", "1");
  for (std::size_t i = 0; i <= what.sites.size(); ++i) {
    auto made = make_namespace();
    if (!made) return tl::unexpected(made.error());
    (i < what.sites.size() ? out.sites_.emplace_back() : out.lines_) = std::move(*made);
  }
  if (auto ok = out.lay_cables(); !ok) return tl::unexpected(ok.error());
  for (std::size_t i = 0; i < what.sites.size(); ++i)
    if (auto ok = out.set_up_site(i); !ok) return tl::unexpected(ok.error());
  return out;
}

result<void> lab::lay_cables() {
  const auto path = [](const held& h) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(h->fd);
  };
  const auto links = router_links(
      *what_, [&](std::size_t i) { return path(sites_[i]); }, path(lines_));
  if (auto done = run_tool({"ip", "-batch", "-"}, links); !done)
    return tl::unexpected(done.error());
  if (const auto shapes = router_shaping(*what_); !shapes.empty())
    if (auto done = run_tool({"tc", "-batch", "-"}, shapes); !done)
      return tl::unexpected(done.error());
  if (auto done = run_tool({"ip", "-batch", "-"}, line_links(*what_), lines_->fd); !done)
    return tl::unexpected(done.error());
  return {};
}

result<void> lab::set_up_site(std::size_t index) {
  const auto network = sites_[index]->fd;
  const auto& s = what_->sites[index];
  if (auto done = run_tool({"ip", "-batch", "-"}, site_links(*what_, index), network); !done)
    return tl::unexpected(done.error());
  if (const auto shape = site_shaping(s); !shape.empty())
    if (auto done = run_tool({"tc", "-batch", "-"}, shape, network); !done)
      return tl::unexpected(done.error());
  if (auto done = run_tool({"nft", "-f", "-"}, site_counting(s), network); !done)
    return tl::unexpected(done.error());
  const held_fd before(::open(here, O_RDONLY | O_CLOEXEC));
  if (before.fd < 0 || ::setns(network, CLONE_NEWNET) != 0)
    return system_error("a network namespace cannot be entered");
  const auto done = finish_checksums();
  if (::setns(before.fd, CLONE_NEWNET) != 0)
    return system_error("a network namespace cannot be left");
  return done;
}

result<site_counts> lab::read_site(std::size_t site) const {
  const auto text = run_tool({"nft", "-j", "list", "table", "ip", "live"}, {}, network_of(site));
  if (!text) return tl::unexpected(text.error());
  return parse_site_counts(*text);
}

result<void> lab::tell_all(const std::string& rules) const {
  for (std::size_t i = 0; i < what_->sites.size(); ++i) {
    const auto done = run_tool({"nft", "-f", "-"}, rules, network_of(i));
    if (!done) return tl::unexpected(done.error());
  }
  return {};
}

result<void> lab::silence_all() const { return tell_all(site_silence()); }
result<void> lab::end_silence() const { return tell_all(site_silence_end()); }

result<lab_counts> lab::read(const board& shared) const {
  lab_counts out;
  const auto add_drops = [&](int network) -> result<void> {
    const auto text = run_tool({"tc", "-j", "-s", "qdisc", "show"}, {}, network);
    if (!text) return tl::unexpected(text.error());
    const auto drops = parse_drops(*text);
    if (!drops) return tl::unexpected(drops.error());
    out.lost_packets += *drops;
    return {};
  };
  for (std::size_t i = 0; i < what_->sites.size(); ++i) {
    auto counts = read_site(i);
    if (!counts) return tl::unexpected(counts.error());
    out.sites.push_back(std::move(*counts));
    if (!std::isfinite(what_->sites[i].up)) continue;
    if (auto ok = add_drops(network_of(i)); !ok) return tl::unexpected(ok.error());
  }
  if (auto ok = add_drops(-1); !ok) return tl::unexpected(ok.error());
  for (const auto& line : shared.lines()) out.lost_packets += line.lost_packets;
  return out;
}

} // namespace interswarm::compare
