// Kernel arguments of every type: scalars, vectors, structures, local and constant memory, null pointers,
// arguments that change between launches, and kernels that are shared by queues.
#include <cstring>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

// A kernel `store_T(global T* to, T value)` for each type.
std::string StoreKernels(const std::vector<std::string>& types) {
  std::string source;
  for (const std::string& type : types) {
    source +=
        "kernel void store_" + type + "(global " + type + "* to, " + type + " value) { to[0] = value; }\n";
  }
  return source;
}

constexpr char kSource[] = R"(
typedef struct { char a; int b; short c; long d; float4 e; uchar f[5]; } record_t;
typedef struct { float x; float y; } point_t;
typedef union { int i; float f; } either_t;
kernel void store_record(global record_t* to, record_t value, point_t point, either_t either) {
  to[0] = value;
  to[0].e.x = point.x;
  to[0].e.y = point.y;
  to[0].b = either.i;
}
kernel void many(global int* to, int a, long b, char c, short d, float e, int4 f, uchar g, local int* l,
                 uint h, constant int* k, int2 m, ulong n) {
  if (get_global_id(0) != 0) return;
  l[0] = 1000;
  int sum = a + (int)b + c + d + (int)e + f.x + f.y + f.z + f.w + g;
  to[0] = sum + l[0] + (int)h + k[0] + k[1] + m.x + m.y + (int)n;
}
kernel void is_null(global int* to, global int* a, constant int* b) {
  to[0] = a == 0 ? 1 : 0;
  to[1] = b == 0 ? 1 : 0;
}
kernel void reverse(global int* data, local int* scratch, local float* more) {
  size_t id = get_local_id(0);
  size_t size = get_local_size(0);
  scratch[id] = data[get_global_id(0)];
  more[id] = 0.5f;
  barrier(CLK_LOCAL_MEM_FENCE);
  data[get_global_id(0)] = scratch[size - 1 - id] + (int)(2 * more[size - 1 - id]);
}
kernel void convolve(global const float* from, global float* to, constant float* filter, int taps) {
  float sum = 0;
  for (int i = 0; i < taps; ++i) sum += filter[i] * from[get_global_id(0) + i];
  to[get_global_id(0)] = sum;
}
kernel void append(global int* log, int value) {
  int at = log[0];
  log[0] = at + 1;
  log[at + 1] = value;
}
)";

