// X.wire.hpp and X.wire.cpp: plain values to and from Cap'n Proto readers and builders. X.glue.*:
// the same for what holds actor handles, and an adapter and a proxy for each interface.
#include "schema/generator/model.hpp"
#include "schema/generator/names.hpp"

namespace interswarm::generator {

namespace {

std::string base_of(const std::string& path) { return path.substr(0, path.rfind(".capnp")); }
std::string banner(const file& f) {
  return "// Made by capnpc-caf from " + f.path + ". Do not edit.\n";
}
std::string via(bool carries) { return carries ? ", via" : ""; }

/// A statement that makes C++ value `to` from the reader expression `from`.
std::string read_statement(const type& t, const std::string& from, const std::string& to,
                           int depth) {
  switch (t.what) {
  case kind::nothing: return "";
  case kind::boolean:
  case kind::integer:
  case kind::real: return to + " = " + from + ";";
  case kind::text:
  case kind::data: return "codec::read(" + from + ", " + to + ");";
  case kind::enumeration:
    return to + " = codec::read_enum<" + t.cpp + ">(" + from + ", " + std::to_string(t.count) +
           ");";
  case kind::structure: return "read(" + from + ", " + to + via(t.carries) + ");";
  case kind::capability:
    return to + " = runtime::import_capability<" + t.cpp + ">(" + from + ", via);";
  case kind::list: break;
  }
  const auto n = std::to_string(depth);
  const auto f = "from" + n;
  const auto v = "to" + n;
  return "codec::read_list(" + from + ", " + to + ", [&](auto " + f + ", " + t.element->cpp + "& " +
         v + ") { " + read_statement(*t.element, f, v, depth + 1) + " });";
}

/// A statement that writes C++ value `from` into element `index` of the list builder `list`.
std::string set_element(const type& t, const std::string& list, const std::string& index,
                        const std::string& from, int depth);

/// Statements that fill the list builder `list` from the vector `from`.
std::string fill_list(const type& t, const std::string& list, const std::string& from, int depth) {
  const auto i = "i" + std::to_string(depth);
  return "for (unsigned " + i + " = 0; " + i + " < " + list + ".size(); ++" + i + ") { " +
         set_element(*t.element, list, i, from + "[" + i + "]", depth + 1) + " }";
}

std::string set_element(const type& t, const std::string& list, const std::string& index,
                        const std::string& from, int depth) {
  switch (t.what) {
  case kind::nothing: return "";
  case kind::boolean:
  case kind::integer:
  case kind::real: return list + ".set(" + index + ", " + from + ");";
  case kind::text: return list + ".set(" + index + ", codec::text(" + from + "));";
  case kind::data: return list + ".set(" + index + ", codec::data(" + from + "));";
  case kind::enumeration:
    return list + ".set(" + index + ", static_cast<" + t.wire + ">(" + from + "));";
  case kind::structure: return "write(" + list + "[" + index + "], " + from + via(t.carries) + ");";
  case kind::capability:
    return "if (" + from + ") " + list + ".set(" + index + ", runtime::export_capability<" + t.cpp +
           ">(" + from + ", via));";
  case kind::list: break;
  }
  const auto inner = "list" + std::to_string(depth);
  return "auto " + inner + " = " + list + ".init(" + index + ", codec::count(" + from +
         ".size())); " + fill_list(t, inner, from, depth);
}

std::string write_statement(const field& f) {
  const auto from = "from." + f.name;
  const auto& t = f.of;
  switch (t.what) {
  case kind::nothing: return f.in_union ? "to.set" + f.title + "();" : "";
  case kind::boolean:
  case kind::integer:
  case kind::real: return "to.set" + f.title + "(" + from + ");";
  case kind::text: return "to.set" + f.title + "(codec::text(" + from + "));";
  case kind::data: return "to.set" + f.title + "(codec::data(" + from + "));";
  case kind::enumeration:
    return "to.set" + f.title + "(static_cast<" + t.wire + ">(" + from + "));";
  case kind::structure: return "write(to.init" + f.title + "(), " + from + via(t.carries) + ");";
  case kind::capability:
    return "if (" + from + ") to.set" + f.title + "(runtime::export_capability<" + t.cpp + ">(" +
           from + ", via));";
  case kind::list: break;
  }
  return "{ auto list = to.init" + f.title + "(codec::count(" + from + ".size())); " +
         fill_list(t, "list", from, 0) + " }";
}

/// What may stay away from the wire when it holds nothing.
std::string when_present(const field& f, const std::string& statement) {
  const bool skippable =
      !f.in_union && !f.has_default &&
      (f.of.what == kind::text || f.of.what == kind::data || f.of.what == kind::list);
  return skippable ? "if (!from." + f.name + ".empty()) " + statement : statement;
}

std::string read_field(const structure&, const field& f) {
  const auto get = "from.get" + f.title + "()";
  if (f.of.what == kind::capability)
    return "if (from.has" + f.title + "()) " + read_statement(f.of, get, "to." + f.name, 0);
  return read_statement(f.of, get, "to." + f.name, 0);
}

std::string context(const structure& s) {
  return s.carries ? ", [[maybe_unused]] runtime::link& via" : "";
}

std::string signatures(const structure& s, bool define) {
  const auto tail = define ? "" : ";\n";
  return "void write(" + s.wire + "::Builder to, const " + s.name + "& from" + context(s) + ")" +
         tail +
         (define
              ? ""
              : "void read(" + s.wire + "::Reader from, " + s.name + "& to" + context(s) + ");\n");
}

std::string conversions(const structure& s) {
  const std::string unused = s.fields.empty() ? "[[maybe_unused]] " : "";
  std::string out = "void write(" + unused + s.wire + "::Builder to, " + unused + "const " +
                    s.name + "& from" + context(s) + ") {\n";
  for (const auto& f : s.fields) {
    if (!f.in_union && f.of.what != kind::nothing)
      out += "  " + when_present(f, write_statement(f)) + "\n";
  }
  if (s.has_union) {
    out += "  switch (from.which) {\n";
    for (const auto& f : s.fields) {
      if (f.in_union)
        out +=
            "  case " + s.name + "::which_t::" + f.name + ": " + write_statement(f) + " break;\n";
    }
    out += "  }\n";
  }
  out += "}\n\nvoid read(" + unused + s.wire + "::Reader from, " + unused + s.name + "& to" +
         context(s) + ") {\n";
  for (const auto& f : s.fields) {
    if (!f.in_union && f.of.what != kind::nothing) out += "  " + read_field(s, f) + "\n";
  }
  if (s.has_union) {
    out += "  switch (from.which()) {\n";
    for (const auto& f : s.fields) {
      if (!f.in_union) continue;
      out += "  case " + s.wire + "::" + f.enumerant + ": to.which = " + s.name +
             "::which_t::" + f.name + "; " + read_field(s, f) + " break;\n";
    }
    out += "  default: codec::refuse(\"unknown alternative of " + s.name + "\");\n  }\n";
  }
  return out + "}\n\n";
}

std::string adapter(const interface_type& i) {
  const auto name = i.name + "_adapter";
  const auto handle = i.name + "_actor";
  std::string out = "class " + name + " final : public " + i.wire + "::Server {\npublic:\n  " +
                    name + "(runtime::link& via, " + handle +
                    " target) : core_(via, std::move(target)) {}\n\n";
  for (const auto& m : i.methods) {
    out += "  ::kj::Promise<void> " + m.wire_name + "(" + m.title +
           "Context context) override {\n" + "    return core_.call<" + m.request + ", " +
           (m.result.empty() ? "void" : m.result) + ">(context);\n  }\n";
  }
  return out + "\nprivate:\n  runtime::adapter<" + handle + "> core_;\n};\n\n";
}

std::string proxy(const interface_type& i) {
  const auto name = i.name + "_proxy";
  const auto handle = i.name + "_actor";
  std::string out = "class " + name + " final : public runtime::proxy<" + handle + ", " + i.wire +
                    "> {\npublic:\n  using super = runtime::proxy<" + handle + ", " + i.wire +
                    ">;\n  using super::super;\n  const char* name() const override { return " +
                    quoted(i.name + "-proxy") + "; }\n\nprotected:\n  " + handle +
                    "::behavior_type make_behavior() override {\n    return {\n";
  for (const auto& m : i.methods) {
    out += "        [this](const " + m.request + "& x) {\n          return call<" +
           (m.result.empty() ? "void" : m.result) + ">(x, [](auto& cap, auto size) { return cap." +
           (m.wire_name) + "Request(size); });\n        },\n";
  }
  return out + "    };\n  }\n};\n\n";
}

} // namespace

std::string wire_header(const file& f) {
  std::string out = banner(f) + "#pragma once\n\n#include \"" + f.path + ".h\"\n#include \"" +
                    base_of(f.path) + ".values.hpp\"\n\nnamespace interswarm::msg {\n\n";
  for (const auto& s : f.structures) {
    if (!s.carries) out += signatures(s, false);
  }
  return out + "\n} // namespace interswarm::msg\n";
}

std::string wire_source(const file& f) {
  std::string out = banner(f) + "#include \"" + base_of(f.path) + ".wire.hpp\"\n\n";
  out += "#include \"schema/base/codec.hpp\"\n";
  for (const auto& other : f.imports) out += "#include \"" + base_of(other) + ".wire.hpp\"\n";
  out += "\nnamespace interswarm::msg {\n\n";
  for (const auto& s : f.structures) {
    if (s.carries) continue;
    out += conversions(s);
    if (!s.standalone) continue;
    out += "bytes encode(const " + s.name + "& value) {\n  return codec::encode<" + s.wire +
           ">([&](auto root) { write(root, value); });\n}\n\n";
    out += "template <>\ndecoded<" + s.name + "> decode<" + s.name +
           ">(byte_view data) {\n  return codec::decode<" + s.wire + ", " + s.name +
           ">(data, [](auto root, " + s.name + "& value) { read(root, value); });\n}\n\n";
  }
  return out + "} // namespace interswarm::msg\n";
}

std::string glue_header(const file& f) {
  std::string out = banner(f) +
                    "#pragma once\n\n#include \"actors/runtime/link.hpp\"\n#include \"" +
                    base_of(f.path) + ".gen.hpp\"\n#include \"" + base_of(f.path) + ".wire.hpp\"\n";
  for (const auto& other : f.imports) out += "#include \"" + base_of(other) + ".glue.hpp\"\n";
  out += "\nnamespace interswarm::msg {\n\n";
  for (const auto& s : f.structures) {
    if (s.carries) out += signatures(s, false);
  }
  out += "\n} // namespace interswarm::msg\n\nnamespace interswarm::runtime {\n\n";
  for (const auto& i : f.interfaces) {
    const auto handle = "msg::" + i.name + "_actor";
    out += "template <>\nstruct interface_of<" + handle + "> {\n  using wire = " + i.wire +
           ";\n  static wire::Client make_adapter(const " + handle +
           "& target, link& via);\n  static " + handle +
           " make_proxy(wire::Client cap, link& via);\n};\n\n";
  }
  return out + "} // namespace interswarm::runtime\n";
}

std::string glue_source(const file& f) {
  std::string out = banner(f) + "#include \"" + base_of(f.path) + ".glue.hpp\"\n\n" +
                    "#include \"actors/runtime/glue.hpp\"\n\nnamespace interswarm::msg {\n\n";
  for (const auto& s : f.structures) {
    if (s.carries) out += conversions(s);
  }
  out += "namespace {\n\n";
  for (const auto& i : f.interfaces) out += adapter(i) + proxy(i);
  out += "} // namespace\n\n} // namespace interswarm::msg\n\nnamespace interswarm::runtime {\n\n";
  for (const auto& i : f.interfaces) {
    const auto handle = "msg::" + i.name + "_actor";
    out += i.wire + "::Client interface_of<" + handle + ">::make_adapter(const " + handle +
           "& target, link& via) {\n  return ::kj::heap<msg::" + i.name +
           "_adapter>(via, target);\n}\n\n";
    out += handle + " interface_of<" + handle +
           ">::make_proxy(wire::Client cap, link& via) {\n  return " +
           "spawn_proxy<msg::" + i.name + "_proxy>(via, ::kj::mv(cap));\n}\n\n";
  }
  return out + "} // namespace interswarm::runtime\n";
}

} // namespace interswarm::generator
