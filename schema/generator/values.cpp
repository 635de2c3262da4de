// X.values.hpp: plain values, without Cap'n Proto and actors. X.gen.hpp: actor handles and what
// holds them.
#include "schema/generator/model.hpp"
#include "schema/generator/names.hpp"

namespace interswarm::generator {

namespace {

std::string banner(const file& f) {
  return "// Made by capnpc-caf from " + f.path + ". Do not edit.\n#pragma once\n\n";
}

std::string base_of(const std::string& path) { return path.substr(0, path.rfind(".capnp")); }

std::string definition(const structure& s) {
  std::string out = doc_comment(s.doc, 0) + "struct " + s.name + " {\n";
  if (s.has_union) {
    out += "  enum class which_t : std::uint16_t {";
    std::string first;
    for (const auto& f : s.fields) {
      if (!f.in_union) continue;
      out += (first.empty() ? " " : ", ") + f.name;
      if (first.empty()) first = f.name;
    }
    out += " };\n  which_t which = which_t::" + first + ";\n";
  }
  for (const auto& f : s.fields) {
    if (f.of.what == kind::nothing) continue;
    out += doc_comment(f.doc, 2) + "  " + f.of.cpp + " " + f.name;
    out += f.initial.empty() ? "{};\n" : " = " + f.initial + ";\n";
  }
  out += "\n  friend bool operator==(const msg::" + s.name + "&, const msg::" + s.name +
         "&) = default;\n};\n\n";
  return out;
}

std::string definition(const enumeration& e) {
  std::string out = doc_comment(e.doc, 0) + "enum class " + e.name + " : std::uint16_t {\n";
  for (const auto& [name, doc] : e.values) out += doc_comment(doc, 2) + "  " + name + ",\n";
  out += "};\n\n/// The value's name, \"unknown\" for one that has none.\n";
  out += "constexpr std::string_view to_string(" + e.name + " value) {\n  switch (value) {\n";
  for (const auto& [name, doc] : e.values)
    out += "  case " + e.name + "::" + name + ": return " + quoted(name) + ";\n";
  out += "  }\n  return \"unknown\";\n}\n\n";
  return out;
}

std::string alias(const interface_type& i) {
  std::string out = doc_comment(i.doc, 0) + "using " + i.name + "_actor = caf::typed_actor<\n";
  for (std::size_t n = 0; n < i.methods.size(); ++n) {
    const auto& m = i.methods[n];
    out += doc_comment(m.doc, 4);
    out += "    caf::replies_to<" + m.request + ">::with<" +
           (m.result.empty() ? "void" : m.result) + ">";
    out += n + 1 < i.methods.size() ? ",\n" : ">;\n\n";
  }
  return out;
}

} // namespace

std::string values_header(const file& f) {
  std::string out = banner(f) + "#include \"schema/base/message.hpp\"\n";
  for (const auto& other : f.imports) out += "#include \"" + base_of(other) + ".values.hpp\"\n";
  out += "\n#include <cstdint>\n#include <string>\n#include <string_view>\n#include <vector>\n\n";
  out += "namespace interswarm::msg {\n\n";
  for (const auto& e : f.enumerations) out += definition(e);
  for (const auto& c : f.constants) out += doc_comment(c.doc, 0) + c.declaration + "\n";
  if (!f.constants.empty()) out += "\n";
  for (const auto& s : f.structures) {
    if (s.carries) continue;
    out += definition(s);
    if (!s.standalone) continue;
    out += "/// One Cap'n Proto message; `decode` takes it back.\n";
    out += "bytes encode(const " + s.name + "& value);\n";
    out += "template <>\ndecoded<" + s.name + "> decode<" + s.name + ">(byte_view data);\n\n";
  }
  return out + "} // namespace interswarm::msg\n";
}

std::string actor_header(const file& f) {
  std::string out = banner(f) + "#include \"" + base_of(f.path) + ".values.hpp\"\n";
  for (const auto& other : f.imports) out += "#include \"" + base_of(other) + ".gen.hpp\"\n";
  out += "\n#include <caf/allowed_unsafe_message_type.hpp>\n#include <caf/fwd.hpp>\n"
         "#include <caf/replies_to.hpp>\n#include <caf/typed_actor.hpp>\n\n";
  out += "namespace interswarm::msg {\n\n";
  for (const auto& s : f.structures) {
    if (s.carries) out += "struct " + s.name + ";\n";
  }
  out += "\n";
  for (const auto& i : f.interfaces) out += alias(i);
  out += "} // namespace interswarm::msg\n\n";
  for (const auto& s : f.structures)
    out += "CAF_ALLOW_UNSAFE_MESSAGE_TYPE(interswarm::msg::" + s.name + ")\n";
  out += "\nnamespace interswarm::msg {\n\n";
  for (const auto& s : f.structures) {
    if (s.carries) out += definition(s);
  }
  return out + "} // namespace interswarm::msg\n";
}

} // namespace interswarm::generator
