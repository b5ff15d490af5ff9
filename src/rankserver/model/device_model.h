// Devices that are not there: a rank server offers them in place of its native platforms where CLOPENCL_MODEL
// names a file that describes a cluster. Their buffers are real memory and their results are computed; what
// is modelled is the time that kernels take.
//
//   [device.gtx460]              # a kind of device
//   name = "GeForce GTX 460"     # CL_DEVICE_NAME
//   type = "gpu"                 # or "cpu", "accelerator"
//   memory = "1GiB"
//   gflops = 12.1                # of the kernel sbmp
//   [[node]]
//   name = "node-0"              # the host's name
//   devices = ["gtx460", "gtx460", "q9650"]
//
// What else stands in the file is for others (docs/model.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rankserver/model/memory_opencl.h"

namespace clopencl::rankserver {

struct ModelledDevice {
  std::string name;
  cl_device_type type = CL_DEVICE_TYPE_GPU;
  uint64_t memory = 0;
  double gflops = 0;
};

// The devices of `host` in the text of such a file, which messages call `path`. False when it can't be
// understood; `error` says why.
bool ParseModel(const std::string& text, const std::string& path, const std::string& host,
                std::vector<ModelledDevice>& devices, std::string& error);

// One in a process. While it lives, Api() is a native OpenCL with the devices as one platform. It knows the
// kernel sbmp; a program with any other does not build, and its log says why.
class DeviceModel {
 public:
  explicit DeviceModel(const std::vector<ModelledDevice>& devices);
  ~DeviceModel();

  static NativeApi Api() { return MemoryOpenCl::Api(); }

 private:
  struct Timeline;
  cl_int Run(KernelCall& call, Timeline& timeline) const;

  std::vector<std::unique_ptr<Timeline>> timelines_;
  std::unique_ptr<MemoryOpenCl> opencl_;
};

// Reads the file and makes the model of this host, which stays until the process ends. False, with `error`,
// when the file can't be read. A host without devices in it gets an empty platform list.
bool LoadModel(const std::string& path, const std::string& host, NativeApi& api, std::string& error);

}  // namespace clopencl::rankserver
