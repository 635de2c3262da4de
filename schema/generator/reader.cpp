#include "schema/generator/reader.hpp"

#include "schema/generator/names.hpp"

#include <kj/debug.h>
#include <map>
#include <unordered_map>

namespace interswarm::generator {

namespace {

namespace schema = capnp::schema;
using node_reader = schema::Node::Reader;

constexpr std::uint64_t cxx_namespace_annotation = 0xb9c6f99ebf805f2c; // capnp/c++.capnp
constexpr std::uint64_t stream_result = 0x995f9a3377c0b16e;            // capnp/stream.capnp

class builder {
public:
  builder(schema::CodeGeneratorRequest::Reader request, std::uint64_t file_id) : file_id_(file_id) {
    for (const auto n : request.getNodes()) {
      nodes_.emplace(n.getId(), n);
      for (const auto nested : n.getNestedNodes()) names_[nested.getId()] = nested.getName().cStr();
    }
    for (const auto info : request.getSourceInfo()) info_.emplace(info.getId(), info);
  }

  file build(std::string path) {
    out_.path = std::move(path);
    out_.wire_namespace = wire_namespace(file_id_);
    visit_nested(file_id_);
    return std::move(out_);
  }

private:
  const node_reader& node(std::uint64_t id) const {
    const auto found = nodes_.find(id);
    KJ_REQUIRE(found != nodes_.end(), "the request lacks a node", id);
    return found->second;
  }

  std::uint64_t file_of(std::uint64_t id) const {
    while (!node(id).isFile()) id = node(id).getScopeId();
    return id;
  }

  std::string wire_namespace(std::uint64_t file) const {
    for (const auto annotation : node(file).getAnnotations()) {
      if (annotation.getId() == cxx_namespace_annotation)
        return annotation.getValue().getText().cStr();
    }
    KJ_FAIL_REQUIRE("a schema needs $Cxx.namespace", node(file).getDisplayName());
  }

  /// Own names from the file's scope inwards: {"LedgerEntry", "Role"}.
  std::vector<std::string> path_of(std::uint64_t id) const {
    std::vector<std::string> path;
    for (; !node(id).isFile(); id = node(id).getScopeId()) path.insert(path.begin(), names_.at(id));
    return path;
  }

  std::string cpp_name(std::uint64_t id) const {
    std::string out;
    for (const auto& part : path_of(id)) out += (out.empty() ? "" : "_") + snake_case(part);
    return out;
  }

  std::string wire_name(std::uint64_t id) const {
    std::string out = "::" + wire_namespace(file_of(id));
    for (const auto& part : path_of(id)) out += "::" + part;
    return out;
  }

  std::string doc(std::uint64_t id) const {
    const auto found = info_.find(id);
    return found == info_.end() ? "" : found->second.getDocComment().cStr();
  }

  std::string member_doc(std::uint64_t id, unsigned index) const {
    const auto found = info_.find(id);
    if (found == info_.end() || index >= found->second.getMembers().size()) return "";
    return found->second.getMembers()[index].getDocComment().cStr();
  }

  void use(std::uint64_t id) {
    const auto owner = file_of(id);
    if (owner != file_id_) out_.imports.insert(node(owner).getDisplayName().cStr());
  }

  bool carries(schema::Type::Reader t) {
    if (t.isInterface()) return true;
    if (t.isList()) return carries(t.getList().getElementType());
    return t.isStruct() && carries(t.getStruct().getTypeId());
  }

  bool carries(std::uint64_t id) {
    if (const auto known = carries_.find(id); known != carries_.end()) return known->second;
    carries_[id] = false; // a cycle adds nothing by itself
    bool found = false;
    for (const auto f : node(id).getStruct().getFields())
      found = found ||
              (f.isGroup() ? carries(f.getGroup().getTypeId()) : carries(f.getSlot().getType()));
    return carries_[id] = found;
  }

