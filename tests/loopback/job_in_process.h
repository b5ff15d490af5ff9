// A whole job in one process: the frontend and rank servers over a loopback transport, on a mock native
// OpenCL.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "common/transport/loopback_transport.h"
#include "frontend/object.h"
#include "frontend/runtime.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {

// One in a process, because there is one runtime. The servers share the mock; each offers all of its devices
// and is a host of the same name, so their devices are one platform.
class JobInProcess {
 public:
  explicit JobInProcess(int servers);
  ~JobInProcess();

  // The driver's entry points, as an ICD loader calls them.
  const cl_icd_dispatch& cl() const { return frontend::kDispatchTable; }
  frontend::Runtime& runtime() { return *frontend::Runtime::Instance(); }
  MockOpenCl& mock() { return mock_; }
  transport::LoopbackHub& hub() { return hub_; }
  cl_platform_id platform() const { return platform_; }
  const std::vector<cl_device_id>& devices() const { return devices_; }

 private:
  void Serve(int rank);

  MockOpenCl mock_;
  transport::LoopbackHub hub_;
  std::vector<std::thread> servers_;
  cl_platform_id platform_ = nullptr;
  std::vector<cl_device_id> devices_;
};

}  // namespace clopencl::testing
