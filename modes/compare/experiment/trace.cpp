#include "modes/compare/experiment/trace.hpp"

#include "modes/compare/experiment/text_file.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <charconv>

namespace interswarm::compare {

namespace {

constexpr std::string_view header = "at,overlay,peer,content";

template <class Number>
bool read_all(std::string_view text, Number& out) {
  const auto* end = text.data() + text.size();
  const auto [after, code] = std::from_chars(text.data(), end, out);
  return code == std::errc() && after == end;
}

class trace_parser {
public:
  trace_parser(const std::string& file, std::size_t most, trace& out)
      : file_(file), most_(most), out_(out) {
    out_.file = file;
  }

  result<void> line(std::string_view text) {
    ++number_;
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.empty() || text.front() == '#') return {};
    if (!headed_) {
      headed_ = true;
      if (text == header) return {};
      return wrong("the first line \"" + std::string(header) + "\" is wanted");
    }
    if (text.size() > limits::line_bytes) return wrong("the line is too long");
    return row(text);
  }

  result<void> end() const {
    if (headed_) return {};
    return fail(errc::configuration, printable(file_) + ": nothing is in it; \"" +
                                         std::string(header) +
                                         "\" and lines with requests are wanted");
  }

private:
  result<void> row(std::string_view text) {
    std::string_view fields[4];
    std::size_t count = 0;
    for (;;) {
      const auto comma = text.find(',');
      if (count < 4) fields[count] = text.substr(0, comma);
      ++count;
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
    }
    if (count != 4) return wrong("four fields are wanted: " + std::string(header));
    trace::row r;
    r.line = number_;
    if (!read_all(fields[0], r.at) || !(r.at >= 0 && r.at <= limits::duration))
      return wrong("\"" + printable(fields[0]) + "\" is no time in seconds since the start");
    if (!fields[2].empty() && (!read_all(fields[2], r.peer) || r.peer == trace::any_peer))
      return wrong("\"" + printable(fields[2]) + "\" is no peer's number, nor empty for any");
    if (!read_all(fields[3], r.content))
      return wrong("\"" + printable(fields[3]) + "\" is no content's number");
    const auto known = std::find(out_.overlays.begin(), out_.overlays.end(), fields[1]);
    r.overlay = static_cast<std::uint32_t>(known - out_.overlays.begin());
    if (known == out_.overlays.end()) {
      if (out_.overlays.size() == limits::overlays)
        return wrong("more than " + std::to_string(limits::overlays) + " overlays are named");
      out_.overlays.emplace_back(fields[1]);
    }
    if (out_.rows.size() == most_)
      return fail(errc::too_large,
                  printable(file_) + ": more than " + std::to_string(most_) + " requests");
    out_.rows.push_back(r);
    return {};
  }

  tl::unexpected<error> wrong(const std::string& why) const {
    return fail(errc::configuration, printable(file_) + ":" + std::to_string(number_) + ": " + why);
  }

  const std::string& file_;
  std::size_t most_;
  trace& out_;
  std::uint32_t number_ = 0;
  bool headed_ = false;
};

} // namespace

result<trace> parse_trace(std::string_view text, const std::string& file, std::size_t most) {
  trace out;
  trace_parser parser(file, most, out);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (auto ok = parser.line(text.substr(0, end)); !ok) return tl::unexpected(ok.error());
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (auto ok = parser.end(); !ok) return tl::unexpected(ok.error());
  return out;
}

result<trace> read_trace(const std::string& file) {
  const auto text = read_text_file(file, limits::trace_bytes);
  if (!text) return tl::unexpected(text.error());
  return parse_trace(*text, file);
}

} // namespace interswarm::compare
