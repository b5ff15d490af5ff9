// clEnqueueNDRangeKernel and clEnqueueTask.
#include <array>

#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

struct Range {
  cl_kernel kernel;
  cl_uint dimensions = 1;
  std::array<size_t, 4> global = {16, 16, 1, 1};
  std::array<size_t, 4> local = {4, 2, 1, 1};
  std::array<size_t, 4> offset = {0, 0, 0, 0};
  bool null_global = false;
  bool null_local = false;
};

cl_int Launch(cl_command_queue queue, const Range& r, cl_uint count, const cl_event* list, cl_event* v) {
  return clEnqueueNDRangeKernel(queue, r.kernel, r.dimensions, r.offset.data(),
                                r.null_global ? nullptr : r.global.data(),
                                r.null_local ? nullptr : r.local.data(), count, list, v);
}

void Dimensions(Suite& s, Fixture& f) {
  const cl_kernel kernel = f.empty_kernel;
  const size_t huge = ~size_t{0};
  const size_t most = f.device.Get<size_t>(CL_DEVICE_MAX_WORK_GROUP_SIZE);
  size_t most_items[3] = {};
  clGetDeviceInfo(f.device.id, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof most_items, most_items, nullptr);
  const Codes zero = {CL_INVALID_GLOBAL_WORK_SIZE, CL_SUCCESS};
  const Codes group = {CL_INVALID_WORK_GROUP_SIZE, CL_INVALID_WORK_ITEM_SIZE};
  const struct {
    const char* name;
    Codes codes;
    Range range;
  } cases[] = {
      {"null kernel", CL_INVALID_KERNEL, {nullptr}},
      {"dimensions zero", CL_INVALID_WORK_DIMENSION, {kernel, 0}},
      {"dimensions four", CL_INVALID_WORK_DIMENSION, {kernel, 4}},
      {"dimensions far too many", CL_INVALID_WORK_DIMENSION, {kernel, 4000000000u}},
      {"1D", CL_SUCCESS, {kernel, 1}},
      {"2D", CL_SUCCESS, {kernel, 2}},
      {"3D", CL_SUCCESS, {kernel, 3}},
      {"null global size", {CL_INVALID_GLOBAL_WORK_SIZE, CL_SUCCESS}, {kernel, 1, {}, {4}, {}, true, true}},
      {"global size zero", zero, {kernel, 1, {0}, {4}, {}, false, true}},
      {"global size zero in 2D", zero, {kernel, 2, {16, 0}, {4, 4}, {}, false, true}},
      {"local size zero", group, {kernel, 1, {16}, {0}}},
      {"local size does not divide", {CL_INVALID_WORK_GROUP_SIZE, CL_SUCCESS}, {kernel, 1, {16}, {5}}},
      {"local size does not divide in 2D",
       {CL_INVALID_WORK_GROUP_SIZE, CL_SUCCESS},
       {kernel, 2, {16, 9}, {4, 2}}},
      {"local size above the global", {CL_INVALID_WORK_GROUP_SIZE, CL_SUCCESS}, {kernel, 1, {4}, {8}}},
      {"work-group too large", group, {kernel, 1, {2 * most}, {2 * most}}},
      {"work-group too large in 2D", group, {kernel, 2, {most, 2}, {most, 2}}},
      {"work-item size too large", group, {kernel, 1, {2 * most_items[0]}, {2 * most_items[0]}}},
      {"largest work-group", CL_SUCCESS, {kernel, 1, {most}, {most}}},
      {"offset wraps around", CL_INVALID_GLOBAL_OFFSET, {kernel, 1, {16}, {4}, {huge - 4}}},
      {"shaped, right local size", CL_SUCCESS, {f.shaped_kernel, 3, {8, 4, 1}, {4, 2, 1}}},
      {"shaped, wrong local size", CL_INVALID_WORK_GROUP_SIZE, {f.shaped_kernel, 3, {8, 4, 1}, {2, 2, 1}}},
      {"shaped, too few dimensions", CL_INVALID_WORK_GROUP_SIZE, {f.shaped_kernel, 1, {8}, {4}}},
      {"shaped, null local size",
       {CL_INVALID_WORK_GROUP_SIZE, CL_SUCCESS},
       {f.shaped_kernel, 3, {8, 4, 1}, {}, {}, false, true}},
      {"foreign kernel", CL_INVALID_CONTEXT, {f.foreign_kernel}},
  };
  for (const auto& one : cases) {
    s.Enqueues(one.name, one.codes, [&](cl_event* v) { return Launch(f.queue, one.range, 0, nullptr, v); });
  }
}

