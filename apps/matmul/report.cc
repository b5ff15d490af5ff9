#include "matmul/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "matmul/failure.h"
#include "support/text_table.h"

namespace clopencl::matmul {

using apps::DeviceInfo;
using apps::TextTable;
using nlohmann::json;

namespace {

double Gflop(const Outcome& outcome, const DeviceReport& report) {
  return 2e-9 * static_cast<double>(report.rows()) * static_cast<double>(outcome.slice) *
         static_cast<double>(outcome.n);
}

double Rate(double gflop, double seconds) { return seconds > 0 ? gflop / seconds : 0; }

// Tiles, in parts where a schedule cut some: "12" or "11.5".
std::string Tiles(const Outcome& outcome, const DeviceReport& report) {
  const std::int64_t rows = report.rows();
  if (rows % outcome.slice == 0) return std::to_string(rows / outcome.slice);
  return fmt::format("{:.2f}", static_cast<double>(rows) / static_cast<double>(outcome.slice));
}

const DeviceReport* WhoComputed(const Outcome& outcome, std::int64_t row, std::int64_t column) {
  const auto within = [&](const Piece& piece) {
    return piece.row == row / outcome.slice && piece.column == column / outcome.slice &&
           piece.first <= row % outcome.slice && row % outcome.slice < piece.last;
  };
  for (const DeviceReport& report : outcome.devices) {
    if (std::ranges::any_of(report.pieces, within)) return &report;
  }
  return nullptr;
}

json DeviceToJson(const DeviceInfo& device) {
  return {{"index", device.index},
          {"host", device.host},
          {"platform", device.platform_name},
          {"name", device.name},
          {"type", apps::TypeName(device.type)},
          {"compute_units", device.compute_units},
          {"global_memory", device.global_memory},
          {"max_allocation", device.max_allocation},
          {"usable", device.usable}};
}

json ReportToJson(const Outcome& outcome, const DeviceReport& report) {
  json value = DeviceToJson(report.device);
  value["blocks"] = static_cast<double>(report.rows()) / static_cast<double>(outcome.slice);
  value["pieces"] = report.pieces.size();
  value["busy_seconds"] = report.busy;
  value["gflops"] = Rate(Gflop(outcome, report), report.busy);
  value["bytes_written"] = report.bytes_written;
  value["bytes_read"] = report.bytes_read;
  if (report.profiled) {
    value["device_seconds"] = {
        {"write", report.times.write}, {"kernel", report.times.kernel}, {"read", report.times.read}};
  }
  if (!report.error.empty()) value["error"] = report.error;
  return value;
}

}  // namespace

std::string FormatOutcome(const Outcome& outcome) {
  TextTable table({{"#", TextTable::kRight},
                   {"host"},
                   {"platform", TextTable::kLeft, 32},
                   {"device", TextTable::kLeft, 36},
                   {"type"},
                   {"blocks", TextTable::kRight},
                   {"busy s", TextTable::kRight},
                   {"transfer s", TextTable::kRight},
                   {"kernel s", TextTable::kRight},
                   {"GFLOP/s", TextTable::kRight},
                   {""}});
  for (const DeviceReport& report : outcome.devices) {
    const DeviceTimes& times = report.times;
    table.AddRow({std::to_string(report.device.index), report.device.host, report.device.platform_name,
                  report.device.name, apps::TypeName(report.device.type), Tiles(outcome, report),
                  fmt::format("{:.3f}", report.busy),
                  report.profiled ? fmt::format("{:.3f}", times.write + times.read) : "-",
                  report.profiled ? fmt::format("{:.3f}", times.kernel) : "-",
                  fmt::format("{:.2f}", Rate(Gflop(outcome, report), report.busy)),
                  report.error.empty() ? "" : "failed"});
  }
  std::string text = table.Format();
  if (!outcome.complete) return text;
  text += fmt::format("\nn = {}, slice = {}, schedule {}: {:.3f} s, {:.2f} GFLOP/s (set-up {:.3f} s)\n",
                      outcome.n, outcome.slice, outcome.schedule, outcome.seconds,
                      Rate(outcome.gflop(), outcome.seconds), outcome.setup_seconds);
  if (outcome.verification.has_value()) {
    text += fmt::format("{}: {} ({:.3f} s)\n", outcome.verification->correct ? "correct" : "WRONG",
                        outcome.verification->method, outcome.verification->seconds);
  } else {
    text += "not verified\n";
  }
  return text;
}

std::string FormatMismatches(const Outcome& outcome) {
  if (!outcome.verification.has_value()) return {};
  std::string text;
  for (const Mismatch& wrong : outcome.verification->examples) {
    const DeviceReport* const by = WhoComputed(outcome, wrong.row, wrong.column);
    text += fmt::format("C[{}][{}] is {}, expected {}", wrong.row, wrong.column, wrong.found, wrong.expected);
    if (by != nullptr) {
      text += fmt::format(", computed by device {} ({} on {})", by->device.index, by->device.name,
                          by->device.host);
    }
    text += '\n';
  }
  return text;
}

json OutcomeToJson(const Outcome& outcome) {
  json value = {{"n", outcome.n},
                {"slice", outcome.slice},
                {"schedule", outcome.schedule},
                {"seed", outcome.seed},
                {"complete", outcome.complete},
                {"setup_seconds", outcome.setup_seconds},
                {"seconds", outcome.seconds},
                {"gflops", outcome.complete ? Rate(outcome.gflop(), outcome.seconds) : 0},
                {"devices", json::array()}};
  for (const DeviceReport& report : outcome.devices)
    value["devices"].push_back(ReportToJson(outcome, report));
  if (outcome.verification.has_value()) {
    const Verification& verification = *outcome.verification;
    value["verified"] = verification.correct;
    value["verification"] = {{"method", verification.method},
                             {"entries", verification.entries},
                             {"seconds", verification.seconds},
                             {"wrong", json::array()}};
    for (const Mismatch& wrong : verification.examples) {
      value["verification"]["wrong"].push_back({{"row", wrong.row},
                                                {"column", wrong.column},
                                                {"found", wrong.found},
                                                {"expected", wrong.expected}});
    }
  } else {
    value["verified"] = nullptr;
  }
  return value;
}

json DevicesToJson(const std::vector<DeviceInfo>& devices) {
  json value = json::array();
  for (const DeviceInfo& device : devices) value.push_back(DeviceToJson(device));
  return value;
}

JsonFile::JsonFile(std::string path) : path_(std::move(path)) {
  if (path_.empty() || path_ == "-") return;
  if (std::ofstream file(path_, std::ios::app); !file) {
    throw Failure(ExitCode::kOutput,
                  fmt::format("--json: cannot write '{}': {}", path_, std::strerror(errno)));
  }
}

void JsonFile::Write(const json& value) const {
  if (path_.empty()) return;
  // Names from a driver may hold anything; a byte that is not UTF-8 is replaced, not fatal.
  const std::string text = value.dump(2, ' ', false, json::error_handler_t::replace) + '\n';
  if (path_ == "-") {
    fmt::print("{}", text);
    std::fflush(stdout);
    return;
  }
  std::ofstream file(path_, std::ios::trunc);
  file << text << std::flush;
  if (!file) {
    throw Failure(ExitCode::kOutput,
                  fmt::format("--json: cannot write '{}': {}", path_, std::strerror(errno)));
  }
}

}  // namespace clopencl::matmul
