// span_graph_mock SERVERS [options of span_graph]: random graphs over rank servers in this process, on a mock
// native OpenCL.
#include <cstdlib>
#include <cstring>

#include "integration/programs/span_graph/run.h"
#include "loopback/job_in_process.h"

namespace {

using clopencl::rankserver::KernelCall;

template <typename T>
T Value(const KernelCall& call, size_t index) {
  T value{};
  std::memcpy(&value, call.args.at(index).value.data(), sizeof value);
  return value;
}

cl_uint* Words(KernelCall& call, size_t index) {
  return reinterpret_cast<cl_uint*>(call.args.at(index).memory.data());
}

cl_int Scramble(KernelCall& call) {
  const auto seed = Value<cl_uint>(call, 1);
  cl_uint* data = Words(call, 0);
  for (size_t i = 0; i < call.global[0]; ++i) data[i] = data[i] * 1664525u + seed + static_cast<cl_uint>(i);
  return CL_COMPLETE;
}

cl_int Blend(KernelCall& call) {
  const auto factor = Value<cl_uint>(call, 2);
  cl_uint* to = Words(call, 0);
  const cl_uint* from = Words(call, 1);
  for (size_t i = 0; i < call.global[0]; ++i) to[i] = to[i] * factor + from[i];
  return CL_COMPLETE;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  // The loader of this process is used for calls on our objects only.
  setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
  clopencl::testing::JobInProcess job(std::atoi(argv[1]));
  job.mock().AddKernel("scramble", &Scramble);
  job.mock().AddKernel("blend", &Blend);
  std::vector<clopencl::programs::Device> devices;
  for (cl_device_id id : job.devices()) {
    auto& device = devices.emplace_back();
    device.platform = job.platform();
    device.id = id;
  }
  const int code = clopencl::programs::RunGraphs(argc - 1, argv + 1, devices);
  for (const std::string& fault : job.mock().faults()) {
    // Of an object's parts, one may be mapped for a transfer while a command of another queue uses another.
    if (fault.find("touched a mapped buffer") != std::string::npos) continue;
    std::fprintf(stderr, "%s\n", fault.c_str());
    return 1;
  }
  return code;
}
