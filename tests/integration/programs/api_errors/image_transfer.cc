// clEnqueueReadImage, clEnqueueWriteImage and clEnqueueFillImage.
#include <array>

#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

using Triple = std::array<size_t, 3>;

struct Box {
  cl_mem image;
  Triple origin;
  Triple region;
};

struct BoxCase {
  const char* name;
  Codes codes;
  Box box;
};

// Boxes within, at the edge of and beyond images of one, two and three dimensions.
std::vector<BoxCase> BoxCases(const Fixture& f) {
  const size_t w = Fixture::kImageWidth;
  const size_t h = Fixture::kImageHeight;
  const Codes bad = CL_INVALID_VALUE;
  return {
      {"null image", CL_INVALID_MEM_OBJECT, {nullptr, {0, 0, 0}, {1, 1, 1}}},
      {"a buffer", CL_INVALID_MEM_OBJECT, {f.buffer, {0, 0, 0}, {1, 1, 1}}},
      {"foreign image", CL_INVALID_CONTEXT, {f.foreign_image, {0, 0, 0}, {1, 1, 1}}},
      {"whole 2D", CL_SUCCESS, {f.image, {0, 0, 0}, {w, h, 1}}},
      {"2D, last pixel", CL_SUCCESS, {f.image, {w - 1, h - 1, 0}, {1, 1, 1}}},
      {"2D, width zero", bad, {f.image, {0, 0, 0}, {0, 1, 1}}},
      {"2D, height zero", bad, {f.image, {0, 0, 0}, {1, 0, 1}}},
      {"2D, depth zero", bad, {f.image, {0, 0, 0}, {1, 1, 0}}},
      {"2D, depth two", bad, {f.image, {0, 0, 0}, {1, 1, 2}}},
      {"2D, slice one", bad, {f.image, {0, 0, 1}, {1, 1, 1}}},
      {"2D, too wide", bad, {f.image, {0, 0, 0}, {w + 1, 1, 1}}},
      {"2D, too high", bad, {f.image, {0, 0, 0}, {1, h + 1, 1}}},
      {"2D, beyond by origin", bad, {f.image, {w, 0, 0}, {1, 1, 1}}},
      {"2D, end beyond", bad, {f.image, {w - 1, 0, 0}, {2, 1, 1}}},
      {"2D, region wraps around", bad, {f.image, {1, 0, 0}, {~size_t{0}, 1, 1}}},
      {"whole 1D", CL_SUCCESS, {f.image1d, {0, 0, 0}, {w, 1, 1}}},
      {"1D, height two", bad, {f.image1d, {0, 0, 0}, {1, 2, 1}}},
      {"1D, row one", bad, {f.image1d, {0, 1, 0}, {1, 1, 1}}},
      {"whole 3D", CL_SUCCESS, {f.image3d, {0, 0, 0}, {w, h, 4}}},
      {"3D, too deep", bad, {f.image3d, {0, 0, 0}, {1, 1, 5}}},
      {"3D, slice beyond", bad, {f.image3d, {0, 0, 4}, {1, 1, 1}}},
  };
}

// `enqueue(queue, image, blocking, origin, region, row_pitch, slice_pitch, pointer, …)`.
template <typename Enqueue>
void HostCases(Suite& s, Fixture& f, Enqueue enqueue) {
  const Triple origin = {0, 0, 0};
  const Triple region = {4, 4, 1};
  const auto with = [&](const Box& box, size_t row, size_t slice, void* host, cl_event* v) {
    return enqueue(f.queue, box.image, CL_FALSE, box.origin.data(), box.region.data(), row, slice, host, 0,
                   nullptr, v);
  };
  BlockingWaitListCases(
      s, f, [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        return enqueue(queue, f.image, blocking, origin.data(), region.data(), 0, 0, f.host, count, list, v);
      });
  for (const BoxCase& one : BoxCases(f)) {
    s.Enqueues(one.name, one.codes, [&](cl_event* v) { return with(one.box, 0, 0, f.host, v); });
  }
  const Box flat = {f.image, origin, region};
  const Box deep = {f.image3d, origin, {4, 4, 2}};
  s.Enqueues("null pointer", CL_INVALID_VALUE, [&](cl_event* v) { return with(flat, 0, 0, nullptr, v); });
  s.Enqueues("row pitch exact", CL_SUCCESS, [&](cl_event* v) { return with(flat, 16, 0, f.host, v); });
  s.Enqueues("row pitch wide", CL_SUCCESS, [&](cl_event* v) { return with(flat, 20, 0, f.host, v); });
  s.Enqueues("row pitch too small", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(flat, 15, 0, f.host, v); });
  s.Enqueues("2D, slice pitch", {CL_INVALID_VALUE, CL_SUCCESS},
             [&](cl_event* v) { return with(flat, 16, 64, f.host, v); });
  s.Enqueues("slice pitch exact", CL_SUCCESS, [&](cl_event* v) { return with(deep, 16, 64, f.host, v); });
  s.Enqueues("slice pitch wide", CL_SUCCESS, [&](cl_event* v) { return with(deep, 16, 128, f.host, v); });
  s.Enqueues("slice pitch too small", CL_INVALID_VALUE,
             [&](cl_event* v) { return with(deep, 16, 48, f.host, v); });
  s.Enqueues("null origin", CL_INVALID_VALUE, [&](cl_event* v) {
    return enqueue(f.queue, f.image, CL_FALSE, nullptr, region.data(), 0, 0, f.host, 0, nullptr, v);
  });
  s.Enqueues("null region", CL_INVALID_VALUE, [&](cl_event* v) {
    return enqueue(f.queue, f.image, CL_FALSE, origin.data(), nullptr, 0, 0, f.host, 0, nullptr, v);
  });
}

