// Steps on images.
#include <algorithm>

#include "command_graph/graph.h"
#include "support/report.h"

namespace clopencl::programs {
namespace {

constexpr ImageShape kShape = {CL_MEM_OBJECT_IMAGE2D, 64, 48, 1};
constexpr cl_image_format kFormat = {CL_RGBA, CL_UNSIGNED_INT8};
constexpr size_t kPixel = 4;

ImageShape Box(const Triple& region) { return {CL_MEM_OBJECT_IMAGE2D, region[0], region[1], 1}; }

}  // namespace

std::unique_ptr<Graph::Object> Graph::NewImage() {
  auto object = std::make_unique<Object>();
  object->image = true;
  object->model = RandomBytes(kShape.Pixels() * kPixel, random_.Next());
  object->mem = MakeImage(s_.context, kShape, kFormat, CL_MEM_COPY_HOST_PTR, object->model.data());
  return object;
}

Triple Graph::AnyRegion() { return {1 + random_.Below(kShape.width), 1 + random_.Below(kShape.height), 1}; }

Triple Graph::AnyOrigin(const Triple& region) {
  return {random_.Below(kShape.width - region[0] + 1), random_.Below(kShape.height - region[1] + 1), 0};
}

// A place for `size` bytes in a buffer; false when it is too small.
bool Graph::AnyPlace(const Object& buffer, size_t size, size_t* offset) {
  if (size > buffer.model.size()) return false;
  *offset = random_.Below(buffer.model.size() - size + 1);
  return true;
}

void Graph::WriteBox() {
  ++counts_["image writes"];
  Object& image = AnyObject(true);
  const Triple region = AnyRegion();
  const Triple origin = AnyOrigin(region);
  data_.push_back(RandomBytes(Box(region).Pixels() * kPixel, random_.Next()));
  const std::vector<cl_event> wait = Wait({&image}, {});
  Event event;
  Must(clEnqueueWriteImage(AnyQueue(), image.mem, CL_FALSE, origin.data(), region.data(), 0, 0,
                           data_.back().data(), CountOf(wait), ListOf(wait), event.Out()));
  CopyPixels(image.model, kShape, origin, data_.back(), Box(region), {}, region, kPixel);
  Note(event, {&image}, {});
}

void Graph::ImageToBuffer() {
  ++counts_["images to buffers"];
  Object& image = AnyObject(true);
  Object& buffer = AnyObject(false);
  const Triple region = AnyRegion();
  const Triple origin = AnyOrigin(region);
  const size_t size = Box(region).Pixels() * kPixel;
  size_t offset = 0;
  if (!AnyPlace(buffer, size, &offset)) return;
  const std::vector<cl_event> wait = Wait({&buffer}, {&image});
  Event event;
  Must(clEnqueueCopyImageToBuffer(AnyQueue(), image.mem, buffer.mem, origin.data(), region.data(), offset,
                                  CountOf(wait), ListOf(wait), event.Out()));
  Bytes packed(size);
  CopyPixels(packed, Box(region), {}, image.model, kShape, origin, region, kPixel);
  std::copy(packed.begin(), packed.end(), buffer.model.begin() + static_cast<std::ptrdiff_t>(offset));
  Note(event, {&buffer}, {&image});
}

void Graph::BufferToImage() {
  ++counts_["buffers to images"];
  Object& image = AnyObject(true);
  Object& buffer = AnyObject(false);
  const Triple region = AnyRegion();
  const Triple origin = AnyOrigin(region);
  const size_t size = Box(region).Pixels() * kPixel;
  size_t offset = 0;
  if (!AnyPlace(buffer, size, &offset)) return;
  const std::vector<cl_event> wait = Wait({&image}, {&buffer});
  Event event;
  Must(clEnqueueCopyBufferToImage(AnyQueue(), buffer.mem, image.mem, offset, origin.data(), region.data(),
                                  CountOf(wait), ListOf(wait), event.Out()));
  const Bytes packed(&buffer.model[offset], &buffer.model[offset] + size);
  CopyPixels(image.model, kShape, origin, packed, Box(region), {}, region, kPixel);
  Note(event, {&image}, {&buffer});
}

void Graph::CopyBetweenImages() {
  ++counts_["image copies"];
  Object& from = AnyObject(true);
  Object& to = AnyObject(true);
  if (&from == &to) return;
  const Triple region = AnyRegion();
  const Triple source = AnyOrigin(region);
  const Triple target = AnyOrigin(region);
  const std::vector<cl_event> wait = Wait({&to}, {&from});
  Event event;
  Must(clEnqueueCopyImage(AnyQueue(), from.mem, to.mem, source.data(), target.data(), region.data(),
                          CountOf(wait), ListOf(wait), event.Out()));
  CopyPixels(to.model, kShape, target, from.model, kShape, source, region, kPixel);
  Note(event, {&to}, {&from});
}

}  // namespace clopencl::programs
