// clEnqueueReadBufferRect, clEnqueueWriteBufferRect and clEnqueueCopyBufferRect.
#include <array>

#include "api_errors/fixture.h"
#include "api_errors/wait_list.h"

namespace clopencl::programs {
namespace {

using Triple = std::array<size_t, 3>;

// A valid call: an 8 x 4 x 2 box at (4, 1, 0) of rows of 16 bytes and slices of 8 rows, in a buffer of 1,024
// bytes.
struct Rect {
  cl_mem buffer;
  void* host;
  Triple buffer_origin = {4, 1, 0};
  Triple host_origin = {0, 0, 0};
  Triple region = {8, 4, 2};
  size_t buffer_row = 16;
  size_t buffer_slice = 128;
  size_t host_row = 8;
  size_t host_slice = 32;
};

struct Change {
  const char* name;
  Codes codes;
  void (*apply)(Rect&);
};

const Change kChanges[] = {
    {"valid", CL_SUCCESS, [](Rect&) {}},
    {"all pitches zero", CL_SUCCESS,
     [](Rect& r) { r.buffer_row = r.buffer_slice = r.host_row = r.host_slice = 0; }},
    {"width zero", CL_INVALID_VALUE, [](Rect& r) { r.region[0] = 0; }},
    {"height zero", CL_INVALID_VALUE, [](Rect& r) { r.region[1] = 0; }},
    {"depth zero", CL_INVALID_VALUE, [](Rect& r) { r.region[2] = 0; }},
    {"null pointer", CL_INVALID_VALUE, [](Rect& r) { r.host = nullptr; }},
    {"null buffer", CL_INVALID_MEM_OBJECT, [](Rect& r) { r.buffer = nullptr; }},
    {"buffer's row pitch below the width", CL_INVALID_VALUE, [](Rect& r) { r.buffer_row = 7; }},
    {"host's row pitch below the width", CL_INVALID_VALUE, [](Rect& r) { r.host_row = 7; }},
    {"buffer's slice pitch too small", CL_INVALID_VALUE, [](Rect& r) { r.buffer_slice = 48; }},
    {"host's slice pitch too small", CL_INVALID_VALUE, [](Rect& r) { r.host_slice = 24; }},
    {"buffer's slice pitch of no whole rows", CL_INVALID_VALUE, [](Rect& r) { r.buffer_slice = 130; }},
    {"host's slice pitch of no whole rows", CL_INVALID_VALUE, [](Rect& r) { r.host_slice = 34; }},
    {"origin beyond", CL_INVALID_VALUE,
     [](Rect& r) {
       r.buffer_origin = {4, 1, 9};
     }},
    {"end beyond by slices", CL_INVALID_VALUE, [](Rect& r) { r.region[2] = 9; }},
    {"end beyond by rows", CL_INVALID_VALUE,
     [](Rect& r) {
       r.buffer_origin = {4, 6, 6};
       r.region[1] = 8;
     }},
    {"last byte", CL_SUCCESS,
     [](Rect& r) {
       r.buffer_origin = {15, 7, 7};
       r.region = {1, 1, 1};
     }},
    {"one byte beyond the last", CL_INVALID_VALUE,
     [](Rect& r) {
       r.buffer_origin = {15, 7, 7};
       r.region = {2, 1, 1};
     }},
    {"region wraps around", CL_INVALID_VALUE, [](Rect& r) { r.region[2] = ~size_t{0}; }},
};

// `enqueue` is clEnqueueReadBufferRect or clEnqueueWriteBufferRect.
template <typename Enqueue>
void HostCases(Suite& s, Fixture& f, Enqueue enqueue) {
  const auto call = [&](const Rect& r, cl_command_queue queue, cl_bool blocking, cl_uint count,
                        const cl_event* list, cl_event* v) {
    return enqueue(queue, r.buffer, blocking, r.buffer_origin.data(), r.host_origin.data(), r.region.data(),
                   r.buffer_row, r.buffer_slice, r.host_row, r.host_slice, r.host, count, list, v);
  };
  const Rect valid = {f.buffer, f.host};
  BlockingWaitListCases(
      s, f, [&](cl_command_queue queue, cl_bool blocking, cl_uint count, const cl_event* list, cl_event* v) {
        return call(valid, queue, blocking, count, list, v);
      });
  for (const Change& change : kChanges) {
    s.Enqueues(change.name, change.codes, [&](cl_event* v) {
      Rect rect = valid;
      change.apply(rect);
      return call(rect, f.queue, CL_FALSE, 0, nullptr, v);
    });
  }
  const auto on = [&](cl_mem buffer, cl_event* v) {
    return call({buffer, f.host}, f.queue, CL_FALSE, 0, nullptr, v);
  };
  s.Enqueues("foreign buffer", CL_INVALID_CONTEXT, [&](cl_event* v) { return on(f.foreign_buffer, v); });
  s.Enqueues("host has no access", CL_INVALID_OPERATION,
             [&](cl_event* v) { return on(f.no_host_access, v); });
  if (f.has_images) {
    s.Enqueues("an image", CL_INVALID_MEM_OBJECT, [&](cl_event* v) { return on(f.image, v); });
  }
  s.Enqueues("null region", CL_INVALID_VALUE, [&](cl_event* v) {
    return enqueue(f.queue, f.buffer, CL_FALSE, valid.buffer_origin.data(), valid.host_origin.data(), nullptr,
                   16, 128, 8, 32, f.host, 0, nullptr, v);
  });
  s.Enqueues("null buffer origin", CL_INVALID_VALUE, [&](cl_event* v) {
    return enqueue(f.queue, f.buffer, CL_FALSE, nullptr, valid.host_origin.data(), valid.region.data(), 16,
                   128, 8, 32, f.host, 0, nullptr, v);
  });
  s.Enqueues("null host origin", CL_INVALID_VALUE, [&](cl_event* v) {
    return enqueue(f.queue, f.buffer, CL_FALSE, valid.buffer_origin.data(), nullptr, valid.region.data(), 16,
                   128, 8, 32, f.host, 0, nullptr, v);
  });
}

struct RectCopy {
  cl_mem from;
  cl_mem to;
  Triple from_origin = {0, 0, 0};
  Triple to_origin = {4, 1, 0};
  Triple region = {8, 4, 2};
  size_t from_row = 16;
  size_t from_slice = 128;
  size_t to_row = 16;
  size_t to_slice = 128;
};

struct CopyChange {
  const char* name;
  Codes codes;
  void (*apply)(RectCopy&);
};

const CopyChange kCopyChanges[] = {
    {"valid", CL_SUCCESS, [](RectCopy&) {}},
    {"all pitches zero", CL_SUCCESS,
     [](RectCopy& r) { r.from_row = r.from_slice = r.to_row = r.to_slice = 0; }},
    {"null source", CL_INVALID_MEM_OBJECT, [](RectCopy& r) { r.from = nullptr; }},
    {"null target", CL_INVALID_MEM_OBJECT, [](RectCopy& r) { r.to = nullptr; }},
    {"width zero", CL_INVALID_VALUE, [](RectCopy& r) { r.region[0] = 0; }},
    {"height zero", CL_INVALID_VALUE, [](RectCopy& r) { r.region[1] = 0; }},
    {"depth zero", CL_INVALID_VALUE, [](RectCopy& r) { r.region[2] = 0; }},
    {"source's row pitch below the width", CL_INVALID_VALUE, [](RectCopy& r) { r.from_row = 7; }},
    {"target's row pitch below the width", CL_INVALID_VALUE, [](RectCopy& r) { r.to_row = 7; }},
    {"source's slice pitch too small", CL_INVALID_VALUE, [](RectCopy& r) { r.from_slice = 48; }},
    {"target's slice pitch too small", CL_INVALID_VALUE, [](RectCopy& r) { r.to_slice = 48; }},
    {"source's slice pitch of no whole rows", CL_INVALID_VALUE, [](RectCopy& r) { r.from_slice = 130; }},
    {"target's slice pitch of no whole rows", CL_INVALID_VALUE, [](RectCopy& r) { r.to_slice = 130; }},
    {"source's end beyond", CL_INVALID_VALUE,
     [](RectCopy& r) {
       r.from_origin = {0, 0, 7};
     }},
    {"target's end beyond", CL_INVALID_VALUE,
     [](RectCopy& r) {
       r.to_origin = {0, 0, 7};
     }},
    {"one buffer, apart", CL_SUCCESS,
     [](RectCopy& r) {
       r.to = r.from;
       r.to_origin = {0, 0, 4};
     }},
    {"one buffer, rows interleaved", CL_SUCCESS,
     [](RectCopy& r) {
       r.to = r.from;
       r.to_origin = {8, 0, 0};
     }},
    {"one buffer, onto itself", CL_MEM_COPY_OVERLAP,
     [](RectCopy& r) {
       r.to = r.from;
       r.to_origin = r.from_origin;
     }},
    {"one buffer, overlapping", CL_MEM_COPY_OVERLAP, [](RectCopy& r) { r.to = r.from; }},
    {"one buffer, two row pitches", CL_INVALID_VALUE,
     [](RectCopy& r) {
       r.to = r.from;
       r.to_origin = {0, 0, 4};
       r.to_row = 32;
     }},
    {"one buffer, two slice pitches", CL_INVALID_VALUE,
     [](RectCopy& r) {
       r.to = r.from;
       r.to_origin = {0, 0, 2};
       r.to_slice = 256;
     }},
};

void CopyCases(Suite& s, Fixture& f) {
  const auto call = [&](const RectCopy& r, cl_command_queue queue, cl_uint count, const cl_event* list,
                        cl_event* v) {
    return clEnqueueCopyBufferRect(queue, r.from, r.to, r.from_origin.data(), r.to_origin.data(),
                                   r.region.data(), r.from_row, r.from_slice, r.to_row, r.to_slice, count,
                                   list, v);
  };
  const RectCopy valid = {f.buffer, f.other_buffer};
  s.Group("clEnqueueCopyBufferRect");
  WaitListCases(s, f, [&](cl_command_queue queue, cl_uint count, const cl_event* list, cl_event* v) {
    return call(valid, queue, count, list, v);
  });
  for (const CopyChange& change : kCopyChanges) {
    s.Enqueues(change.name, change.codes, [&](cl_event* v) {
      RectCopy rect = valid;
      change.apply(rect);
      return call(rect, f.queue, 0, nullptr, v);
    });
  }
  s.Enqueues("foreign source", CL_INVALID_CONTEXT, [&](cl_event* v) {
    return call({f.foreign_buffer, f.other_buffer}, f.queue, 0, nullptr, v);
  });
  s.Enqueues("foreign target", CL_INVALID_CONTEXT, [&](cl_event* v) {
    return call({f.buffer, f.foreign_buffer}, f.queue, 0, nullptr, v);
  });
}

}  // namespace

void RectCases(Suite& s, Fixture& f) {
  s.Group("clEnqueueReadBufferRect");
  HostCases(s, f, clEnqueueReadBufferRect);
  s.Group("clEnqueueWriteBufferRect");
  HostCases(s, f, clEnqueueWriteBufferRect);
  CopyCases(s, f);
}

}  // namespace clopencl::programs
