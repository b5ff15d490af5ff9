// clEnqueueCopyImage, clEnqueueCopyImageToBuffer and clEnqueueCopyBufferToImage.
#include <array>

#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

using Triple = std::array<size_t, 3>;

constexpr size_t kWidth = Fixture::kImageWidth;
constexpr size_t kHeight = Fixture::kImageHeight;

void ImageToImage(Suite& s, Fixture& f) {
  struct Copy {
    cl_mem from;
    cl_mem to;
    Triple from_origin = {0, 0, 0};
    Triple to_origin = {0, 0, 0};
    Triple region = {4, 4, 1};
  };
  const auto call = [&](const Copy& c, cl_command_queue queue, cl_uint count, const cl_event* list,
                        cl_event* v) {
    return clEnqueueCopyImage(queue, c.from, c.to, c.from_origin.data(), c.to_origin.data(), c.region.data(),
                              count, list, v);
  };
  const cl_mem a = f.image;
  const cl_mem b = f.other_image;
  const Codes bad = CL_INVALID_VALUE;
  s.Group("clEnqueueCopyImage");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return call({a, b}, queue, count, list, v);
  });
  const struct {
    const char* name;
    Codes codes;
    Copy copy;
  } cases[] = {
      {"null source", CL_INVALID_MEM_OBJECT, {nullptr, b}},
      {"null target", CL_INVALID_MEM_OBJECT, {a, nullptr}},
      {"source is a buffer", CL_INVALID_MEM_OBJECT, {f.buffer, b}},
      {"target is a buffer", CL_INVALID_MEM_OBJECT, {a, f.buffer}},
      {"foreign source", CL_INVALID_CONTEXT, {f.foreign_image, b}},
      {"foreign target", CL_INVALID_CONTEXT, {a, f.foreign_image}},
      {"another format", CL_IMAGE_FORMAT_MISMATCH, {a, f.float_image}},
      {"whole", CL_SUCCESS, {a, b, {}, {}, {kWidth, kHeight, 1}}},
      {"width zero", bad, {a, b, {}, {}, {0, 1, 1}}},
      {"height zero", bad, {a, b, {}, {}, {1, 0, 1}}},
      {"depth zero", bad, {a, b, {}, {}, {1, 1, 0}}},
      {"source's end beyond", bad, {a, b, {kWidth - 1, 0, 0}, {}, {2, 1, 1}}},
      {"target's end beyond", bad, {a, b, {}, {0, kHeight - 1, 0}, {1, 2, 1}}},
      {"source's slice one", bad, {a, b, {0, 0, 1}, {}, {1, 1, 1}}},
      {"target's slice one", bad, {a, b, {}, {0, 0, 1}, {1, 1, 1}}},
      {"depth two", bad, {a, b, {}, {}, {1, 1, 2}}},
      {"2D into 3D", CL_SUCCESS, {a, f.image3d, {}, {0, 0, 2}, {4, 4, 1}}},
      {"3D into 2D", CL_SUCCESS, {f.image3d, b, {0, 0, 3}, {}, {4, 4, 1}}},
      {"3D slices apart", CL_SUCCESS, {f.image3d, f.image3d, {0, 0, 0}, {0, 0, 2}, {4, 4, 2}}},
      {"3D slices overlapping", CL_MEM_COPY_OVERLAP, {f.image3d, f.image3d, {0, 0, 0}, {0, 0, 1}, {4, 4, 2}}},
      {"one image, apart", CL_SUCCESS, {a, a, {0, 0, 0}, {8, 0, 0}}},
      {"one image, onto itself", CL_MEM_COPY_OVERLAP, {a, a}},
      {"one image, overlapping", CL_MEM_COPY_OVERLAP, {a, a, {0, 0, 0}, {3, 3, 0}}},
  };
  for (const auto& one : cases) {
    s.Enqueues(one.name, one.codes, [&](cl_event* v) { return call(one.copy, f.queue, 0, nullptr, v); });
  }
  const Triple origin = {};
  const Triple region = {4, 4, 1};
  s.Enqueues("null source origin", bad, [&](cl_event* v) {
    return clEnqueueCopyImage(f.queue, a, b, nullptr, origin.data(), region.data(), 0, nullptr, v);
  });
  s.Enqueues("null target origin", bad, [&](cl_event* v) {
    return clEnqueueCopyImage(f.queue, a, b, origin.data(), nullptr, region.data(), 0, nullptr, v);
  });
  s.Enqueues("null region", bad, [&](cl_event* v) {
    return clEnqueueCopyImage(f.queue, a, b, origin.data(), origin.data(), nullptr, 0, nullptr, v);
  });
}

