// Mapped buffers: every flag, blocking and not, overlapping, several at once, and kernels in between.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

constexpr char kSource[] = R"(
kernel void add(global uchar* data, uchar value) { data[get_global_id(0)] += value; }
)";

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    for (cl_mem_flags host : {cl_mem_flags{0}, cl_mem_flags{CL_MEM_ALLOC_HOST_PTR}}) {
      for (size_t size : {1, 3, 64, 4097, 1 << 20, (9 << 20) + 7}) {
        Flags(size, host);
        NonBlocking(size, host);
      }
    }
    SamePointer();
    OverlappingReads();
    ManyMappings();
    KernelsBetween();
    MappedParts();
    UnmapWaits();
    ReleasedWhileMapped();
  }

 private:
  void* Map(cl_mem buffer, cl_map_flags flags, size_t offset, size_t size, bool blocking = true,
            cl_event* event = nullptr) {
    cl_int code = CL_SUCCESS;
    void* pointer =
        clEnqueueMapBuffer(s_.queue, buffer, blocking, flags, offset, size, 0, nullptr, event, &code);
    Must(code);
    return pointer;
  }
  void Unmap(cl_mem buffer, void* pointer, cl_event* event = nullptr) {
    Must(clEnqueueUnmapMemObject(s_.queue, buffer, pointer, 0, nullptr, event));
  }
  void Add(cl_mem buffer, size_t items, cl_uchar value) {
    const Kernel kernel = MakeKernel(program_, "add");
    SetArgs(kernel, buffer, value);
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
  }

  void Flags(size_t size, cl_mem_flags host) {
    const std::string suffix =
        " of " + std::to_string(size) + " bytes" + (host != 0 ? ", host memory allocated" : "");
    const Bytes data = RandomBytes(size, size);
    const Mem buffer = MakeBuffer(s_.context, size, CL_MEM_READ_WRITE | host);
    void* pointer = Map(buffer, CL_MAP_WRITE_INVALIDATE_REGION, 0, size);
    std::memcpy(pointer, data.data(), size);
    Unmap(buffer, pointer);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, size), data, "invalidating map" + suffix);
    pointer = Map(buffer, CL_MAP_READ, 0, size);
    ExpectBytes(pointer, data.data(), size, "reading map" + suffix);
    Unmap(buffer, pointer);
    // Bytes that the program does not touch in a writing map stay.
    pointer = Map(buffer, CL_MAP_WRITE, 0, size);
    Bytes expected = data;
    for (size_t i = 0; i < size; i += 3) static_cast<unsigned char*>(pointer)[i] = expected[i] = 0x5a;
    Unmap(buffer, pointer);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, size), expected, "writing map" + suffix);
    pointer = Map(buffer, CL_MAP_READ | CL_MAP_WRITE, 0, size);
    for (size_t i = 0; i < size; ++i) expected[i] = static_cast<unsigned char*>(pointer)[i] ^= 0xff;
    Unmap(buffer, pointer);
    Add(buffer, size, 1);
    for (unsigned char& byte : expected) ++byte;
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, size), expected, "map of both" + suffix);
  }

  void NonBlocking(size_t size, cl_mem_flags host) {
    const std::string suffix =
        " of " + std::to_string(size) + " bytes" + (host != 0 ? ", host memory allocated" : "");
    const Bytes data = RandomBytes(size, size + 1);
    const Mem buffer = MakeBuffer(s_.context, size, CL_MEM_READ_WRITE | host);
    Must(clEnqueueWriteBuffer(s_.queue, buffer, CL_FALSE, 0, size, data.data(), 0, nullptr, nullptr));
    Add(buffer, size, 3);
    Event mapped;
    void* pointer = Map(buffer, CL_MAP_READ | CL_MAP_WRITE, 0, size, false, mapped.Out());
    const cl_event list[] = {mapped};
    Must(clWaitForEvents(1, list));
    Bytes expected = data;
    for (unsigned char& byte : expected) byte = static_cast<unsigned char>(byte + 3);
    ExpectBytes(pointer, expected.data(), size, "non-blocking map" + suffix);
    std::memset(pointer, 0x11, size);
    Unmap(buffer, pointer);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, size), Bytes(size, 0x11),
                "written in a non-blocking map" + suffix);
  }

  // Pointers of two mappings of a buffer are as far apart as their offsets.
  void SamePointer() {
    const Mem buffer = MakeBuffer(s_.context, 10000);
    auto* whole = static_cast<unsigned char*>(Map(buffer, CL_MAP_READ, 0, 10000));
    auto* part = static_cast<unsigned char*>(Map(buffer, CL_MAP_READ, 1234, 100));
    Expect(part == whole + 1234, "pointers into one buffer");
    Unmap(buffer, part);
    Unmap(buffer, whole);
    const size_t alignment = s_.device.Get<cl_uint>(CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE);
    Expect(reinterpret_cast<uintptr_t>(whole) % alignment == 0, "alignment of a mapping");
    Must(clFinish(s_.queue));
  }

  void OverlappingReads() {
    Bytes data = RandomBytes(50000, 6);
    const Mem buffer = MakeBuffer(s_.context, data.size(), CL_MEM_COPY_HOST_PTR, data.data());
    std::vector<void*> pointers;
    for (size_t i = 0; i < 8; ++i) pointers.push_back(Map(buffer, CL_MAP_READ, i * 1000, 40000));
    for (size_t i = 0; i < 8; ++i) {
      ExpectBytes(pointers[i], &data[i * 1000], 40000, "overlapping reading map " + std::to_string(i));
    }
    cl_uint count = 0;
    Must(clGetMemObjectInfo(buffer, CL_MEM_MAP_COUNT, sizeof count, &count, nullptr));
    PrintNumber("map count", count);
    for (size_t i : {3, 0, 7, 1, 6, 2, 5, 4}) Unmap(buffer, pointers[i]);
    Must(clFinish(s_.queue));
    // PoCL counts down a moment after the command is complete.
    for (int i = 0; i < 1000 && count != 0; ++i) {
      Must(clGetMemObjectInfo(buffer, CL_MEM_MAP_COUNT, sizeof count, &count, nullptr));
      if (count != 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    PrintNumber("map count after unmapping", count);
  }

  void ManyMappings() {
    constexpr size_t kCount = 200;
    const Mem buffer = MakeBuffer(s_.context, kCount * 100);
    std::vector<void*> pointers;
    for (size_t i = 0; i < kCount; ++i) {
      pointers.push_back(Map(buffer, CL_MAP_WRITE_INVALIDATE_REGION, i * 100, 100, i % 2 == 0));
    }
    Must(clFinish(s_.queue));
    Bytes expected;
    for (size_t i = 0; i < kCount; ++i) {
      std::memset(pointers[i], static_cast<int>(i), 100);
      expected.insert(expected.end(), 100, static_cast<unsigned char>(i));
    }
    for (void* pointer : pointers) Unmap(buffer, pointer);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, expected.size()), expected,
                "200 mappings at once");
  }

  void KernelsBetween() {
    constexpr size_t kSize = 100000;
    const Mem buffer = MakeBuffer(s_.context, kSize);
    const unsigned char zero = 0;
    Must(clEnqueueFillBuffer(s_.queue, buffer, &zero, 1, 0, kSize, 0, nullptr, nullptr));
    for (int round = 0; round < 20; ++round) {
      Add(buffer, kSize, 1);
      auto* pointer = static_cast<unsigned char*>(Map(buffer, CL_MAP_READ | CL_MAP_WRITE, 0, kSize));
      for (size_t i = 0; i < kSize; ++i) pointer[i] = static_cast<unsigned char>(pointer[i] * 2);
      Unmap(buffer, pointer);
    }
    unsigned char value = 0;
    for (int round = 0; round < 20; ++round) value = static_cast<unsigned char>((value + 1) * 2);
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, kSize), Bytes(kSize, value),
                "kernels between mappings");
  }

  // What is outside a mapped part is the device's all the while.
  void MappedParts() {
    Bytes model = RandomBytes(10000, 7);
    const Mem buffer = MakeBuffer(s_.context, model.size(), CL_MEM_COPY_HOST_PTR, model.data());
    void* pointer = Map(buffer, CL_MAP_WRITE_INVALIDATE_REGION, 4000, 1000);
    const Bytes data = RandomBytes(3000, 8);
    Must(clEnqueueWriteBuffer(s_.queue, buffer, CL_TRUE, 0, 3000, data.data(), 0, nullptr, nullptr));
    Must(clEnqueueWriteBuffer(s_.queue, buffer, CL_TRUE, 6000, 3000, data.data(), 0, nullptr, nullptr));
    std::memset(pointer, 0x22, 1000);
    Unmap(buffer, pointer);
    std::copy(data.begin(), data.end(), model.begin());
    std::copy(data.begin(), data.end(), model.begin() + 6000);
    std::fill(model.begin() + 4000, model.begin() + 5000, static_cast<unsigned char>(0x22));
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, model.size()), model, "around a mapped part");
  }

  // A kernel that waits for the unmapping's event, in another queue.
  void UnmapWaits() {
    const Queue other = MakeQueue(s_.context, s_.device);
    const Mem buffer = MakeBuffer(s_.context, 5000);
    void* pointer = Map(buffer, CL_MAP_WRITE_INVALIDATE_REGION, 0, 5000);
    std::memset(pointer, 5, 5000);
    Event unmapped;
    Unmap(buffer, pointer, unmapped.Out());
    const Kernel kernel = MakeKernel(program_, "add");
    SetArgs(kernel, buffer, cl_uchar{6});
    const size_t items = 5000;
    const cl_event list[] = {unmapped};
    Must(clEnqueueNDRangeKernel(other, kernel, 1, nullptr, &items, nullptr, 1, list, nullptr));
    Must(clFlush(s_.queue));
    ExpectEqual(ReadVector<unsigned char>(other, buffer, 5000), Bytes(5000, 11),
                "another queue after an unmapping");
  }

  void ReleasedWhileMapped() {
    Mem buffer = MakeBuffer(s_.context, 5000);
    void* pointer = Map(buffer, CL_MAP_WRITE, 0, 5000);
    std::memset(pointer, 1, 5000);
    Unmap(buffer, pointer);
    buffer.Reset();
    Expect(clFinish(s_.queue) == CL_SUCCESS, "released before the unmapping is done");
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
