#include "frontend/dispatch_table.h"

#include <string_view>
#include <unordered_map>

#include "common/command_buffer_functions.h"
#include "frontend/api/api.h"
#include "frontend/api/collectives.h"
#include "frontend/entry.h"
#include "frontend/object.h"

namespace clopencl::frontend {
namespace {

// Sharing with GL, D3D, DX9 and EGL is not offered: rank 0's graphics memory is out of a rank server's reach.
// The extension strings say so; a program that calls the entry points all the same gets an error, never a
// null pointer.
template <typename Function>
struct Refused;

template <typename... Args>
struct Refused<cl_int(CL_API_CALL*)(Args...)> {
  static cl_int CL_API_CALL Call(Args...) { return CL_INVALID_OPERATION; }
};

template <typename Result, typename... Args>
struct Refused<Result*(CL_API_CALL*)(Args...)> {
  static Result* CL_API_CALL Call(Args... args) {
    // The last argument is errcode_ret in all of these.
    cl_int* errcode_ret = nullptr;
    ((errcode_ret = LastPointer(args)), ...);
    if (errcode_ret != nullptr) *errcode_ret = CL_INVALID_OPERATION;
    return nullptr;
  }

 private:
  static cl_int* LastPointer(cl_int* pointer) { return pointer; }
  template <typename Other>
  static cl_int* LastPointer(Other) {
    return nullptr;
  }
};

cl_int CL_API_CALL RefuseUntyped() { return CL_INVALID_OPERATION; }

template <typename Function>
Function Refuse() {
  if constexpr (std::is_same_v<Function, void*>) {
    // An entry point of another system: the table holds a plain pointer for it.
    return reinterpret_cast<void*>(&RefuseUntyped);
  } else {
    return &Refused<Function>::Call;
  }
}

// An entry point of ours, whose signature is checked against the header's.
template <auto kFunction, typename Pointer>
void* Extension() {
  const Pointer entry = Entry<kFunction>;
  return reinterpret_cast<void*>(entry);
}

void* CL_API_CALL GetExtensionFunctionAddress(const char* name) { return FindExtensionFunction(name); }
void* CL_API_CALL GetExtensionFunctionAddressForPlatform(cl_platform_id, const char* name) {
  return FindExtensionFunction(name);
}

template <bool kObserved>
cl_icd_dispatch MakeTable() {
  return {
      .clGetPlatformIDs = Entry<&api::GetPlatformIDs, kObserved>,
      .clGetPlatformInfo = Entry<&api::GetPlatformInfo, kObserved>,
      .clGetDeviceIDs = Entry<&api::GetDeviceIDs, kObserved>,
      .clGetDeviceInfo = Entry<&api::GetDeviceInfo, kObserved>,
      .clCreateContext = Entry<&api::CreateContext, kObserved>,
      .clCreateContextFromType = Entry<&api::CreateContextFromType, kObserved>,
      .clRetainContext = Entry<&api::RetainContext, kObserved>,
      .clReleaseContext = Entry<&api::ReleaseContext, kObserved>,
      .clGetContextInfo = Entry<&api::GetContextInfo, kObserved>,
      .clCreateCommandQueue = Entry<&api::CreateCommandQueue, kObserved>,
      .clRetainCommandQueue = Entry<&api::RetainCommandQueue, kObserved>,
      .clReleaseCommandQueue = Entry<&api::ReleaseCommandQueue, kObserved>,
      .clGetCommandQueueInfo = Entry<&api::GetCommandQueueInfo, kObserved>,
      .clSetCommandQueueProperty = Entry<&api::SetCommandQueueProperty, kObserved>,
      .clCreateBuffer = Entry<&api::CreateBuffer, kObserved>,
      .clCreateImage2D = Entry<&api::CreateImage2D, kObserved>,
      .clCreateImage3D = Entry<&api::CreateImage3D, kObserved>,
      .clRetainMemObject = Entry<&api::RetainMemObject, kObserved>,
      .clReleaseMemObject = Entry<&api::ReleaseMemObject, kObserved>,
      .clGetSupportedImageFormats = Entry<&api::GetSupportedImageFormats, kObserved>,
      .clGetMemObjectInfo = Entry<&api::GetMemObjectInfo, kObserved>,
      .clGetImageInfo = Entry<&api::GetImageInfo, kObserved>,
      .clCreateSampler = Entry<&api::CreateSampler, kObserved>,
      .clRetainSampler = Entry<&api::RetainSampler, kObserved>,
      .clReleaseSampler = Entry<&api::ReleaseSampler, kObserved>,
      .clGetSamplerInfo = Entry<&api::GetSamplerInfo, kObserved>,
      .clCreateProgramWithSource = Entry<&api::CreateProgramWithSource, kObserved>,
      .clCreateProgramWithBinary = Entry<&api::CreateProgramWithBinary, kObserved>,
      .clRetainProgram = Entry<&api::RetainProgram, kObserved>,
      .clReleaseProgram = Entry<&api::ReleaseProgram, kObserved>,
      .clBuildProgram = Entry<&api::BuildProgram, kObserved>,
      .clUnloadCompiler = Entry<&api::UnloadCompiler, kObserved>,
      .clGetProgramInfo = Entry<&api::GetProgramInfo, kObserved>,
      .clGetProgramBuildInfo = Entry<&api::GetProgramBuildInfo, kObserved>,
      .clCreateKernel = Entry<&api::CreateKernel, kObserved>,
      .clCreateKernelsInProgram = Entry<&api::CreateKernelsInProgram, kObserved>,
      .clRetainKernel = Entry<&api::RetainKernel, kObserved>,
      .clReleaseKernel = Entry<&api::ReleaseKernel, kObserved>,
      .clSetKernelArg = Entry<&api::SetKernelArg, kObserved>,
      .clGetKernelInfo = Entry<&api::GetKernelInfo, kObserved>,
      .clGetKernelWorkGroupInfo = Entry<&api::GetKernelWorkGroupInfo, kObserved>,
      .clWaitForEvents = Entry<&api::WaitForEvents, kObserved>,
      .clGetEventInfo = Entry<&api::GetEventInfo, kObserved>,
      .clRetainEvent = Entry<&api::RetainEvent, kObserved>,
      .clReleaseEvent = Entry<&api::ReleaseEvent, kObserved>,
      .clGetEventProfilingInfo = Entry<&api::GetEventProfilingInfo, kObserved>,
      .clFlush = Entry<&api::Flush, kObserved>,
      .clFinish = Entry<&api::Finish, kObserved>,
      .clEnqueueReadBuffer = Entry<&api::EnqueueReadBuffer, kObserved>,
      .clEnqueueWriteBuffer = Entry<&api::EnqueueWriteBuffer, kObserved>,
      .clEnqueueCopyBuffer = Entry<&api::EnqueueCopyBuffer, kObserved>,
      .clEnqueueReadImage = Entry<&api::EnqueueReadImage, kObserved>,
      .clEnqueueWriteImage = Entry<&api::EnqueueWriteImage, kObserved>,
      .clEnqueueCopyImage = Entry<&api::EnqueueCopyImage, kObserved>,
      .clEnqueueCopyImageToBuffer = Entry<&api::EnqueueCopyImageToBuffer, kObserved>,
      .clEnqueueCopyBufferToImage = Entry<&api::EnqueueCopyBufferToImage, kObserved>,
      .clEnqueueMapBuffer = Entry<&api::EnqueueMapBuffer, kObserved>,
      .clEnqueueMapImage = Entry<&api::EnqueueMapImage, kObserved>,
      .clEnqueueUnmapMemObject = Entry<&api::EnqueueUnmapMemObject, kObserved>,
      .clEnqueueNDRangeKernel = Entry<&api::EnqueueNDRangeKernel, kObserved>,
      .clEnqueueTask = Entry<&api::EnqueueTask, kObserved>,
      .clEnqueueNativeKernel = Entry<&api::EnqueueNativeKernel, kObserved>,
      .clEnqueueMarker = Entry<&api::EnqueueMarker, kObserved>,
      .clEnqueueWaitForEvents = Entry<&api::EnqueueWaitForEvents, kObserved>,
      .clEnqueueBarrier = Entry<&api::EnqueueBarrier, kObserved>,
      .clGetExtensionFunctionAddress = &GetExtensionFunctionAddress,
      .clCreateFromGLBuffer = Refuse<decltype(cl_icd_dispatch::clCreateFromGLBuffer)>(),
      .clCreateFromGLTexture2D = Refuse<decltype(cl_icd_dispatch::clCreateFromGLTexture2D)>(),
      .clCreateFromGLTexture3D = Refuse<decltype(cl_icd_dispatch::clCreateFromGLTexture3D)>(),
      .clCreateFromGLRenderbuffer = Refuse<decltype(cl_icd_dispatch::clCreateFromGLRenderbuffer)>(),
      .clGetGLObjectInfo = Refuse<decltype(cl_icd_dispatch::clGetGLObjectInfo)>(),
      .clGetGLTextureInfo = Refuse<decltype(cl_icd_dispatch::clGetGLTextureInfo)>(),
      .clEnqueueAcquireGLObjects = Refuse<decltype(cl_icd_dispatch::clEnqueueAcquireGLObjects)>(),
      .clEnqueueReleaseGLObjects = Refuse<decltype(cl_icd_dispatch::clEnqueueReleaseGLObjects)>(),
      .clGetGLContextInfoKHR = Refuse<decltype(cl_icd_dispatch::clGetGLContextInfoKHR)>(),
      .clGetDeviceIDsFromD3D10KHR = Refuse<decltype(cl_icd_dispatch::clGetDeviceIDsFromD3D10KHR)>(),
      .clCreateFromD3D10BufferKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromD3D10BufferKHR)>(),
      .clCreateFromD3D10Texture2DKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromD3D10Texture2DKHR)>(),
      .clCreateFromD3D10Texture3DKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromD3D10Texture3DKHR)>(),
      .clEnqueueAcquireD3D10ObjectsKHR = Refuse<decltype(cl_icd_dispatch::clEnqueueAcquireD3D10ObjectsKHR)>(),
      .clEnqueueReleaseD3D10ObjectsKHR = Refuse<decltype(cl_icd_dispatch::clEnqueueReleaseD3D10ObjectsKHR)>(),
      .clSetEventCallback = Entry<&api::SetEventCallback, kObserved>,
      .clCreateSubBuffer = Entry<&api::CreateSubBuffer, kObserved>,
      .clSetMemObjectDestructorCallback = Entry<&api::SetMemObjectDestructorCallback, kObserved>,
      .clCreateUserEvent = Entry<&api::CreateUserEvent, kObserved>,
      .clSetUserEventStatus = Entry<&api::SetUserEventStatus, kObserved>,
      .clEnqueueReadBufferRect = Entry<&api::EnqueueReadBufferRect, kObserved>,
      .clEnqueueWriteBufferRect = Entry<&api::EnqueueWriteBufferRect, kObserved>,
      .clEnqueueCopyBufferRect = Entry<&api::EnqueueCopyBufferRect, kObserved>,
      .clCreateSubDevicesEXT = Refuse<decltype(cl_icd_dispatch::clCreateSubDevicesEXT)>(),
      .clRetainDeviceEXT = Refuse<decltype(cl_icd_dispatch::clRetainDeviceEXT)>(),
      .clReleaseDeviceEXT = Refuse<decltype(cl_icd_dispatch::clReleaseDeviceEXT)>(),
      .clCreateEventFromGLsyncKHR = Refuse<decltype(cl_icd_dispatch::clCreateEventFromGLsyncKHR)>(),
      .clCreateSubDevices = Entry<&api::CreateSubDevices, kObserved>,
      .clRetainDevice = Entry<&api::RetainDevice, kObserved>,
      .clReleaseDevice = Entry<&api::ReleaseDevice, kObserved>,
      .clCreateImage = Entry<&api::CreateImage, kObserved>,
      .clCreateProgramWithBuiltInKernels = Entry<&api::CreateProgramWithBuiltInKernels, kObserved>,
      .clCompileProgram = Entry<&api::CompileProgram, kObserved>,
      .clLinkProgram = Ready<&api::LinkProgram, kObserved>,
      .clUnloadPlatformCompiler = Entry<&api::UnloadPlatformCompiler, kObserved>,
      .clGetKernelArgInfo = Entry<&api::GetKernelArgInfo, kObserved>,
      .clEnqueueFillBuffer = Entry<&api::EnqueueFillBuffer, kObserved>,
      .clEnqueueFillImage = Entry<&api::EnqueueFillImage, kObserved>,
      .clEnqueueMigrateMemObjects = Entry<&api::EnqueueMigrateMemObjects, kObserved>,
      .clEnqueueMarkerWithWaitList = Entry<&api::EnqueueMarkerWithWaitList, kObserved>,
      .clEnqueueBarrierWithWaitList = Entry<&api::EnqueueBarrierWithWaitList, kObserved>,
      .clGetExtensionFunctionAddressForPlatform = &GetExtensionFunctionAddressForPlatform,
      .clCreateFromGLTexture = Refuse<decltype(cl_icd_dispatch::clCreateFromGLTexture)>(),
      .clGetDeviceIDsFromD3D11KHR = Refuse<decltype(cl_icd_dispatch::clGetDeviceIDsFromD3D11KHR)>(),
      .clCreateFromD3D11BufferKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromD3D11BufferKHR)>(),
      .clCreateFromD3D11Texture2DKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromD3D11Texture2DKHR)>(),
      .clCreateFromD3D11Texture3DKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromD3D11Texture3DKHR)>(),
      .clCreateFromDX9MediaSurfaceKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromDX9MediaSurfaceKHR)>(),
      .clEnqueueAcquireD3D11ObjectsKHR = Refuse<decltype(cl_icd_dispatch::clEnqueueAcquireD3D11ObjectsKHR)>(),
      .clEnqueueReleaseD3D11ObjectsKHR = Refuse<decltype(cl_icd_dispatch::clEnqueueReleaseD3D11ObjectsKHR)>(),
      .clGetDeviceIDsFromDX9MediaAdapterKHR =
          Refuse<decltype(cl_icd_dispatch::clGetDeviceIDsFromDX9MediaAdapterKHR)>(),
      .clEnqueueAcquireDX9MediaSurfacesKHR =
          Refuse<decltype(cl_icd_dispatch::clEnqueueAcquireDX9MediaSurfacesKHR)>(),
      .clEnqueueReleaseDX9MediaSurfacesKHR =
          Refuse<decltype(cl_icd_dispatch::clEnqueueReleaseDX9MediaSurfacesKHR)>(),
      .clCreateFromEGLImageKHR = Refuse<decltype(cl_icd_dispatch::clCreateFromEGLImageKHR)>(),
      .clEnqueueAcquireEGLObjectsKHR = Refuse<decltype(cl_icd_dispatch::clEnqueueAcquireEGLObjectsKHR)>(),
      .clEnqueueReleaseEGLObjectsKHR = Refuse<decltype(cl_icd_dispatch::clEnqueueReleaseEGLObjectsKHR)>(),
      .clCreateEventFromEGLSyncKHR = Refuse<decltype(cl_icd_dispatch::clCreateEventFromEGLSyncKHR)>(),
      .clCreateCommandQueueWithProperties = Entry<&api::CreateCommandQueueWithProperties, kObserved>,
      .clCreatePipe = Entry<&api::CreatePipe, kObserved>,
      .clGetPipeInfo = Entry<&api::GetPipeInfo, kObserved>,
      .clSVMAlloc = Ready<&api::SVMAlloc, kObserved>,
      .clSVMFree = Ready<&api::SVMFree, kObserved>,
      .clEnqueueSVMFree = Entry<&api::EnqueueSVMFree, kObserved>,
      .clEnqueueSVMMemcpy = Entry<&api::EnqueueSVMMemcpy, kObserved>,
      .clEnqueueSVMMemFill = Entry<&api::EnqueueSVMMemFill, kObserved>,
      .clEnqueueSVMMap = Entry<&api::EnqueueSVMMap, kObserved>,
      .clEnqueueSVMUnmap = Entry<&api::EnqueueSVMUnmap, kObserved>,
      .clCreateSamplerWithProperties = Entry<&api::CreateSamplerWithProperties, kObserved>,
      .clSetKernelArgSVMPointer = Entry<&api::SetKernelArgSVMPointer, kObserved>,
      .clSetKernelExecInfo = Entry<&api::SetKernelExecInfo, kObserved>,
      .clGetKernelSubGroupInfoKHR = Entry<&api::GetKernelSubGroupInfo, kObserved>,
      .clCloneKernel = Entry<&api::CloneKernel, kObserved>,
      .clCreateProgramWithIL = Entry<&api::CreateProgramWithIL, kObserved>,
      .clEnqueueSVMMigrateMem = Entry<&api::EnqueueSVMMigrateMem, kObserved>,
      .clGetDeviceAndHostTimer = Entry<&api::GetDeviceAndHostTimer, kObserved>,
      .clGetHostTimer = Entry<&api::GetHostTimer, kObserved>,
      .clGetKernelSubGroupInfo = Entry<&api::GetKernelSubGroupInfo, kObserved>,
      .clSetDefaultDeviceCommandQueue = Entry<&api::SetDefaultDeviceCommandQueue, kObserved>,
      .clSetProgramReleaseCallback = Entry<&api::SetProgramReleaseCallback, kObserved>,
      .clSetProgramSpecializationConstant = Entry<&api::SetProgramSpecializationConstant, kObserved>,
      .clCreateBufferWithProperties = Entry<&api::CreateBufferWithProperties, kObserved>,
      .clCreateImageWithProperties = Entry<&api::CreateImageWithProperties, kObserved>,
      .clSetContextDestructorCallback = Entry<&api::SetContextDestructorCallback, kObserved>,
  };
}

}  // namespace

