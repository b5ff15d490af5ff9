// Steps on buffers.
#include <algorithm>
#include <cstring>

#include "command_graph/graph.h"
#include "support/rect.h"
#include "support/report.h"

namespace clopencl::programs {

void Graph::Write() {
  ++counts_["writes"];
  Object& object = AnyObject(false);
  const Window window = AnyWindow(object);
  data_.push_back(RandomBytes(window.size, random_.Next()));
  const bool blocking = random_.OneIn(5);
  if (blocking) OpenGates();
  const std::vector<cl_event> wait = Wait({&object}, {});
  if (blocking) OpenGates();
  Event event;
  Must(clEnqueueWriteBuffer(AnyQueue(), window.mem, blocking, window.offset, window.size, data_.back().data(),
                            CountOf(wait), ListOf(wait), event.Out()));
  std::memcpy(window.Model(object), data_.back().data(), window.size);
  Note(event, {&object}, {});
}

void Graph::Read() {
  ++counts_["reads"];
  Object& object = AnyObject(false);
  const Window window = AnyWindow(object);
  const unsigned char* at = window.Model(object);
  data_.push_back(Bytes(window.size));
  const std::vector<cl_event> wait = Wait({}, {&object});
  Event event;
  Must(clEnqueueReadBuffer(AnyQueue(), window.mem, CL_FALSE, window.offset, window.size, data_.back().data(),
                           CountOf(wait), ListOf(wait), event.Out()));
  reads_.emplace_back(&data_.back(), Bytes(at, at + window.size));
  Note(event, {}, {&object});
}

void Graph::Copy() {
  ++counts_["copies"];
  Object& from = AnyObject(false);
  Object& to = AnyObject(false);
  if (&from == &to) return;
  const Window source = AnyWindow(from);
  const unsigned char* data = source.Model(from);
  const Window target = AnyWindow(to);
  unsigned char* place = target.Model(to);
  const size_t size = std::min(source.size, target.size);
  const std::vector<cl_event> wait = Wait({&to}, {&from});
  Event event;
  Must(clEnqueueCopyBuffer(AnyQueue(), source.mem, target.mem, source.offset, target.offset, size,
                           CountOf(wait), ListOf(wait), event.Out()));
  std::memcpy(place, data, size);
  Note(event, {&to}, {&from});
}

void Graph::Fill() {
  ++counts_["fills"];
  Object& object = AnyObject(false);
  const size_t unit = size_t{1} << random_.Below(8);
  const size_t units = object.model.size() / unit;
  if (units == 0) return;
  const size_t first = random_.Below(units);
  const size_t count = 1 + random_.Below(units - first);
  const Bytes pattern = RandomBytes(unit, random_.Next());
  const std::vector<cl_event> wait = Wait({&object}, {});
  Event event;
  Must(clEnqueueFillBuffer(AnyQueue(), object.mem, pattern.data(), unit, first * unit, count * unit,
                           CountOf(wait), ListOf(wait), event.Out()));
  for (size_t i = first; i < first + count; ++i) std::memcpy(&object.model[i * unit], pattern.data(), unit);
  Note(event, {&object}, {});
}

void Graph::CopyRect() {
  ++counts_["rectangular copies"];
  Object& from = AnyObject(false);
  Object& to = AnyObject(false);
  if (&from == &to) return;
  const Triple region = {1 + random_.Below(20), 1 + random_.Below(10), 1 + random_.Below(3)};
  const BoxLayout source = {{random_.Below(8), random_.Below(2), 0}, 28, 28 * 11};
  const BoxLayout target = {{random_.Below(4), random_.Below(3), 0}, 24, 24 * 12};
  const std::vector<cl_event> wait = Wait({&to}, {&from});
  Event event;
  Must(clEnqueueCopyBufferRect(AnyQueue(), from.mem, to.mem, source.origin.data(), target.origin.data(),
                               region.data(), source.row_pitch, source.slice_pitch, target.row_pitch,
                               target.slice_pitch, CountOf(wait), ListOf(wait), event.Out()));
  CopyBox(to.model.data(), target, from.model.data(), source, region);
  Note(event, {&to}, {&from});
}

void Graph::MapAndChange() {
  ++counts_["maps"];
  Object& object = AnyObject(false);
  const size_t offset = random_.Below(object.model.size());
  const size_t size = 1 + random_.Below(object.model.size() - offset);
  const std::vector<cl_event> wait = Wait({&object}, {});
  OpenGates();
  const Queue& queue = AnyQueue();
  cl_int code = CL_SUCCESS;
  auto* mapped = static_cast<unsigned char*>(clEnqueueMapBuffer(queue, object.mem, CL_TRUE,
                                                                CL_MAP_READ | CL_MAP_WRITE, offset, size,
                                                                CountOf(wait), ListOf(wait), nullptr, &code));
  Must(code);
  if (std::memcmp(mapped, &object.model[offset], size) != 0) Expect(false, "contents of a mapping");
  for (size_t i = 0; i < size; i += 5)
    mapped[i] = object.model[offset + i] = static_cast<unsigned char>(i * 11);
  Event event;
  Must(clEnqueueUnmapMemObject(queue, object.mem, mapped, 0, nullptr, event.Out()));
  Note(event, {&object}, {});
}

void Graph::Blend() {
  ++counts_["kernels on two buffers"];
  Object& from = AnyObject(false);
  Object& to = AnyObject(false);
  if (&from == &to) return;
  const size_t items = std::min<size_t>(to.model.size(), 1 + random_.Below(100000));
  const auto shift = static_cast<cl_uint>(random_.Below(100000));
  const auto factor = static_cast<cl_uchar>(random_.Below(256));
  const auto size = static_cast<cl_uint>(from.model.size());
  const Kernel kernel = MakeKernel(program_, "blend");
  SetArgs(kernel, to.mem, from.mem, shift, factor, size);
  const std::vector<cl_event> wait = Wait({&to}, {&from});
  Event event;
  Must(clEnqueueNDRangeKernel(AnyQueue(), kernel, 1, nullptr, &items, nullptr, CountOf(wait), ListOf(wait),
                              event.Out()));
  for (size_t i = 0; i < items; ++i) {
    to.model[i] = static_cast<unsigned char>(to.model[i] * factor + from.model[(i + shift) % size]);
  }
  Note(event, {&to}, {&from});
}

void Graph::Scramble() {
  ++counts_["kernels on one buffer"];
  Object& object = AnyObject(false);
  const auto seed = static_cast<cl_uint>(random_.Next());
  const size_t items = object.model.size();
  SetArgs(scramble_, object.mem, seed);
  const std::vector<cl_event> wait = Wait({&object}, {});
  Event event;
  Must(clEnqueueNDRangeKernel(AnyQueue(), scramble_, 1, nullptr, &items, nullptr, CountOf(wait), ListOf(wait),
                              event.Out()));
  for (size_t i = 0; i < items; ++i) {
    object.model[i] ^= static_cast<unsigned char>((static_cast<cl_uint>(i) * 2654435761u + seed) >> 13);
  }
  Note(event, {&object}, {});
}

}  // namespace clopencl::programs
