#include "modes/config_reader.hpp"

#include "schema/base/encoding.hpp"

#include <fstream>
#include <limits>
#include <sstream>
#include <toml++/toml.h>

namespace interswarm {

struct config_reader::shared {
  toml::table root;
  std::string file;
  std::optional<error> first;
  std::set<std::string> known;
};

namespace {

std::string place(const std::string& file, const toml::source_region& where) {
  return where.begin.line == 0 ? file : file + ":" + std::to_string(where.begin.line);
}

} // namespace

config_reader::config_reader(std::shared_ptr<shared> all, const toml::table* table,
                             std::string path)
    : shared_(std::move(all)), table_(table), path_(std::move(path)) {}

result<config_reader> config_reader::open(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(errc::io, file + ": cannot be read; give --config an existing file");
  std::ostringstream text;
  text << in.rdbuf();
  return parse(text.str(), file);
}

result<config_reader> config_reader::parse(std::string_view text, const std::string& file_name) {
  auto all = std::make_shared<shared>();
  all->file = file_name;
  try {
    all->root = toml::parse(text, file_name);
  } catch (const toml::parse_error& e) {
    return fail(errc::configuration,
                place(file_name, e.source()) + ": " + std::string(e.description()));
  }
  const auto* root = &all->root;
  return config_reader(std::move(all), root, "");
}

config_reader config_reader::over(toml::table&& root, const std::string& file_name) {
  auto all = std::make_shared<shared>();
  all->file = file_name;
  all->root = std::move(root);
  const auto* table = &all->root;
  return config_reader(std::move(all), table, "");
}

const toml::node* config_reader::find(const char* key) {
  asked_.insert(key);
  shared_->known.insert(path_ + key);
  return table_->get(key);
}

bool config_reader::has(const char* key) const { return table_->contains(key); }

config_reader::form config_reader::form_of(const char* key) const {
  const auto* node = table_->get(key);
  if (node == nullptr) return form::absent;
  if (node->is_string()) return form::text;
  if (node->is_number()) return form::number;
  if (node->is_array()) return form::list;
  return node->is_table() ? form::table : form::other;
}

std::vector<std::string> config_reader::names_in(const char* key) const {
  std::vector<std::string> out;
  const auto* node = table_->get(key);
  const auto* table = node == nullptr ? nullptr : node->as_table();
  if (table == nullptr) return out;
  for (const auto& [name, value] : *table) out.emplace_back(name.str());
  return out;
}

const std::set<std::string>& config_reader::known() const { return shared_->known; }

void config_reader::fail_at(const toml::node* where, const std::string& key,
                            const std::string& why) {
  if (shared_->first) return;
  const auto region = where != nullptr ? where->source() : table_->source();
  shared_->first = error{errc::configuration,
                         place(shared_->file, region) + ": " + printable(path_ + key) + ": " + why};
}

void config_reader::reject(const char* key, const std::string& why) {
  fail_at(table_->get(key), key, why);
}

void config_reader::read(const char* key, std::string& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<std::string>()) {
    out = *value;
  } else {
    fail_at(node, key, "a text in quotes is wanted");
  }
}

void config_reader::read(const char* key, bool& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  if (const auto value = node->value_exact<bool>()) {
    out = *value;
  } else {
    fail_at(node, key, "true or false is wanted");
  }
}

template <class Integer>
void config_reader::read_integer(const char* key, Integer& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  const auto value = node->value_exact<std::int64_t>();
  const auto most = std::numeric_limits<Integer>::max();
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > most) {
    fail_at(node, key, "a whole number from 0 to " + std::to_string(most) + " is wanted");
    return;
  }
  out = static_cast<Integer>(*value);
}

void config_reader::read(const char* key, std::uint16_t& out) { read_integer(key, out); }
void config_reader::read(const char* key, std::uint32_t& out) { read_integer(key, out); }
void config_reader::read(const char* key, std::uint64_t& out) { read_integer(key, out); }

void config_reader::read(const char* key, double& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  if (node->is_floating_point() || node->is_integer()) {
    out = node->value_or(out);
  } else {
    fail_at(node, key, "a number is wanted");
  }
}

