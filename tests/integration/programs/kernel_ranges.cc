// Index spaces: global and local sizes in one, two and three dimensions, offsets, tasks, required work-group
// sizes, barriers and atomics.
#include <array>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Sizes = std::array<size_t, 3>;

constexpr char kSource[] = R"(
kernel void where(global uint* to) {
  size_t x = get_global_id(0) - get_global_offset(0);
  size_t y = get_global_id(1) - get_global_offset(1);
  size_t z = get_global_id(2) - get_global_offset(2);
  size_t at = (z * get_global_size(1) + y) * get_global_size(0) + x;
  global uint* out = to + at * 12;
  for (int i = 0; i < 3; ++i) {
    out[i] = get_global_id(i);
    out[3 + i] = get_local_id(i);
    out[6 + i] = get_group_id(i);
  }
  out[9] = get_local_size(0) * 1000000 + get_local_size(1) * 1000 + get_local_size(2);
  out[10] = get_num_groups(0) * 1000000 + get_num_groups(1) * 1000 + get_num_groups(2);
  out[11] = get_work_dim();
}
kernel void visit(global uint* to) {
  size_t row = get_global_id(2) * get_global_size(1) + get_global_id(1);
  size_t at = row * get_global_size(0) + get_global_id(0);
  to[at] = at + 1;
}
kernel void describe(global uint* to) {
  to[0] = get_work_dim();
  for (int i = 0; i < 3; ++i) {  // not the fourth: PoCL 3.1 says 0 of it
    to[1 + i] = get_global_size(i);
    to[4 + i] = get_local_size(i);
    to[7 + i] = get_global_id(i);
    to[10 + i] = get_global_offset(i);
    to[13 + i] = get_num_groups(i);
  }
}
__attribute__((reqd_work_group_size(4, 2, 1))) kernel void shaped(global uint* to) {
  to[get_global_id(1) * get_global_size(0) + get_global_id(0)] =
      get_local_size(0) * 100 + get_local_size(1) * 10 + get_local_size(2);
}
kernel void count(global uint* counter, global uint* largest) {
  atomic_inc(counter);
  atomic_max(largest, (uint)get_global_id(0));
}
kernel void sum(global const uint* from, global uint* to, local uint* scratch) {
  size_t id = get_local_id(0);
  scratch[id] = from[get_global_id(0)];
  for (size_t step = get_local_size(0) / 2; step > 0; step /= 2) {
    barrier(CLK_LOCAL_MEM_FENCE);
    if (id < step) scratch[id] += scratch[id + step];
  }
  if (id == 0) to[get_group_id(0)] = scratch[0];
}
)";

struct Range {
  cl_uint dimensions;
  Sizes global;
  Sizes local;
  Sizes offset;

