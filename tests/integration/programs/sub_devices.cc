// Sub-devices: every way of partition that the device offers, programs that are built for the parent or for the
// parts, and parts at work side by side.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] = R"(kernel void triple(global int* values) {
  values[get_global_id(0)] *= 3;
})";

class Test {
 public:
  void Run() {
    const cl_device_partition_property by_one[] = {CL_DEVICE_PARTITION_EQUALLY, 1, 0};
    const cl_device_partition_property by_counts[] = {CL_DEVICE_PARTITION_BY_COUNTS, 1,
                                                      CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, 0};
    const cl_device_partition_property by_domain[] = {CL_DEVICE_PARTITION_BY_AFFINITY_DOMAIN,
                                                      CL_DEVICE_AFFINITY_DOMAIN_NEXT_PARTITIONABLE, 0};
    Partition("equally", by_one);
    Partition("by counts", by_counts);
    Partition("by affinity domain", by_domain);
  }

 private:
  void Partition(const std::string& name, const cl_device_partition_property* properties) {
    cl_uint count = 0;
    const cl_int code = clCreateSubDevices(device_.id, properties, 0, nullptr, &count);
    PrintError(name, code);
    if (code != CL_SUCCESS) return;
    std::vector<cl_device_id> ids(count);
    Must(clCreateSubDevices(device_.id, properties, count, ids.data(), nullptr));
    PrintNumber(name + ", parts", count);
    for (cl_device_id id : ids) Describe(name, id);
    Transfers(name, ids);
    // Once is enough, and more than some native compilers bear.
    if (!std::exchange(built_, true)) {
      BuiltForTheParent(name, ids);
      BuiltForParts(name, ids);
      SideBySide(name, ids);
    }
    for (cl_device_id id : ids) Must(clReleaseDevice(id));
  }

  void Describe(const std::string& name, cl_device_id id) {
    const Device part{device_.platform, id};
    PrintNumber(name + ", compute units", part.Get<cl_uint>(CL_DEVICE_MAX_COMPUTE_UNITS));
    Expect(part.Get<cl_device_id>(CL_DEVICE_PARENT_DEVICE) == device_.id, name + ", parent");
    Expect(part.String(CL_DEVICE_NAME) == device_.String(CL_DEVICE_NAME), name + ", name");
  }

  static void Transfers(const std::string& name, const std::vector<cl_device_id>& ids) {
    const Context context = MakeContextOf(ids);
    std::vector<int> expected(ids.size() * 16);
    const Mem buffer = MakeBuffer(context, expected.size() * sizeof(int));
    for (size_t i = 0; i < ids.size(); ++i) {
      const Queue queue = MakeQueue(context, {nullptr, ids[i]});
      const int value = static_cast<int>(i) + 1;
      Must(clEnqueueFillBuffer(queue, buffer, &value, sizeof value, i * 16 * sizeof(int), 16 * sizeof(int), 0,
                               nullptr, nullptr));
      Must(clFinish(queue));
      std::fill_n(expected.begin() + static_cast<ptrdiff_t>(i) * 16, 16, value);
    }
    const Queue queue = MakeQueue(context, {nullptr, ids[0]});
    Expect(ReadVector<int>(queue, buffer, expected.size()) == expected, name + ", transfers");
  }

  static cl_build_status BuildStatus(cl_program program, cl_device_id id) {
    cl_build_status status = CL_BUILD_IN_PROGRESS;
    Must(clGetProgramBuildInfo(program, id, CL_PROGRAM_BUILD_STATUS, sizeof status, &status, nullptr));
    return status;
  }

  static Context MakeContextOf(const std::vector<cl_device_id>& ids) {
    cl_int code = CL_SUCCESS;
    Context context(
        clCreateContext(nullptr, static_cast<cl_uint>(ids.size()), ids.data(), nullptr, nullptr, &code));
    Must(code);
    return context;
  }

  static Program MakeProgram(cl_context context) {
    const char* source = kSource;
    cl_int code = CL_SUCCESS;
    Program program(clCreateProgramWithSource(context, 1, &source, nullptr, &code));
    Must(code);
    return program;
  }

  // Runs the program's kernel in a queue of the device.
  static bool Works(cl_context context, cl_program program, cl_device_id id) {
    const Queue queue = MakeQueue(context, {nullptr, id});
    std::vector<int> values = RandomVector<int>(256, 7);
    for (int& value : values) value %= 1000;
    const Mem buffer = MakeBuffer(context, values.size() * sizeof(int));
    WriteAll(queue, buffer, values.data(), values.size() * sizeof(int));
    const Kernel kernel = MakeKernel(program, "triple");
    SetArgs(kernel, buffer);
    const size_t global = values.size();
    Must(clEnqueueNDRangeKernel(queue, kernel, 1, nullptr, &global, nullptr, 0, nullptr, nullptr));
    for (int& value : values) value *= 3;
    return ReadVector<int>(queue, buffer, values.size()) == values;
  }

  // The parent and its parts in one context: a build for the parent may serve the parts.
  void BuiltForTheParent(const std::string& name, const std::vector<cl_device_id>& ids) {
    std::vector<cl_device_id> all = ids;
    all.push_back(device_.id);
    const Context context = MakeContextOf(all);
    const Program program = MakeProgram(context);
    PrintNumber(name + ", before a build", BuildStatus(program, ids[0]));
    PrintError(name + ", build for the parent",
               clBuildProgram(program, 1, &device_.id, "-DUNUSED", nullptr, nullptr));
    Expect(Works(context, program, device_.id), name + ", the parent works");
    for (cl_device_id id : ids) {
      const cl_build_status status = BuildStatus(program, id);
      PrintNumber(name + ", status of a part", status);
      if (status == CL_BUILD_SUCCESS) Expect(Works(context, program, id), name + ", a part works");
    }
  }

  void BuiltForParts(const std::string& name, const std::vector<cl_device_id>& ids) {
    const Context context = MakeContextOf(ids);
    const Program program = MakeProgram(context);
    PrintError(name + ", build for the parts", clBuildProgram(program, 0, nullptr, "", nullptr, nullptr));
    for (cl_device_id id : ids) {
      PrintNumber(name + ", status of a part of its own", BuildStatus(program, id));
      Expect(Works(context, program, id), name + ", a part on its own works");
    }
  }

  // All parts at work on one buffer, each on its share, in one context.
  void SideBySide(const std::string& name, const std::vector<cl_device_id>& ids) {
    const Context context = MakeContextOf(ids);
    const Program program = MakeProgram(context);
    Must(clBuildProgram(program, 0, nullptr, "", nullptr, nullptr));
    const Kernel kernel = MakeKernel(program, "triple");
    const size_t share = 1024;
    std::vector<int> values(share * ids.size(), 5);
    const Mem buffer = MakeBuffer(context, values.size() * sizeof(int), CL_MEM_COPY_HOST_PTR, values.data());
    SetArgs(kernel, buffer);
    std::vector<Queue> queues;
    for (size_t i = 0; i < ids.size(); ++i) {
      queues.push_back(MakeQueue(context, {nullptr, ids[i]}));
      const size_t offset = i * share;
      Must(clEnqueueNDRangeKernel(queues[i], kernel, 1, &offset, &share, nullptr, 0, nullptr, nullptr));
    }
    for (const Queue& queue : queues) Must(clFinish(queue));
    Expect(ReadVector<int>(queues[0], buffer, values.size()) == std::vector<int>(values.size(), 15),
           name + ", side by side");
  }

  const Device device_ = ChooseDevice();
  bool built_ = false;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
