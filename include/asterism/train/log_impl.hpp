// Bodies of log.hpp.
#pragma once

#include <cerrno>
#include <cstring>
#include <limits>
#include <unistd.h>
#include <utility>

#include "asterism/core/error.hpp"
#include "asterism/core/format.hpp"
#include "asterism/file/new_file.hpp"
#include "asterism/file/path.hpp"
#include "asterism/json/fields.hpp"
#include "asterism/json/json.hpp"
#include "asterism/train/log.hpp"

namespace asterism::train {

ASTERISM_INLINE std::string to_json(const LogLine& line) {
  const StepReport& report = line.report;
  json::Value out = {{"step", report.step},
                     {"tokens", line.tokens},
                     {"seconds", line.seconds},
                     {"loss", report.pass.loss},
                     {"right", report.pass.right},
                     {"counted", report.pass.counted},
                     {"norm", report.norm},
                     {"rate", report.rate},
                     {"balance", report.pass.router.balance},
                     {"z", report.pass.router.z},
                     {"dropped", report.pass.router.dropped},
                     {"violation", line.violation},
                     {"entropy", line.entropy},
                     {"dead", line.dead},
                     {"load", line.load}};
  if (line.held_out) out["held_out"] = *line.held_out;
  if (report.scale > 0) {
    out["scale"] = report.scale;
    out["skipped"] = report.skipped;
  }
  return out.dump();
}

ASTERISM_INLINE LogLine parse_log_line(const std::string& text, const std::string& where) {
  const json::Value value = json::parse(text, where);
  json::check_object(value, "the line", where);
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto number = [&](const char* key) { return json::require_number(value, key, where); };
  LogLine out;
  out.report.step = json::require_integer(value, "step", where, 1, most);
  out.tokens = static_cast<std::uint64_t>(json::require_integer(value, "tokens", where, 0, most));
  out.seconds = number("seconds");
  out.report.pass.loss = number("loss");
  out.report.pass.right = number("right");
  out.report.pass.counted = static_cast<std::size_t>(json::require_integer(value, "counted", where, 0, most));
  out.report.norm = number("norm");
  out.report.rate = static_cast<float>(number("rate"));
  out.report.pass.router = {.balance = number("balance"), .z = number("z"), .dropped = number("dropped")};
  out.held_out = json::optional_number(value, "held_out", where);
  out.report.scale = static_cast<float>(json::optional_number(value, "scale", where).value_or(0));
  out.report.skipped = json::optional_bool(value, "skipped", where).value_or(false);
  const auto numbers = [&](const char* key, std::vector<double>& to) {
    for (const json::Value& one : json::require_array(value, key, where)) {
      to.push_back(json::to_number(one, key, where));
    }
  };
  const auto counts = [&](const char* key, std::vector<std::int32_t>& to) {
    for (const json::Value& one : json::require_array(value, key, where)) {
      to.push_back(static_cast<std::int32_t>(
          json::to_integer(one, key, where, 0, std::numeric_limits<std::int32_t>::max())));
    }
  };
  numbers("violation", out.violation);
  numbers("entropy", out.entropy);
  counts("dead", out.dead);
  counts("load", out.load);
  for (const double entropy : out.entropy) {
    out.report.pass.router.entropy += entropy / static_cast<double>(out.entropy.size());
  }
  return out;
}

ASTERISM_INLINE std::vector<LogLine> Log::read(const std::string& path) {
  const std::string text = file::read_file(path, std::uint64_t{1} << 34U);
  std::vector<LogLine> out;
  std::size_t number = 1;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const std::size_t end = text.find('\n', at);
    if (end == text.npos) break;
    out.push_back(parse_log_line(text.substr(at, end - at), concat(path, ":", number)));
    at = end + 1;
  }
  return out;
}

ASTERISM_INLINE Log::Log(std::string path, std::int64_t step) : path_(std::move(path)) {
  if (file::path_kind(path_) != file::PathKind::missing) {
    const std::string text = file::read_file(path_, std::uint64_t{1} << 34U);
    std::size_t kept = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', kept)) {
      try {
        if (parse_log_line(text.substr(kept, end - kept), path_).report.step > step) break;
      } catch (const FormatError&) {
        break;
      }
      kept = end + 1;
    }
    file::write_text_file(path_, text.substr(0, kept));
  }
  file_.reset(std::fopen(path_.c_str(), "ae"));
  if (file_ == nullptr) throw FileError(concat(path_, ": can't be written: ", std::strerror(errno)));
}

ASTERISM_INLINE void Log::add(const LogLine& line) {
  const std::string text = to_json(line) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() || std::fflush(file_.get()) != 0) {
    throw FileError(concat(path_, ": can't be written: ", std::strerror(errno)));
  }
}

ASTERISM_INLINE void Log::sync() {
  if (std::fflush(file_.get()) != 0 || ::fdatasync(::fileno(file_.get())) != 0) {
    throw FileError(concat(path_, ": can't be written: ", std::strerror(errno)));
  }
}

ASTERISM_INLINE std::string to_csv(View<const LogLine> lines) {
  std::string out =
      "step,tokens,seconds,loss,right,held_out,norm,rate,balance,z,dropped,worst_violation,least_entropy,dead,"
      "scale,"
      "skipped\n";
  for (const LogLine& line : lines) {
    double worst = 0;
    for (const double one : line.violation) worst = one > worst ? one : worst;
    double least = line.entropy.empty() ? 0 : line.entropy.front();
    for (const double one : line.entropy) least = one < least ? one : least;
    int dead = 0;
    for (const std::int32_t one : line.dead) dead += one;
    const StepReport& report = line.report;
    char text[320];
    std::snprintf(text, sizeof text, "%lld,%llu,%.3f,%.6g,%.6g,", static_cast<long long>(report.step),
                  static_cast<unsigned long long>(line.tokens), line.seconds, report.pass.loss, report.pass.right);
    out += text;
    if (line.held_out) {
      std::snprintf(text, sizeof text, "%.6g", *line.held_out);
      out += text;
    }
    std::snprintf(text, sizeof text, ",%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%d,%.6g,%d\n", report.norm,
                  static_cast<double>(report.rate), report.pass.router.balance, report.pass.router.z,
                  report.pass.router.dropped, worst, least, dead, static_cast<double>(report.scale),
                  report.skipped ? 1 : 0);
    out += text;
  }
  return out;
}

}  // namespace asterism::train