const cl_icd_dispatch kDispatchTable = MakeTable<false>();
const cl_icd_dispatch kObservedDispatchTable = MakeTable<true>();
const cl_icd_dispatch* dispatch_table = &kDispatchTable;

namespace {

// An entry point of an extension, its signature checked.
template <typename Function>
void* Address(Function function) {
  return reinterpret_cast<void*>(function);
}

}  // namespace

void* FindExtensionFunction(const char* name) {
  if (name == nullptr) return nullptr;
  static const auto& functions = *new std::unordered_map<std::string_view, void*>{
      // cl_khr_create_command_queue
      {"clCreateCommandQueueWithPropertiesKHR",
       reinterpret_cast<void*>(kDispatchTable.clCreateCommandQueueWithProperties)},
      // cl_khr_il_program
      {"clCreateProgramWithILKHR", reinterpret_cast<void*>(kDispatchTable.clCreateProgramWithIL)},
      // cl_khr_command_buffer, as of 0.9.0 to 0.9.4
      {"clCreateCommandBufferKHR", Address<command_buffer::Create>(Entry<&api::CreateCommandBuffer>)},
      {"clFinalizeCommandBufferKHR", Address<command_buffer::Change>(Entry<&api::FinalizeCommandBuffer>)},
      {"clRetainCommandBufferKHR", Address<command_buffer::Change>(Entry<&api::RetainCommandBuffer>)},
      {"clReleaseCommandBufferKHR", Address<command_buffer::Change>(Entry<&api::ReleaseCommandBuffer>)},
      {"clEnqueueCommandBufferKHR", Address<command_buffer::Enqueue>(Entry<&api::EnqueueCommandBuffer>)},
      {"clGetCommandBufferInfoKHR", Address<command_buffer::GetInfo>(Entry<&api::GetCommandBufferInfo>)},
      {"clCommandBarrierWithWaitListKHR",
       Address<command_buffer::Barrier>(Entry<&api::CommandBarrierWithWaitList>)},
      {"clCommandCopyBufferKHR", Address<command_buffer::CopyBuffer>(Entry<&api::CommandCopyBuffer>)},
      {"clCommandCopyBufferRectKHR",
       Address<command_buffer::CopyBufferRect>(Entry<&api::CommandCopyBufferRect>)},
      {"clCommandCopyBufferToImageKHR",
       Address<command_buffer::CopyBufferToImage>(Entry<&api::CommandCopyBufferToImage>)},
      {"clCommandCopyImageKHR", Address<command_buffer::CopyImage>(Entry<&api::CommandCopyImage>)},
      {"clCommandCopyImageToBufferKHR",
       Address<command_buffer::CopyImageToBuffer>(Entry<&api::CommandCopyImageToBuffer>)},
      {"clCommandFillBufferKHR", Address<command_buffer::FillBuffer>(Entry<&api::CommandFillBuffer>)},
      {"clCommandFillImageKHR", Address<command_buffer::FillImage>(Entry<&api::CommandFillImage>)},
      {"clCommandNDRangeKernelKHR",
       Address<command_buffer::NDRangeKernel>(Entry<&api::CommandNDRangeKernel>)},
      // cl_clopencl_collectives
      {"clEnqueueBroadcastBufferCLOPENCL",
       Extension<&api::EnqueueBroadcastBuffer, clEnqueueBroadcastBufferCLOPENCL_fn>()},
      {"clEnqueueScatterBufferCLOPENCL",
       Extension<&api::EnqueueScatterBuffer, clEnqueueScatterBufferCLOPENCL_fn>()},
      {"clEnqueueGatherBuffersCLOPENCL",
       Extension<&api::EnqueueGatherBuffers, clEnqueueGatherBuffersCLOPENCL_fn>()},
      {"clEnqueueAllGatherBuffersCLOPENCL",
       Extension<&api::EnqueueAllGatherBuffers, clEnqueueAllGatherBuffersCLOPENCL_fn>()},
      {"clEnqueueReduceBuffersCLOPENCL",
       Extension<&api::EnqueueReduceBuffers, clEnqueueReduceBuffersCLOPENCL_fn>()},
      // cl_khr_subgroups
      {"clGetKernelSubGroupInfoKHR", reinterpret_cast<void*>(kDispatchTable.clGetKernelSubGroupInfoKHR)},
  };
  const auto at = functions.find(name);
  return at == functions.end() ? nullptr : at->second;
}

}  // namespace clopencl::frontend
