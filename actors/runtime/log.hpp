#pragma once

#include <kj/exception.h>
#include <spdlog/logger.h>
#include <string>

namespace interswarm::runtime {

/// The process's one log: to standard error, line by line. Text from outside passes `printable()`
/// first.
spdlog::logger& log();

/// "trace", "debug", "info", "warning", "error" or "off"; false for another word.
bool set_log_level(const std::string& level);

/// While it lives on a thread's stack, KJ's own messages of that thread go to `log()`, and
/// exceptions are made without stack traces, which KJ would get from a program it runs.
class kj_log final : public kj::ExceptionCallback {
public:
  void logMessage(kj::LogSeverity severity, const char* file, int line, int depth,
                  kj::String&& text) override;
  StackTraceMode stackTraceMode() override { return StackTraceMode::NONE; }
};

} // namespace interswarm::runtime
