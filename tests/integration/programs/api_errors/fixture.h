// The valid objects from which the cases of api_errors make invalid calls.
#pragma once

#include "api_errors/suite.h"
#include "support/device.h"

namespace clopencl::programs {

struct Fixture {
  Fixture();

  static constexpr size_t kBufferSize = 1024;
  static constexpr size_t kImageWidth = 16;
  static constexpr size_t kImageHeight = 8;

  Device device;
  Context context;
  Queue queue;
  Queue unordered_queue;
  Mem buffer;
  Mem other_buffer;
  Mem no_host_access;
  Mem host_write_only;
  Mem host_read_only;
  Sampler sampler;
  Program program;          // built with -cl-kernel-arg-info
  Program unbuilt_program;  // from the same source
  Program broken_program;   // its build has failed
  Kernel kernel;            // scale(global float*, float, local float*), arguments set
  Kernel empty_kernel;      // nothing()
  Kernel shaped_kernel;     // shaped(), with reqd_work_group_size(4, 2, 1)
  Event event;              // complete
  Event user_event;         // complete

  // Objects of another context over the same device.
  Context foreign_context;
  Queue foreign_queue;
  Mem foreign_buffer;
  Sampler foreign_sampler;
  Program foreign_program;
  Kernel foreign_kernel;
  Event foreign_event;

  // Null where the device has no images.
  bool has_images = false;
  Mem image;          // 2D, CL_RGBA/CL_UNSIGNED_INT8, kImageWidth x kImageHeight
  Mem other_image;    // the same
  Mem float_image;    // as large, CL_RGBA/CL_FLOAT
  Mem image1d;        // kImageWidth
  Mem image3d;        // kImageWidth x kImageHeight x 4
  Mem foreign_image;  // as image

  // Null where the device cannot be partitioned.
  SubDevice sub_device;

  char host[64 * 1024] = {};
};

// The parts of api_errors, a file each (enqueue commands several).
void PlatformCases(Suite& s, Fixture& f);
void DeviceCases(Suite& s, Fixture& f);
void ContextCases(Suite& s, Fixture& f);
void QueueCases(Suite& s, Fixture& f);
void BufferCases(Suite& s, Fixture& f);
void SubBufferCases(Suite& s, Fixture& f);
void ImageCases(Suite& s, Fixture& f);
void SamplerCases(Suite& s, Fixture& f);
void ProgramCases(Suite& s, Fixture& f);
void BuildCases(Suite& s, Fixture& f);
void CompileLinkCases(Suite& s, Fixture& f);
void KernelCases(Suite& s, Fixture& f);
void KernelArgCases(Suite& s, Fixture& f);
void EventCases(Suite& s, Fixture& f);
void TransferCases(Suite& s, Fixture& f);
void FillCopyCases(Suite& s, Fixture& f);
void RectCases(Suite& s, Fixture& f);
void ImageTransferCases(Suite& s, Fixture& f);
void ImageCopyCases(Suite& s, Fixture& f);
void MapCases(Suite& s, Fixture& f);
void LaunchCases(Suite& s, Fixture& f);
void SvmCases(Suite& s, Fixture& f);
void PipeCases(Suite& s, Fixture& f);

}  // namespace clopencl::programs
