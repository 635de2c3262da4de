#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace interswarm::compare {

/// `text` for an element or an attribute in double quotes: &, <, >, " and ' as references, control
/// characters but for line ends and tabs, broken UTF-8 and characters that turn the direction of
/// writing as "?".
std::string escaped(std::string_view text);

/// "class" and its value, which is escaped when it is written.
using attributes = std::initializer_list<std::pair<std::string_view, std::string>>;

/// An element that is open as long as this object lives; what is appended to `out` meanwhile is
/// inside. The result is HTML and XML alike.
class element {
public:
  element(std::string& out, std::string_view name, attributes with = {});
  ~element();
  element(const element&) = delete;
  element& operator=(const element&) = delete;

private:
  std::string& out_;
  std::string_view name_;
};

/// One with a text, which is escaped.
void put(std::string& out, std::string_view name, attributes with, std::string_view text);
inline void put(std::string& out, std::string_view name, std::string_view text) {
  put(out, name, {}, text);
}
/// One without a content: `<br/>`.
void put_empty(std::string& out, std::string_view name, attributes with = {});

} // namespace interswarm::compare
