#include "modes/compare/experiment/fields.hpp"

#include "modes/compare/experiment/limits.hpp"
#include "modes/compare/experiment/units.hpp"
#include "modes/duration.hpp"
#include "schema/base/encoding.hpp"

#include <algorithm>
#include <cmath>

namespace interswarm::compare::fields {

namespace {

using form = config_reader::form;

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

/// What people would write for a value of this kind.
std::string shown(double value, measure what) {
  return text_of(value) + (what == measure::size ? " B" : " s");
}

void within(config_reader& r, const char* key, double value, double least, double most,
            measure what) {
  if (value >= least && value <= most) return;
  r.reject(key, shown(least, what) + " to " + shown(most, what) + " is wanted, not " +
                    shown(value, what));
}

/// Reads a text, or says what is wanted instead of another form.
bool quoted(config_reader& r, const char* key, std::string& out, const char* wanted) {
  const auto written = r.form_of(key);
  if (written != form::text && written != form::absent) r.reject(key, wanted);
  r.read(key, out);
  return written == form::text;
}

void value(config_reader& r, const char* key, double& out, measure what, double least,
           double most) {
  what == measure::size ? size(r, key, out, least, most) : time(r, key, out, least, most);
}

constexpr std::string_view kinds[] = {"fixed",     "uniform", "exponential",
                                      "lognormal", "pareto",  "weibull"};

/// Reads a distribution's own keys and refuses those of others.
void spread_table(config_reader& r, law& out, measure what) {
  const double least = what == measure::size ? 1 : limits::least_session;
  const double most = what == measure::size ? limits::size_bytes : limits::duration;
  using kind = law::kind;
  const auto how = one_of(r, "distribution", kinds);
  if (!r.has("distribution")) r.reject("distribution", "is wanted in this table");
  out = {how ? static_cast<kind>(*how) : kind::fixed, 0, 0, least, most};
  // The key that gives the scale, and the one that gives the shape.
  struct parameters {
    const char* scale;
    const char* shape;
  };
  static constexpr parameters of_kind[] = {{"value", nullptr}, {nullptr, nullptr},
                                           {"mean", nullptr},  {"median", "sigma"},
                                           {nullptr, "shape"}, {"scale", "shape"}};
  const auto& mine = of_kind[static_cast<std::size_t>(out.how)];
  const auto wanted = [&](const char* key, const char* own) {
    const bool is_own = own != nullptr && std::string_view(own) == key;
    if (is_own && !r.has(key)) {
      r.reject(key, "is wanted");
    } else if (!is_own && r.has(key)) {
      r.reject(key, "has no meaning with this distribution");
    }
  };
  for (const auto* key : {"value", "mean", "median", "scale"}) {
    wanted(key, mine.scale);
    double scale = least;
    value(r, key, scale, what, least, most);
    if (mine.scale != nullptr && std::string_view(mine.scale) == key) out.scale = scale;
  }
  for (const auto* key : {"sigma", "shape"}) {
    wanted(key, mine.shape);
    const bool sigma = key == std::string_view("sigma");
    double shape = 1;
    number(r, key, shape, sigma ? 0 : limits::least_shape,
           sigma ? limits::sigma : limits::most_shape);
    if (mine.shape != nullptr && std::string_view(mine.shape) == key) out.shape = shape;
  }
  if (out.how == kind::uniform || out.how == kind::pareto) wanted("least", "least");
  if (out.how == kind::uniform) wanted("most", "most");
  value(r, "least", out.least, what, least, most);
  value(r, "most", out.most, what, least, most);
  if (out.least > out.most) r.reject("least", "is more than most");
}

} // namespace

void count(config_reader& r, const char* key, std::uint32_t& out, std::uint32_t least,
           std::uint32_t most) {
  r.read(key, out);
  if (r.has(key) && (out < least || out > most))
    r.reject(key, std::to_string(least) + " to " + std::to_string(most) + " is wanted, not " +
                      std::to_string(out));
}

void number(config_reader& r, const char* key, double& out, double least, double most) {
  r.read(key, out);
  if (r.has(key) && !(out >= least && out <= most))
    r.reject(key, text_of(least) + " to " + text_of(most) + " is wanted, not " + text_of(out));
}

void share(config_reader& r, const char* key, double& out) { number(r, key, out, 0, 1); }

void text(config_reader& r, const char* key, std::string& out, std::size_t most) {
  r.read(key, out);
  if (out.size() > most) r.reject(key, "at most " + std::to_string(most) + " bytes are wanted");
}

void size(config_reader& r, const char* key, double& out, double least, double most) {
  std::string written;
  if (!quoted(r, key, written, "a size such as \"700 MiB\" is wanted")) return;
  const auto read = read_size(written);
  if (!read) return r.reject(key, read.error().text);
  out = std::floor(*read + 0.5);
  within(r, key, out, least, most, measure::size);
}

void rate(config_reader& r, const char* key, double& out, bool unlimited) {
  std::string written;
  if (!quoted(r, key, written, "a rate such as \"10 Mbit/s\" is wanted")) return;
  const auto read = read_rate(written);
  if (!read) return r.reject(key, read.error().text);
  out = *read;
  if (out == std::numeric_limits<double>::infinity()) {
    if (!unlimited) r.reject(key, "a rate such as \"10 Mbit/s\" is wanted");
  } else if (out < limits::least_rate || out > limits::most_rate) {
    r.reject(key, text_of(limits::least_rate) + " to " + text_of(limits::most_rate) +
                      " bytes/s are wanted, not " + text_of(out));
  }
}

void time(config_reader& r, const char* key, double& out, double least, double most) {
  if (r.form_of(key) == form::number) {
    r.read(key, out);
  } else {
    std::string written;
    if (!quoted(r, key, written, "a duration such as \"15m\", or seconds, is wanted")) return;
    const auto read = read_duration(written);
    if (!read) return r.reject(key, read.error().text);
    out = static_cast<double>(*read);
  }
  within(r, key, out, least, most, measure::time);
}

void spread(config_reader& r, const char* key, law& out, measure what) {
  if (r.form_of(key) == form::table) {
    r.table(key, [&](config_reader& inner) { spread_table(inner, out, what); });
    return;
  }
  const bool is_size = what == measure::size;
  double fixed = out.scale;
  value(r, key, fixed, what, is_size ? 1 : limits::least_session,
        is_size ? limits::size_bytes : limits::duration);
  if (r.has(key)) out = {law::kind::fixed, fixed, 0, 0, std::numeric_limits<double>::infinity()};
}

std::optional<std::uint32_t> one_of(config_reader& r, const char* key,
                                    std::span<const std::string_view> names) {
  return one_of(r, key, std::vector<std::string>(names.begin(), names.end()));
}

std::optional<std::uint32_t> one_of(config_reader& r, const char* key,
                                    const std::vector<std::string>& names) {
  std::string written;
  r.read(key, written);
  if (!r.has(key)) return std::nullopt;
  const auto at = std::find(names.begin(), names.end(), written);
  if (at != names.end()) return static_cast<std::uint32_t>(at - names.begin());
  r.reject(key, "\"" + printable(written) + "\" is none of: " + joined(names));
  return std::nullopt;
}

std::optional<std::vector<std::uint32_t>> some_of(config_reader& r, const char* key,
                                                  const std::vector<std::string>& names) {
  std::vector<std::string> written;
  r.read(key, written);
  if (!r.has(key)) return std::nullopt;
  std::vector<std::uint32_t> out;
  for (const auto& name : written) {
    const auto at = std::find(names.begin(), names.end(), name);
    const auto number = static_cast<std::uint32_t>(at - names.begin());
    if (at == names.end()) {
      r.reject(key, "\"" + printable(name) + "\" is none of: " + joined(names));
    } else if (std::find(out.begin(), out.end(), number) != out.end()) {
      r.reject(key, "\"" + name + "\" stands there twice");
    } else {
      out.push_back(number);
    }
  }
  return out;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= limits::name_bytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

} // namespace interswarm::compare::fields
