// Buffers of every kind of flags: their first contents, what kernels and transfers make of them, and when the
// program's own memory shows it.
#include <cstring>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] = R"(
kernel void increment(global uint* data) { data[get_global_id(0)] += 1; }
kernel void sum_into(global const uint* data, global uint* result) {
  uint sum = 0;
  for (int i = 0; i < 64; ++i) sum = sum * 31 + data[get_global_id(0) * 64 + i];
  result[get_global_id(0)] = sum;
}
kernel void count(global uint* data) { data[get_global_id(0)] = get_global_id(0) * 7 + 1; }
)";

struct Flags {
  const char* name;
  cl_mem_flags flags;
};

constexpr Flags kHostMemory[] = {
    {"none", 0},
    {"copied", CL_MEM_COPY_HOST_PTR},
    {"used", CL_MEM_USE_HOST_PTR},
    {"allocated", CL_MEM_ALLOC_HOST_PTR},
    {"allocated and copied", CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR},
};

constexpr size_t kWords = 4096;
constexpr size_t kSize = kWords * sizeof(cl_uint);

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    for (const Flags& host : kHostMemory) {
      ReadWrite(host);
      ReadOnly(host);
      WriteOnly(host);
    }
    UsedMemoryShowsResults(0);
    UsedMemoryShowsResults(64);
    UsedMemoryShowsResults(4);  // not aligned to anything but the elements
    CopiedMemoryIsItsOwn();
    Empty();
  }

 private:
  static bool TakesPointer(cl_mem_flags flags) {
    return (flags & (CL_MEM_COPY_HOST_PTR | CL_MEM_USE_HOST_PTR)) != 0;
  }

  void Launch(const char* name, std::initializer_list<cl_mem> buffers, size_t items) {
    const Kernel kernel = MakeKernel(program_, name);
    cl_uint index = 0;
    for (cl_mem buffer : buffers) SetArg(kernel, index++, buffer);
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
  }

  // What a kernel leaves after contents came from the creation or, without a pointer, from a write.
  void ReadWrite(const Flags& host) {
    std::vector<cl_uint> memory = RandomVector<cl_uint>(kWords, 1);
    std::vector<cl_uint> expected = memory;
    const bool pointer = TakesPointer(host.flags);
    const Mem buffer =
        MakeBuffer(s_.context, kSize, CL_MEM_READ_WRITE | host.flags, pointer ? memory.data() : nullptr);
    if (!pointer) WriteAll(s_.queue, buffer, memory.data(), kSize);
    Launch("increment", {buffer}, kWords);
    for (cl_uint& word : expected) ++word;
    ExpectEqual(ReadVector<cl_uint>(s_.queue, buffer, kWords), expected,
                std::string("read-write, host memory ") + host.name);
    const std::vector<cl_uint> again = RandomVector<cl_uint>(kWords, 2);
    WriteAll(s_.queue, buffer, again.data(), kSize);
    ExpectEqual(ReadVector<cl_uint>(s_.queue, buffer, kWords), again,
                std::string("read-write, written again, host memory ") + host.name);
  }

  void ReadOnly(const Flags& host) {
    std::vector<cl_uint> memory = RandomVector<cl_uint>(kWords, 3);
    const bool pointer = TakesPointer(host.flags);
    const Mem buffer =
        MakeBuffer(s_.context, kSize, CL_MEM_READ_ONLY | host.flags, pointer ? memory.data() : nullptr);
    if (!pointer) WriteAll(s_.queue, buffer, memory.data(), kSize);
    const Mem result = MakeBuffer(s_.context, kWords / 64 * sizeof(cl_uint), CL_MEM_WRITE_ONLY);
    Launch("sum_into", {buffer, result}, kWords / 64);
    std::vector<cl_uint> expected(kWords / 64);
    for (size_t i = 0; i < kWords; ++i) expected[i / 64] = expected[i / 64] * 31 + memory[i];
    ExpectEqual(ReadVector<cl_uint>(s_.queue, result, expected.size()), expected,
                std::string("read-only, host memory ") + host.name);
  }

  void WriteOnly(const Flags& host) {
    std::vector<cl_uint> memory = RandomVector<cl_uint>(kWords, 4);
    const Mem buffer = MakeBuffer(s_.context, kSize, CL_MEM_WRITE_ONLY | host.flags,
                                  TakesPointer(host.flags) ? memory.data() : nullptr);
    Launch("count", {buffer}, kWords / 2);
    std::vector<cl_uint> expected(kWords / 2);
    for (size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<cl_uint>(i * 7 + 1);
    ExpectEqual(ReadVector<cl_uint>(s_.queue, buffer, expected.size()), expected,
                std::string("write-only, host memory ") + host.name);
    if (!TakesPointer(host.flags)) return;
    std::vector<cl_uint> rest(kWords / 2);
    Must(clEnqueueReadBuffer(s_.queue, buffer, CL_TRUE, kSize / 2, kSize / 2, rest.data(), 0, nullptr,
                             nullptr));
    const std::vector<cl_uint> untouched = RandomVector<cl_uint>(kWords, 4);
    ExpectBytes(rest.data(), untouched.data() + kWords / 2, kSize / 2,
                std::string("write-only, the rest, host memory ") + host.name);
  }

  // Memory that is used in place holds the results after a mapping, and feeds the device after an unmapping.
  void UsedMemoryShowsResults(size_t misalignment) {
    const std::string suffix = ", " + std::to_string(misalignment) + " bytes beyond a page";
    std::vector<unsigned char> storage(kSize + 8192);
    auto address = reinterpret_cast<uintptr_t>(storage.data());
    auto* memory = reinterpret_cast<cl_uint*>((address + 4095) / 4096 * 4096 + misalignment);
    for (size_t i = 0; i < kWords; ++i) memory[i] = static_cast<cl_uint>(i);
    const Mem buffer = MakeBuffer(s_.context, kSize, CL_MEM_USE_HOST_PTR, memory);
    Launch("increment", {buffer}, kWords);
    cl_int code = CL_SUCCESS;
    void* mapped = clEnqueueMapBuffer(s_.queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, kSize, 0,
                                      nullptr, nullptr, &code);
    Must(code);
    Expect(mapped == memory, "mapping of used memory is that memory" + suffix);
    bool right = true;
    for (size_t i = 0; i < kWords; ++i) right = right && memory[i] == i + 1;
    Expect(right, "used memory shows what the kernel wrote" + suffix);
    for (size_t i = 0; i < kWords; ++i) memory[i] = static_cast<cl_uint>(3 * i);
    Must(clEnqueueUnmapMemObject(s_.queue, buffer, mapped, 0, nullptr, nullptr));
    Launch("increment", {buffer}, kWords);
    std::vector<cl_uint> expected(kWords);
    for (size_t i = 0; i < kWords; ++i) expected[i] = static_cast<cl_uint>(3 * i + 1);
    ExpectEqual(ReadVector<cl_uint>(s_.queue, buffer, kWords), expected,
                "used memory written while mapped" + suffix);
    void* part =
        clEnqueueMapBuffer(s_.queue, buffer, CL_TRUE, CL_MAP_READ, 400, 40, 0, nullptr, nullptr, &code);
    Must(code);
    Expect(part == memory + 100, "mapping of a part of used memory" + suffix);
    Must(clEnqueueUnmapMemObject(s_.queue, buffer, part, 0, nullptr, nullptr));
    Must(clFinish(s_.queue));
  }

  void CopiedMemoryIsItsOwn() {
    std::vector<cl_uint> memory = RandomVector<cl_uint>(kWords, 5);
    const std::vector<cl_uint> before = memory;
    const Mem buffer = MakeBuffer(s_.context, kSize, CL_MEM_COPY_HOST_PTR, memory.data());
    std::fill(memory.begin(), memory.end(), 0u);
    ExpectEqual(ReadVector<cl_uint>(s_.queue, buffer, kWords), before, "copied memory changed afterwards");
    Launch("increment", {buffer}, kWords);
    Must(clFinish(s_.queue));
    Expect(memory == std::vector<cl_uint>(kWords), "copied memory is not written");
  }

  // Commands on no bytes are commands all the same.
  void Empty() {
    const Mem buffer = MakeBuffer(s_.context, 1);
    const unsigned char one = 0x77;
    WriteAll(s_.queue, buffer, &one, 1);
    unsigned char got = 0;
    ReadAll(s_.queue, buffer, &got, 1);
    Expect(got == one, "a buffer of one byte");
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  Test().Run();
  return ExitCode();
}
