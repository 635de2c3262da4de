#include "modes/compare/report/markup.hpp"

#include "schema/base/encoding.hpp"

namespace interswarm::compare {

namespace {

/// U+202A to U+202E and U+2066 to U+2069 (Unicode Standard Annex 9), U+FFFE and U+FFFF (which XML
/// 1.0 section 2.2 excludes), in UTF-8.
bool is_unwelcome(std::string_view three) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(three[i]); };
  if (at(0) == 0xE2 && at(1) == 0x80) return at(2) >= 0xAA && at(2) <= 0xAE;
  if (at(0) == 0xE2 && at(1) == 0x81) return at(2) >= 0xA6 && at(2) <= 0xA9;
  return at(0) == 0xEF && at(1) == 0xBF && at(2) >= 0xBE;
}

void append_escaped(std::string& out, std::string_view line) {
  const auto clean = printable(line, line.size() + 1);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    if (i + 3 <= clean.size() && is_unwelcome(std::string_view(clean).substr(i, 3))) {
      out += '?';
      i += 2;
      continue;
    }
    switch (clean[i]) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&#39;"; break;
    default: out += clean[i];
    }
  }
}

void append_attributes(std::string& out, attributes with) {
  for (const auto& [name, value] : with) {
    out += ' ';
    out += name;
    out += "=\"";
    out += escaped(value);
    out += '"';
  }
}

} // namespace

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = text.find_first_of("\n\t");
    append_escaped(out, text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += text[end];
    text.remove_prefix(end + 1);
  }
  return out;
}

element::element(std::string& out, std::string_view name, attributes with)
    : out_(out), name_(name) {
  out_ += '<';
  out_ += name_;
  append_attributes(out_, with);
  out_ += '>';
}

element::~element() {
  out_ += "</";
  out_ += name_;
  out_ += '>';
}

void put(std::string& out, std::string_view name, attributes with, std::string_view text) {
  const element e(out, name, with);
  out += escaped(text);
}

void put_empty(std::string& out, std::string_view name, attributes with) {
  out += '<';
  out += name;
  append_attributes(out, with);
  out += "/>";
}

} // namespace interswarm::compare