  type make_type(schema::Type::Reader t) {
    switch (t.which()) {
    case schema::Type::VOID: return {};
    case schema::Type::BOOL: return {kind::boolean, "bool", "bool", nullptr, false, 0};
    case schema::Type::INT8: return integer("std::int8_t");
    case schema::Type::INT16: return integer("std::int16_t");
    case schema::Type::INT32: return integer("std::int32_t");
    case schema::Type::INT64: return integer("std::int64_t");
    case schema::Type::UINT8: return integer("std::uint8_t");
    case schema::Type::UINT16: return integer("std::uint16_t");
    case schema::Type::UINT32: return integer("std::uint32_t");
    case schema::Type::UINT64: return integer("std::uint64_t");
    case schema::Type::FLOAT32: return {kind::real, "float", "float", nullptr, false, 0};
    case schema::Type::FLOAT64: return {kind::real, "double", "double", nullptr, false, 0};
    case schema::Type::TEXT: return {kind::text, "std::string", "::capnp::Text", nullptr, false, 0};
    case schema::Type::DATA: return {kind::data, "slice", "::capnp::Data", nullptr, false, 0};
    case schema::Type::LIST: {
      auto element = std::make_shared<const type>(make_type(t.getList().getElementType()));
      KJ_REQUIRE(element->what != kind::nothing, "List(Void) is not supported");
      return {kind::list,
              "std::vector<" + element->cpp + ">",
              "::capnp::List<" + element->wire + ">",
              element,
              element->carries,
              0};
    }
    case schema::Type::ENUM: {
      const auto id = t.getEnum().getTypeId();
      use(id);
      return {kind::enumeration,
              "msg::" + cpp_name(id),
              wire_name(id),
              nullptr,
              false,
              node(id).getEnum().getEnumerants().size()};
    }
    case schema::Type::STRUCT: {
      const auto id = t.getStruct().getTypeId();
      KJ_REQUIRE(!node(id).getIsGeneric(), "generic types are not supported", wire_name(id));
      use(id);
      return {kind::structure, "msg::" + cpp_name(id), wire_name(id), nullptr, carries(id), 0};
    }
    case schema::Type::INTERFACE: {
      const auto id = t.getInterface().getTypeId();
      use(id);
      return {kind::capability, "msg::" + cpp_name(id) + "_actor", wire_name(id), nullptr, true, 0};
    }
    case schema::Type::ANY_POINTER: break;
    }
    KJ_FAIL_REQUIRE("AnyPointer is not supported");
  }

  static type integer(const char* name) { return {kind::integer, name, name, nullptr, false, 0}; }

  static std::string number(schema::Value::Reader v) {
    switch (v.which()) {
    case schema::Value::INT8: return std::to_string(v.getInt8());
    case schema::Value::INT16: return std::to_string(v.getInt16());
    case schema::Value::INT32: return std::to_string(v.getInt32());
    case schema::Value::INT64: return std::to_string(v.getInt64()) + "LL";
    case schema::Value::UINT8: return std::to_string(v.getUint8());
    case schema::Value::UINT16: return std::to_string(v.getUint16());
    case schema::Value::UINT32: return std::to_string(v.getUint32()) + "U";
    case schema::Value::UINT64: return std::to_string(v.getUint64()) + "ULL";
    case schema::Value::FLOAT32: return kj::str(v.getFloat32()).cStr();
    case schema::Value::FLOAT64: return kj::str(v.getFloat64()).cStr();
    case schema::Value::BOOL: return v.getBool() ? "true" : "false";
    default: KJ_FAIL_REQUIRE("not a number");
    }
  }

  std::string enumerant(schema::Type::Reader t, std::uint16_t ordinal) {
    const auto id = t.getEnum().getTypeId();
    return "msg::" + cpp_name(id) +
           "::" + snake_case(node(id).getEnum().getEnumerants()[ordinal].getName().cStr());
  }

  std::string initial(schema::Type::Reader t, schema::Value::Reader v, bool has_default) {
    switch (t.which()) {
    case schema::Type::VOID: return "";
    case schema::Type::ENUM: return enumerant(t, v.getEnum());
    case schema::Type::TEXT: return v.getText().size() == 0 ? "" : quoted(v.getText().cStr());
    case schema::Type::DATA:
    case schema::Type::LIST:
    case schema::Type::STRUCT:
    case schema::Type::INTERFACE:
    case schema::Type::ANY_POINTER:
      KJ_REQUIRE(!has_default, "defaults of data, lists and structs are not supported");
      return "";
    default: return number(v);
    }
  }

  /// Adds the struct and, before it, what it holds by value.
  void add_structure(std::uint64_t id, std::string name, std::string wire, bool standalone) {
    if (!done_.insert(id).second) return;
    structure s{id, std::move(name), std::move(wire), doc(id), {}, false, carries(id), standalone};
    unsigned index = 0;
    const auto fields = node(id).getStruct().getFields();
    std::vector<field> read;
    for (const auto f : fields) {
      field out;
      out.name = snake_case(f.getName().cStr());
      out.title = title_case(f.getName().cStr());
      out.enumerant = upper_case(f.getName().cStr());
      out.doc = member_doc(id, index++);
      out.in_union = f.getDiscriminantValue() != schema::Field::NO_DISCRIMINANT;
      if (f.isGroup()) {
        const auto group = f.getGroup().getTypeId();
        const auto group_name = s.name + "_" + out.name;
        const auto group_wire = s.wire + "::" + out.title;
        add_structure(group, group_name, group_wire, false);
        out.of = {kind::structure, "msg::" + group_name, group_wire, nullptr, carries(group), 0};
      } else {
        const auto slot = f.getSlot();
        out.of = make_type(slot.getType());
        out.has_default = slot.getHadExplicitDefault();
        out.initial = initial(slot.getType(), slot.getDefaultValue(), out.has_default);
        add_held(slot.getType());
      }
      s.has_union = s.has_union || out.in_union;
      s.fields.push_back(std::move(out));
    }
    out_.structures.push_back(std::move(s));
  }

