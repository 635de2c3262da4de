#include "modes/upload_identity.hpp"

#include "schema/base/hash.hpp"

namespace interswarm {

namespace {

/// With its length, so that no two lists of fields are the same text.
void add(std::string& to, const std::string& field) {
  to += std::to_string(field.size()) + ':' + field;
}

} // namespace

slice upload_identity(const file_state& file, const msg::publication& draft,
                      const std::string& lease) {
  std::string text = "interswarm-upload-1";
  add(text, file.host);
  add(text, std::to_string(file.device));
  add(text, std::to_string(file.inode));
  add(text, std::to_string(file.size));
  add(text, std::to_string(file.modified_ns));
  add(text, std::to_string(file.changed_ns));
  add(text, draft.title);
  add(text, draft.media_type);
  add(text, draft.series);
  add(text, draft.open ? "open" : "closed");
  add(text, lease);
  for (const auto& p : draft.properties) {
    add(text, p.key);
    add(text, p.value);
  }
  return slice::copy_of(sha256(as_bytes(text)));
}

} // namespace interswarm
