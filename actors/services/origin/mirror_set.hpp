#pragma once

#include "actors/services/origin/http_fields.hpp"
#include "schema/base/result.hpp"

#include <map>
#include <vector>

namespace interswarm::origin {

/// The fields of a response that matter here, as they came.
struct response_head {
  unsigned status = 0;
  std::map<std::string, std::string> fields{};
  /// The connection says how long the body is: by chunks.
  bool chunked = false;

  /// Nothing when it is absent, or longer than `limits::field_bytes`.
  std::optional<std::string_view> field(const std::string& lower_case_name) const;
};

/// A request that was sent: bytes from `from` to `to` or to the content's end.
struct asked_range {
  std::uint64_t from = 0;
  std::optional<std::uint64_t> to{};
  /// It had a Range field; without one the whole content was asked for.
  bool ranged = true;
  /// It had an If-Range field.
  bool conditional = false;
};

/// What a response head means.
struct verdict {
  enum class kind : std::uint8_t {
    /// The body holds the content from `begin` on.
    take,
    /// Ask the same mirror again at once, in another way.
    again,
    /// The server fails at present.
    retry,
    /// This mirror is of no use for this content.
    out,
    /// The content changed while it was pulled: the source fails.
    conflict,
  };
  kind what = kind::take;
  error why{};
  std::uint64_t begin = 0;
  /// One past the last byte of the body; nothing while the content's size is unknown.
  std::optional<std::uint64_t> end{};
  /// The server's own word on when to come again.
  std::optional<std::chrono::seconds> retry_after{};
};

/// What the first answers told of a content.
struct learned_content {
  std::string media_type{};
  /// From Content-Disposition or else the URL's path; bare, or empty.
  std::string file_name{};
  /// As the mirror that was asked first gave them.
  std::string etag{};
  std::string last_modified{};
};

/// What is known of a content's mirrors, and what each of their answers means: bytes of different
/// versions are never mixed. Decisions only.
class mirror_set {
public:
  struct origin {
    /// "https://host:port"
    std::string server{};
    /// For a content without a Content-Disposition.
    std::string file_name{};
  };
  explicit mirror_set(const std::vector<origin>& origins);

  /// How to ask mirror `m` for bytes from `from` on.
  asked_range ask(std::size_t m, std::uint64_t from, std::optional<std::uint64_t> to) const;
  std::optional<std::string> if_range(std::size_t m, const asked_range& asked) const;
  /// The mirror's answer to that. `now`: Unix seconds.
  verdict judge(std::size_t m, const asked_range& asked, const response_head& head,
                std::int64_t now);

  /// Bytes of this mirror are part of what was given on.
  void used(std::size_t m) { mirrors_[m].used = true; }
  /// The mirror is of no use any more.
  void leave_out(std::size_t m, error why);
  /// What it last did, for people; without a line end.
  void did(std::size_t m, std::string what) { mirrors_[m].last = std::move(what); }
  /// A content whose size was unknown ended here.
  void ended_at(std::uint64_t size) { size_ = size; }

  std::size_t count() const { return mirrors_.size(); }
  bool is_out(std::size_t m) const { return mirrors_[m].out.has_value(); }
  /// False: it can only give all from the start. Unknown counts as true.
  bool has_ranges(std::size_t m) const { return mirrors_[m].ranges; }
  std::optional<std::uint64_t> size() const { return size_; }
  /// A mirror has answered, so the rest below means something.
  bool knows() const { return knows_; }
  const learned_content& learned() const { return learned_; }
  /// Why nothing will ever come, once every mirror is out.
  std::optional<error> all_out() const;
  /// "http://a:80: connection refused; http://b:80: HTTP status 503"
  std::string lines() const;
  /// What the user should know of how the content is pulled, or empty.
  std::string note() const;

private:
  struct mirror {
    origin at;
    bool ranges = true;
    bool answered = false;
    bool used = false;
    std::optional<std::uint64_t> size;
    validators version;
    std::optional<error> out;
    std::string last;
  };
  struct facts {
    std::optional<std::uint64_t> size;
    validators version;
  };

  verdict judge_status(mirror& m, const response_head& head, std::int64_t now);
  verdict judge_part(mirror& m, const asked_range& asked, const response_head& head,
                     std::int64_t now);
  verdict judge_whole(mirror& m, const asked_range& asked, const response_head& head,
                      std::int64_t now);
  verdict judge_unsatisfiable(mirror& m, const asked_range& asked, const response_head& head);
  std::optional<verdict> accept(mirror& m, const facts& now, const response_head& head);
  verdict changed(mirror& m, const std::string& from, const std::string& to);
  verdict put_out(mirror& m, errc code, const std::string& what);
  static verdict fails(mirror& m, const std::string& what);
  bool nothing_used() const;
  void learn(const mirror& m, const response_head& head);

  std::vector<mirror> mirrors_;
  std::optional<std::uint64_t> size_;
  bool knows_ = false;
  learned_content learned_;
};

} // namespace interswarm::origin
