#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

constexpr cl_image_format kRgba8 = {CL_RGBA, CL_UNSIGNED_INT8};

cl_image_desc Shape(cl_mem_object_type type, size_t width, size_t height = 0, size_t depth = 0) {
  cl_image_desc shape = {};
  shape.image_type = type;
  shape.image_width = width;
  shape.image_height = height;
  shape.image_depth = depth;
  return shape;
}

cl_image_desc Flat() { return Shape(CL_MEM_OBJECT_IMAGE2D, 16, 8); }

cl_image_desc Array(cl_mem_object_type type, size_t width, size_t height, size_t layers) {
  cl_image_desc shape = Shape(type, width, height);
  shape.image_array_size = layers;
  return shape;
}

void Formats(Suite& s, Fixture& f) {
  const struct {
    const char* name;
    cl_image_format format;
    Codes codes;
  } cases[] = {
      {"format, order zero", {0, CL_FLOAT}, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR},
      {"format, type zero", {CL_RGBA, 0}, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR},
      {"format, order unknown", {0x7777, CL_FLOAT}, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR},
      {"format, type unknown", {CL_RGBA, 0x7777}, CL_INVALID_IMAGE_FORMAT_DESCRIPTOR},
      {"RGB of float",
       {CL_RGB, CL_FLOAT},
       {CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_IMAGE_FORMAT_NOT_SUPPORTED}},
      {"RGBA of 565",
       {CL_RGBA, CL_UNORM_SHORT_565},
       {CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_IMAGE_FORMAT_NOT_SUPPORTED}},
      {"BGRA of float",
       {CL_BGRA, CL_FLOAT},
       {CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_IMAGE_FORMAT_NOT_SUPPORTED}},
      {"luminance of signed",
       {CL_LUMINANCE, CL_SIGNED_INT8},
       {CL_INVALID_IMAGE_FORMAT_DESCRIPTOR, CL_IMAGE_FORMAT_NOT_SUPPORTED}},
      {"RGB of 101010", {CL_RGB, CL_UNORM_INT_101010}, {CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_SUCCESS}},
      {"RGx of signed", {CL_RGx, CL_SIGNED_INT8}, {CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_SUCCESS}},
      {"depth", {CL_DEPTH, CL_FLOAT}, {CL_IMAGE_FORMAT_NOT_SUPPORTED, CL_SUCCESS}},
      {"RGBA of float", {CL_RGBA, CL_FLOAT}, CL_SUCCESS},
  };
  const cl_image_desc shape = Flat();
  for (const auto& one : cases) {
    s.Creates(one.name, one.codes,
              [&](cl_int* e) { return clCreateImage(f.context, 0, &one.format, &shape, nullptr, e); });
  }
  s.Creates("null format", CL_INVALID_IMAGE_FORMAT_DESCRIPTOR,
            [&](cl_int* e) { return clCreateImage(f.context, 0, nullptr, &shape, nullptr, e); });
}