void config_reader::read(const char* key, std::vector<std::string>& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  const auto* array = node->as_array();
  if (array == nullptr) {
    fail_at(node, key, "a list of texts is wanted, such as [\"…\"]");
    return;
  }
  out.clear();
  for (const auto& item : *array) {
    if (const auto value = item.value_exact<std::string>()) {
      out.push_back(*value);
    } else {
      fail_at(&item, key, "a list of texts is wanted, such as [\"…\"]");
    }
  }
}

void config_reader::read(const char* key, std::vector<std::uint64_t>& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  const auto* array = node->as_array();
  if (array == nullptr) {
    fail_at(node, key, "a list of whole numbers is wanted, such as [1, 2]");
    return;
  }
  out.clear();
  for (const auto& item : *array) {
    const auto value = item.value_exact<std::int64_t>();
    if (value && *value >= 0) {
      out.push_back(static_cast<std::uint64_t>(*value));
    } else {
      fail_at(&item, key, "a list of whole numbers is wanted, such as [1, 2]");
    }
  }
}

void config_reader::read(const char* key, endpoint& out) {
  std::optional<endpoint> value;
  read(key, value);
  if (value) out = *value;
}

void config_reader::read(const char* key, std::optional<endpoint>& out) {
  const auto* node = find(key);
  if (node == nullptr) return;
  const auto text = node->value_exact<std::string>();
  const auto value = text ? endpoint::parse(*text) : std::nullopt;
  if (value) {
    out = value;
  } else {
    fail_at(node, key,
            "an address and port is wanted, such as \"127.0.0.1:6969\" or \"[::1]:6969\"");
  }
}

void config_reader::read(const char* key, std::vector<endpoint>& out) {
  std::vector<std::string> texts;
  if (const auto* node = table_->get(key); node != nullptr && node->is_string()) {
    endpoint one;
    read(key, one);
    out = {one};
    return;
  }
  if (!has(key)) {
    asked_.insert(key);
    return;
  }
  read(key, texts);
  out.clear();
  for (const auto& text : texts) {
    if (const auto value = endpoint::parse(text)) {
      out.push_back(*value);
    } else {
      reject(key, "\"" + text + "\" is no address and port such as \"127.0.0.1:6969\"");
    }
  }
}

void config_reader::read(const char* key, std::chrono::seconds& out) {
  std::chrono::milliseconds fine(out);
  read(key, fine);
  out = std::chrono::duration_cast<std::chrono::seconds>(fine);
}

void config_reader::read(const char* key, std::chrono::milliseconds& out) {
  double seconds = std::chrono::duration<double>(out).count();
  read(key, seconds);
  if (!(seconds >= 0 && seconds <= 1e9)) {
    reject(key, "a number of seconds is wanted");
    return;
  }
  out = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

bool config_reader::table(const char* key, const std::function<void(config_reader&)>& inner) {
  const auto* node = find(key);
  if (node == nullptr) return false;
  const auto* table = node->as_table();
  if (table == nullptr) {
    fail_at(node, key, "a table is wanted, such as [" + path_ + key + "]");
    return false;
  }
  config_reader sub(shared_, table, path_ + key + ".");
  inner(sub);
  sub.check_unknown();
  return true;
}

void config_reader::tables(const char* key, const std::function<void(config_reader&)>& inner) {
  const auto* node = find(key);
  if (node == nullptr) return;
  const auto* array = node->as_array();
  if (array == nullptr || !(array->empty() || array->is_array_of_tables())) {
    fail_at(node, key, "tables are wanted, such as [[" + path_ + key + "]]");
    return;
  }
  for (const auto& item : *array) {
    config_reader sub(shared_, item.as_table(), path_ + key + ".");
    inner(sub);
    sub.check_unknown();
  }
}

void config_reader::check_unknown() {
  for (const auto& [key, node] : *table_) {
    if (asked_.contains(key.str())) continue;
    std::string known;
    for (const auto& name : asked_) known += (known.empty() ? "" : ", ") + name;
    fail_at(&node, std::string(key.str()), "unknown key; known here: " + known);
  }
}

bool config_reader::failed() const { return shared_->first.has_value(); }

result<void> config_reader::finish() {
  check_unknown();
  if (shared_->first) return tl::unexpected(*shared_->first);
  return {};
}

} // namespace interswarm
