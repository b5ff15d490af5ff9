// Steps on buffers.
#include <algorithm>
#include <cstring>

#include "span_graph/graph.h"
#include "support/rect.h"
#include "support/report.h"

namespace clopencl::programs {

void SpanGraph::Write() {
  const Window window = AnyWindow(AnyBuffer(), false);
  const bool blocking = random_.OneIn(5);
  Tell(blocking ? "write, blocking" : "write");
  const Bytes& data = data_.emplace_back(RandomBytes(window.size, random_.Next()));
  const auto enqueue = [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
    return clEnqueueWriteBuffer(queue, window.mem, blocking, window.offset, window.size, data.data(), count,
                                list, event);
  };
  const auto apply = [window, &data] { std::memcpy(window.model(), data.data(), window.size); };
  if (blocking) return DoBlocking({window.Part(true)}, enqueue, apply);
  Do({window.Part(true)}, enqueue, apply);
}

// A rectangle of a buffer from host memory with another pitch.
void SpanGraph::WriteRows() {
  const ObjectRef object = AnyBuffer();
  const Triple region = {1 + random_.Below(12), 1 + random_.Below(4), 1};
  const BoxLayout place = {{random_.Below(4), random_.Below(2), 0}, 16, 0};
  if (place.End(region) > object->model.size()) return;
  Tell("write of rows");
  const BoxLayout host = {{0, 0, 0}, 20, 0};
  const Bytes& data = data_.emplace_back(RandomBytes(100, random_.Next()));
  Do(
      {{object, 0, place.End(region), true}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueWriteBufferRect(queue, object->mem, CL_FALSE, place.origin.data(), host.origin.data(),
                                        region.data(), place.row_pitch, 0, host.row_pitch, 0, data.data(),
                                        count, list, event);
      },
      [=, &data] { CopyBox(object->model.data(), place, data.data(), host, region); });
}

void SpanGraph::Read() {
  const Window window = AnyWindow(AnyBuffer(), false);
  const bool blocking = random_.OneIn(4);
  Tell(blocking ? "read, blocking" : "read");
  Bytes& got = data_.emplace_back(window.size);
  const auto enqueue = [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
    return clEnqueueReadBuffer(queue, window.mem, blocking, window.offset, window.size, got.data(), count,
                               list, event);
  };
  const auto apply = [this, window, &got, step = step_] {
    reads_.push_back({&got, Bytes(window.model(), window.model() + window.size), step});
  };
  if (blocking) return DoBlocking({window.Part(false)}, enqueue, apply);
  Do({window.Part(false)}, enqueue, apply);
}

void SpanGraph::Copy() {
  const ObjectRef from = AnyBuffer();
  const ObjectRef to = AnyBuffer();
  if (from == to) return;
  Window source = AnyWindow(from, false);
  Window target = AnyWindow(to, false);
  source.size = target.size = std::min(source.size, target.size);
  Tell("copy");
  Do(
      {target.Part(true), source.Part(false)},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueCopyBuffer(queue, source.mem, target.mem, source.offset, target.offset, source.size,
                                   count, list, event);
      },
      [=] { std::memcpy(target.model(), source.model(), source.size); });
}

void SpanGraph::CopyRows() {
  const ObjectRef from = AnyBuffer();
  const ObjectRef to = AnyBuffer();
  const Triple region = {1 + random_.Below(20), 1 + random_.Below(8), 1 + random_.Below(2)};
  const BoxLayout source = {{random_.Below(8), random_.Below(2), 0}, 28, 28 * 11};
  const BoxLayout target = {{random_.Below(4), random_.Below(3), 0}, 24, 24 * 12};
  if (from == to || source.End(region) > from->model.size() || target.End(region) > to->model.size()) return;
  Tell("copy of rows");
  Do(
      {{to, 0, target.End(region), true}, {from, 0, source.End(region), false}},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueCopyBufferRect(queue, from->mem, to->mem, source.origin.data(), target.origin.data(),
                                       region.data(), source.row_pitch, source.slice_pitch, target.row_pitch,
                                       target.slice_pitch, count, list, event);
      },
      [=] { CopyBox(to->model.data(), target, from->model.data(), source, region); });
}

void SpanGraph::Fill() {
  const Window window = AnyWindow(AnyBuffer(), true);
  Tell("fill");
  const auto pattern = static_cast<cl_uint>(random_.Next());
  Do(
      {window.Part(true)},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueFillBuffer(queue, window.mem, &pattern, sizeof pattern, window.offset, window.size,
                                   count, list, event);
      },
      [=] {
        for (size_t i = 0; i < window.size; i += sizeof pattern)
          std::memcpy(window.model() + i, &pattern, sizeof pattern);
      });
}

