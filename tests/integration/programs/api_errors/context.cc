#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

using Property = cl_context_properties;

void CL_CALLBACK Ignore(const char*, const void*, size_t, void*) {}
void CL_CALLBACK IgnoreDestruction(cl_context, void*) {}

void Creation(Suite& s, Fixture& f) {
  const cl_device_id device = f.device.id;
  const Property platform = reinterpret_cast<Property>(f.device.platform);
  const auto with = [&](std::initializer_list<Property> properties, cl_int* e) {
    return clCreateContext(properties.begin(), 1, &device, nullptr, nullptr, e);
  };

  s.Group("clCreateContext");
  s.Creates("no device", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateContext(nullptr, 0, &device, nullptr, nullptr, e); });
  s.Creates("null list", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateContext(nullptr, 1, nullptr, nullptr, nullptr, e); });
  s.Creates("null device first", CL_INVALID_DEVICE, [&](cl_int* e) {
    const cl_device_id list[] = {nullptr};
    return clCreateContext(nullptr, 1, list, nullptr, nullptr, e);
  });
  s.Creates("null device second", CL_INVALID_DEVICE, [&](cl_int* e) {
    const cl_device_id list[] = {device, nullptr};
    return clCreateContext(nullptr, 2, list, nullptr, nullptr, e);
  });
  s.Creates("device named twice", CL_SUCCESS, [&](cl_int* e) {
    const cl_device_id list[] = {device, device};
    return clCreateContext(nullptr, 2, list, nullptr, nullptr, e);
  });
  s.Creates("user data without function", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateContext(nullptr, 1, &device, nullptr, f.host, e); });
  s.Creates("function", CL_SUCCESS,
            [&](cl_int* e) { return clCreateContext(nullptr, 1, &device, Ignore, f.host, e); });
  s.Creates("empty properties", CL_SUCCESS, [&](cl_int* e) { return with({0}, e); });
  s.Creates("platform", CL_SUCCESS, [&](cl_int* e) { return with({CL_CONTEXT_PLATFORM, platform, 0}, e); });
  s.Creates("null platform", CL_INVALID_PLATFORM, [&](cl_int* e) {
    return with({CL_CONTEXT_PLATFORM, 0, 0}, e);
  });
  s.Creates("platform twice", CL_INVALID_PROPERTY, [&](cl_int* e) {
    return with({CL_CONTEXT_PLATFORM, platform, CL_CONTEXT_PLATFORM, platform, 0}, e);
  });
  s.Creates("unknown property", CL_INVALID_PROPERTY, [&](cl_int* e) { return with({0x7777, 1, 0}, e); });
  s.Creates("unknown property after the platform", CL_INVALID_PROPERTY, [&](cl_int* e) {
    return with({CL_CONTEXT_PLATFORM, platform, 0x7777, 1, 0}, e);
  });
  s.Creates("user sync", CL_SUCCESS, [&](cl_int* e) {
    return with({CL_CONTEXT_INTEROP_USER_SYNC, CL_TRUE, 0}, e);
  });
  s.Creates("user sync that is no bool", CL_INVALID_PROPERTY, [&](cl_int* e) {
    return with({CL_CONTEXT_INTEROP_USER_SYNC, 77, 0}, e);
  });
  s.Yields("without errcode_ret", true, [&] {
    const Context context(clCreateContext(nullptr, 1, &device, nullptr, nullptr, nullptr));
    return context != nullptr;
  });
  s.Yields("refused without errcode_ret", false, [&] {
    const Context context(clCreateContext(nullptr, 0, nullptr, nullptr, nullptr, nullptr));
    return context != nullptr;
  });
}

