// Copies between images of all types, and between images and buffers, compared with models in host memory.
#include <algorithm>
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

struct Modelled {
  Modelled(const Session& s, const ImageShape& image_shape, uint64_t seed)
      : shape(image_shape), model(RandomBytes(shape.Pixels() * kPixel, seed)) {
    image = MakeImage(s.context, shape, kFormat, CL_MEM_COPY_HOST_PTR, model.data());
  }
  Bytes Read(cl_command_queue queue) const { return ReadImage(queue, image, {}, shape.Region(), kPixel); }

  ImageShape shape;
  Bytes model;
  Mem image;
};

// A region that fits into both shapes. Layers of 1D arrays do not mix with rows of others.
Triple CommonRegion(Random& random, const ImageShape& a, const ImageShape& b) {
  Triple region;
  for (size_t i = 0; i < 3; ++i) region[i] = 1 + random.Below(std::min(a.Region()[i], b.Region()[i]));
  return region;
}

Triple Origin(Random& random, const Triple& region, const ImageShape& shape) {
  const Triple size = shape.Region();
  return {random.Below(size[0] - region[0] + 1), random.Below(size[1] - region[1] + 1),
          random.Below(size[2] - region[2] + 1)};
}

class Test {
 public:
  void Run() {
    const std::vector<ImageShape> shapes = TestShapes();
    for (const ImageShape& from : shapes) {
      for (const ImageShape& to : shapes) {
        const bool arrays =
            from.type == CL_MEM_OBJECT_IMAGE1D_ARRAY || to.type == CL_MEM_OBJECT_IMAGE1D_ARRAY;
        if (!arrays || from.type == to.type) Between(from, to);
      }
      ToBuffer(from);
      FromBuffer(from);
      Within(from);
    }
    Chain();
  }

 private:
  void Between(const ImageShape& from_shape, const ImageShape& to_shape) {
    Random random(from_shape.Pixels() * 31 + to_shape.Pixels());
    const Modelled from(s_, from_shape, 1);
    Modelled to(s_, to_shape, 2);
    for (int i = 0; i < 3; ++i) {
      const Triple region = CommonRegion(random, from_shape, to_shape);
      const Triple from_origin = Origin(random, region, from_shape);
      const Triple to_origin = Origin(random, region, to_shape);
      Must(clEnqueueCopyImage(s_.queue, from.image, to.image, from_origin.data(), to_origin.data(),
                              region.data(), 0, nullptr, nullptr));
      CopyPixels(to.model, to_shape, to_origin, from.model, from_shape, from_origin, region, kPixel);
    }
    ExpectEqual(to.Read(s_.queue), to.model, from_shape.Name() + " to " + to_shape.Name());
  }

  void ToBuffer(const ImageShape& shape) {
    Random random(shape.Pixels());
    const Modelled from(s_, shape, 3);
    Bytes model = RandomBytes(from.model.size() + 1000, 4);
    const Mem buffer = MakeBuffer(s_.context, model.size(), CL_MEM_COPY_HOST_PTR, model.data());
    for (int i = 0; i < 3; ++i) {
      const Triple region = CommonRegion(random, shape, shape);
      const Triple origin = Origin(random, region, shape);
      const ImageShape box = {shape.type, region[0], region[1], region[2]};
      Bytes packed(box.Pixels() * kPixel);
      CopyPixels(packed, box, {}, from.model, shape, origin, region, kPixel);
      const size_t offset = random.Below(model.size() - packed.size() + 1);
      Must(clEnqueueCopyImageToBuffer(s_.queue, from.image, buffer, origin.data(), region.data(), offset, 0,
                                      nullptr, nullptr));
      std::copy(packed.begin(), packed.end(), model.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    ExpectEqual(ReadVector<unsigned char>(s_.queue, buffer, model.size()), model,
                shape.Name() + " to buffer");
  }

  void FromBuffer(const ImageShape& shape) {
    Random random(shape.Pixels() + 1);
    Modelled to(s_, shape, 5);
    Bytes data = RandomBytes(to.model.size() + 1000, 6);
    const Mem buffer = MakeBuffer(s_.context, data.size(), CL_MEM_COPY_HOST_PTR, data.data());
    for (int i = 0; i < 3; ++i) {
      const Triple region = CommonRegion(random, shape, shape);
      const Triple origin = Origin(random, region, shape);
      const ImageShape box = {shape.type, region[0], region[1], region[2]};
      const size_t size = box.Pixels() * kPixel;
      const size_t offset = random.Below(data.size() - size + 1);
      Must(clEnqueueCopyBufferToImage(s_.queue, buffer, to.image, offset, origin.data(), region.data(), 0,
                                      nullptr, nullptr));
      const Bytes packed(data.begin() + static_cast<std::ptrdiff_t>(offset),
                         data.begin() + static_cast<std::ptrdiff_t>(offset + size));
      CopyPixels(to.model, shape, origin, packed, box, {}, region, kPixel);
    }
    ExpectEqual(to.Read(s_.queue), to.model, "buffer to " + shape.Name());
  }

  // From one half of an image to the other.
  void Within(const ImageShape& shape) {
    Modelled image(s_, shape, 7);
    const Triple region = {shape.width / 2, shape.height, shape.depth};
    const Triple from = {0, 0, 0};
    const Triple to = {shape.width - region[0], 0, 0};
    Must(clEnqueueCopyImage(s_.queue, image.image, image.image, from.data(), to.data(), region.data(), 0,
                            nullptr, nullptr));
    const Bytes before = image.model;
    CopyPixels(image.model, shape, to, before, shape, from, region, kPixel);
    ExpectEqual(image.Read(s_.queue), image.model, "within " + shape.Name());
  }

  // A picture that goes through buffers and images without the host waiting.
  void Chain() {
    const ImageShape shape = {CL_MEM_OBJECT_IMAGE2D, 200, 100, 1};
    const ImageShape cube = {CL_MEM_OBJECT_IMAGE3D, 200, 100, 3};
    const Modelled first(s_, shape, 8);
    const Modelled second(s_, cube, 9);
    const Modelled third(s_, shape, 10);
    const Mem buffer = MakeBuffer(s_.context, first.model.size());
    const Triple zero = {};
    const Triple slice = {0, 0, 2};
    const Triple region = shape.Region();
    Must(clEnqueueCopyImage(s_.queue, first.image, second.image, zero.data(), slice.data(), region.data(), 0,
                            nullptr, nullptr));
    Must(clEnqueueCopyImageToBuffer(s_.queue, second.image, buffer, slice.data(), region.data(), 0, 0,
                                    nullptr, nullptr));
    Must(clEnqueueCopyBufferToImage(s_.queue, buffer, third.image, 0, zero.data(), region.data(), 0, nullptr,
                                    nullptr));
    ExpectEqual(third.Read(s_.queue), first.model, "chain of copies");
  }

  Session s_;
};

}  // namespace

int main() {
  if (!ChooseDevice().HasImages()) Skip("the device has no images");
  Test().Run();
  return ExitCode();
}
