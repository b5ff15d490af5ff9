// What the parts of info_dump share.
#pragma once

#include <string>

#include "info_dump/dump.h"
#include "support/device.h"

namespace clopencl::programs {

struct World {
  World();

  Device device;
  Context context;
  Queue queue;  // with profiling
  Program program;
  Handles handles;
};

void DumpPlatform(World& world);
void DumpDevices(World& world);
void DumpContexts(World& world);
void DumpQueues(World& world);
void DumpBuffers(World& world);
void DumpImages(World& world);
void DumpSamplers(World& world);
void DumpPrograms(World& world);
void DumpKernels(World& world);
void DumpEvents(World& world);

}  // namespace clopencl::programs