void Shapes(Suite& s, Fixture& f) {
  const size_t max_width = f.device.Get<size_t>(CL_DEVICE_IMAGE2D_MAX_WIDTH);
  const size_t max_height = f.device.Get<size_t>(CL_DEVICE_IMAGE2D_MAX_HEIGHT);
  const size_t max_layers = f.device.Get<size_t>(CL_DEVICE_IMAGE_MAX_ARRAY_SIZE);
  const size_t max_depth = f.device.Get<size_t>(CL_DEVICE_IMAGE3D_MAX_DEPTH);
  const Codes size = {CL_INVALID_IMAGE_SIZE, CL_INVALID_IMAGE_DESCRIPTOR};
  const struct {
    const char* name;
    cl_image_desc shape;
    Codes codes;
  } cases[] = {
      {"type zero", Shape(0, 16, 8), CL_INVALID_IMAGE_DESCRIPTOR},
      {"type buffer", Shape(CL_MEM_OBJECT_BUFFER, 16, 8), CL_INVALID_IMAGE_DESCRIPTOR},
      {"type unknown", Shape(0x7777, 16, 8), CL_INVALID_IMAGE_DESCRIPTOR},
      {"1D", Shape(CL_MEM_OBJECT_IMAGE1D, 16), CL_SUCCESS},
      {"1D without width", Shape(CL_MEM_OBJECT_IMAGE1D, 0), size},
      {"2D", Flat(), CL_SUCCESS},
      {"2D without width", Shape(CL_MEM_OBJECT_IMAGE2D, 0, 8), size},
      {"2D without height", Shape(CL_MEM_OBJECT_IMAGE2D, 16, 0), size},
      {"2D too wide", Shape(CL_MEM_OBJECT_IMAGE2D, max_width + 1, 1), CL_INVALID_IMAGE_SIZE},
      {"2D too high", Shape(CL_MEM_OBJECT_IMAGE2D, 1, max_height + 1), CL_INVALID_IMAGE_SIZE},
      {"3D", Shape(CL_MEM_OBJECT_IMAGE3D, 8, 4, 2), CL_SUCCESS},
      {"3D without depth", Shape(CL_MEM_OBJECT_IMAGE3D, 8, 4, 0), size},
      {"3D without height", Shape(CL_MEM_OBJECT_IMAGE3D, 8, 0, 2), size},
      {"3D too deep", Shape(CL_MEM_OBJECT_IMAGE3D, 1, 1, max_depth + 1), CL_INVALID_IMAGE_SIZE},
      {"1D array", Array(CL_MEM_OBJECT_IMAGE1D_ARRAY, 16, 0, 4), CL_SUCCESS},
      {"1D array without layers", Array(CL_MEM_OBJECT_IMAGE1D_ARRAY, 16, 0, 0), size},
      {"1D array with too many", Array(CL_MEM_OBJECT_IMAGE1D_ARRAY, 1, 0, max_layers + 1), size},
      {"2D array", Array(CL_MEM_OBJECT_IMAGE2D_ARRAY, 16, 8, 4), CL_SUCCESS},
      {"2D array without layers", Array(CL_MEM_OBJECT_IMAGE2D_ARRAY, 16, 8, 0), size},
      {"2D array without height", Array(CL_MEM_OBJECT_IMAGE2D_ARRAY, 16, 0, 4), size},
      {"1D of a buffer without buffer", Shape(CL_MEM_OBJECT_IMAGE1D_BUFFER, 16), CL_INVALID_IMAGE_DESCRIPTOR},
  };
  for (const auto& one : cases) {
    s.Creates(one.name, one.codes,
              [&](cl_int* e) { return clCreateImage(f.context, 0, &kRgba8, &one.shape, nullptr, e); });
  }
  s.Creates("null shape", CL_INVALID_IMAGE_DESCRIPTOR,
            [&](cl_int* e) { return clCreateImage(f.context, 0, &kRgba8, nullptr, nullptr, e); });
}

// Shapes with one member changed, with and without host memory.
void ShapeMembers(Suite& s, Fixture& f) {
  const auto create = [&](void (*change)(cl_image_desc&), bool host, cl_int* e) {
    cl_image_desc shape = Flat();
    change(shape);
    return clCreateImage(f.context, host ? CL_MEM_COPY_HOST_PTR : 0, &kRgba8, &shape, host ? f.host : nullptr,
                         e);
  };
  const Codes bad = CL_INVALID_IMAGE_DESCRIPTOR;
  s.Creates("mip levels", bad,
            [&](cl_int* e) { return create([](auto& d) { d.num_mip_levels = 1; }, false, e); });
  s.Creates("samples", bad, [&](cl_int* e) { return create([](auto& d) { d.num_samples = 1; }, false, e); });
  s.Creates("row pitch without host memory", bad,
            [&](cl_int* e) { return create([](auto& d) { d.image_row_pitch = 64; }, false, e); });
  s.Creates("slice pitch without host memory", bad,
            [&](cl_int* e) { return create([](auto& d) { d.image_slice_pitch = 512; }, false, e); });
  s.Creates("row pitch too small", bad,
            [&](cl_int* e) { return create([](auto& d) { d.image_row_pitch = 60; }, true, e); });
  s.Creates("row pitch of no whole pixels", bad,
            [&](cl_int* e) { return create([](auto& d) { d.image_row_pitch = 66; }, true, e); });
  s.Creates("row pitch exact", CL_SUCCESS,
            [&](cl_int* e) { return create([](auto& d) { d.image_row_pitch = 64; }, true, e); });
  s.Creates("row pitch wide", CL_SUCCESS,
            [&](cl_int* e) { return create([](auto& d) { d.image_row_pitch = 128; }, true, e); });
  s.Creates("slice pitch too small", bad, [&](cl_int* e) {
    return create(
        [](auto& d) {
          d.image_type = CL_MEM_OBJECT_IMAGE3D;
          d.image_depth = 2;
          d.image_row_pitch = 64;
          d.image_slice_pitch = 64 * 7;
        },
        true, e);
  });
  s.Creates("slice pitch of no whole rows", bad, [&](cl_int* e) {
    return create(
        [](auto& d) {
          d.image_type = CL_MEM_OBJECT_IMAGE3D;
          d.image_depth = 2;
          d.image_row_pitch = 64;
          d.image_slice_pitch = 64 * 8 + 4;
        },
        true, e);
  });
}

