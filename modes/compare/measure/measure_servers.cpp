#include "modes/compare/measure/sheet.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>

namespace interswarm::compare {

namespace {

void add_storage(const run_record& r, sheet& out) {
  auto peak = r.stored_bytes;
  for (const auto& s : r.samples) peak = std::max(peak, s.stored);
  out.begin(topic::storage);
  out.headline("stored_bytes", "Kept by servers at the end", unit::bytes, better::lower,
               static_cast<double>(r.stored_bytes));
  out.headline("duplicate_bytes", "Of those, copies of others", unit::bytes, better::lower,
               static_cast<double>(r.duplicate_bytes));
  out.add("stored_peak_bytes", "Kept by servers at most", unit::bytes, better::lower,
          static_cast<double>(peak));
}

void add_messages(const run_record& r, sheet& out) {
  double count = 0, bytes = 0, satisfied = 0, content = 0;
  for (const auto& [kind, m] : r.messages) {
    if (is_among_peers(kind)) continue;
    count += static_cast<double>(m.count);
    bytes += static_cast<double>(m.bytes);
  }
  for (const auto& q : r.requests) satisfied += q.end == outcome::satisfied ? 1 : 0;
  for (const auto& t : r.traffics) content += static_cast<double>(t.sent);
  out.begin(topic::control);
  out.headline("control_messages", "Control messages", unit::count, better::lower, count);
  out.headline("control_bytes", "Bytes of control messages", unit::bytes, better::lower, bytes);
  out.add("control_bytes_per_satisfied", "Control bytes for a satisfied request", unit::bytes,
          better::lower, ratio(bytes, satisfied));
  out.add("control_share", "Control bytes of all bytes sent", unit::share, better::lower,
          ratio(bytes, bytes + content));
  out.add("name_lookups", "Name lookups", unit::count, better::neither,
          static_cast<double>(r.name_lookups));
  out.headline("name_hit_share", "Name lookups that the name table answered", unit::share,
               better::higher,
               ratio(static_cast<double>(r.name_hits), static_cast<double>(r.name_lookups)));
  std::size_t named = 0;
  message_count others;
  for (const auto& [kind, m] : r.messages) {
    if (++named > max_named_metrics) {
      others.count += m.count;
      others.bytes += m.bytes;
      continue;
    }
    const auto name = printable(kind, 64);
    out.add("messages." + name + ".count", "Messages: " + name, unit::count, better::neither,
            static_cast<double>(m.count));
    out.add("messages." + name + ".bytes", "Bytes of messages: " + name, unit::bytes,
            better::neither, static_cast<double>(m.bytes));
  }
  if (others.count == 0) return;
  out.add("messages.others.count", "Messages: others", unit::count, better::neither,
          static_cast<double>(others.count));
  out.add("messages.others.bytes", "Bytes of messages: others", unit::bytes, better::neither,
          static_cast<double>(others.bytes));
}

void add_machines(const run_record& r, sheet& out) {
  if (r.processes.empty()) return;
  double cpu = 0, memory = 0;
  for (const auto& x : r.processes) {
    cpu += x.cpu_s;
    memory += static_cast<double>(x.peak_memory);
  }
  const auto nodes = static_cast<double>(r.processes.size());
  out.begin(topic::machines);
  out.headline("cpu_time_per_node", "CPU time of a node", unit::seconds, better::lower,
               ratio(cpu, nodes));
  out.headline("memory_per_node", "Peak memory of a node", unit::bytes, better::lower,
               ratio(memory, nodes));
  out.add("cpu_time", "CPU time of all nodes", unit::seconds, better::lower, cpu);
  out.add("memory", "Peak memory of all nodes", unit::bytes, better::lower, memory);
  for (std::size_t i = 0; i < std::min(r.processes.size(), max_named_metrics); ++i) {
    const auto name = printable(r.processes[i].name, 64);
    out.add("cpu_time." + name, "CPU time of " + name, unit::seconds, better::neither,
            r.processes[i].cpu_s);
    out.add("memory." + name, "Peak memory of " + name, unit::bytes, better::neither,
            static_cast<double>(r.processes[i].peak_memory));
  }
}

void add_deployment(const run_record& r, sheet& out) {
  out.begin(topic::deployment);
  out.headline("added_processes", "Processes to run in addition", unit::count, better::lower,
               r.deployed.processes);
  out.headline("touched_components", "Parts of existing systems to touch", unit::count,
               better::lower, static_cast<double>(r.deployed.touched.size()));
  out.headline("configuration_lines", "Lines of configuration to write", unit::count, better::lower,
               r.deployed.configuration_lines);
}

} // namespace

void measure_servers(const plan&, const run_record& r, sheet& out) {
  add_storage(r, out);
  add_messages(r, out);
  add_machines(r, out);
  add_deployment(r, out);
}

} // namespace interswarm::compare
