#include "schema/generator/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace interswarm::generator {

namespace {

constexpr std::array keywords{
    "and",      "asm",     "auto",     "bool",     "break",    "case",    "catch",    "char",
    "class",    "concept", "const",    "continue", "default",  "delete",  "do",       "double",
    "else",     "enum",    "explicit", "export",   "extern",   "false",   "float",    "for",
    "friend",   "goto",    "if",       "inline",   "int",      "long",    "mutable",  "namespace",
    "new",      "not",     "operator", "or",       "private",  "public",  "register", "protected",
    "requires", "return",  "short",    "signed",   "sizeof",   "static",  "struct",   "switch",
    "template", "this",    "throw",    "true",     "try",      "typedef", "typename", "union",
    "unsigned", "using",   "virtual",  "void",     "volatile", "while",   "xor",      "which",
};

bool upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
char to_lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
char to_upper(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

} // namespace

std::string snake_case(std::string_view name) {
  std::string words(name);
  for (const std::string_view unit : {"KiB", "MiB", "GiB", "TiB"}) {
    for (auto at = words.find(unit); at != std::string::npos; at = words.find(unit, at + 3))
      words[at + 2] = 'b';
  }
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool starts_word =
        upper(words[i]) && i > 0 &&
        (!upper(words[i - 1]) || (i + 1 < words.size() && !upper(words[i + 1])));
    if (starts_word) out += '_';
    out += to_lower(words[i]);
  }
  if (std::find(keywords.begin(), keywords.end(), out) != keywords.end()) out += '_';
  return out;
}

std::string title_case(std::string_view name) {
  std::string out(name);
  if (!out.empty()) out[0] = to_upper(out[0]);
  return out;
}

std::string upper_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (upper(c)) out += '_';
    out += to_upper(c);
  }
  return out;
}

std::string doc_comment(std::string_view text, int indent) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    out.append(static_cast<std::size_t>(indent), ' ');
    out += line.empty() ? "///" : "/// " + std::string(line);
    out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string quoted(std::string_view text) {
  constexpr std::string_view digits = "01234567";
  std::string out = "\"";
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u >= 0x20 && u < 0x7F) {
      out += c;
    } else {
      out += '\\';
      for (const int shift : {6, 3, 0}) out += digits[(u >> shift) & 7U];
    }
  }
  return out + '"';
}

} // namespace interswarm::generator