void FillCases(Suite& s, Fixture& f) {
  const cl_uint color[4] = {1, 2, 3, 4};
  const Triple origin = {0, 0, 0};
  const Triple region = {4, 4, 1};
  s.Group("clEnqueueFillImage");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return clEnqueueFillImage(queue, f.image, color, origin.data(), region.data(), count, list, v);
  });
  for (const BoxCase& one : BoxCases(f)) {
    s.Enqueues(one.name, one.codes, [&](cl_event* v) {
      return clEnqueueFillImage(f.queue, one.box.image, color, one.box.origin.data(), one.box.region.data(),
                                0, nullptr, v);
    });
  }
  s.Enqueues("null color", CL_INVALID_VALUE, [&](cl_event* v) {
    return clEnqueueFillImage(f.queue, f.image, nullptr, origin.data(), region.data(), 0, nullptr, v);
  });
  s.Enqueues("null origin", CL_INVALID_VALUE, [&](cl_event* v) {
    return clEnqueueFillImage(f.queue, f.image, color, nullptr, region.data(), 0, nullptr, v);
  });
  s.Enqueues("null region", CL_INVALID_VALUE, [&](cl_event* v) {
    return clEnqueueFillImage(f.queue, f.image, color, origin.data(), nullptr, 0, nullptr, v);
  });
}

void AccessCases(Suite& s, Fixture& f) {
  const cl_image_format format = {CL_RGBA, CL_UNSIGNED_INT8};
  cl_image_desc shape = {};
  shape.image_type = CL_MEM_OBJECT_IMAGE2D;
  shape.image_width = shape.image_height = 4;
  const auto image = [&](cl_mem_flags flags) {
    return Mem(clCreateImage(f.context, flags, &format, &shape, nullptr, nullptr));
  };
  const Mem no_access = image(CL_MEM_HOST_NO_ACCESS);
  const Mem write_only = image(CL_MEM_HOST_WRITE_ONLY);
  const Mem read_only = image(CL_MEM_HOST_READ_ONLY);
  const Triple origin = {0, 0, 0};
  const Triple region = {4, 4, 1};
  const auto read = [&](cl_mem from, cl_event* v) {
    return clEnqueueReadImage(f.queue, from, CL_FALSE, origin.data(), region.data(), 0, 0, f.host, 0, nullptr,
                              v);
  };
  const auto write = [&](cl_mem to, cl_event* v) {
    return clEnqueueWriteImage(f.queue, to, CL_FALSE, origin.data(), region.data(), 0, 0, f.host, 0, nullptr,
                               v);
  };
  s.Group("clEnqueueReadImage");
  s.Enqueues("host has no access", CL_INVALID_OPERATION, [&](cl_event* v) { return read(no_access, v); });
  s.Enqueues("host may only write", CL_INVALID_OPERATION, [&](cl_event* v) { return read(write_only, v); });
  s.Enqueues("host may only read", CL_SUCCESS, [&](cl_event* v) { return read(read_only, v); });
  s.Group("clEnqueueWriteImage");
  s.Enqueues("host has no access", CL_INVALID_OPERATION, [&](cl_event* v) { return write(no_access, v); });
  s.Enqueues("host may only read", CL_INVALID_OPERATION, [&](cl_event* v) { return write(read_only, v); });
  s.Enqueues("host may only write", CL_SUCCESS, [&](cl_event* v) { return write(write_only, v); });
}

}  // namespace

void ImageTransferCases(Suite& s, Fixture& f) {
  if (!f.has_images) return;
  s.Group("clEnqueueReadImage");
  HostCases(s, f, clEnqueueReadImage);
  s.Group("clEnqueueWriteImage");
  HostCases(s, f, clEnqueueWriteImage);
  FillCases(s, f);
  AccessCases(s, f);
}

}  // namespace clopencl::programs