// Both directions between image and buffer, seen from the image.
struct Mixed {
  cl_mem image;
  cl_mem buffer;
  Triple origin = {0, 0, 0};
  Triple region = {4, 4, 1};
  size_t offset = 0;
};

template <typename Enqueue>
void WithBuffer(Suite& s, Fixture& f, Enqueue enqueue) {
  const Codes bad = CL_INVALID_VALUE;
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return enqueue(queue, Mixed{f.image, f.buffer}, count, list, v);
  });
  const struct {
    const char* name;
    Codes codes;
    Mixed mixed;
  } cases[] = {
      {"null image", CL_INVALID_MEM_OBJECT, {nullptr, f.buffer}},
      {"null buffer", CL_INVALID_MEM_OBJECT, {f.image, nullptr}},
      {"image is a buffer", CL_INVALID_MEM_OBJECT, {f.other_buffer, f.buffer}},
      {"buffer is an image", CL_INVALID_MEM_OBJECT, {f.image, f.other_image}},
      {"foreign image", CL_INVALID_CONTEXT, {f.foreign_image, f.buffer}},
      {"foreign buffer", CL_INVALID_CONTEXT, {f.image, f.foreign_buffer}},
      {"whole image", CL_SUCCESS, {f.image, f.buffer, {}, {kWidth, kHeight, 1}}},
      {"offset odd", CL_SUCCESS, {f.image, f.buffer, {}, {4, 4, 1}, 3}},
      {"buffer's last byte", CL_SUCCESS, {f.image, f.buffer, {}, {4, 4, 1}, Fixture::kBufferSize - 64}},
      {"one byte beyond", bad, {f.image, f.buffer, {}, {4, 4, 1}, Fixture::kBufferSize - 63}},
      {"offset beyond", bad, {f.image, f.buffer, {}, {1, 1, 1}, Fixture::kBufferSize + 4}},
      {"offset wraps around", bad, {f.image, f.buffer, {}, {1, 1, 1}, ~size_t{0} - 1}},
      {"width zero", bad, {f.image, f.buffer, {}, {0, 1, 1}}},
      {"depth zero", bad, {f.image, f.buffer, {}, {1, 1, 0}}},
      {"depth two", bad, {f.image, f.buffer, {}, {1, 1, 2}}},
      {"image's end beyond", bad, {f.image, f.buffer, {kWidth - 1, 0, 0}, {2, 1, 1}}},
      {"image's slice one", bad, {f.image, f.buffer, {0, 0, 1}, {1, 1, 1}}},
      {"3D", CL_SUCCESS, {f.image3d, f.buffer, {0, 0, 1}, {4, 4, 3}}},
      {"3D too deep", bad, {f.image3d, f.buffer, {0, 0, 1}, {4, 4, 4}}},
  };
  for (const auto& one : cases) {
    s.Enqueues(one.name, one.codes, [&](cl_event* v) { return enqueue(f.queue, one.mixed, 0, nullptr, v); });
  }
}

}  // namespace

void ImageCopyCases(Suite& s, Fixture& f) {
  if (!f.has_images) return;
  ImageToImage(s, f);
  s.Group("clEnqueueCopyImageToBuffer");
  WithBuffer(s, f,
             [](cl_command_queue queue, const Mixed& m, cl_uint count, const cl_event* list, cl_event* v) {
               return clEnqueueCopyImageToBuffer(queue, m.image, m.buffer, m.origin.data(), m.region.data(),
                                                 m.offset, count, list, v);
             });
  s.Group("clEnqueueCopyBufferToImage");
  WithBuffer(s, f,
             [](cl_command_queue queue, const Mixed& m, cl_uint count, const cl_event* list, cl_event* v) {
               return clEnqueueCopyBufferToImage(queue, m.buffer, m.image, m.offset, m.origin.data(),
                                                 m.region.data(), count, list, v);
             });
}

}  // namespace clopencl::programs