void CreationFromType(Suite& s, Fixture& f) {
  const Property properties[] = {CL_CONTEXT_PLATFORM, reinterpret_cast<Property>(f.device.platform), 0};
  const cl_device_type own_type = f.device.Get<cl_device_type>(CL_DEVICE_TYPE);
  const cl_device_type other_type =
      own_type == CL_DEVICE_TYPE_GPU ? CL_DEVICE_TYPE_ACCELERATOR : CL_DEVICE_TYPE_GPU;

  s.Group("clCreateContextFromType");
  s.Creates("own type", CL_SUCCESS,
            [&](cl_int* e) { return clCreateContextFromType(properties, own_type, nullptr, nullptr, e); });
  s.Creates("type zero", CL_INVALID_DEVICE_TYPE,
            [&](cl_int* e) { return clCreateContextFromType(properties, 0, nullptr, nullptr, e); });
  s.Creates("unknown type", CL_INVALID_DEVICE_TYPE, [&](cl_int* e) {
    return clCreateContextFromType(properties, cl_device_type{1} << 20, nullptr, nullptr, e);
  });
  s.Creates("type that is not there", CL_DEVICE_NOT_FOUND,
            [&](cl_int* e) { return clCreateContextFromType(properties, other_type, nullptr, nullptr, e); });
  s.Creates("custom type", CL_DEVICE_NOT_FOUND, [&](cl_int* e) {
    return clCreateContextFromType(properties, CL_DEVICE_TYPE_CUSTOM, nullptr, nullptr, e);
  });
  s.Creates("default type", CL_SUCCESS, [&](cl_int* e) {
    return clCreateContextFromType(properties, CL_DEVICE_TYPE_DEFAULT, nullptr, nullptr, e);
  });
  s.Creates("user data without function", CL_INVALID_VALUE,
            [&](cl_int* e) { return clCreateContextFromType(properties, own_type, nullptr, f.host, e); });
  s.Creates("null platform", CL_INVALID_PLATFORM, [&](cl_int* e) {
    const Property list[] = {CL_CONTEXT_PLATFORM, 0, 0};
    return clCreateContextFromType(list, own_type, nullptr, nullptr, e);
  });
  s.Creates("unknown property", CL_INVALID_PROPERTY, [&](cl_int* e) {
    const Property list[] = {properties[0], properties[1], 0x7777, 1, 0};
    return clCreateContextFromType(list, own_type, nullptr, nullptr, e);
  });
  s.Creates("platform twice", CL_INVALID_PROPERTY, [&](cl_int* e) {
    const Property list[] = {properties[0], properties[1], properties[0], properties[1], 0};
    return clCreateContextFromType(list, own_type, nullptr, nullptr, e);
  });
}

void Others(Suite& s, Fixture& f) {
  s.Group("clGetContextInfo");
  s.Returns("null context", CL_INVALID_CONTEXT, [&] {
    return clGetContextInfo(nullptr, CL_CONTEXT_NUM_DEVICES, sizeof f.host, f.host, nullptr);
  });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetContextInfo(f.context, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetContextInfo(f.context, CL_CONTEXT_DEVICES, 1, f.host, nullptr); });
  s.Returns("size zero", CL_INVALID_VALUE,
            [&] { return clGetContextInfo(f.context, CL_CONTEXT_REFERENCE_COUNT, 0, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetContextInfo(f.context, CL_CONTEXT_DEVICES, 0, nullptr, nullptr); });

  s.Group("clRetainContext");
  s.Returns("null context", CL_INVALID_CONTEXT, [&] { return clRetainContext(nullptr); });
  s.Group("clReleaseContext");
  s.Returns("null context", CL_INVALID_CONTEXT, [&] { return clReleaseContext(nullptr); });
  s.Returns("retained and released", CL_SUCCESS, [&] {
    const cl_int code = clRetainContext(f.context);
    return code == CL_SUCCESS ? clReleaseContext(f.context) : code;
  });

  s.Group("clSetContextDestructorCallback");
  s.Returns("null context", CL_INVALID_CONTEXT,
            [&] { return clSetContextDestructorCallback(nullptr, IgnoreDestruction, nullptr); });
  s.Returns("null function", CL_INVALID_VALUE,
            [&] { return clSetContextDestructorCallback(f.context, nullptr, nullptr); });
  s.Returns("valid", CL_SUCCESS,
            [&] { return clSetContextDestructorCallback(f.context, IgnoreDestruction, nullptr); });
}

}  // namespace

void ContextCases(Suite& s, Fixture& f) {
  Creation(s, f);
  CreationFromType(s, f);
  Others(s, f);
}

}  // namespace clopencl::programs
