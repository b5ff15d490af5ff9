// Sub-buffers: windows onto their parent for transfers, kernels and mappings, overlapping ones included, and
// what remains when the parent is released first.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

constexpr char kSource[] = R"(
kernel void add(global uchar* data, uchar value) { data[get_global_id(0)] += value; }
kernel void move(global const uchar* from, global uchar* to) {
  to[get_global_id(0)] = from[get_global_id(0)];
}
)";
constexpr size_t kSize = 1 << 20;

Mem MakeSub(cl_mem parent, size_t origin, size_t size, cl_mem_flags flags = 0) {
  const cl_buffer_region region = {origin, size};
  cl_int code = CL_SUCCESS;
  Mem sub(clCreateSubBuffer(parent, flags, CL_BUFFER_CREATE_TYPE_REGION, &region, &code));
  Must(code);
  return sub;
}

class Test {
 public:
  Test()
      : program_(BuildProgram(s_.context, s_.device, kSource)),
        alignment_(s_.device.Get<cl_uint>(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8),
        model_(RandomBytes(kSize, 1)),
        parent_(MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, model_.data())) {}

  void Run() {
    Transfers();
    Kernels();
    Overlapping();
    BetweenSubBuffers();
    Mapping();
    Random64();
    ParentReleasedFirst();
    OfUsedMemory();
  }

 private:
  void Add(cl_mem buffer, size_t items, cl_uchar value) {
    const Kernel kernel = MakeKernel(program_, "add");
    SetArgs(kernel, buffer, value);
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
  }
  void ModelAdd(size_t offset, size_t size, cl_uchar value) {
    for (size_t i = 0; i < size; ++i)
      model_[offset + i] = static_cast<unsigned char>(model_[offset + i] + value);
  }
  void ExpectParent(const std::string& name) {
    ExpectEqual(ReadVector<unsigned char>(s_.queue, parent_, kSize), model_, name);
  }

  void Transfers() {
    const size_t origin = 4 * alignment_;
    const Mem sub = MakeSub(parent_, origin, 1000);
    ExpectBytes(ReadVector<unsigned char>(s_.queue, sub, 1000).data(), &model_[origin], 1000, "read");
    const Bytes data = RandomBytes(500, 2);
    Must(clEnqueueWriteBuffer(s_.queue, sub, CL_FALSE, 100, 500, data.data(), 0, nullptr, nullptr));
    std::copy(data.begin(), data.end(), model_.begin() + static_cast<std::ptrdiff_t>(origin + 100));
    ExpectParent("write through a sub-buffer");
    const Bytes more = RandomBytes(2000, 3);
    Must(clEnqueueWriteBuffer(s_.queue, parent_, CL_FALSE, origin - 50, 2000, more.data(), 0, nullptr,
                              nullptr));
    std::copy(more.begin(), more.end(), model_.begin() + static_cast<std::ptrdiff_t>(origin - 50));
    ExpectBytes(ReadVector<unsigned char>(s_.queue, sub, 1000).data(), &model_[origin], 1000,
                "write through the parent");
    const cl_uint pattern = 0xdeadbeef;
    Must(clEnqueueFillBuffer(s_.queue, sub, &pattern, 4, 8, 400, 0, nullptr, nullptr));
    for (size_t i = 0; i < 100; ++i) std::memcpy(&model_[origin + 8 + 4 * i], &pattern, 4);
    ExpectParent("fill through a sub-buffer");
  }

  void Kernels() {
    const Mem first = MakeSub(parent_, 0, 3000);
    const Mem second = MakeSub(parent_, 64 * alignment_, 3000);
    Add(first, 3000, 1);
    Add(second, 3000, 2);
    Add(parent_, 2000, 5);
    ModelAdd(0, 3000, 1);
    ModelAdd(64 * alignment_, 3000, 2);
    ModelAdd(0, 2000, 5);
    ExpectParent("kernels on two sub-buffers and the parent");
  }

  // In-order use of windows that share bytes: each sees what the others did.
  void Overlapping() {
    const size_t step = 2 * alignment_;
    std::vector<Mem> subs;
    for (size_t i = 0; i < 10; ++i) subs.push_back(MakeSub(parent_, i * step, 5 * step));
    for (size_t round = 0; round < 3; ++round) {
      for (size_t i = 0; i < subs.size(); ++i) {
        Add(subs[i], 5 * step, static_cast<cl_uchar>(i + round));
        ModelAdd(i * step, 5 * step, static_cast<cl_uchar>(i + round));
      }
    }
    ExpectBytes(ReadVector<unsigned char>(s_.queue, subs[7], 5 * step).data(), &model_[7 * step], 5 * step,
                "one of ten that overlap");
    ExpectParent("ten that overlap");
  }