struct Record {
  cl_char a;
  cl_int b;
  cl_short c;
  cl_long d;
  cl_float4 e;
  cl_uchar f[5];
};

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    Types();
    Structures();
    Many();
    Null();
    Local();
    Constant();
    ChangedBetweenLaunches();
    ChangedAfterEnqueue();
    TwoQueues();
    SameBufferTwice();
  }

 private:
  void Launch(cl_kernel kernel, size_t items = 1, const size_t* local = nullptr) {
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, local, 0, nullptr, nullptr));
  }

  void Types() {
    std::vector<std::string> types;
    std::vector<size_t> sizes;
    std::vector<std::pair<std::string, size_t>> scalars = {{"char", 1},   {"uchar", 1}, {"short", 2},
                                                           {"ushort", 2}, {"int", 4},   {"uint", 4},
                                                           {"long", 8},   {"ulong", 8}, {"float", 4}};
    if (s_.device.Get<cl_device_fp_config>(CL_DEVICE_DOUBLE_FP_CONFIG) != 0)
      scalars.emplace_back("double", 8);
    for (const auto& [scalar, size] : scalars) {
      for (size_t width : {1, 2, 3, 4, 8, 16}) {
        types.push_back(width == 1 ? scalar : scalar + std::to_string(width));
        sizes.push_back(size * (width == 3 ? 4 : width));
      }
    }
    const Program program = BuildProgram(s_.context, s_.device, StoreKernels(types));
    for (size_t i = 0; i < types.size(); ++i) {
      const Mem to = MakeBuffer(s_.context, 256);
      const Kernel kernel = MakeKernel(program, ("store_" + types[i]).c_str());
      SetArg(kernel, 0, to);
      Bytes value = RandomBytes(sizes[i], i);
      for (unsigned char& byte : value) byte &= 0x3f;  // no signalling NaNs
      MustSetArg(kernel, 1, value.size(), value.data());
      Launch(kernel);
      // The fourth element of a vector of three is not anybody's.
      const size_t significant = types[i].back() == '3' && sizes[i] % 4 == 0 ? sizes[i] / 4 * 3 : sizes[i];
      ExpectBytes(ReadVector<unsigned char>(s_.queue, to, sizes[i]).data(), value.data(), significant,
                  types[i]);
    }
  }

  void Structures() {
    Record record = {1, 2, 3, 4, {{5, 6, 7, 8}}, {9, 10, 11, 12, 13}};
    const cl_float point[2] = {50, 60};
    const cl_int either = 77;
    const Mem to = MakeBuffer(s_.context, sizeof record);
    const Kernel kernel = MakeKernel(program_, "store_record");
    SetArgs(kernel, to, record, point, either);
    Launch(kernel);
    const Record got = ReadVector<Record>(s_.queue, to, 1)[0];
    Expect(got.a == 1 && got.b == 77 && got.c == 3 && got.d == 4 && got.e.s[0] == 50 && got.e.s[1] == 60 &&
               got.e.s[2] == 7 && got.e.s[3] == 8 && std::memcmp(got.f, record.f, sizeof got.f) == 0,
           "structures and a union");
  }

  void Many() {
    const Mem to = MakeBuffer(s_.context, sizeof(cl_int));
    cl_int constants[] = {300, 400};
    const Mem constant =
        MakeBuffer(s_.context, sizeof constants, CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, constants);
    const Kernel kernel = MakeKernel(program_, "many");
    // In no order.
    SetArg(kernel, 12, cl_ulong{12});
    SetArg(kernel, 3, cl_char{3});
    SetArg(kernel, 10, constant);
    SetArg(kernel, 1, cl_int{1});
    SetArg(kernel, 6, cl_int4{{10, 20, 30, 40}});
    MustSetArg(kernel, 8, 16, nullptr);
    SetArg(kernel, 0, to);
    SetArg(kernel, 2, cl_long{2});
    SetArg(kernel, 4, cl_short{4});
    SetArg(kernel, 11, cl_int2{{5, 6}});
    SetArg(kernel, 5, cl_float{5.5f});
    SetArg(kernel, 7, cl_uchar{200});
    SetArg(kernel, 9, cl_uint{9});
    Launch(kernel);
    PrintNumber("many arguments", ReadVector<cl_int>(s_.queue, to, 1)[0]);
    const cl_int expected = 1 + 2 + 3 + 4 + 5 + 100 + 200 + 1000 + 9 + 700 + 11 + 12;
    Expect(ReadVector<cl_int>(s_.queue, to, 1)[0] == expected, "sum of many arguments");
  }

  void Null() {
    const Mem to = MakeBuffer(s_.context, 2 * sizeof(cl_int));
    const cl_mem none = nullptr;
    const Kernel kernel = MakeKernel(program_, "is_null");
    SetArg(kernel, 0, to);
    MustSetArg(kernel, 1, sizeof(cl_mem), nullptr);
    MustSetArg(kernel, 2, sizeof(cl_mem), &none);
    Launch(kernel);
    ExpectEqual(ReadVector<cl_int>(s_.queue, to, 2), {1, 1}, "null pointers");
    SetArg(kernel, 1, to);
    SetArg(kernel, 2, to);
    Launch(kernel);
    ExpectEqual(ReadVector<cl_int>(s_.queue, to, 2), {0, 0}, "no null pointers");
  }

  void Local() {
    for (size_t group : {1, 7, 64, 256}) {
      const size_t items = group * 12;
      std::vector<cl_int> data = RandomVector<cl_int>(items, group);
      for (cl_int& value : data) value &= 0xffffff;
      const Mem buffer = MakeBuffer(s_.context, items * sizeof(cl_int), CL_MEM_COPY_HOST_PTR, data.data());
      const Kernel kernel = MakeKernel(program_, "reverse");
      SetArg(kernel, 0, buffer);
      MustSetArg(kernel, 1, group * sizeof(cl_int), nullptr);
      MustSetArg(kernel, 2, group * sizeof(cl_float), nullptr);
      Launch(kernel, items, &group);
      std::vector<cl_int> expected(items);
      for (size_t i = 0; i < items; ++i) expected[i] = data[i / group * group + group - 1 - i % group] + 1;
      ExpectEqual(ReadVector<cl_int>(s_.queue, buffer, items), expected,
                  "local memory of " + std::to_string(group));
    }
  }

  void Constant() {
    std::vector<float> from(1000);
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i % 17);
    std::vector<float> filter = {1, 2, 4, 2, 1};
    const Mem input = MakeBuffer(s_.context, from.size() * sizeof(float),
                                 CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, from.data());
    const Mem coefficients = MakeBuffer(s_.context, filter.size() * sizeof(float),
                                        CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, filter.data());
    const size_t items = from.size() - filter.size() + 1;
    const Mem output = MakeBuffer(s_.context, items * sizeof(float), CL_MEM_WRITE_ONLY);
    const Kernel kernel = MakeKernel(program_, "convolve");
    SetArgs(kernel, input, output, coefficients, cl_int{5});
    Launch(kernel, items);
    std::vector<float> expected(items);
    for (size_t i = 0; i < items; ++i) {
      for (size_t j = 0; j < filter.size(); ++j) expected[i] += filter[j] * from[i + j];
    }
    ExpectEqual(ReadVector<float>(s_.queue, output, items), expected, "constant memory");
  }

  Mem EmptyLog() {
    std::vector<cl_int> zeros(1000);
    return MakeBuffer(s_.context, zeros.size() * sizeof(cl_int), CL_MEM_COPY_HOST_PTR, zeros.data());
  }
  void ExpectLog(cl_mem log, const std::vector<cl_int>& values, const std::string& name) {
    std::vector<cl_int> expected = values;
    expected.insert(expected.begin(), static_cast<cl_int>(values.size()));
    ExpectEqual(ReadVector<cl_int>(s_.queue, log, expected.size()), expected, name);
  }

  void ChangedBetweenLaunches() {
    const Mem first = EmptyLog();
    const Mem second = EmptyLog();
    const Kernel kernel = MakeKernel(program_, "append");
    std::vector<cl_int> first_values;
    std::vector<cl_int> second_values;
    for (cl_int i = 0; i < 300; ++i) {
      if (i % 7 == 0) SetArg(kernel, 0, i % 2 == 0 ? first : second);
      if (i % 3 == 0) SetArg(kernel, 1, i);
      ((i / 7 * 7) % 2 == 0 ? first_values : second_values).push_back(i / 3 * 3);
      Launch(kernel);
    }
    ExpectLog(first, first_values, "changed between launches, one");
    ExpectLog(second, second_values, "changed between launches, other");
  }

  // A launch has the arguments of when it was enqueued, though it starts much later.
  void ChangedAfterEnqueue() {
    cl_int code = CL_SUCCESS;
    const Event gate(clCreateUserEvent(s_.context, &code));
    Must(code);
    const Mem log = EmptyLog();
    const Kernel kernel = MakeKernel(program_, "append");
    const cl_event list[] = {gate};
    const size_t one = 1;
    std::vector<cl_int> values;
    for (cl_int i = 0; i < 50; ++i) {
      SetArgs(kernel, log, i);
      values.push_back(i);
      Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &one, nullptr, i == 0 ? 1 : 0,
                                  i == 0 ? list : nullptr, nullptr));
    }
    SetArg(kernel, 1, cl_int{-1});
    Must(clFlush(s_.queue));
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    ExpectLog(log, values, "changed after the enqueue");
  }

  void TwoQueues() {
    const Queue other = MakeQueue(s_.context, s_.device);
    const Mem log = EmptyLog();
    const Kernel kernel = MakeKernel(program_, "append");
    SetArg(kernel, 0, log);
    std::vector<cl_int> values;
    const size_t one = 1;
    Event last;
    for (cl_int i = 0; i < 40; ++i) {
      SetArg(kernel, 1, i);
      values.push_back(i);
      const cl_event list[] = {last};
      Event next;
      Must(clEnqueueNDRangeKernel(i % 2 == 0 ? s_.queue : other, kernel, 1, nullptr, &one, nullptr,
                                  i == 0 ? 0 : 1, i == 0 ? nullptr : list, next.Out()));
      Must(clFlush(i % 2 == 0 ? s_.queue : other));
      last = std::move(next);
    }
    Must(clFinish(other));
    ExpectLog(log, values, "one kernel on two queues");
  }

  void SameBufferTwice() {
    std::vector<float> data(100, 2);
    const Mem buffer = MakeBuffer(s_.context, data.size() * sizeof(float), CL_MEM_COPY_HOST_PTR, data.data());
    const Kernel kernel = MakeKernel(program_, "convolve");
    SetArgs(kernel, buffer, buffer, buffer, cl_int{1});
    Launch(kernel, 1);
    Expect(ReadVector<float>(s_.queue, buffer, 1)[0] == 4, "one buffer as three arguments");
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
