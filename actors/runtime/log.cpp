#include "actors/runtime/log.hpp"

#include "schema/base/encoding.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace interswarm::runtime {

namespace {

spdlog::level::level_enum level_of(kj::LogSeverity severity) {
  switch (severity) {
  case kj::LogSeverity::INFO: return spdlog::level::info;
  case kj::LogSeverity::WARNING: return spdlog::level::warn;
  case kj::LogSeverity::ERROR: return spdlog::level::err;
  case kj::LogSeverity::FATAL: return spdlog::level::critical;
  case kj::LogSeverity::DBG: return spdlog::level::debug;
  }
  return spdlog::level::info;
}

} // namespace

spdlog::logger& log() {
  static spdlog::logger instance = [] {
    spdlog::logger made("interswarm", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made.set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    made.flush_on(spdlog::level::warn);
    return made;
  }();
  return instance;
}

bool set_log_level(const std::string& level) {
  for (const std::string known : {"trace", "debug", "info", "warning", "error", "off"}) {
    if (level == known) {
      log().set_level(spdlog::level::from_str(level));
      return true;
    }
  }
  return false;
}

void kj_log::logMessage(kj::LogSeverity severity, const char* file, int line, int,
                        kj::String&& text) {
  log().log(level_of(severity), "kj {}:{}: {}", file, line, printable({text.begin(), text.size()}));
}

} // namespace interswarm::runtime