  void BetweenSubBuffers() {
    const Mem from = MakeSub(parent_, 0, 4096);
    const Mem to = MakeSub(parent_, 4096 * 4, 4096);
    Must(clEnqueueCopyBuffer(s_.queue, from, to, 10, 20, 4000, 0, nullptr, nullptr));
    std::memcpy(&model_[4096 * 4 + 20], &model_[10], 4000);
    const Kernel kernel = MakeKernel(program_, "move");
    const Mem third = MakeSub(parent_, 4096 * 8, 4096);
    SetArgs(kernel, to, third);
    const size_t items = 4096;
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
    std::memcpy(&model_[4096 * 8], &model_[4096 * 4], 4096);
    ExpectParent("copies between sub-buffers");
  }

  void Mapping() {
    const size_t origin = 16 * alignment_;
    const Mem sub = MakeSub(parent_, origin, 5000);
    cl_int code = CL_SUCCESS;
    auto* mapped = static_cast<unsigned char*>(clEnqueueMapBuffer(
        s_.queue, sub, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 500, 2000, 0, nullptr, nullptr, &code));
    Must(code);
    ExpectBytes(mapped, &model_[origin + 500], 2000, "mapping of a sub-buffer");
    for (size_t i = 0; i < 2000; ++i)
      mapped[i] = model_[origin + 500 + i] = static_cast<unsigned char>(i * 3);
    Must(clEnqueueUnmapMemObject(s_.queue, sub, mapped, 0, nullptr, nullptr));
    ExpectParent("written through a mapping of a sub-buffer");
  }

  // Random windows, random commands.
  void Random64() {
    Random random(64);
    for (int i = 0; i < 64; ++i) {
      const size_t origin = random.Below(kSize / alignment_ - 64) * alignment_;
      const size_t size = 1 + random.Below(64 * alignment_);
      const Mem sub = MakeSub(parent_, origin, size);
      if (random.OneIn(2)) {
        const auto value = static_cast<cl_uchar>(random.Below(256));
        Add(sub, size, value);
        ModelAdd(origin, size, value);
      } else {
        const Bytes data = RandomBytes(size, random.Next());
        WriteAll(s_.queue, sub, data.data(), size);
        std::copy(data.begin(), data.end(), model_.begin() + static_cast<std::ptrdiff_t>(origin));
      }
      // The sub-buffer is released with its kernel perhaps still running.
    }
    ExpectParent("64 random ones");
  }

  void ParentReleasedFirst() {
    Bytes data = RandomBytes(10000, 4);
    Mem parent = MakeBuffer(s_.context, data.size(), CL_MEM_COPY_HOST_PTR, data.data());
    const Mem sub = MakeSub(parent, alignment_, 1000);
    parent.Reset();
    Add(sub, 1000, 7);
    Bytes expected(1000);
    for (size_t i = 0; i < 1000; ++i) expected[i] = static_cast<unsigned char>(data[alignment_ + i] + 7);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, sub, 1000), expected, "parent released first");
  }

  void OfUsedMemory() {
    alignas(4096) static unsigned char memory[65536];
    const Bytes data = RandomBytes(sizeof memory, 5);
    std::copy(data.begin(), data.end(), memory);
    const Mem parent = MakeBuffer(s_.context, sizeof memory, CL_MEM_USE_HOST_PTR, memory);
    const Mem sub = MakeSub(parent, 8192, 4096);
    Add(sub, 4096, 9);
    cl_int code = CL_SUCCESS;
    void* mapped =
        clEnqueueMapBuffer(s_.queue, sub, CL_TRUE, CL_MAP_READ, 100, 3000, 0, nullptr, nullptr, &code);
    Must(code);
    Expect(mapped == memory + 8192 + 100, "mapping of used memory through a sub-buffer");
    bool right = true;
    for (size_t i = 8292; i < 11292; ++i)
      right = right && memory[i] == static_cast<unsigned char>(data[i] + 9);
    Expect(right, "used memory through a sub-buffer");
    Must(clEnqueueUnmapMemObject(s_.queue, sub, mapped, 0, nullptr, nullptr));
    Must(clFinish(s_.queue));
  }

  Session s_;
  Program program_;
  size_t alignment_;
  Bytes model_;
  Mem parent_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