// Launches of kernels whose arguments are not all there, or not right.
void Arguments(Suite& s, Fixture& f) {
  const auto launch = [&](cl_kernel kernel, cl_event* v) { return Launch(f.queue, {kernel}, 0, nullptr, v); };
  const auto with = [&](int arguments, cl_event* v) {
    const Kernel kernel = MakeKernel(f.program, "scale");
    if (arguments > 0) SetArg(kernel, 0, f.buffer);
    if (arguments > 1) SetArg(kernel, 1, 1.0f);
    if (arguments > 2) MustSetArg(kernel, 2, 64, nullptr);
    return launch(kernel, v);
  };
  s.Enqueues("no argument set", CL_INVALID_KERNEL_ARGS, [&](cl_event* v) { return with(0, v); });
  s.Enqueues("one of three arguments set", CL_INVALID_KERNEL_ARGS, [&](cl_event* v) { return with(1, v); });
  s.Enqueues("two of three arguments set", CL_INVALID_KERNEL_ARGS, [&](cl_event* v) { return with(2, v); });
  s.Enqueues("all arguments set", CL_SUCCESS, [&](cl_event* v) { return with(3, v); });
  s.Enqueues("local argument larger than there is",
             {CL_OUT_OF_RESOURCES, CL_INVALID_KERNEL_ARGS, CL_INVALID_WORK_GROUP_SIZE,
              CL_MEM_OBJECT_ALLOCATION_FAILURE},
             [&](cl_event* v) {
               const Kernel kernel = MakeKernel(f.program, "scale");
               SetArgs(kernel, f.buffer, 1.0f);
               const size_t size = 2 * f.device.Get<cl_ulong>(CL_DEVICE_LOCAL_MEM_SIZE);
               const cl_int code = clSetKernelArg(kernel, 2, size, nullptr);
               return code != CL_SUCCESS ? code : launch(kernel, v);
             });
  s.Enqueues("refused argument keeps the old one", CL_SUCCESS, [&](cl_event* v) {
    const Kernel kernel = MakeKernel(f.program, "scale");
    SetArgs(kernel, f.buffer, 1.0f);
    MustSetArg(kernel, 2, 64, nullptr);
    clSetKernelArg(kernel, 1, 1, f.host);
    return launch(kernel, v);
  });
  s.Enqueues("clone keeps the arguments", CL_SUCCESS, [&](cl_event* v) {
    const Kernel clone(clCloneKernel(f.kernel, nullptr));
    return launch(clone, v);
  });
}

void Tasks(Suite& s, Fixture& f) {
  s.Group("clEnqueueTask");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return clEnqueueTask(queue, f.empty_kernel, count, list, v);
  });
  s.Enqueues("null kernel", CL_INVALID_KERNEL,
             [&](cl_event* v) { return clEnqueueTask(f.queue, nullptr, 0, nullptr, v); });
  s.Enqueues("foreign kernel", CL_INVALID_CONTEXT,
             [&](cl_event* v) { return clEnqueueTask(f.queue, f.foreign_kernel, 0, nullptr, v); });
  s.Enqueues("shaped kernel", CL_INVALID_WORK_GROUP_SIZE,
             [&](cl_event* v) { return clEnqueueTask(f.queue, f.shaped_kernel, 0, nullptr, v); });
  s.Enqueues("no argument set", CL_INVALID_KERNEL_ARGS, [&](cl_event* v) {
    const Kernel kernel = MakeKernel(f.program, "scale");
    return clEnqueueTask(f.queue, kernel, 0, nullptr, v);
  });
}

}  // namespace

void LaunchCases(Suite& s, Fixture& f) {
  s.Group("clEnqueueNDRangeKernel");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return Launch(queue, {f.empty_kernel}, count, list, v);
  });
  Dimensions(s, f);
  Arguments(s, f);
  Tasks(s, f);
}

}  // namespace clopencl::programs