// Maps, looks, changes, and unmaps by another queue.
void SpanGraph::Map() {
  const Window window = AnyWindow(AnyBuffer(), false);
  const size_t choice = random_.Below(3);
  const bool write = choice != 0;
  const cl_map_flags flags = choice == 0   ? CL_MAP_READ
                             : choice == 1 ? CL_MAP_READ | CL_MAP_WRITE
                                           : CL_MAP_WRITE_INVALIDATE_REGION;
  Tell("map " + std::to_string(choice));
  const Bytes changes = RandomBytes(window.size, random_.Next());
  unsigned char* mapped = nullptr;
  DoBlocking(
      {window.Part(write)},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        cl_int code = CL_SUCCESS;
        mapped = static_cast<unsigned char*>(clEnqueueMapBuffer(
            queue, window.mem, CL_TRUE, flags, window.offset, window.size, count, list, event, &code));
        return code;
      },
      [] {});
  if (choice != 2 && std::memcmp(mapped, window.model(), window.size) != 0)
    wrong_ = "a mapping, step " + std::to_string(step_);
  if (choice == 2) std::memcpy(mapped, changes.data(), window.size);
  if (choice == 1) {
    for (size_t i = 0; i < window.size; i += 5) mapped[i] = changes[i];
  }
  const Bytes result = choice == 0 ? Bytes() : Bytes(mapped, mapped + window.size);
  // To be unmapped by a command that does run, and not late: the host waits for the mapped memory.
  const Lane& lane = AnyLane();
  auto command = std::make_shared<Command>();
  command->queue = lane.queue;
  command->in_order = lane.in_order;
  Must(clEnqueueUnmapMemObject(lane.queue, window.mem, mapped, 0, nullptr, command->event.Out()));
  if (write) std::copy(result.begin(), result.end(), window.model());
  Note({window.Part(write)}, command);
}

void SpanGraph::Scramble() {
  const Window window = AnyWindow(AnyBuffer(), true);
  Tell("kernel on one buffer");
  const auto seed = static_cast<cl_uint>(random_.Next());
  const size_t items = window.size / sizeof(cl_uint);
  Do(
      {window.Whole(true)},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        SetArg(scramble_, 0, window.mem);
        SetArg(scramble_, 1, seed);
        return clEnqueueNDRangeKernel(queue, scramble_, 1, nullptr, &items, nullptr, count, list, event);
      },
      [=] {
        for (size_t i = 0; i < items; ++i) {
          cl_uint value;
          unsigned char* at = window.model() + i * sizeof value;
          std::memcpy(&value, at, sizeof value);
          value = value * 1664525u + seed + static_cast<cl_uint>(i);
          std::memcpy(at, &value, sizeof value);
        }
      });
}

void SpanGraph::Blend() {
  const ObjectRef from = AnyBuffer();
  const ObjectRef to = AnyBuffer();
  if (from == to) return;
  const Window source = AnyWindow(from, true);
  const Window target = AnyWindow(to, true);
  Tell("kernel on two buffers");
  const size_t items = std::min(source.size, target.size) / sizeof(cl_uint);
  const auto factor = static_cast<cl_uint>(random_.Next());
  Do(
      {target.Whole(true), source.Whole(false)},
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        SetArgs(blend_, target.mem, source.mem, factor);
        return clEnqueueNDRangeKernel(queue, blend_, 1, nullptr, &items, nullptr, count, list, event);
      },
      [=] {
        for (size_t i = 0; i < items; ++i) {
          cl_uint value[2];
          std::memcpy(&value[0], target.model() + i * sizeof(cl_uint), sizeof(cl_uint));
          std::memcpy(&value[1], source.model() + i * sizeof(cl_uint), sizeof(cl_uint));
          value[0] = value[0] * factor + value[1];
          std::memcpy(target.model() + i * sizeof(cl_uint), &value[0], sizeof(cl_uint));
        }
      });
}

void SpanGraph::Migrate() {
  const ObjectRef a = AnyBuffer();
  const ObjectRef b = AnyBuffer();
  const cl_mem mems[] = {a->mem, b->mem};
  const cl_uint number = a == b ? 1 : 2;
  const cl_mem_migration_flags flags = random_.OneIn(3) ? CL_MIGRATE_MEM_OBJECT_HOST : 0;
  Tell("migration");
  Uses uses = {{a, 0, a->model.size(), false}};
  if (a != b) uses.push_back({b, 0, b->model.size(), false});
  Do(
      uses,
      [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* event) {
        return clEnqueueMigrateMemObjects(queue, number, mems, flags, count, list, event);
      },
      [] {});
}

}  // namespace clopencl::programs
