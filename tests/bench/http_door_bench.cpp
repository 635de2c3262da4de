// Serves one file through the HTTP door until it is told to stop: the server that http_bench.py
// measures.
//
//     http_door_bench FILE [--read] [--loops N] [--tls CERTIFICATE KEY]
//
// The file is /content/file. It is mapped, so that the door's own cost shows; with --read each read
// of the source is a pread() on a thread of its own, as it is for a storage node.
#include "actors/runtime/loop_actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/services/http/http_door.hpp"

#include <cstdio>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace interswarm;

namespace {

/// An open file, mapped; immutable, and shared by all sources over it.
class mapped_file {
public:
  static std::shared_ptr<mapped_file> open(const std::string& path) {
    auto out = std::make_shared<mapped_file>();
    struct stat info {};
    out->fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (out->fd < 0 || ::fstat(out->fd, &info) != 0) return nullptr;
    out->size = static_cast<std::size_t>(info.st_size);
    void* at = ::mmap(nullptr, out->size, PROT_READ, MAP_SHARED | MAP_POPULATE, out->fd, 0);
    if (at == MAP_FAILED) return nullptr;
    out->data = static_cast<const byte*>(at);
    return out;
  }
  ~mapped_file() {
    if (data != nullptr) ::munmap(const_cast<byte*>(data), size);
    if (fd >= 0) ::close(fd);
  }

  int fd = -1;
  const byte* data = nullptr;
  std::size_t size = 0;
};

class file_source final : public runtime::loop_actor<msg::source_actor> {
public:
  file_source(caf::actor_config& config, runtime::loop& home, std::shared_ptr<mapped_file> file,
              runtime::worker_pool* readers)
      : loop_actor(config, home), file_(std::move(file)), readers_(readers) {}

  behavior_type make_behavior() override {
    return {
        [this](const msg::source_info&) {
          msg::source_info_result out;
          out.info.size = file_->size;
          return out;
        },
        [this](const msg::source_have&) {
          return msg::source_have_result{1, {{0, file_->size}}, 0};
        },
        [this](const msg::source_read& x) { return read(x); },
        [](const msg::source_judge&) {},
        [](const msg::source_genuine& x) {
          return msg::source_genuine_result{x.range, msg::verdict::good};
        },
    };
  }

private:
  caf::result<msg::source_read_result> read(const msg::source_read& x) {
    if (x.range.begin > x.range.end || x.range.end > file_->size)
      return runtime::make_caf_error(errc::malformed, "the range passes the end of the file");
    const auto size = x.range.end - x.range.begin;
    if (readers_ == nullptr)
      return msg::source_read_result{slice(file_, {file_->data + x.range.begin, size})};
    auto promise = make_response_promise<msg::source_read_result>();
    readers_->run([file = file_, range = x.range, size, promise]() mutable {
      bytes out(size);
      const auto got = ::pread(file->fd, out.data(), out.size(), static_cast<off_t>(range.begin));
      if (got == static_cast<ssize_t>(size))
        promise.deliver(msg::source_read_result{slice(std::move(out))});
      else
        promise.deliver(runtime::make_caf_error(errc::io, "the file cannot be read"));
    });
    return promise;
  }

  std::shared_ptr<mapped_file> file_;
  runtime::worker_pool* readers_;
};

struct arguments {
  std::string file;
  bool read = false;
  std::size_t loops = 1;
  std::optional<http::http_door_options::tls_files> tls;
};

std::optional<arguments> parse(int argc, char** argv) {
  arguments out;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--read")
      out.read = true;
    else if (word == "--loops" && i + 1 < argc)
      out.loops = std::stoul(argv[++i]);
    else if (word == "--tls" && i + 2 < argc) {
      out.tls = http::http_door_options::tls_files{argv[i + 1], argv[i + 2]};
      i += 2;
    } else
      out.file = word;
  }
  if (out.file.empty() || out.loops == 0) return std::nullopt;
  return out;
}

} // namespace

int main(int argc, char** argv) {
  const auto args = parse(argc, argv);
  if (!args) {
    std::fprintf(stderr, "usage: http_door_bench FILE [--read] [--loops N] [--tls CERT KEY]\n");
    return 2;
  }
  const auto file = mapped_file::open(args->file);
  if (!file) {
    std::fprintf(stderr, "cannot open %s\n", args->file.c_str());
    return 1;
  }
  runtime::worker_pool readers(2);
  runtime::system_options options;
  options.loops.clear();
  for (std::size_t i = 0; i < args->loops; ++i)
    options.loops.push_back("http-" + std::to_string(i));
  runtime::system system(options);
  endpoint at{ip_address::v4(0x7f000001), 0};
  for (std::size_t i = 0; i < args->loops; ++i) {
    const auto source =
        runtime::spawn_on<file_source>(system.home(i), file, args->read ? &readers : nullptr);
    http::http_door_options door;
    door.listen = {at};
    door.share_port = true;
    door.tls = args->tls;
    door.connections_per_address = door.connections;
    const auto opened = http::spawn_http_door(
        system.home(i), door, [source, file](const http::http_question& q, auto answer) {
          if (q.name != "file") return answer(fail(errc::not_found, "no such file"));
          http::http_content content;
          content.size = file->size;
          content.etag = "bench";
          content.modified = 1'700'000'000;
          content.open = true;
          content.source = source;
          answer(std::move(content));
        });
    if (!opened) {
      std::fprintf(stderr, "%s\n", opened.error().text.c_str());
      return 1;
    }
    at = opened->listening.front();
    system.enlist(runtime::stage::intake, "http-door", opened->handle);
  }
  std::printf("listening %s\n", at.to_string().c_str());
  std::fflush(stdout);
  system.wait_for_stop();
  system.shut_down();
  return 0;
}
