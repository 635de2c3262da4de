#include "modes/compare/experiment/experiment_source.hpp"

#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/units.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace interswarm::compare {

namespace {

/// What a run is, and not what happens in it.
constexpr std::string_view not_swept[] = {"name",        "question", "engine", "solutions",
                                          "repetitions", "seed",     "seeds",  "sweep"};

bool is_key_part(std::string_view text) {
  return !text.empty() && text.size() <= limits::name_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

/// The parts of "a.b.c"; empty if it is no such key.
std::vector<std::string> parts_of(std::string_view key) {
  std::vector<std::string> out;
  for (;;) {
    const auto dot = std::min(key.find('.'), key.size());
    if (!is_key_part(key.substr(0, dot)) || out.size() == limits::key_parts) return {};
    out.emplace_back(key.substr(0, dot));
    if (dot == key.size()) return out;
    key.remove_prefix(dot + 1);
  }
}

/// The table in which a key's last part stands. Those that are missing are made, but no overlay and
/// no domain, whose names may be misspelt; a number names a table of a list. Nothing if there is
/// none.
toml::table* table_of(toml::table& root, const std::vector<std::string>& parts) {
  const bool named = parts.front() == "overlay" || parts.front() == "domain";
  toml::node* at = &root;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (auto* table = at->as_table()) {
      at = table->get(parts[i]);
      if (at == nullptr && named && i < 2) return nullptr;
      if (at == nullptr) at = &table->insert(parts[i], toml::table{}).first->second;
    } else if (auto* array = at->as_array()) {
      std::size_t number = 0;
      const auto* end = parts[i].data() + parts[i].size();
      const auto [after, code] = std::from_chars(parts[i].data(), end, number);
      at = code == std::errc() && after == end ? array->get(number) : nullptr;
    } else {
      at = nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at->as_table();
}

/// The value, with its place in the file.
void move_to(toml::table& to, const std::string& key, toml::node& value) {
  value.visit([&](auto& v) { to.insert_or_assign(key, std::move(v)); });
}

/// The value without a place: messages about it then name none.
void copy_to(toml::table& to, const std::string& key, const toml::node& value) {
  value.visit([&](const auto& v) { to.insert_or_assign(key, v); });
}

std::string written(const toml::node& value) {
  if (const auto text = value.value_exact<std::string>()) return printable(*text);
  if (const auto number = value.value_exact<double>()) return text_of(*number);
  std::ostringstream out;
  value.visit([&](const auto& v) { out << v; });
  return printable(out.str());
}

/// A value as a file has it; what is none there is a text.
toml::table parse_value(const std::string& text) {
  if (text.size() <= limits::line_bytes && text.find('\n') == std::string::npos) {
    try {
      auto out = toml::parse("value = " + text);
      if (out.size() == 1) return out;
    } catch (const toml::parse_error&) { // a word without quotes
    }
  }
  return toml::table{{"value", text}};
}

/// Nested values are limited by the parser, but not the parts of a key: each is a table in a table,
/// whose end is a call within a call.
const char* what_is_too_much(std::string_view text) {
  std::size_t dots = 0, column = 0;
  for (const char c : text) {
    dots = c == '\n' ? 0 : dots + (c == '.' ? 1 : 0);
    column = c == '\n' ? 0 : column + 1;
    if (column > limits::line_bytes) return "bytes";
    if (dots > limits::line_dots) return "dots";
  }
  return nullptr;
}

} // namespace

tl::unexpected<error> source_tree::wrong(const toml::node& where, const std::string& why) const {
  const auto line = where.source().begin.line;
  return fail(errc::configuration,
              printable(file_) + (line == 0 ? "" : ":" + std::to_string(line)) + ": " + why);
}

result<source_tree> source_tree::make(const experiment_source& source) {
  const auto file = printable(source.file);
  if (source.text.size() > limits::file_bytes)
    return fail(errc::too_large,
                file + ": at most " + std::to_string(limits::file_bytes) + " bytes are wanted");
  if (const auto* what = what_is_too_much(source.text))
    return fail(errc::too_large,
                file + ": too many " + what + " in one line; write long lists on several lines");
  try {
    source_tree out(source.file, toml::parse(source.text, source.file));
    if (auto ok = out.take_sweep(); !ok) return tl::unexpected(ok.error());
    for (const auto& setting : source.settings) {
      if (auto ok = out.set(setting); !ok) return tl::unexpected(ok.error());
    }
    return out;
  } catch (const toml::parse_error& e) {
    return fail(errc::configuration, file + ":" + std::to_string(e.source().begin.line) + ": " +
                                         printable(e.description()));
  }
}

result<void> source_tree::take_sweep() {
  auto* sweep = root_.get("sweep");
  if (sweep == nullptr) return {};
  if (!sweep->is_table()) return wrong(*sweep, "sweep: a table is wanted, such as [sweep]");
  sweep_ = std::move(*sweep->as_table());
  root_.erase("sweep");
  return {};
}

result<void> source_tree::set(const std::string& setting) {
  const auto equals = setting.find('=');
  const auto key = setting.substr(0, equals);
  const auto bad = [&](const std::string& why) {
    return fail(errc::configuration, "--set " + printable(setting) + ": " + why);
  };
  if (equals == std::string::npos) return bad("KEY=VALUE is wanted");
  const auto parts = parts_of(key);
  if (parts.empty()) return bad("a key such as contents.overlap is wanted");
  if (parts.front() == "sweep") return bad("name the key itself, with a list of values");
  const auto value = parse_value(setting.substr(equals + 1));
  const auto* node = value.get("value");
  const bool swept = sweep_.contains(key);
  if (swept && node->is_array()) {
    copy_to(sweep_, key, *node);
    return {};
  }
  auto* table = table_of(root_, parts);
  if (table == nullptr) return bad("there is no such table in the file");
  if (swept) sweep_.erase(key);
  copy_to(*table, parts.back(), *node);
  return {};
}

result<std::vector<sweep_axis>> source_tree::axes() const {
  std::vector<sweep_axis> out;
  std::size_t variants = 1;
  for (const auto& [name, node] : sweep_) {
    const std::string key(name.str());
    const toml::node& list = node;
    const auto bad = [&](const std::string& why) {
      return wrong(list, "sweep." + printable(key) + ": " + why);
    };
    const auto parts = parts_of(key);
    if (parts.empty()) return bad("a key in quotes is wanted, such as \"contents.overlap\"");
    if (std::find(std::begin(not_swept), std::end(not_swept), parts.front()) != std::end(not_swept))
      return bad("cannot be swept");
    if (list.is_table()) return bad("the key in quotes is wanted, such as \"contents.overlap\"");
    const auto* values = list.as_array();
    if (values == nullptr || values->empty())
      return bad("a list of values is wanted, such as [0, 0.5]");
    sweep_axis axis{key, {}};
    for (const auto& value : *values) axis.values.push_back(written(value));
    auto sorted = axis.values;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
      return bad("different values are wanted");
    variants *= axis.values.size();
    if (out.size() == limits::sweep_keys || variants > limits::variants)
      return bad("at most " + std::to_string(limits::sweep_keys) + " keys and " +
                 std::to_string(limits::variants) + " combinations are wanted");
    out.push_back(std::move(axis));
  }
  return out;
}

result<void> source_tree::choose(const std::vector<std::size_t>& values) {
  std::size_t i = 0;
  for (auto&& [name, node] : sweep_) {
    const std::string key(name.str());
    const auto parts = parts_of(key);
    auto* table = table_of(root_, parts);
    if (table == nullptr)
      return wrong(node, "sweep." + key + ": there is no such table in the file");
    move_to(*table, parts.back(), *node.as_array()->get(values[i++]));
  }
  return {};
}

} // namespace interswarm::compare
