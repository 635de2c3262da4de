#include "actors/services/http/http_date.hpp"

#include <array>
#include <chrono>

namespace interswarm::http {

namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_days{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                    "Thursday", "Friday", "Saturday"};

/// What is left of a text, taken from its front.
class reader {
public:
  explicit reader(std::string_view text) : left_(text) {}

  bool take(std::string_view word) {
    if (!left_.starts_with(word)) return fail();
    left_.remove_prefix(word.size());
    return true;
  }
  int digits(std::size_t count) {
    int out = 0;
    if (left_.size() < count) return fail();
    for (const char c : left_.substr(0, count)) {
      if (c < '0' || c > '9') return fail();
      out = out * 10 + (c - '0');
    }
    left_.remove_prefix(count);
    return out;
  }
  /// asctime's day of the month: two columns, the first of them maybe blank.
  int blank_padded() { return left_.starts_with(' ') ? (take(" "), digits(1)) : digits(2); }
  unsigned month() {
    for (unsigned m = 0; m < months.size(); ++m) {
      if (left_.starts_with(months[m])) {
        left_.remove_prefix(3);
        return m + 1;
      }
    }
    fail();
    return 1;
  }
  seconds clock() {
    const auto h = digits(2);
    take(":");
    const auto m = digits(2);
    take(":");
    const auto s = digits(2);
    // 60 is a leap second, which Unix time does not count.
    if (h > 23 || m > 59 || s > 60) fail();
    return hours(h) + minutes(m) + seconds(s);
  }
  bool any_of(const auto& words) {
    for (const std::string_view word : words) {
      if (left_.starts_with(word)) return take(word);
    }
    return fail();
  }
  bool ended() const { return good_ && left_.empty(); }

private:
  bool fail() {
    good_ = false;
    left_ = {};
    return false;
  }
  std::string_view left_;
  bool good_ = true;
};

std::optional<std::int64_t> joined(const reader& r, int y, unsigned m, int d, seconds clock) {
  const year_month_day date{year(y), month(m), day(static_cast<unsigned>(d))};
  if (!r.ended() || !date.ok()) return std::nullopt;
  return duration_cast<seconds>(sys_days(date).time_since_epoch() + clock).count();
}

std::optional<std::int64_t> imf_fixdate(std::string_view text) {
  reader r(text);
  r.any_of(days);
  r.take(", ");
  const auto d = r.digits(2);
  r.take(" ");
  const auto m = r.month();
  r.take(" ");
  const auto y = r.digits(4);
  r.take(" ");
  const auto clock = r.clock();
  r.take(" GMT");
  return joined(r, y, m, d, clock);
}

std::optional<std::int64_t> rfc850_date(std::string_view text, std::int64_t now_s) {
  reader r(text);
  r.any_of(long_days);
  r.take(", ");
  const auto d = r.digits(2);
  r.take("-");
  const auto m = r.month();
  r.take("-");
  const auto two = r.digits(2);
  r.take(" ");
  const auto clock = r.clock();
  r.take(" GMT");
  const auto today = floor<std::chrono::days>(sys_seconds(seconds(now_s)));
  const int this_year = static_cast<int>(year_month_day(today).year());
  int y = this_year / 100 * 100 + two;
  if (y > this_year + 50) y -= 100;
  return joined(r, y, m, d, clock);
}

std::optional<std::int64_t> asctime_date(std::string_view text) {
  reader r(text);
  r.any_of(days);
  r.take(" ");
  const auto m = r.month();
  r.take(" ");
  const auto d = r.blank_padded();
  r.take(" ");
  const auto clock = r.clock();
  r.take(" ");
  const auto y = r.digits(4);
  return joined(r, y, m, d, clock);
}

} // namespace

std::string format_http_date(std::int64_t unix_s) {
  const sys_seconds at{seconds(unix_s)};
  const auto day = floor<std::chrono::days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  std::string out = "Day, 00 Mon 0000 00:00:00 GMT";
  const auto put = [&out](std::size_t end, auto number) {
    for (auto left = static_cast<unsigned>(number); left > 0; left /= 10)
      out[--end] = static_cast<char>('0' + left % 10);
  };
  out.replace(0, 3, days[weekday(day).c_encoding()]);
  put(7, static_cast<unsigned>(date.day()));
  out.replace(8, 3, months[static_cast<unsigned>(date.month()) - 1]);
  put(16, static_cast<int>(date.year()));
  put(19, clock.hours().count());
  put(22, clock.minutes().count());
  put(25, clock.seconds().count());
  return out;
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s) {
  if (auto at = imf_fixdate(text)) return at;
  if (auto at = rfc850_date(text, now_s)) return at;
  return asctime_date(text);
}

} // namespace interswarm::http
