// Coarse-grained shared virtual memory: allocation, mapping, copies, fills, kernels with pointers to it and
// pointers in it, buffers over it, and freeing with and without a callback.
#include <cstring>
#include <string>
#include <vector>

#include "support/commands.h"
#include "support/device.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] = R"(
kernel void add(global int* data, int value) { data[get_global_id(0)] += value; }
typedef struct node { global struct node* next; int value; int pad; } node;
kernel void walk(global node* first, global int* sum) {
  int total = 0;
  for (global node* at = first; at != 0; at = at->next) total = total * 3 + at->value;
  sum[0] = total;
}
)";

struct Node {
  Node* next;
  cl_int value;
  cl_int pad;
};

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    for (size_t size : {4, 64, 4096, 100000, 8 << 20}) MapAndKernel(size);
    Alignments();
    Copies();
    Fills();
    OffsetArgument();
    PointersInside();
    ManyAllocations();
    Freeing();
    Events();
    BufferOverSvm();
    Freed();
  }

 private:
  template <typename T>
  T* Allocate(size_t count, cl_svm_mem_flags flags = CL_MEM_READ_WRITE, cl_uint alignment = 0) {
    auto* memory = static_cast<T*>(clSVMAlloc(s_.context, flags, count * sizeof(T), alignment));
    if (memory == nullptr) Die("clSVMAlloc of " + std::to_string(count * sizeof(T)) + " bytes");
    return memory;
  }
  void Map(void* memory, size_t size, cl_map_flags flags) {
    Must(clEnqueueSVMMap(s_.queue, CL_TRUE, flags, memory, size, 0, nullptr, nullptr));
  }
  void Unmap(void* memory) { Must(clEnqueueSVMUnmap(s_.queue, memory, 0, nullptr, nullptr)); }
  void Free(void* memory) {
    Must(clFinish(s_.queue));
    clSVMFree(s_.context, memory);
  }
  void Add(void* memory, size_t items, cl_int value) {
    const Kernel kernel = MakeKernel(program_, "add");
    Must(clSetKernelArgSVMPointer(kernel, 0, memory));
    SetArg(kernel, 1, value);
    Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
  }

  void MapAndKernel(size_t size) {
    const size_t count = size / sizeof(cl_int);
    auto* memory = Allocate<cl_int>(count);
    std::vector<cl_int> data = RandomVector<cl_int>(count, size);
    for (cl_int& value : data) value &= 0xffffff;
    Map(memory, size, CL_MAP_WRITE_INVALIDATE_REGION);
    std::memcpy(memory, data.data(), size);
    Unmap(memory);
    Add(memory, count, 3);
    for (cl_int& value : data) value += 3;
    Map(memory, size, CL_MAP_READ | CL_MAP_WRITE);
    ExpectBytes(memory, data.data(), size, "mapped after a kernel, " + std::to_string(size) + " bytes");
    for (size_t i = 0; i < count; ++i) memory[i] = data[i] = static_cast<cl_int>(i);
    Unmap(memory);
    Add(memory, count, 5);
    for (cl_int& value : data) value += 5;
    Map(memory, size, CL_MAP_READ);
    ExpectBytes(memory, data.data(), size, "written, then a kernel, " + std::to_string(size) + " bytes");
    Unmap(memory);
    Free(memory);
  }

  void Alignments() {
    for (cl_uint alignment : {0u, 1u, 2u, 8u, 64u, 128u}) {
      void* memory = clSVMAlloc(s_.context, CL_MEM_READ_WRITE, 100, alignment);
      const size_t wanted = alignment == 0 ? 128 : alignment;
      Expect(memory != nullptr && reinterpret_cast<uintptr_t>(memory) % wanted == 0,
             "alignment " + std::to_string(alignment));
      clSVMFree(s_.context, memory);
    }
  }

  void Copies() {
    auto* first = Allocate<unsigned char>(100000);
    auto* second = Allocate<unsigned char>(100000);
    const std::vector<unsigned char> data = RandomBytes(100000, 1);
    std::vector<unsigned char> got(100000);
    Must(clEnqueueSVMMemcpy(s_.queue, CL_FALSE, first, data.data(), 100000, 0, nullptr, nullptr));
    Must(clEnqueueSVMMemcpy(s_.queue, CL_FALSE, second + 100, first, 99900, 0, nullptr, nullptr));
    Must(clEnqueueSVMMemcpy(s_.queue, CL_FALSE, second, first + 99900, 100, 0, nullptr, nullptr));
    Must(clEnqueueSVMMemcpy(s_.queue, CL_TRUE, got.data(), second, 100000, 0, nullptr, nullptr));
    std::vector<unsigned char> expected(data.end() - 100, data.end());
    expected.insert(expected.end(), data.begin(), data.end() - 100);
    ExpectEqual(got, expected, "copies");
    Free(first);
    Free(second);
  }

  void Fills() {
    auto* memory = Allocate<unsigned char>(4096);
    std::vector<unsigned char> model(4096);
    Must(clEnqueueSVMMemFill(s_.queue, memory, "\0", 1, 4096, 0, nullptr, nullptr));
    for (size_t size : {1, 2, 4, 8, 16, 32, 64, 128}) {
      std::vector<unsigned char> pattern = RandomBytes(size, size);
      Must(clEnqueueSVMMemFill(s_.queue, memory + 16 * size, pattern.data(), size, 8 * size, 0, nullptr,
                               nullptr));
      for (size_t i = 0; i < 8 * size; ++i) model[16 * size + i] = pattern[i % size];
      std::fill(pattern.begin(), pattern.end(), static_cast<unsigned char>(0));
    }
    std::vector<unsigned char> got(4096);
    Must(clEnqueueSVMMemcpy(s_.queue, CL_TRUE, got.data(), memory, 4096, 0, nullptr, nullptr));
    ExpectEqual(got, model, "fills");
    Free(memory);
  }

  // A pointer into the middle of an allocation is as good an argument.
  void OffsetArgument() {
    auto* memory = Allocate<cl_int>(1000);
    const cl_int zero = 0;
    Must(clEnqueueSVMMemFill(s_.queue, memory, &zero, 4, 4000, 0, nullptr, nullptr));
    Add(memory + 500, 100, 7);
    Add(memory, 550, 1);
    std::vector<cl_int> expected(1000);
    for (size_t i = 0; i < 1000; ++i) expected[i] = (i >= 500 && i < 600 ? 7 : 0) + (i < 550 ? 1 : 0);
    std::vector<cl_int> got(1000);
    Must(clEnqueueSVMMemcpy(s_.queue, CL_TRUE, got.data(), memory, 4000, 0, nullptr, nullptr));
    ExpectEqual(got, expected, "argument into an allocation");
    Free(memory);
  }

  // A list over several allocations; the kernel is told of those that are no arguments.
  void PointersInside() {
    constexpr size_t kNodes = 10;
    std::vector<Node*> nodes;
    for (size_t i = 0; i < kNodes; ++i) {
      nodes.push_back(Allocate<Node>(1));
      Map(nodes[i], sizeof(Node), CL_MAP_WRITE);
    }
    cl_int expected = 0;
    for (size_t i = 0; i < kNodes; ++i) {
      *nodes[i] = {i + 1 < kNodes ? nodes[i + 1] : nullptr, static_cast<cl_int>(i + 1), 0};
      expected = expected * 3 + static_cast<cl_int>(i + 1);
    }
    for (Node* node : nodes) Unmap(node);
    auto* sum = Allocate<cl_int>(1);
    const Kernel kernel = MakeKernel(program_, "walk");
    Must(clSetKernelArgSVMPointer(kernel, 0, nodes[0]));
    Must(clSetKernelArgSVMPointer(kernel, 1, sum));
    Must(clSetKernelExecInfo(kernel, CL_KERNEL_EXEC_INFO_SVM_PTRS, kNodes * sizeof(Node*), nodes.data()));
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    Map(sum, sizeof *sum, CL_MAP_READ);
    PrintNumber("list in shared memory", *sum);
    Expect(*sum == expected, "sum over a list in shared memory");
    Unmap(sum);
    for (Node* node : nodes) Free(node);
    Free(sum);
  }

  void ManyAllocations() {
    std::vector<cl_int*> memory;
    for (cl_int i = 0; i < 300; ++i) {
      memory.push_back(Allocate<cl_int>(100));
      Must(clEnqueueSVMMemFill(s_.queue, memory.back(), &i, 4, 400, 0, nullptr, nullptr));
    }
    for (size_t i = 0; i < 300; i += 2) Add(memory[i], 100, 1000);
    bool right = true;
    for (size_t i = 0; i < 300; ++i) {
      Map(memory[i], 400, CL_MAP_READ);
      const cl_int expected = static_cast<cl_int>(i) + (i % 2 == 0 ? 1000 : 0);
      for (size_t j = 0; j < 100; ++j) right = right && memory[i][j] == expected;
      Unmap(memory[i]);
    }
    Expect(right, "300 allocations");
    for (cl_int* pointer : memory) Free(pointer);
  }

  void Freeing() {
    struct Freed {
      cl_uint count = 0;
      std::vector<void*> pointers;
      cl_context context = nullptr;
    } freed;
    freed.context = s_.context;
    void* list[] = {Allocate<int>(10), Allocate<int>(20), Allocate<int>(30)};
    Event event;
    Must(clEnqueueSVMFree(
        s_.queue, 3, list,
        [](cl_command_queue, cl_uint count, void** pointers, void* data) {
          auto& f = *static_cast<Freed*>(data);
          f.count = count;
          f.pointers.assign(pointers, pointers + count);
          for (void* pointer : f.pointers) clSVMFree(f.context, pointer);
        },
        &freed, 0, nullptr, event.Out()));
    const cl_event wait[] = {event};
    Must(clWaitForEvents(1, wait));
    Expect(freed.count == 3 && freed.pointers == std::vector<void*>(list, list + 3), "freed by a callback");
    void* plain[] = {Allocate<int>(10), Allocate<int>(20)};
    Add(plain[0], 10, 1);
    PrintError("freed without a callback",
               clEnqueueSVMFree(s_.queue, 2, plain, nullptr, nullptr, 0, nullptr, nullptr));
    Must(clFinish(s_.queue));
  }

  void Events() {
    auto* memory = Allocate<cl_int>(1000);
    const Queue other = MakeQueue(s_.context, s_.device);
    const Event gate = MakeUserEvent(s_.context);
    const cl_event first[] = {gate};
    const cl_int value = 9;
    Event filled;
    Must(clEnqueueSVMMemFill(other, memory, &value, 4, 4000, 1, first, filled.Out()));
    Must(clFlush(other));
    const cl_event second[] = {filled};
    Event mapped;
    Must(clEnqueueSVMMap(s_.queue, CL_FALSE, CL_MAP_READ, memory, 4000, 1, second, mapped.Out()));
    Must(clFlush(s_.queue));
    Expect(EventStatus(mapped) > CL_COMPLETE, "a map that waits");
    Must(clSetUserEventStatus(gate, CL_COMPLETE));
    const cl_event third[] = {mapped};
    Must(clWaitForEvents(1, third));
    Expect(memory[0] == 9 && memory[999] == 9, "map behind a fill of another queue");
    Unmap(memory);
    Free(memory);
  }

  // A buffer that uses shared memory as its host memory.
  void BufferOverSvm() {
    auto* memory = Allocate<cl_int>(1000);
    Map(memory, 4000, CL_MAP_WRITE);
    for (cl_int i = 0; i < 1000; ++i) memory[i] = i;
    Unmap(memory);
    Must(clFinish(s_.queue));
    {
      const Mem buffer = MakeBuffer(s_.context, 4000, CL_MEM_USE_HOST_PTR, memory);
      cl_bool uses = CL_FALSE;
      Must(clGetMemObjectInfo(buffer, CL_MEM_USES_SVM_POINTER, sizeof uses, &uses, nullptr));
      PrintNumber("buffer over shared memory", uses);
      const Kernel kernel = MakeKernel(program_, "add");
      SetArgs(kernel, buffer, cl_int{2});
      const size_t items = 1000;
      Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, nullptr, &items, nullptr, 0, nullptr, nullptr));
      std::vector<cl_int> expected(1000);
      for (cl_int i = 0; i < 1000; ++i) expected[static_cast<size_t>(i)] = i + 2;
      ExpectEqual(ReadVector<cl_int>(s_.queue, buffer, 1000), expected,
                  "kernel on a buffer over shared memory");
    }
    Free(memory);
  }

  // Memory that was freed and allocated again is like new.
  void Freed() {
    for (cl_int i = 0; i < 200; ++i) {
      auto* memory = Allocate<cl_int>(5000);
      Must(clEnqueueSVMMemFill(s_.queue, memory, &i, 4, 20000, 0, nullptr, nullptr));
      Map(memory, 20000, CL_MAP_READ);
      if (memory[0] != i || memory[4999] != i) Expect(false, "allocation " + std::to_string(i));
      Unmap(memory);
      Free(memory);
    }
    Print("allocated and freed 200 times", "done");
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  const auto capabilities = ChooseDevice().Get<cl_device_svm_capabilities>(CL_DEVICE_SVM_CAPABILITIES);
  if ((capabilities & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER) == 0)
    Skip("the device has no shared virtual memory");
  Test().Run();
  return ExitCode();
}
