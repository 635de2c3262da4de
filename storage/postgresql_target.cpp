#include "storage/postgresql_target.hpp"

#include "schema/base/encoding.hpp"
#include "storage/limits.hpp"

#include <algorithm>
#include <libpq-fe.h>
#include <map>
#include <memory>

namespace interswarm {

namespace {

constexpr std::string_view beginnings[] = {"postgresql://", "postgres://"};

std::string_view without_beginning(std::string_view place) {
  for (const auto b : beginnings) {
    if (place.starts_with(b)) return place.substr(b.size());
  }
  return place;
}

/// Key words begin with "word =", which no user, host or port of a URI does.
bool is_key_words(std::string_view rest) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto word = std::find_if_not(rest.begin(), rest.end(), letter);
  const auto after = std::find_if(word, rest.end(), [](char c) { return c != ' '; });
  return word != rest.begin() && after != rest.end() && *after == '=';
}

/// libpq takes the first '@' or '/' for the end of the password and would show what follows as a
/// host or database.
bool has_stray_at(std::string_view rest) {
  const auto at = rest.find('@');
  return at != rest.npos && (rest.find('@', at + 1) != rest.npos || rest.find('/') < at);
}

std::string quoted(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string shown(const std::map<std::string, std::string>& given) {
  const auto of = [&](const char* key) {
    const auto at = given.find(key);
    return at == given.end() ? std::string() : at->second;
  };
  const auto database = !of("dbname").empty() ? of("dbname") : of("user");
  const auto port = of("port"); // of hosts without any, commas
  const auto host = !of("host").empty() ? of("host") : of("hostaddr");
  return printable("database " + (database.empty() ? "(default)" : database) + " at " +
                   (host.empty() ? "the local socket" : host) +
                   (port.find_first_of("0123456789") == port.npos ? "" : ":" + port));
}

} // namespace

bool is_postgresql(std::string_view place) {
  return without_beginning(place).size() != place.size();
}

result<postgresql_target> parse_postgresql(std::string_view place) {
  const auto rest = without_beginning(place);
  const bool words = is_key_words(rest);
  if (place.find('\0') != place.npos || (!words && has_stray_at(rest))) {
    return fail(errc::configuration,
                "in a PostgreSQL URI the signs @ / : ? # % of a user, password "
                "or database are written as %40 %2F %3A %3F %23 %25");
  }
  char* why = nullptr;
  const auto text = words ? std::string(rest) : "postgresql://" + std::string(rest);
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(text.c_str(), &why), &PQconninfoFree);
  PQfreemem(why); // repeats parts of the text
  if (!options) {
    return fail(errc::configuration,
                "the database is no PostgreSQL URI, postgresql://user:password@host:port/dbname"
                "?options, nor key words of libpq");
  }
  std::map<std::string, std::string> given;
  for (const auto* o = options.get(); o->keyword != nullptr; ++o) {
    if (o->val != nullptr) given.emplace(o->keyword, o->val);
  }
  postgresql_target out;
  out.shown = shown(given);
  given.emplace("connect_timeout", std::to_string(limits::database_connect_s));
  given.emplace("target_session_attrs", "read-write");
  given.emplace("application_name", "interswarm");
  given["client_encoding"] = "UTF8";
  for (const auto& [key, value] : given) out.conninfo += key + "=" + quoted(value) + " ";
  return out;
}

} // namespace interswarm
