#include "command_buffers/functions.h"

#include <type_traits>

namespace clopencl::programs {

CommandBufferFunctions::CommandBufferFunctions(const Device& device) {
  if (!device.HasExtension("cl_khr_command_buffer")) return;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(
        clGetExtensionFunctionAddressForPlatform(device.platform, name));
  };
  find(Create, "clCreateCommandBufferKHR");
  find(Finalize, "clFinalizeCommandBufferKHR");
  find(Retain, "clRetainCommandBufferKHR");
  find(Release, "clReleaseCommandBufferKHR");
  find(Enqueue, "clEnqueueCommandBufferKHR");
  find(GetInfo, "clGetCommandBufferInfoKHR");
  find(Barrier, "clCommandBarrierWithWaitListKHR");
  find(CopyBuffer, "clCommandCopyBufferKHR");
  find(CopyBufferRect, "clCommandCopyBufferRectKHR");
  find(CopyBufferToImage, "clCommandCopyBufferToImageKHR");
  find(CopyImage, "clCommandCopyImageKHR");
  find(CopyImageToBuffer, "clCommandCopyImageToBufferKHR");
  find(FillBuffer, "clCommandFillBufferKHR");
  find(FillImage, "clCommandFillImageKHR");
  find(NDRangeKernel, "clCommandNDRangeKernelKHR");
}

}  // namespace clopencl::programs