  std::string Name() const {
    std::string text = std::to_string(dimensions) + "D";
    const auto add = [&](const char* title, const Sizes& sizes) {
      text += std::string(" ") + title;
      for (cl_uint i = 0; i < dimensions; ++i) text += (i == 0 ? " " : "x") + std::to_string(sizes[i]);
    };
    add("of", global);
    add("by", local);
    add("from", offset);
    return text;
  }
};

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    Places();
    AllVisited();
    Tasks();
    Shaped();
    Atomics();
    Barriers();
    NothingToRun();
  }

 private:
  void Launch(cl_kernel kernel, const Range& range, bool local = true, bool offset = true) {
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, range.dimensions, offset ? range.offset.data() : nullptr,
                                range.global.data(), local ? range.local.data() : nullptr, 0, nullptr,
                                nullptr));
  }

  void Places() {
    const Range ranges[] = {
        {1, {1, 1, 1}, {1, 1, 1}, {0, 0, 0}},       {1, {100, 1, 1}, {10, 1, 1}, {0, 0, 0}},
        {1, {64, 1, 1}, {64, 1, 1}, {5, 0, 0}},     {1, {17, 1, 1}, {17, 1, 1}, {1000, 0, 0}},
        {2, {12, 10, 1}, {3, 5, 1}, {0, 0, 0}},     {2, {12, 10, 1}, {12, 1, 1}, {7, 11, 0}},
        {2, {1, 50, 1}, {1, 25, 1}, {0, 3, 0}},     {3, {6, 4, 8}, {3, 2, 4}, {0, 0, 0}},
        {3, {6, 4, 8}, {1, 1, 1}, {100, 200, 300}}, {3, {5, 7, 3}, {5, 7, 3}, {1, 2, 3}},
    };
    const Kernel kernel = MakeKernel(program_, "where");
    for (const Range& range : ranges) {
      const size_t items = range.global[0] * range.global[1] * range.global[2];
      const Mem to = MakeBuffer(s_.context, items * 12 * sizeof(cl_uint));
      SetArg(kernel, 0, to);
      Launch(kernel, range);
      ExpectEqual(ReadVector<cl_uint>(s_.queue, to, items * 12), ExpectedPlaces(range), range.Name());
    }
  }

  static std::vector<cl_uint> ExpectedPlaces(const Range& range) {
    std::vector<cl_uint> expected;
    const auto packed = [](const Sizes& sizes) {
      return static_cast<cl_uint>(sizes[0] * 1000000 + sizes[1] * 1000 + sizes[2]);
    };
    Sizes groups;
    for (size_t i = 0; i < 3; ++i) groups[i] = range.global[i] / range.local[i];
    for (size_t z = 0; z < range.global[2]; ++z) {
      for (size_t y = 0; y < range.global[1]; ++y) {
        for (size_t x = 0; x < range.global[0]; ++x) {
          const Sizes at = {x, y, z};
          for (size_t i = 0; i < 3; ++i) expected.push_back(static_cast<cl_uint>(at[i] + range.offset[i]));
          for (size_t i = 0; i < 3; ++i) expected.push_back(static_cast<cl_uint>(at[i] % range.local[i]));
          for (size_t i = 0; i < 3; ++i) expected.push_back(static_cast<cl_uint>(at[i] / range.local[i]));
          expected.push_back(packed(range.local));
          expected.push_back(packed(groups));
          expected.push_back(range.dimensions);
        }
      }
    }
    return expected;
  }

  // Sizes that the platform divides as it likes.
  void AllVisited() {
    const Kernel kernel = MakeKernel(program_, "visit");
    const Range ranges[] = {
        {1, {1, 1, 1}, {}, {}},    {1, {13, 1, 1}, {}, {}},      {1, {1000003, 1, 1}, {}, {}},
        {2, {123, 45, 1}, {}, {}}, {2, {1024, 1024, 1}, {}, {}}, {3, {31, 17, 11}, {}, {}},
        {3, {1, 1, 5000}, {}, {}},
    };
    for (const Range& range : ranges) {
      const size_t items = range.global[0] * range.global[1] * range.global[2];
      const Mem to = MakeBuffer(s_.context, items * sizeof(cl_uint));
      SetArg(kernel, 0, to);
      Launch(kernel, range, false, false);
      std::vector<cl_uint> expected(items);
      for (size_t i = 0; i < items; ++i) expected[i] = static_cast<cl_uint>(i + 1);
      ExpectEqual(ReadVector<cl_uint>(s_.queue, to, items), expected,
                  "visited " + std::to_string(range.global[0]) + "x" + std::to_string(range.global[1]) + "x" +
                      std::to_string(range.global[2]));
    }
  }

  void Tasks() {
    const Kernel kernel = MakeKernel(program_, "describe");
    const Mem to = MakeBuffer(s_.context, 16 * sizeof(cl_uint));
    SetArg(kernel, 0, to);
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    const std::vector<cl_uint> expected = {1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1};
    ExpectEqual(ReadVector<cl_uint>(s_.queue, to, 16), expected, "task");
  }

  void Shaped() {
    const Kernel kernel = MakeKernel(program_, "shaped");
    const Mem to = MakeBuffer(s_.context, 32 * sizeof(cl_uint));
    SetArg(kernel, 0, to);
    const Range range = {3, {8, 4, 1}, {4, 2, 1}, {0, 0, 0}};
    Launch(kernel, range);
    ExpectEqual(ReadVector<cl_uint>(s_.queue, to, 32), std::vector<cl_uint>(32, 421),
                "required work-group size");
    size_t required[3] = {};
    Must(clGetKernelWorkGroupInfo(kernel, s_.device.id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof required,
                                  required, nullptr));
    Expect(required[0] == 4 && required[1] == 2 && required[2] == 1, "required work-group size as queried");
  }

  void Atomics() {
    const Kernel kernel = MakeKernel(program_, "count");
    std::vector<cl_uint> zeros(2);
    const Mem counter = MakeBuffer(s_.context, sizeof(cl_uint), CL_MEM_COPY_HOST_PTR, zeros.data());
    const Mem largest = MakeBuffer(s_.context, sizeof(cl_uint), CL_MEM_COPY_HOST_PTR, zeros.data());
    SetArgs(kernel, counter, largest);
    const Range range = {1, {200000, 1, 1}, {100, 1, 1}, {5, 0, 0}};
    for (int i = 0; i < 5; ++i) Launch(kernel, range);
    PrintNumber("atomic count", ReadVector<cl_uint>(s_.queue, counter, 1)[0]);
    PrintNumber("atomic maximum", ReadVector<cl_uint>(s_.queue, largest, 1)[0]);
    Expect(ReadVector<cl_uint>(s_.queue, counter, 1)[0] == 1000000, "atomics");
  }

  void Barriers() {
    const Kernel kernel = MakeKernel(program_, "sum");
    for (size_t group : {2, 16, 128}) {
      const size_t groups = 50;
      std::vector<cl_uint> from(groups * group);
      std::vector<cl_uint> expected(groups);
      for (size_t i = 0; i < from.size(); ++i) {
        from[i] = static_cast<cl_uint>(i * i % 1009);
        expected[i / group] += from[i];
      }
      const Mem input =
          MakeBuffer(s_.context, from.size() * sizeof(cl_uint), CL_MEM_COPY_HOST_PTR, from.data());
      const Mem output = MakeBuffer(s_.context, groups * sizeof(cl_uint));
      SetArgs(kernel, input, output);
      MustSetArg(kernel, 2, group * sizeof(cl_uint), nullptr);
      Launch(kernel, {1, {from.size(), 1, 1}, {group, 1, 1}, {0, 0, 0}});
      ExpectEqual(ReadVector<cl_uint>(s_.queue, output, groups), expected,
                  "sums by " + std::to_string(group));
    }
  }

  // Allowed since OpenCL 2.1. The arguments that such a launch has hold for the next one.
  void NothingToRun() {
    const Kernel kernel = MakeKernel(program_, "visit");
    const Mem first = MakeBuffer(s_.context, 4 * sizeof(cl_uint));
    const Mem second = MakeBuffer(s_.context, 4 * sizeof(cl_uint));
    const std::vector<cl_uint> zeros(4);
    WriteAll(s_.queue, second, zeros.data(), zeros.size() * sizeof(cl_uint));
    SetArgs(kernel, first);
    const size_t some = 4, none = 0;
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &some, nullptr, 0, nullptr, nullptr));
    SetArgs(kernel, second);
    Event event;
    const cl_int code =
        clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &none, nullptr, 0, nullptr, event.Out());
    PrintError("a range of nothing", code);
    if (code == CL_SUCCESS) {
      const cl_event list[] = {event};
      PrintError("its end", clWaitForEvents(1, list));
    }
    ExpectEqual(ReadVector<cl_uint>(s_.queue, second, 4), zeros, "nothing was run");
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &some, nullptr, 0, nullptr, nullptr));
    ExpectEqual(ReadVector<cl_uint>(s_.queue, second, 4), {1, 2, 3, 4}, "a range after nothing");
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
