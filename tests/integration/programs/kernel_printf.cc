// printf in kernels: whole lines reach the program's standard output before the clFinish behind them returns.
//
// The lines of the kernels and the program's own share standard output, so that their order is compared, too.
#include <cstdio>
#include <string>

#include "support/device.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;

constexpr char kSource[] = R"(
kernel void formats(int a, float b, long c) {
  printf("int: %d %5d %-5d| %05d %x %X %o %u %c\n", a, a, a, a, a, a, a, a, 'z');
  printf("float: %f %.2f %e %g %10.3f\n", b, b, b, b, b);
  printf("long: %ld %lx\n", c, c);
  printf("string: %s %10s %-10s|\n", "text", "right", "left");
  printf("vectors: %v4hld %v2hlf\n", (int4)(1, 2, 3, 4), (float2)(1.5f, 2.5f));
  printf("percent: %%\n");
  printf("no argument\n");
  printf("in two"); printf(" parts\n");
}
kernel void items() {
  for (int i = 0; i < 3; ++i) printf("item: %d of %d\n", (int)get_global_id(0), (int)get_global_size(0));
}
kernel void number(int a) { printf("number: %d\n", a); }
kernel void many() {
  for (int i = 0; i < 2000; ++i) printf("line: %d and some text to make it longer\n", i);
}
)";

class Test {
 public:
  Test() : program_(BuildProgram(s_.context, s_.device, kSource)) {}

  void Run() {
    Formats();
    InTurn();
    Many();
    ByWorkItems();
    AfterBlockingRead();
  }

 private:
  void Formats() {
    const Kernel kernel = MakeKernel(program_, "formats");
    SetArgs(kernel, cl_int{-42}, cl_float{3.25f}, cl_long{123456789012});
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    Must(clFinish(s_.queue));
    Print("formats", "done");
  }

  // What the program prints after a clFinish comes after what the kernel printed.
  void InTurn() {
    const Kernel kernel = MakeKernel(program_, "number");
    for (cl_int i = 0; i < 20; ++i) {
      SetArg(kernel, 0, i);
      Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
      Must(clFinish(s_.queue));
      PrintNumber("program", i);
    }
  }

  void Many() {
    const Kernel kernel = MakeKernel(program_, "many");
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    Must(clFinish(s_.queue));
    Print("many", "done");
  }

  // One work-group, so that the order is always the same.
  void ByWorkItems() {
    const Kernel kernel = MakeKernel(program_, "items");
    const size_t size = 4;
    for (size_t i = 0; i < size; ++i) {
      const size_t one = 1;
      Must(clEnqueueNDRangeKernel(s_.queue, kernel, 1, &i, &one, &one, 0, nullptr, nullptr));
    }
    Must(clFinish(s_.queue));
    Print("items", "done");
  }

  void AfterBlockingRead() {
    const Kernel kernel = MakeKernel(program_, "number");
    const Mem buffer = MakeBuffer(s_.context, 64);
    SetArg(kernel, 0, cl_int{1000});
    Must(clEnqueueTask(s_.queue, kernel, 0, nullptr, nullptr));
    Event event;
    Must(clEnqueueMarkerWithWaitList(s_.queue, 0, nullptr, event.Out()));
    const cl_event list[] = {event};
    Must(clWaitForEvents(1, list));
    Must(clFinish(s_.queue));
    Print("at the end", "done");
  }

  Session s_;
  Program program_;
};

}  // namespace

int main() {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  Test().Run();
  return ExitCode();
}
