#include "frontend/dispatch_table.h"

#include <string_view>
#include <unordered_map>

#include "frontend/api/api.h"
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

void* CL_API_CALL GetExtensionFunctionAddress(const char* name) { return FindExtensionFunction(name); }
void* CL_API_CALL GetExtensionFunctionAddressForPlatform(cl_platform_id, const char* name) {
  return FindExtensionFunction(name);
}

}  // namespace

const cl_icd_dispatch kDispatchTable{
    .clGetPlatformIDs = Entry<&api::GetPlatformIDs>,
    .clGetPlatformInfo = Entry<&api::GetPlatformInfo>,
    .clGetDeviceIDs = Entry<&api::GetDeviceIDs>,
    .clGetDeviceInfo = Entry<&api::GetDeviceInfo>,
    .clCreateContext = Entry<&api::CreateContext>,
    .clCreateContextFromType = Entry<&api::CreateContextFromType>,
    .clRetainContext = Entry<&api::RetainContext>,
    .clReleaseContext = Entry<&api::ReleaseContext>,
    .clGetContextInfo = Entry<&api::GetContextInfo>,
    .clCreateCommandQueue = Entry<&api::CreateCommandQueue>,
    .clRetainCommandQueue = Entry<&api::RetainCommandQueue>,
    .clReleaseCommandQueue = Entry<&api::ReleaseCommandQueue>,
    .clGetCommandQueueInfo = Entry<&api::GetCommandQueueInfo>,
    .clSetCommandQueueProperty = Entry<&api::SetCommandQueueProperty>,
    .clCreateBuffer = Entry<&api::CreateBuffer>,
    .clCreateImage2D = Entry<&api::CreateImage2D>,
    .clCreateImage3D = Entry<&api::CreateImage3D>,
    .clRetainMemObject = Entry<&api::RetainMemObject>,
    .clReleaseMemObject = Entry<&api::ReleaseMemObject>,
    .clGetSupportedImageFormats = Entry<&api::GetSupportedImageFormats>,
    .clGetMemObjectInfo = Entry<&api::GetMemObjectInfo>,
    .clGetImageInfo = Entry<&api::GetImageInfo>,
    .clCreateSampler = Entry<&api::CreateSampler>,
    .clRetainSampler = Entry<&api::RetainSampler>,
    .clReleaseSampler = Entry<&api::ReleaseSampler>,
    .clGetSamplerInfo = Entry<&api::GetSamplerInfo>,
    .clCreateProgramWithSource = Entry<&api::CreateProgramWithSource>,
    .clCreateProgramWithBinary = Entry<&api::CreateProgramWithBinary>,
    .clRetainProgram = Entry<&api::RetainProgram>,
    .clReleaseProgram = Entry<&api::ReleaseProgram>,
    .clBuildProgram = Entry<&api::BuildProgram>,
    .clUnloadCompiler = Entry<&api::UnloadCompiler>,
    .clGetProgramInfo = Entry<&api::GetProgramInfo>,
    .clGetProgramBuildInfo = Entry<&api::GetProgramBuildInfo>,
    .clCreateKernel = Entry<&api::CreateKernel>,
    .clCreateKernelsInProgram = Entry<&api::CreateKernelsInProgram>,
    .clRetainKernel = Entry<&api::RetainKernel>,
    .clReleaseKernel = Entry<&api::ReleaseKernel>,
    .clSetKernelArg = Entry<&api::SetKernelArg>,
    .clGetKernelInfo = Entry<&api::GetKernelInfo>,
    .clGetKernelWorkGroupInfo = Entry<&api::GetKernelWorkGroupInfo>,
    .clWaitForEvents = Entry<&api::WaitForEvents>,
    .clGetEventInfo = Entry<&api::GetEventInfo>,
    .clRetainEvent = Entry<&api::RetainEvent>,
    .clReleaseEvent = Entry<&api::ReleaseEvent>,
    .clGetEventProfilingInfo = Entry<&api::GetEventProfilingInfo>,
    .clFlush = Entry<&api::Flush>,
    .clFinish = Entry<&api::Finish>,
    .clEnqueueReadBuffer = Entry<&api::EnqueueReadBuffer>,
    .clEnqueueWriteBuffer = Entry<&api::EnqueueWriteBuffer>,
    .clEnqueueCopyBuffer = Entry<&api::EnqueueCopyBuffer>,
    .clEnqueueReadImage = Entry<&api::EnqueueReadImage>,
    .clEnqueueWriteImage = Entry<&api::EnqueueWriteImage>,
    .clEnqueueCopyImage = Entry<&api::EnqueueCopyImage>,
    .clEnqueueCopyImageToBuffer = Entry<&api::EnqueueCopyImageToBuffer>,
    .clEnqueueCopyBufferToImage = Entry<&api::EnqueueCopyBufferToImage>,
    .clEnqueueMapBuffer = Entry<&api::EnqueueMapBuffer>,
    .clEnqueueMapImage = Entry<&api::EnqueueMapImage>,
    .clEnqueueUnmapMemObject = Entry<&api::EnqueueUnmapMemObject>,
    .clEnqueueNDRangeKernel = Entry<&api::EnqueueNDRangeKernel>,
    .clEnqueueTask = Entry<&api::EnqueueTask>,
    .clEnqueueNativeKernel = Entry<&api::EnqueueNativeKernel>,
    .clEnqueueMarker = Entry<&api::EnqueueMarker>,
    .clEnqueueWaitForEvents = Entry<&api::EnqueueWaitForEvents>,
    .clEnqueueBarrier = Entry<&api::EnqueueBarrier>,
    .clGetExtensionFunctionAddress = &GetExtensionFunctionAddress,
    .clCreateFromGLBuffer = Refuse<cl_api_clCreateFromGLBuffer>(),
    .clCreateFromGLTexture2D = Refuse<cl_api_clCreateFromGLTexture2D>(),
    .clCreateFromGLTexture3D = Refuse<cl_api_clCreateFromGLTexture3D>(),
    .clCreateFromGLRenderbuffer = Refuse<cl_api_clCreateFromGLRenderbuffer>(),
    .clGetGLObjectInfo = Refuse<cl_api_clGetGLObjectInfo>(),
    .clGetGLTextureInfo = Refuse<cl_api_clGetGLTextureInfo>(),
    .clEnqueueAcquireGLObjects = Refuse<cl_api_clEnqueueAcquireGLObjects>(),
    .clEnqueueReleaseGLObjects = Refuse<cl_api_clEnqueueReleaseGLObjects>(),
    .clGetGLContextInfoKHR = Refuse<cl_api_clGetGLContextInfoKHR>(),
    .clGetDeviceIDsFromD3D10KHR = Refuse<cl_api_clGetDeviceIDsFromD3D10KHR>(),
    .clCreateFromD3D10BufferKHR = Refuse<cl_api_clCreateFromD3D10BufferKHR>(),
    .clCreateFromD3D10Texture2DKHR = Refuse<cl_api_clCreateFromD3D10Texture2DKHR>(),
    .clCreateFromD3D10Texture3DKHR = Refuse<cl_api_clCreateFromD3D10Texture3DKHR>(),
    .clEnqueueAcquireD3D10ObjectsKHR = Refuse<cl_api_clEnqueueAcquireD3D10ObjectsKHR>(),
    .clEnqueueReleaseD3D10ObjectsKHR = Refuse<cl_api_clEnqueueReleaseD3D10ObjectsKHR>(),
    .clSetEventCallback = Entry<&api::SetEventCallback>,
    .clCreateSubBuffer = Entry<&api::CreateSubBuffer>,
    .clSetMemObjectDestructorCallback = Entry<&api::SetMemObjectDestructorCallback>,
    .clCreateUserEvent = Entry<&api::CreateUserEvent>,
    .clSetUserEventStatus = Entry<&api::SetUserEventStatus>,
    .clEnqueueReadBufferRect = Entry<&api::EnqueueReadBufferRect>,
    .clEnqueueWriteBufferRect = Entry<&api::EnqueueWriteBufferRect>,
    .clEnqueueCopyBufferRect = Entry<&api::EnqueueCopyBufferRect>,
    .clCreateSubDevicesEXT = Refuse<cl_api_clCreateSubDevicesEXT>(),
    .clRetainDeviceEXT = Refuse<cl_api_clRetainDeviceEXT>(),
    .clReleaseDeviceEXT = Refuse<cl_api_clReleaseDeviceEXT>(),
    .clCreateEventFromGLsyncKHR = Refuse<cl_api_clCreateEventFromGLsyncKHR>(),
    .clCreateSubDevices = Entry<&api::CreateSubDevices>,
    .clRetainDevice = Entry<&api::RetainDevice>,
    .clReleaseDevice = Entry<&api::ReleaseDevice>,
    .clCreateImage = Entry<&api::CreateImage>,
    .clCreateProgramWithBuiltInKernels = Entry<&api::CreateProgramWithBuiltInKernels>,
    .clCompileProgram = Entry<&api::CompileProgram>,
    .clLinkProgram = &api::LinkProgram,
    .clUnloadPlatformCompiler = Entry<&api::UnloadPlatformCompiler>,
    .clGetKernelArgInfo = Entry<&api::GetKernelArgInfo>,
    .clEnqueueFillBuffer = Entry<&api::EnqueueFillBuffer>,
    .clEnqueueFillImage = Entry<&api::EnqueueFillImage>,
    .clEnqueueMigrateMemObjects = Entry<&api::EnqueueMigrateMemObjects>,
    .clEnqueueMarkerWithWaitList = Entry<&api::EnqueueMarkerWithWaitList>,
    .clEnqueueBarrierWithWaitList = Entry<&api::EnqueueBarrierWithWaitList>,
    .clGetExtensionFunctionAddressForPlatform = &GetExtensionFunctionAddressForPlatform,
    .clCreateFromGLTexture = Refuse<cl_api_clCreateFromGLTexture>(),
    .clGetDeviceIDsFromD3D11KHR = Refuse<cl_api_clGetDeviceIDsFromD3D11KHR>(),
    .clCreateFromD3D11BufferKHR = Refuse<cl_api_clCreateFromD3D11BufferKHR>(),
    .clCreateFromD3D11Texture2DKHR = Refuse<cl_api_clCreateFromD3D11Texture2DKHR>(),
    .clCreateFromD3D11Texture3DKHR = Refuse<cl_api_clCreateFromD3D11Texture3DKHR>(),
    .clCreateFromDX9MediaSurfaceKHR = Refuse<cl_api_clCreateFromDX9MediaSurfaceKHR>(),
    .clEnqueueAcquireD3D11ObjectsKHR = Refuse<cl_api_clEnqueueAcquireD3D11ObjectsKHR>(),
    .clEnqueueReleaseD3D11ObjectsKHR = Refuse<cl_api_clEnqueueReleaseD3D11ObjectsKHR>(),
    .clGetDeviceIDsFromDX9MediaAdapterKHR = Refuse<cl_api_clGetDeviceIDsFromDX9MediaAdapterKHR>(),
    .clEnqueueAcquireDX9MediaSurfacesKHR = Refuse<cl_api_clEnqueueAcquireDX9MediaSurfacesKHR>(),
    .clEnqueueReleaseDX9MediaSurfacesKHR = Refuse<cl_api_clEnqueueReleaseDX9MediaSurfacesKHR>(),
    .clCreateFromEGLImageKHR = Refuse<cl_api_clCreateFromEGLImageKHR>(),
    .clEnqueueAcquireEGLObjectsKHR = Refuse<cl_api_clEnqueueAcquireEGLObjectsKHR>(),
    .clEnqueueReleaseEGLObjectsKHR = Refuse<cl_api_clEnqueueReleaseEGLObjectsKHR>(),
    .clCreateEventFromEGLSyncKHR = Refuse<cl_api_clCreateEventFromEGLSyncKHR>(),
    .clCreateCommandQueueWithProperties = Entry<&api::CreateCommandQueueWithProperties>,
    .clCreatePipe = Entry<&api::CreatePipe>,
    .clGetPipeInfo = Entry<&api::GetPipeInfo>,
    .clSVMAlloc = &api::SVMAlloc,
    .clSVMFree = &api::SVMFree,
    .clEnqueueSVMFree = Entry<&api::EnqueueSVMFree>,
    .clEnqueueSVMMemcpy = Entry<&api::EnqueueSVMMemcpy>,
    .clEnqueueSVMMemFill = Entry<&api::EnqueueSVMMemFill>,
    .clEnqueueSVMMap = Entry<&api::EnqueueSVMMap>,
    .clEnqueueSVMUnmap = Entry<&api::EnqueueSVMUnmap>,
    .clCreateSamplerWithProperties = Entry<&api::CreateSamplerWithProperties>,
    .clSetKernelArgSVMPointer = Entry<&api::SetKernelArgSVMPointer>,
    .clSetKernelExecInfo = Entry<&api::SetKernelExecInfo>,
    .clGetKernelSubGroupInfoKHR = Entry<&api::GetKernelSubGroupInfo>,
    .clCloneKernel = Entry<&api::CloneKernel>,
    .clCreateProgramWithIL = Entry<&api::CreateProgramWithIL>,
    .clEnqueueSVMMigrateMem = Entry<&api::EnqueueSVMMigrateMem>,
    .clGetDeviceAndHostTimer = Entry<&api::GetDeviceAndHostTimer>,
    .clGetHostTimer = Entry<&api::GetHostTimer>,
    .clGetKernelSubGroupInfo = Entry<&api::GetKernelSubGroupInfo>,
    .clSetDefaultDeviceCommandQueue = Entry<&api::SetDefaultDeviceCommandQueue>,
    .clSetProgramReleaseCallback = Entry<&api::SetProgramReleaseCallback>,
    .clSetProgramSpecializationConstant = Entry<&api::SetProgramSpecializationConstant>,
    .clCreateBufferWithProperties = Entry<&api::CreateBufferWithProperties>,
    .clCreateImageWithProperties = Entry<&api::CreateImageWithProperties>,
    .clSetContextDestructorCallback = Entry<&api::SetContextDestructorCallback>,
};

void* FindExtensionFunction(const char* name) {
  if (name == nullptr) return nullptr;
  static const auto& functions = *new std::unordered_map<std::string_view, void*>{
      // cl_khr_create_command_queue
      {"clCreateCommandQueueWithPropertiesKHR",
       reinterpret_cast<void*>(kDispatchTable.clCreateCommandQueueWithProperties)},
      // cl_khr_il_program
      {"clCreateProgramWithILKHR", reinterpret_cast<void*>(kDispatchTable.clCreateProgramWithIL)},
      // cl_khr_subgroups
      {"clGetKernelSubGroupInfoKHR", reinterpret_cast<void*>(kDispatchTable.clGetKernelSubGroupInfoKHR)},
  };
  const auto at = functions.find(name);
  return at == functions.end() ? nullptr : at->second;
}

}  // namespace clopencl::frontend