  void add_held(schema::Type::Reader t) {
    if (t.isList()) return add_held(t.getList().getElementType());
    if (t.isStruct() && file_of(t.getStruct().getTypeId()) == file_id_) {
      const auto id = t.getStruct().getTypeId();
      add_structure(id, cpp_name(id), wire_name(id), true);
    }
  }

  void add_interface(std::uint64_t id) {
    const auto n = node(id).getInterface();
    KJ_REQUIRE(n.getSuperclasses().size() == 0, "interface inheritance is not supported",
               wire_name(id));
    KJ_REQUIRE(n.getMethods().size() > 0, "an interface needs a method", wire_name(id));
    interface_type out{id, cpp_name(id), wire_name(id), doc(id), {}};
    unsigned index = 0;
    for (const auto m : n.getMethods()) {
      method made;
      made.wire_name = m.getName().cStr();
      made.title = title_case(made.wire_name);
      made.doc = member_doc(id, index++);
      made.request = out.name + "_" + snake_case(made.wire_name);
      if (made.request.back() == '_') made.request.pop_back();
      const auto params = m.getParamStructType();
      const auto results = m.getResultStructType();
      KJ_REQUIRE(node(params).getScopeId() == 0, "name a method's parameters in place",
                 made.request);
      add_structure(params, made.request, out.wire + "::" + made.title + "Params", false);
      made.streaming = results == stream_result;
      if (!made.streaming) {
        KJ_REQUIRE(node(results).getScopeId() == 0, "name a method's results in place",
                   made.request);
        if (node(results).getStruct().getFields().size() > 0) {
          made.result = made.request + "_result";
          add_structure(results, made.result, out.wire + "::" + made.title + "Results", false);
        }
      }
      out.methods.push_back(std::move(made));
    }
    out_.interfaces.push_back(std::move(out));
  }

  void add_constant(std::uint64_t id) {
    const auto n = node(id).getConst();
    const auto t = make_type(n.getType());
    const auto name = cpp_name(id);
    std::string made;
    if (t.what == kind::text)
      made = "inline constexpr std::string_view " + name + " = " +
             quoted(n.getValue().getText().cStr());
    else if (t.what == kind::enumeration)
      made = "inline constexpr " + t.cpp + " " + name + " = " +
             enumerant(n.getType(), n.getValue().getEnum());
    else
      made = "inline constexpr " + t.cpp + " " + name + " = " + number(n.getValue());
    out_.constants.push_back({made + ";", doc(id)});
  }

  void visit_nested(std::uint64_t id) {
    for (const auto nested : node(id).getNestedNodes()) {
      const auto child = nested.getId();
      const auto found = nodes_.find(child);
      if (found == nodes_.end()) continue;
      const auto& n = found->second;
      if (n.isStruct()) add_structure(child, cpp_name(child), wire_name(child), true);
      if (n.isInterface()) add_interface(child);
      if (n.isConst()) add_constant(child);
      if (n.isEnum()) add_enumeration(child);
      visit_nested(child);
    }
  }

  void add_enumeration(std::uint64_t id) {
    enumeration out{cpp_name(id), doc(id), {}};
    unsigned index = 0;
    for (const auto e : node(id).getEnum().getEnumerants())
      out.values.emplace_back(snake_case(e.getName().cStr()), member_doc(id, index++));
    out_.enumerations.push_back(std::move(out));
  }

  std::uint64_t file_id_;
  std::unordered_map<std::uint64_t, node_reader> nodes_;
  std::unordered_map<std::uint64_t, std::string> names_;
  std::unordered_map<std::uint64_t, schema::Node::SourceInfo::Reader> info_;
  std::map<std::uint64_t, bool> carries_;
  std::set<std::uint64_t> done_;
  file out_;
};

} // namespace

file read_file(schema::CodeGeneratorRequest::Reader request,
               schema::CodeGeneratorRequest::RequestedFile::Reader requested) {
  return builder(request, requested.getId()).build(requested.getFilename().cStr());
}

} // namespace interswarm::generator
