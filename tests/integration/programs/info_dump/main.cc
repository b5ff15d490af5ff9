// info_dump: prints what every clGet…Info function says about every token of every kind of object.
#include "info_dump/world.h"
#include "support/report.h"

namespace clopencl::programs {

World::World()
    : device(ChooseDevice()),
      context(MakeContext(device)),
      queue(MakeQueue(context, device, CL_QUEUE_PROFILING_ENABLE)),
      program(BuildProgram(context, device, "kernel void nothing() {}")) {
  handles.Add(device.platform, "the platform");
  handles.Add(device.id, "the device");
  handles.Add(context.get(), "the context");
  handles.Add(queue.get(), "the queue");
  handles.Add(program.get(), "the world's program");
}

}  // namespace clopencl::programs

int main() {
  clopencl::programs::World world;
  clopencl::programs::DumpPlatform(world);
  clopencl::programs::DumpDevices(world);
  clopencl::programs::DumpContexts(world);
  clopencl::programs::DumpQueues(world);
  clopencl::programs::DumpBuffers(world);
  clopencl::programs::DumpImages(world);
  clopencl::programs::DumpSamplers(world);
  clopencl::programs::DumpPrograms(world);
  clopencl::programs::DumpKernels(world);
  clopencl::programs::DumpEvents(world);
  return clopencl::programs::ExitCode();
}
