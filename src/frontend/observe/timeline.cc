#include "frontend/observe/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <unordered_map>
#include <utility>

namespace clopencl::frontend {
namespace {

// A record in its place.
struct Slice {
  const wire::TraceRecord* record = nullptr;
  size_t process = 0;
  uint32_t thread = 0;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
};

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string_view TextOf(const ProcessTrace& process, uint32_t index) {
  return index < process.texts.size() ? std::string_view(process.texts[index]) : "?";
}

// The threads of one lane: slices of a thread lie inside one another or apart.
class LaneThreads {
 public:
  // Slices come in the order of their beginnings, longer ones first. The number of the thread with room.
  size_t Place(int64_t begin_ns, int64_t end_ns) {
    for (size_t i = 0;; ++i) {
      if (i == open_.size()) open_.emplace_back();
      std::vector<int64_t>& ends = open_[i];
      while (!ends.empty() && ends.back() <= begin_ns) ends.pop_back();
      if (!ends.empty() && ends.back() < end_ns) continue;
      ends.push_back(end_ns);
      return i;
    }
  }

 private:
  std::vector<std::vector<int64_t>> open_;
};

class Writer {
 public:
  explicit Writer(int64_t zero_ns) : zero_ns_(zero_ns) {}

  void Process(const ProcessTrace& process, size_t number) {
    Event("{{\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{},\"tid\":0,\"args\":{{\"name\":{}}}}}", number,
          Quoted(process.name));
    Event(
        "{{\"ph\":\"M\",\"name\":\"process_sort_index\",\"pid\":{0},\"tid\":0,\"args\":{{\"sort_index\":{0}}}"
        "}}",
        number);
    if (process.dropped > 0) {
      Event(
          "{{\"ph\":\"M\",\"name\":\"process_labels\",\"pid\":{},\"tid\":0,\"args\":{{\"labels\":\"{} later "
          "records "
          "dropped\"}}}}",
          number, process.dropped);
    }
    Place(process, number);
  }

  void Slices(const std::vector<ProcessTrace>& processes) {
    for (const Slice& slice : slices_) {
      const ProcessTrace& process = processes[slice.process];
      const std::string arguments =
          slice.record->bytes != 0 ? fmt::format(",\"args\":{{\"bytes\":{}}}", slice.record->bytes) : "";
      Event("{{\"ph\":\"X\",\"name\":{},\"pid\":{},\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f}{}}}",
            Quoted(TextOf(process, slice.record->name)), slice.process, slice.thread, Micros(slice.begin_ns),
            static_cast<double>(slice.end_ns - slice.begin_ns) * 1e-3, arguments);
    }
  }

  void Arrows() {
    std::unordered_map<uint64_t, std::vector<const Slice*>> links;
    for (const Slice& slice : slices_)
      if (slice.record->link != 0) links[slice.record->link].push_back(&slice);
    uint64_t number = 0;
    for (auto& [link, chain] : links) {
      if (chain.size() < 2) continue;
      // The program's call first, though by clocks that don't quite agree the server may seem to be sooner.
      std::stable_sort(chain.begin(), chain.end(), [](const Slice* a, const Slice* b) {
        return std::pair(a->process != 0, a->begin_ns) < std::pair(b->process != 0, b->begin_ns);
      });
      ++number;
      for (size_t i = 0; i < chain.size(); ++i) {
        const char* const phase = i == 0 ? "s" : i + 1 == chain.size() ? "f" : "t";
        Event(
            "{{\"ph\":\"{}\",\"bp\":\"e\",\"id\":{},\"cat\":\"command\",\"name\":\"command\",\"pid\":{},"
            "\"tid\":{},"
            "\"ts\":{:.3f}}}",
            phase, number, chain[i]->process, chain[i]->thread, Micros(chain[i]->begin_ns));
      }
    }
  }

  std::string Take() {
    return "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n" + std::move(json_) + "\n]}\n";
  }

 private:
  double Micros(int64_t ns) const { return static_cast<double>(ns - zero_ns_) * 1e-3; }

  template <typename... Args>
  void Event(fmt::format_string<Args...> format, Args&&... args) {
    if (!json_.empty()) json_ += ",\n";
    fmt::format_to(std::back_inserter(json_), format, std::forward<Args>(args)...);
  }

  // Gives the process's slices their threads.
  void Place(const ProcessTrace& process, size_t number) {
    std::map<uint32_t, std::vector<Slice>> lanes;  // In the order in which they were first named.
    for (const wire::TraceRecord& record : process.records) {
      const int64_t begin = TimeHere(process.clock, record.begin_ns);
      lanes[record.lane].push_back(
          {&record, number, 0, begin, std::max(begin, TimeHere(process.clock, record.end_ns))});
    }
    uint32_t first_thread = 1;
    for (auto& [lane, slices] : lanes) {
      std::stable_sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
        return a.begin_ns != b.begin_ns ? a.begin_ns < b.begin_ns : a.end_ns > b.end_ns;
      });
      LaneThreads threads;
      size_t count = 0;
      for (Slice& slice : slices) {
        const size_t thread = threads.Place(slice.begin_ns, slice.end_ns);
        count = std::max(count, thread + 1);
        slice.thread = first_thread + static_cast<uint32_t>(thread);
      }
      for (size_t i = 0; i < count; ++i, ++first_thread) {
        Event("{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":{},\"tid\":{},\"args\":{{\"name\":{}}}}}",
              number, first_thread, Quoted(TextOf(process, lane)));
        Event(
            "{{\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":{0},\"tid\":{1},\"args\":{{\"sort_index\":"
            "{1}}}}}",
            number, first_thread);
      }
      slices_.insert(slices_.end(), slices.begin(), slices.end());
    }
  }

  const int64_t zero_ns_;
  std::vector<Slice> slices_;
  std::string json_;
};

}  // namespace

int64_t TimeHere(const std::vector<ClockReading>& readings, int64_t there_ns) {
  if (readings.empty()) return there_ns;
  const ClockReading& first = readings.front();
  const ClockReading& last = readings.back();
  const int64_t offset = first.here_ns - first.there_ns;
  if (last.there_ns <= first.there_ns) return there_ns + offset;
  const int64_t drift = (last.here_ns - last.there_ns) - offset;
  const double part =
      static_cast<double>(there_ns - first.there_ns) / static_cast<double>(last.there_ns - first.there_ns);
  return there_ns + offset + static_cast<int64_t>(part * static_cast<double>(drift));
}

std::string TimelineJson(const std::vector<ProcessTrace>& processes, int64_t zero_ns) {
  Writer writer(zero_ns);
  for (size_t i = 0; i < processes.size(); ++i) writer.Process(processes[i], i);
  writer.Slices(processes);
  writer.Arrows();
  return writer.Take();
}

}  // namespace clopencl::frontend
