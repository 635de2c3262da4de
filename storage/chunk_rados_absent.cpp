// In place of chunk_rados.cpp in a build without librados.
#include "storage/chunk_rados.hpp"

namespace interswarm {

result<std::unique_ptr<chunk_backend>> open_chunk_rados(const rados_options&) {
  return fail(errc::unimplemented, "this program was built without Ceph RADOS; build it where "
                                   "librados-dev is installed, or keep chunks in a folder");
}

} // namespace interswarm
