/* Says what an OpenCL program sees, a line each:
 *
 *   platform NAME|HOST|yes     HOST: what CL_PLATFORM_HOSTNAME answers, or the error; yes: it has our
 * extension device NAME|HOST|RANK|UNITS
 *
 * In C, and with the extension's header, as a program that knows of us would be written. */
#include <CL/cl.h>
#include <CL/cl_ext_clopencl.h>
#include <stdio.h>
#include <string.h>

enum { kMost = 64 };

static void PlatformText(cl_platform_id platform, cl_platform_info param, char* text, size_t room) {
  const cl_int error = clGetPlatformInfo(platform, param, room, text, NULL);
  if (error != CL_SUCCESS) snprintf(text, room, "%d", error);
}

static void DescribeDevice(cl_device_id device) {
  char name[256] = "", host[256] = "";
  cl_uint rank = 0, units = 0;
  clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof name, name, NULL);
  clGetDeviceInfo(device, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
  const cl_int host_error = clGetDeviceInfo(device, CL_DEVICE_HOSTNAME_CLOPENCL, sizeof host, host, NULL);
  const cl_int rank_error = clGetDeviceInfo(device, CL_DEVICE_RANK_CLOPENCL, sizeof rank, &rank, NULL);
  if (host_error != CL_SUCCESS) snprintf(host, sizeof host, "%d", host_error);
  printf("device %s|%s|%d|%u\n", name, host, rank_error != CL_SUCCESS ? rank_error : (int)rank, units);
}

int main(void) {
  cl_platform_id platforms[kMost];
  cl_uint count = 0;
  const cl_int error = clGetPlatformIDs(kMost, platforms, &count);
  if (error != CL_SUCCESS) count = 0;
  for (cl_uint i = 0; i < count && i < kMost; ++i) {
    char name[256] = "", host[256] = "", extensions[8192] = "";
    PlatformText(platforms[i], CL_PLATFORM_NAME, name, sizeof name);
    PlatformText(platforms[i], CL_PLATFORM_HOSTNAME, host, sizeof host);
    PlatformText(platforms[i], CL_PLATFORM_EXTENSIONS, extensions, sizeof extensions);
    printf("platform %s|%s|%s\n", name, host,
           strstr(extensions, CL_CLOPENCL_HOST_NAME_EXTENSION_NAME) != NULL ? "yes" : "no");
    cl_device_id devices[kMost];
    cl_uint device_count = 0;
    clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, kMost, devices, &device_count);
    for (cl_uint j = 0; j < device_count && j < kMost; ++j) DescribeDevice(devices[j]);
  }
  return 0;
}