void FlagsAndPointers(Suite& s, Fixture& f) {
  const cl_image_desc shape = Flat();
  const auto create = [&](cl_mem_flags flags, void* host, cl_int* e) {
    return clCreateImage(f.context, flags, &kRgba8, &shape, host, e);
  };
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateImage(nullptr, 0, &kRgba8, &shape, nullptr, e); });
  s.Creates("read-only and write-only", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, nullptr, e); });
  s.Creates("use and copy", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR, f.host, e); });
  s.Creates("unknown flag", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(cl_mem_flags{1} << 40, nullptr, e); });
  s.Creates("pointer without flag", CL_INVALID_HOST_PTR, [&](cl_int* e) { return create(0, f.host, e); });
  s.Creates("use without pointer", CL_INVALID_HOST_PTR,
            [&](cl_int* e) { return create(CL_MEM_USE_HOST_PTR, nullptr, e); });
  s.Creates("copy without pointer", CL_INVALID_HOST_PTR,
            [&](cl_int* e) { return create(CL_MEM_COPY_HOST_PTR, nullptr, e); });
  s.Creates("copy", CL_SUCCESS, [&](cl_int* e) { return create(CL_MEM_COPY_HOST_PTR, f.host, e); });
}

void FromBuffers(Suite& s, Fixture& f) {
  const auto create = [&](cl_mem buffer, size_t width, cl_int* e) {
    cl_image_desc shape = Shape(CL_MEM_OBJECT_IMAGE1D_BUFFER, width);
    shape.buffer = buffer;
    return clCreateImage(f.context, 0, &kRgba8, &shape, nullptr, e);
  };
  const Codes too_small = {CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_IMAGE_SIZE};
  s.Creates("1D of a buffer", CL_SUCCESS, [&](cl_int* e) { return create(f.buffer, 16, e); });
  s.Creates("1D of a buffer without width", too_small, [&](cl_int* e) { return create(f.buffer, 0, e); });
  s.Creates("1D of a buffer too small", too_small,
            [&](cl_int* e) { return create(f.buffer, Fixture::kBufferSize, e); });
  s.Creates("1D of a foreign buffer", {CL_INVALID_CONTEXT, CL_INVALID_IMAGE_DESCRIPTOR},
            [&](cl_int* e) { return create(f.foreign_buffer, 16, e); });
  s.Creates("1D of an image", {CL_INVALID_IMAGE_DESCRIPTOR, CL_INVALID_MEM_OBJECT},
            [&](cl_int* e) { return create(f.image, 16, e); });
  s.Creates("1D with a buffer", CL_INVALID_IMAGE_DESCRIPTOR, [&](cl_int* e) {
    cl_image_desc shape = Shape(CL_MEM_OBJECT_IMAGE1D, 16);
    shape.buffer = f.buffer;
    return clCreateImage(f.context, 0, &kRgba8, &shape, nullptr, e);
  });
  s.Creates("3D with a buffer", CL_INVALID_IMAGE_DESCRIPTOR, [&](cl_int* e) {
    cl_image_desc shape = Shape(CL_MEM_OBJECT_IMAGE3D, 4, 4, 2);
    shape.buffer = f.buffer;
    return clCreateImage(f.context, 0, &kRgba8, &shape, nullptr, e);
  });
}

