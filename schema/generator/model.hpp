#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

/// What the generator knows of one schema file, in C++ terms.
namespace interswarm::generator {

enum class kind {
  nothing,
  boolean,
  integer,
  real,
  text,
  data,
  list,
  enumeration,
  structure,
  capability
};

struct type {
  kind what = kind::nothing;
  /// The plain C++ type, fully qualified: "std::uint64_t", "msg::range", "msg::source_actor".
  std::string cpp;
  /// The Cap'n Proto C++ type: "wire::Range".
  std::string wire;
  /// Element type of a list.
  std::shared_ptr<const type> element;
  /// Holds an interface somewhere inside, so that it needs a connection to cross.
  bool carries = false;
  /// Number of enumerants.
  std::uint32_t count = 0;
};

struct field {
  std::string name;
  /// "ContentId", as in getContentId.
  std::string title;
  /// "CONTENT_ID", the union's enumerant.
  std::string enumerant;
  std::string doc;
  /// C++ initializer, or empty.
  std::string initial;
  type of;
  bool in_union = false;
  bool has_default = false;
};

struct structure {
  std::uint64_t id = 0;
  std::string name;
  std::string wire;
  std::string doc;
  std::vector<field> fields;
  bool has_union = false;
  bool carries = false;
  /// A struct of the schema (or a method's parameters or results, which are not encoded alone).
  bool standalone = false;
};

struct enumeration {
  std::string name;
  std::string doc;
  std::vector<std::pair<std::string, std::string>> values;
};

struct constant {
  std::string declaration;
  std::string doc;
};

struct method {
  /// As capnpc-c++ names it.
  std::string wire_name;
  std::string title;
  std::string doc;
  std::string request;
  /// Empty: answers nothing.
  std::string result;
  bool streaming = false;
};

struct interface_type {
  std::uint64_t id = 0;
  std::string name;
  std::string wire;
  std::string doc;
  std::vector<method> methods;
};

struct file {
  /// "schema/content.capnp"
  std::string path;
  std::string wire_namespace;
  /// Schema files whose types this one uses.
  std::set<std::string> imports;
  std::vector<constant> constants;
  std::vector<enumeration> enumerations;
  /// What a struct holds by value stands before it.
  std::vector<structure> structures;
  std::vector<interface_type> interfaces;
};

/// The generated parts of a file; each returns the whole text.
std::string values_header(const file& f);
std::string wire_header(const file& f);
std::string wire_source(const file& f);
std::string actor_header(const file& f);
std::string glue_header(const file& f);
std::string glue_source(const file& f);

} // namespace interswarm::generator
