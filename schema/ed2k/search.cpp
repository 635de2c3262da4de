#include "schema/ed2k/search.hpp"

#include "schema/ed2k/limits.hpp"

#include <algorithm>

namespace interswarm::ed2k {

namespace {

enum : std::uint8_t {
  operation_node = 0,
  keyword_node = 1,
  text_node = 2,
  u32_node = 3,
  u64_node = 8
};

using kind_t = search_node::kind_t;

void read_tag_name(little_endian_reader& in, search_node& out) {
  const auto name = in.take(in.u16());
  if (name.size() == 1) {
    out.tag_id = name.front();
  } else {
    out.tag_name = as_text(name);
  }
}

void write_tag_name(bytes& out, const search_node& node) {
  if (node.tag_name.empty()) {
    little_endian_writer(out).u16(1).u8(node.tag_id);
  } else {
    write_string(out, node.tag_name);
  }
}

/// Nothing on an unknown node; the reader's state tells a truncation.
std::optional<search_node> read_node(little_endian_reader& in) {
  search_node out;
  const auto kind = in.u8();
  switch (kind) {
  case operation_node: {
    const auto op = in.u8();
    if (op > static_cast<std::uint8_t>(search_operator::all_but)) return std::nullopt;
    out.kind = kind_t::operation;
    out.operation = static_cast<search_operator>(op);
    return out;
  }
  case keyword_node:
    out.kind = kind_t::keywords;
    out.text = read_string(in);
    return out;
  case text_node:
    out.kind = kind_t::text;
    out.text = read_string(in);
    read_tag_name(in, out);
    return out;
  case u32_node:
  case u64_node: {
    out.kind = kind_t::number;
    out.number = kind == u32_node ? in.u32() : in.u64();
    const auto compare = in.u8();
    if (compare > static_cast<std::uint8_t>(comparison::not_equal)) return std::nullopt;
    out.compare = static_cast<comparison>(compare);
    read_tag_name(in, out);
    return out;
  }
  default: return std::nullopt;
  }
}

void write_node(bytes& out, const search_node& node) {
  little_endian_writer writer(out);
  switch (node.kind) {
  case kind_t::operation:
    writer.u8(operation_node).u8(static_cast<std::uint8_t>(node.operation));
    break;
  case kind_t::keywords:
    writer.u8(keyword_node);
    write_string(out, node.text);
    break;
  case kind_t::text:
    writer.u8(text_node);
    write_string(out, node.text);
    write_tag_name(out, node);
    break;
  case kind_t::number:
    if (node.number <= 0xFFFFFFFF) {
      writer.u8(u32_node).u32(static_cast<std::uint32_t>(node.number));
    } else {
      writer.u8(u64_node).u64(node.number);
    }
    writer.u8(static_cast<std::uint8_t>(node.compare));
    write_tag_name(out, node);
    break;
  }
}

search_node number_node(std::uint8_t tag_id, comparison compare, std::uint64_t number) {
  search_node out;
  out.kind = kind_t::number;
  out.tag_id = tag_id;
  out.compare = compare;
  out.number = number;
  return out;
}

search_node string_node(kind_t kind, std::uint8_t tag_id, std::string text) {
  search_node out;
  out.kind = kind;
  out.tag_id = tag_id;
  out.text = std::move(text);
  return out;
}

} // namespace

decoded<search_expression> read_search(little_endian_reader& in) {
  search_expression out;
  // Subtrees still to come at each open operation; the depth of the next node is its size.
  std::vector<int> open;
  do {
    if (out.nodes.size() >= limits::max_search_nodes) return reply_error("search: too many nodes");
    auto node = read_node(in);
    if (in.failed()) return reply_error("search: the expression is cut off");
    if (!node) return reply_error("search: unknown node, operator or comparison");
    const bool operation = node->kind == kind_t::operation;
    out.nodes.push_back(std::move(*node));
    if (operation) {
      if (open.size() >= limits::max_search_depth) return reply_error("search: nested too deeply");
      open.push_back(2);
      continue;
    }
    while (!open.empty() && --open.back() == 0) open.pop_back();
  } while (!open.empty());
  return out;
}

void write_search(bytes& out, const search_expression& expression) {
  for (const auto& node : expression.nodes) write_node(out, node);
}

result<search_expression> make_search(const search_query& query) {
  std::vector<search_node> leaves;
  for (auto& word : words_of(query.words))
    leaves.push_back(string_node(kind_t::keywords, 0, std::move(word)));
  if (leaves.empty())
    return fail(errc::malformed, "search: give at least one word of the file's name");
  if (!query.type.empty()) leaves.push_back(string_node(kind_t::text, tag_name::type, query.type));
  if (!query.format.empty())
    leaves.push_back(string_node(kind_t::text, tag_name::format, query.format));
  if (query.min_bytes > 0) {
    leaves.push_back(number_node(tag_name::size, comparison::at_least, query.min_bytes));
  }
  if (query.max_bytes > 0) {
    leaves.push_back(number_node(tag_name::size, comparison::at_most, query.max_bytes));
  }
  if (query.min_sources > 0) {
    leaves.push_back(number_node(tag_name::sources, comparison::at_least, query.min_sources));
  }
  search_expression out;
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (i + 1 < leaves.size()) {
      search_node both;
      both.kind = kind_t::operation;
      out.nodes.push_back(both);
    }
    out.nodes.push_back(std::move(leaves[i]));
  }
  return out;
}

} // namespace interswarm::ed2k
