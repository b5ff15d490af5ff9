// The native OpenCL below a rank server: an injected table of its functions. The real one comes from the ICD
// loader; tests fill it with a mock.
#pragma once

#include <CL/cl.h>

#include <string>

#include "common/command_buffer_functions.h"

namespace clopencl::rankserver {

// Functions that every OpenCL 1.2 runtime has, without the prefix "cl".
#define CLOPENCL_REQUIRED_NATIVES(X) \
  X(GetPlatformIDs)                  \
  X(GetPlatformInfo)                 \
  X(GetDeviceIDs)                    \
  X(GetDeviceInfo)                   \
  X(CreateContext)                   \
  X(ReleaseContext)                  \
  X(CreateCommandQueue)              \
  X(ReleaseCommandQueue)             \
  X(CreateBuffer)                    \
  X(CreateSubBuffer)                 \
  X(ReleaseMemObject)                \
  X(SetMemObjectDestructorCallback)  \
  X(GetSupportedImageFormats)        \
  X(GetMemObjectInfo)                \
  X(GetImageInfo)                    \
  X(CreateSampler)                   \
  X(ReleaseSampler)                  \
  X(CreateProgramWithSource)         \
  X(CreateProgramWithBinary)         \
  X(ReleaseProgram)                  \
  X(BuildProgram)                    \
  X(GetProgramInfo)                  \
  X(GetProgramBuildInfo)             \
  X(CreateKernel)                    \
  X(CreateKernelsInProgram)          \
  X(ReleaseKernel)                   \
  X(SetKernelArg)                    \
  X(GetKernelInfo)                   \
  X(GetKernelWorkGroupInfo)          \
  X(CreateUserEvent)                 \
  X(SetUserEventStatus)              \
  X(SetEventCallback)                \
  X(GetEventInfo)                    \
  X(GetEventProfilingInfo)           \
  X(RetainEvent)                     \
  X(ReleaseEvent)                    \
  X(Flush)                           \
  X(Finish)                          \
  X(EnqueueReadBuffer)               \
  X(EnqueueWriteBuffer)              \
  X(EnqueueReadBufferRect)           \
  X(EnqueueWriteBufferRect)          \
  X(EnqueueCopyBuffer)               \
  X(EnqueueCopyBufferRect)           \
  X(EnqueueReadImage)                \
  X(EnqueueWriteImage)               \
  X(EnqueueCopyImage)                \
  X(EnqueueCopyImageToBuffer)        \
  X(EnqueueCopyBufferToImage)        \
  X(EnqueueMapBuffer)                \
  X(EnqueueMapImage)                 \
  X(EnqueueUnmapMemObject)           \
  X(EnqueueNDRangeKernel)            \
  X(CreateSubDevices)                \
  X(ReleaseDevice)                   \
  X(CreateImage)                     \
  X(CreateProgramWithBuiltInKernels) \
  X(CompileProgram)                  \
  X(LinkProgram)                     \
  X(UnloadPlatformCompiler)          \
  X(GetKernelArgInfo)                \
  X(EnqueueFillBuffer)               \
  X(EnqueueFillImage)                \
  X(EnqueueMigrateMemObjects)        \
  X(EnqueueMarkerWithWaitList)       \
  X(EnqueueBarrierWithWaitList)

// Functions of later versions, null where the runtime lacks them.
#define CLOPENCL_OPTIONAL_NATIVES(X)      \
  X(CreateCommandQueueWithProperties, 20) \
  X(CreatePipe, 20)                       \
  X(CreateSamplerWithProperties, 20)      \
  X(SVMAlloc, 20)                         \
  X(SVMFree, 20)                          \
  X(EnqueueSVMMemcpy, 20)                 \
  X(EnqueueSVMMemFill, 20)                \
  X(EnqueueSVMMap, 20)                    \
  X(EnqueueSVMUnmap, 20)                  \
  X(SetKernelArgSVMPointer, 20)           \
  X(SetKernelExecInfo, 20)                \
  X(CreateProgramWithIL, 21)              \
  X(GetKernelSubGroupInfo, 21)            \
  X(EnqueueSVMMigrateMem, 21)             \
  X(GetDeviceAndHostTimer, 21)            \
  X(GetHostTimer, 21)                     \
  X(SetDefaultDeviceCommandQueue, 21)     \
  X(SetProgramSpecializationConstant, 22)

// Functions of cl_khr_command_buffer with their types, null where the platform lacks them. With the suffix
// "KHR".
#define CLOPENCL_COMMAND_BUFFER_NATIVES(X)       \
  X(CreateCommandBuffer, Create)                 \
  X(FinalizeCommandBuffer, Change)               \
  X(ReleaseCommandBuffer, Change)                \
  X(EnqueueCommandBuffer, Enqueue)               \
  X(CommandBarrierWithWaitList, Barrier)         \
  X(CommandCopyBuffer, CopyBuffer)               \
  X(CommandCopyBufferRect, CopyBufferRect)       \
  X(CommandCopyBufferToImage, CopyBufferToImage) \
  X(CommandCopyImage, CopyImage)                 \
  X(CommandCopyImageToBuffer, CopyImageToBuffer) \
  X(CommandFillBuffer, FillBuffer)               \
  X(CommandFillImage, FillImage)                 \
  X(CommandNDRangeKernel, NDRangeKernel)

// Plain data: copied for each platform, with the functions removed that its version does not have.
// Thread-safe as OpenCL is.
struct NativeApi {
#define CLOPENCL_MEMBER(name) decltype(&::cl##name) name = nullptr;
#define CLOPENCL_OPTIONAL_MEMBER(name, since) decltype(&::cl##name) name = nullptr;
#define CLOPENCL_EXTENSION_MEMBER(name, type) command_buffer::type name = nullptr;
  CLOPENCL_REQUIRED_NATIVES(CLOPENCL_MEMBER)
  CLOPENCL_OPTIONAL_NATIVES(CLOPENCL_OPTIONAL_MEMBER)
  CLOPENCL_COMMAND_BUFFER_NATIVES(CLOPENCL_EXTENSION_MEMBER)
#undef CLOPENCL_MEMBER
#undef CLOPENCL_OPTIONAL_MEMBER
#undef CLOPENCL_EXTENSION_MEMBER
  decltype(&::clGetExtensionFunctionAddressForPlatform) GetExtensionFunctionAddressForPlatform = nullptr;
};

// The oldest platform version that can be served: 1.2.
inline constexpr int kLeastVersion = 12;

// The functions of the ICD loader (libOpenCL.so.1). False when it can't be used; `error` says why. Loading
// initialises no OpenCL platform; the first call does.
bool LoadNativeApi(NativeApi& api, std::string& error);

// `api` for a platform of version major * 10 + minor. An ICD loader has entry points of versions that a
// platform may not have, and calling those crashes.
NativeApi ForVersion(const NativeApi& api, int version);

// Finds the functions of the extensions that `platform` has, for ForVersion()'s result.
void LoadExtensions(NativeApi& api, cl_platform_id platform);

// How far the event's command is, or the error of asking.
cl_int ExecutionStatus(const NativeApi& api, cl_event event);

// 30 for "OpenCL 3.0 PoCL…"; 10 when the text can't be understood.
int ParseVersion(const std::string& text);

}  // namespace clopencl::rankserver
