#include "loopback/job_in_process.h"

#include <cstdio>
#include <cstdlib>

#include "frontend/core/platform.h"
#include "rankserver/server.h"
#include "support/packet_recording.h"

namespace clopencl::testing {

JobInProcess::JobInProcess(int servers) : hub_(servers + 1) {
  for (int rank = 1; rank <= servers; ++rank) servers_.emplace_back([this, rank] { Serve(rank); });
  frontend::Runtime::SetInstance(new frontend::Runtime(RecordPackets(hub_.Endpoint(0))));  // Lives as long as the process.
  cl_uint count = 0;
  const bool greeted = runtime().Greet();
  if (!greeted || cl().clGetPlatformIDs(1, &platform_, nullptr) != CL_SUCCESS ||
      cl().clGetDeviceIDs(platform_, CL_DEVICE_TYPE_ALL, 0, nullptr, &count) != CL_SUCCESS) {
    std::fprintf(stderr, "the job in this process could not be started\n");
    std::abort();
  }
  devices_.resize(count);
  cl().clGetDeviceIDs(platform_, CL_DEVICE_TYPE_ALL, count, devices_.data(), nullptr);
}

JobInProcess::~JobInProcess() {
  runtime().Close();
  for (auto& server : servers_) server.join();
}

void JobInProcess::Serve(int rank) {
  const auto transport = hub_.Endpoint(rank);
  rankserver::Server::Settings settings;
  settings.host = "here";
  rankserver::Server server(*transport, rankserver::FindPlatforms(MockOpenCl::Api()), std::move(settings));
  server.Run(MakeWaitPolicy(GetConfig(), UsableCores(), 4));
  server.Close(true);
}

}  // namespace clopencl::testing
