// Mapped images of every type: pitches, boxes, flags, and the program's own memory.
#include <cstring>
#include <string>
#include <vector>

#include "support/device.h"
#include "support/image.h"
#include "support/names.h"
#include "support/random.h"
#include "support/report.h"

namespace {

using namespace clopencl::programs;
using Bytes = std::vector<unsigned char>;

constexpr cl_image_format kFormat = {CL_RGBA, CL_UNSIGNED_INT8};
constexpr size_t kPixel = 4;

struct Mapping {
  unsigned char* data = nullptr;
  size_t row_pitch = 0;
  size_t slice_pitch = 0;

  // The bytes between rows, or between layers of one row.
  size_t RowStep(const ImageShape& shape) const {
    return shape.type == CL_MEM_OBJECT_IMAGE1D_ARRAY ? slice_pitch : row_pitch;
  }
};

class Test {
 public:
  void Run() {
    for (const ImageShape& shape : TestShapes()) {
      for (bool blocking : {true, false}) Reads(shape, blocking);
      Writes(shape, CL_MAP_WRITE);
      Writes(shape, CL_MAP_WRITE_INVALIDATE_REGION);
      Box(shape);
    }
    UsedMemory();
    Overlapping();
  }

 private:
  Mapping Map(cl_mem image, cl_map_flags flags, const Triple& origin, const Triple& region, bool blocking) {
    Mapping mapping;
    cl_int code = CL_SUCCESS;
    mapping.data = static_cast<unsigned char*>(
        clEnqueueMapImage(s_.queue, image, blocking, flags, origin.data(), region.data(), &mapping.row_pitch,
                          &mapping.slice_pitch, 0, nullptr, nullptr, &code));
    Must(code);
    if (!blocking) Must(clFinish(s_.queue));
    return mapping;
  }
  void Unmap(cl_mem image, const Mapping& mapping) {
    Must(clEnqueueUnmapMemObject(s_.queue, image, mapping.data, 0, nullptr, nullptr));
  }

  // The mapped box without its gaps.
  static Bytes Pack(const Mapping& mapping, const ImageShape& shape, const Triple& region) {
    Bytes packed;
    for (size_t z = 0; z < region[2]; ++z) {
      for (size_t y = 0; y < region[1]; ++y) {
        const unsigned char* row = mapping.data + z * mapping.slice_pitch + y * mapping.RowStep(shape);
        packed.insert(packed.end(), row, row + region[0] * kPixel);
      }
    }
    return packed;
  }
  static void Unpack(const Mapping& mapping, const ImageShape& shape, const Triple& region,
                     const Bytes& packed) {
    const unsigned char* from = packed.data();
    for (size_t z = 0; z < region[2]; ++z) {
      for (size_t y = 0; y < region[1]; ++y, from += region[0] * kPixel) {
        std::memcpy(mapping.data + z * mapping.slice_pitch + y * mapping.RowStep(shape), from,
                    region[0] * kPixel);
      }
    }
  }

  void Reads(const ImageShape& shape, bool blocking) {
    Bytes model = RandomBytes(shape.Pixels() * kPixel, 1);
    const Mem image = MakeImage(s_.context, shape, kFormat, CL_MEM_COPY_HOST_PTR, model.data());
    const Mapping mapping = Map(image, CL_MAP_READ, {}, shape.Region(), blocking);
    const std::string title = shape.Name() + (blocking ? ", blocking" : ", not blocking");
    ExpectEqual(Pack(mapping, shape, shape.Region()), model, title);
    Print(title + ", pitches", std::to_string(mapping.row_pitch) + " " + std::to_string(mapping.slice_pitch));
    Unmap(image, mapping);
    Must(clFinish(s_.queue));
  }

