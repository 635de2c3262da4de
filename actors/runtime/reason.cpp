#include "actors/runtime/reason.hpp"

#include "schema/base/encoding.hpp"

#include <algorithm>
#include <string_view>

namespace interswarm::runtime {

std::string reason_of(const kj::Exception& e) {
  const auto text = e.getDescription();
  std::string_view words(text.begin(), text.size());
  if (words.starts_with("expected ")) {
    words = words.substr(std::min(words.size(), words.find("]; ") + 3));
  } else if (const auto call = words.find("): ");
             call != words.npos && words.find('(') < words.find(' ')) {
    words = words.substr(call + 3);
  }
  words = words.substr(0, words.find("; params."));
  return printable(words.substr(0, words.find("; toString()")));
}

} // namespace interswarm::runtime