void OldCreators(Suite& s, Fixture& f) {
  s.Group("clCreateImageWithProperties");
  const cl_image_desc shape = Flat();
  s.Creates("null properties", CL_SUCCESS, [&](cl_int* e) {
    return clCreateImageWithProperties(f.context, nullptr, 0, &kRgba8, &shape, nullptr, e);
  });
  s.Creates("unknown property", CL_INVALID_PROPERTY, [&](cl_int* e) {
    const cl_mem_properties unknown[] = {0x7777, 1, 0};
    return clCreateImageWithProperties(f.context, unknown, 0, &kRgba8, &shape, nullptr, e);
  });
  s.Group("clCreateImage2D");
  s.Creates("valid", CL_SUCCESS,
            [&](cl_int* e) { return clCreateImage2D(f.context, 0, &kRgba8, 16, 8, 0, nullptr, e); });
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateImage2D(nullptr, 0, &kRgba8, 16, 8, 0, nullptr, e); });
  s.Creates("null format", CL_INVALID_IMAGE_FORMAT_DESCRIPTOR,
            [&](cl_int* e) { return clCreateImage2D(f.context, 0, nullptr, 16, 8, 0, nullptr, e); });
  s.Creates("no width", CL_INVALID_IMAGE_SIZE,
            [&](cl_int* e) { return clCreateImage2D(f.context, 0, &kRgba8, 0, 8, 0, nullptr, e); });
  s.Creates("row pitch without pointer", {CL_INVALID_IMAGE_SIZE, CL_INVALID_IMAGE_DESCRIPTOR},
            [&](cl_int* e) { return clCreateImage2D(f.context, 0, &kRgba8, 16, 8, 64, nullptr, e); });
  s.Group("clCreateImage3D");
  s.Creates("valid", CL_SUCCESS,
            [&](cl_int* e) { return clCreateImage3D(f.context, 0, &kRgba8, 8, 4, 2, 0, 0, nullptr, e); });
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateImage3D(nullptr, 0, &kRgba8, 8, 4, 2, 0, 0, nullptr, e); });
  s.Creates("no depth", CL_INVALID_IMAGE_SIZE,
            [&](cl_int* e) { return clCreateImage3D(f.context, 0, &kRgba8, 8, 4, 0, 0, 0, nullptr, e); });
  s.Creates("depth one", {CL_INVALID_IMAGE_SIZE, CL_SUCCESS},
            [&](cl_int* e) { return clCreateImage3D(f.context, 0, &kRgba8, 8, 4, 1, 0, 0, nullptr, e); });
}

void Queries(Suite& s, Fixture& f) {
  cl_image_format formats[1];
  cl_uint count = 0;
  const auto supported = [&](cl_context context, cl_mem_flags flags, cl_mem_object_type type, cl_uint entries,
                             cl_image_format* list) {
    return clGetSupportedImageFormats(context, flags, type, entries, list, &count);
  };
  s.Group("clGetSupportedImageFormats");
  s.Returns("null context", CL_INVALID_CONTEXT,
            [&] { return supported(nullptr, 0, CL_MEM_OBJECT_IMAGE2D, 1, formats); });
  s.Returns("conflicting flags", CL_INVALID_VALUE, [&] {
    return supported(f.context, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, CL_MEM_OBJECT_IMAGE2D, 1, formats);
  });
  s.Returns("unknown flag", CL_INVALID_VALUE,
            [&] { return supported(f.context, cl_mem_flags{1} << 40, CL_MEM_OBJECT_IMAGE2D, 1, formats); });
  s.Returns("type buffer", CL_INVALID_VALUE,
            [&] { return supported(f.context, 0, CL_MEM_OBJECT_BUFFER, 1, formats); });
  s.Returns("type unknown", CL_INVALID_VALUE, [&] { return supported(f.context, 0, 0x7777, 1, formats); });
  s.Returns("no entries", CL_INVALID_VALUE,
            [&] { return supported(f.context, 0, CL_MEM_OBJECT_IMAGE2D, 0, formats); });
  s.Returns("count only", CL_SUCCESS,
            [&] { return supported(f.context, 0, CL_MEM_OBJECT_IMAGE2D, 0, nullptr); });
  s.Returns("kernel read and write", CL_SUCCESS, [&] {
    return supported(f.context, CL_MEM_KERNEL_READ_AND_WRITE, CL_MEM_OBJECT_IMAGE2D, 0, nullptr);
  });

  s.Group("clGetImageInfo");
  s.Returns("null image", CL_INVALID_MEM_OBJECT,
            [&] { return clGetImageInfo(nullptr, CL_IMAGE_WIDTH, sizeof f.host, f.host, nullptr); });
  s.Returns("a buffer", CL_INVALID_MEM_OBJECT,
            [&] { return clGetImageInfo(f.buffer, CL_IMAGE_WIDTH, sizeof f.host, f.host, nullptr); });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetImageInfo(f.image, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetImageInfo(f.image, CL_IMAGE_WIDTH, 4, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetImageInfo(f.image, CL_IMAGE_WIDTH, 0, nullptr, nullptr); });
}

}  // namespace

void ImageCases(Suite& s, Fixture& f) {
  if (!f.has_images) return;
  s.Group("clCreateImage");
  Formats(s, f);
  Shapes(s, f);
  ShapeMembers(s, f);
  FlagsAndPointers(s, f);
  FromBuffers(s, f);
  OldCreators(s, f);
  Queries(s, f);
}

}  // namespace clopencl::programs