  void Writes(const ImageShape& shape, cl_map_flags flags) {
    const Bytes data = RandomBytes(shape.Pixels() * kPixel, 2);
    const Mem image = MakeImage(s_.context, shape, kFormat);
    const Mapping mapping = Map(image, flags, {}, shape.Region(), true);
    Unpack(mapping, shape, shape.Region(), data);
    Unmap(image, mapping);
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), kPixel), data,
                shape.Name() + (flags == CL_MAP_WRITE ? ", written" : ", invalidated and written"));
  }

  void Box(const ImageShape& shape) {
    Bytes model = RandomBytes(shape.Pixels() * kPixel, 3);
    const Mem image = MakeImage(s_.context, shape, kFormat, CL_MEM_COPY_HOST_PTR, model.data());
    const Triple origin = {shape.width / 4, shape.height / 3, shape.depth / 2};
    const Triple region = {shape.width / 2, shape.height - shape.height / 3, shape.depth - shape.depth / 2};
    const ImageShape box = {shape.type, region[0], region[1], region[2]};
    Bytes expected(box.Pixels() * kPixel);
    CopyPixels(expected, box, {}, model, shape, origin, region, kPixel);
    const Mapping mapping = Map(image, CL_MAP_READ | CL_MAP_WRITE, origin, region, true);
    ExpectEqual(Pack(mapping, shape, region), expected, shape.Name() + ", box");
    for (unsigned char& byte : expected) byte ^= 0xff;
    Unpack(mapping, shape, region, expected);
    Unmap(image, mapping);
    CopyPixels(model, shape, origin, expected, box, {}, region, kPixel);
    ExpectEqual(ReadImage(s_.queue, image, {}, shape.Region(), kPixel), model,
                shape.Name() + ", box written");
  }

  void UsedMemory() {
    const ImageShape shape = {CL_MEM_OBJECT_IMAGE2D, 64, 32, 1};
    alignas(4096) static unsigned char memory[64 * 32 * 4];
    const Bytes data = RandomBytes(sizeof memory, 4);
    std::copy(data.begin(), data.end(), memory);
    const Mem image = MakeImage(s_.context, shape, kFormat, CL_MEM_USE_HOST_PTR, memory);
    const Bytes part = RandomBytes(16 * 16 * 4, 5);
    WriteImage(s_.queue, image, {8, 8, 0}, {16, 16, 1}, part.data());
    const Mapping mapping = Map(image, CL_MAP_READ, {}, shape.Region(), true);
    Expect(mapping.data == memory, "mapping of used memory is that memory");
    Bytes expected = data;
    CopyPixels(expected, shape, {8, 8, 0}, part, {CL_MEM_OBJECT_IMAGE2D, 16, 16, 1}, {}, {16, 16, 1}, kPixel);
    ExpectBytes(memory, expected.data(), sizeof memory, "used memory");
    Unmap(image, mapping);
    Must(clFinish(s_.queue));
  }

  void Overlapping() {
    const ImageShape shape = {CL_MEM_OBJECT_IMAGE2D, 64, 32, 1};
    Bytes model = RandomBytes(shape.Pixels() * kPixel, 6);
    const Mem image = MakeImage(s_.context, shape, kFormat, CL_MEM_COPY_HOST_PTR, model.data());
    std::vector<Mapping> mappings;
    for (size_t i = 0; i < 5; ++i) mappings.push_back(Map(image, CL_MAP_READ, {i, i, 0}, {40, 20, 1}, true));
    for (size_t i = 0; i < 5; ++i) {
      const ImageShape box = {CL_MEM_OBJECT_IMAGE2D, 40, 20, 1};
      Bytes expected(box.Pixels() * kPixel);
      CopyPixels(expected, box, {}, model, shape, {i, i, 0}, box.Region(), kPixel);
      ExpectEqual(Pack(mappings[i], box, box.Region()), expected, "overlapping mapping " + std::to_string(i));
    }
    for (const Mapping& mapping : mappings) Unmap(image, mapping);
    Must(clFinish(s_.queue));
  }

  Session s_;
};

}  // namespace

int main() {
  if (!ChooseDevice().HasImages()) Skip("the device has no images");
  Test().Run();
  return ExitCode();
}
