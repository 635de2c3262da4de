#include "actors/services/http/content_right.hpp"

#include <kj/debug.h>

namespace interswarm::http {

void content_right::end() {
  if (std::exchange(ended_, true) || !ways_) return;
  ways_->end->reject(KJ_EXCEPTION(DISCONNECTED, "the right to this content has ended"));
}

} // namespace interswarm::http
