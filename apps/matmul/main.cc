// clopencl-matmul: the matrix product of the clOpenCL paper, on any OpenCL devices.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "matmul/device_selection.h"
#include "matmul/failure.h"
#include "matmul/options.h"
#include "matmul/progress.h"
#include "matmul/report.h"
#include "matmul/schedule.h"
#include "matmul/slice_rule.h"
#include "matmul/verify.h"
#include "support/cl_error.h"

namespace clopencl::matmul {
namespace {

using apps::DeviceInfo;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

const ScheduleKind& KindByName(std::string_view name) {
  // The command line has refused every other name.
  return *std::ranges::find(ScheduleKinds(), name, &ScheduleKind::name);
}

std::int64_t ChooseSlice(const Options& options, const ScheduleKind& kind,
                         const std::vector<DeviceInfo>& devices) {
  if (!options.slice.has_value()) {
    return DefaultSlice(options.n, WantedRuns(devices), [&](std::int64_t slice) {
      const DeviceNeed need = NeedFor(options.n, slice, kind.min_copies);
      return std::ranges::all_of(devices, [&](const DeviceInfo& device) { return Fits(device, need); });
    });
  }
  CheckSlice(options.n, *options.slice);
  CheckDeviceMemory(devices, NeedFor(options.n, *options.slice, kind.min_copies), *options.slice);
  return *options.slice;
}

bool WantsProgress(const Options& options) {
  return options.progress == "on" || (options.progress == "auto" && isatty(STDERR_FILENO) == 1);
}

Outcome Compute(const Options& options, Problem& problem, Schedule& schedule,
                const std::vector<DeviceInfo>& devices) {
  Outcome outcome{.n = problem.n(),
                  .slice = problem.slice(),
                  .schedule = options.schedule,
                  .seed = options.seed,
                  .devices = {}};
  const auto setup_start = Clock::now();
  schedule.Prepare(problem, devices);
  outcome.setup_seconds = SecondsSince(setup_start);

  WorkPool pool(problem.blocks_per_side(), static_cast<int>(problem.slice()));
  {
    std::optional<ProgressBar> bar;
    if (WantsProgress(options)) {
      bar.emplace([&pool] { return pool.DoneFraction(); }, outcome.gflop());
    }
    const auto start = Clock::now();
    schedule.Run(problem, pool);
    outcome.seconds = SecondsSince(start);
  }
  outcome.complete = pool.Complete();
  outcome.devices = schedule.Reports();
  return outcome;
}

// Says which devices failed and why; true if any did.
bool TellFailedDevices(const Outcome& outcome) {
  bool any = false;
  for (const DeviceReport& report : outcome.devices) {
    if (report.error.empty()) continue;
    any = true;
    fmt::print(stderr, "clopencl-matmul: device {} ({} of {} on {}) failed: {}\n", report.device.index,
               report.device.name, report.device.platform_name, report.device.host, report.error);
  }
  if (!any) return false;
  fmt::print(stderr, "clopencl-matmul: {}\n",
             outcome.complete ? "the other devices have finished its tiles"
                              : "no device is left, the product is not complete");
  return true;
}

ExitCode Run(const Options& options) {
  // What can be wrong with the command line alone comes before the first OpenCL call.
  const DeviceSelection selection = DeviceSelection::Parse(options.devices);
  const JsonFile json(options.json);
  const std::vector<DeviceInfo> all = apps::ListDevices();
  FILE* const human = options.json == "-" ? stderr : stdout;
  if (options.list) {
    fmt::print(human, "{}", apps::FormatDevices(all));
    json.Write(DevicesToJson(all));
    return all.empty() ? ExitCode::kNoDevice : ExitCode::kCorrect;
  }
  const std::vector<DeviceInfo> devices = selection.Select(all);
  const ScheduleKind& kind = KindByName(options.schedule);
  const std::int64_t slice = ChooseSlice(options, kind, devices);
  CheckHostMemory(options.n, AvailableHostMemory());

  Problem problem(options.n, slice, options.seed,
                  options.operands == "sparse" ? Operands::kSparse : Operands::kDense);
  const std::unique_ptr<Schedule> schedule = kind.make();
  Outcome outcome = Compute(options, problem, *schedule, devices);
  if (outcome.complete && options.verify) outcome.verification = Verify(problem);

  fmt::print(human, "{}", FormatOutcome(outcome));
  json.Write(OutcomeToJson(outcome));
  const bool failed = TellFailedDevices(outcome);
  if (outcome.verification.has_value() && !outcome.verification->correct) {
    fmt::print(stderr, "clopencl-matmul: the product is wrong:\n{}", FormatMismatches(outcome));
    return ExitCode::kWrongResult;
  }
  return failed ? ExitCode::kDeviceFailed : ExitCode::kCorrect;
}

}  // namespace
}  // namespace clopencl::matmul

int main(int argc, char** argv) {
  using clopencl::matmul::ExitCode;
  int exit_code = 0;
  const auto options = clopencl::matmul::ParseOptions(argc, argv, exit_code);
  if (!options.has_value()) return exit_code;
  try {
    return static_cast<int>(clopencl::matmul::Run(*options));
  } catch (const clopencl::matmul::Failure& failure) {
    fmt::print(stderr, "clopencl-matmul: {}\n", failure.what());
    return static_cast<int>(failure.code());
  } catch (const clopencl::apps::ClError& error) {
    fmt::print(stderr, "clopencl-matmul: {}\n", error.what());
    return static_cast<int>(ExitCode::kDeviceFailed);
  } catch (const std::exception& error) {
    fmt::print(stderr, "clopencl-matmul: {}\n", error.what());
    return static_cast<int>(ExitCode::kTooBig);
  }
}
