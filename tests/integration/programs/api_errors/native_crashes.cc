#include <algorithm>
#include <iterator>
#include <string_view>

#include "api_errors/suite.h"

namespace clopencl::programs {
namespace {

// All of them seen with PoCL 3.1; `api_errors --all --case NAME` shows each.
constexpr std::string_view kCrashes[] = {
    // Null pointers that are used before they are checked, or never checked: segmentation fault.
    "clCreateProgramWithSource/null strings",
    "clCreateProgramWithBinary/null binaries",
    "clCreateProgramWithBuiltInKernels/null device",
    "clBuildProgram/null device",
    "clCompileProgram/null device",
    "clCompileProgram/count without headers",
    "clCompileProgram/count without names",
    "clCompileProgram/null name",
    "clCompileProgram/null header",
    "clLinkProgram/null program in list",
    "clEnqueueCopyBufferRect/null source",
    "clEnqueueCopyBufferRect/null target",
    "clEnqueueCopyImageToBuffer/null buffer",
    "clEnqueueNDRangeKernel/count without list",
    "clEnqueueNDRangeKernel/null kernel",
    "clEnqueueTask/count without list",
    "clEnqueueTask/null kernel",
    "clEnqueueSVMMemFill/null pattern",

    // "-D" at the end of the options: reads beyond the string.
    "clBuildProgram/definition without name",

    // Assertions.
    "clCreateImage/1D of a foreign buffer",
    "clSetProgramSpecializationConstant/program from source",
    "clSetProgramSpecializationConstant/null value",
    "clEnqueueNDRangeKernel/local argument larger than there is",

    // "is unimplemented", then exit(2).
    "clCreateCommandQueueWithProperties/on device, in order",
    "clCreateCommandQueueWithProperties/on device",
    "clEnqueueWaitForEvents/valid",
    "clCreateImage/mip levels",
    "clCreateImage/samples",

    // Accepted, after which memory beyond the image or buffer is read or written.
    "clEnqueueReadImage/2D, region wraps around",
    "clEnqueueWriteImage/2D, region wraps around",
    "clEnqueueFillImage/2D, region wraps around",
    "clEnqueueCopyImage/source's end beyond",
    "clEnqueueCopyImageToBuffer/depth two",
    "clEnqueueCopyImageToBuffer/image's end beyond",
    "clEnqueueCopyBufferToImage/depth two",
    "clEnqueueCopyBufferToImage/image's end beyond",

    // A blocking command whose wait list holds a failed event never returns.
    "clEnqueueReadBuffer/blocking after a failed event",
    "clEnqueueWriteBuffer/blocking after a failed event",
    "clEnqueueReadBufferRect/blocking after a failed event",
    "clEnqueueWriteBufferRect/blocking after a failed event",
    "clEnqueueReadImage/blocking after a failed event",
    "clEnqueueWriteImage/blocking after a failed event",
    "clEnqueueMapBuffer/blocking after a failed event",
    "clEnqueueMapImage/blocking after a failed event",
    "clEnqueueSVMMemcpy/blocking after a failed event",
    "clEnqueueSVMMap/blocking after a failed event",
};

}  // namespace

bool CrashesNatively(const std::string& name) {
  return std::find(std::begin(kCrashes), std::end(kCrashes), name) != std::end(kCrashes);
}

}  // namespace clopencl::programs
