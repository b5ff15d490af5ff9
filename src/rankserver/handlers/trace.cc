// What a timeline of the job needs of a rank server.
#include "rankserver/channel.h"

namespace clopencl::rankserver {
namespace {

constexpr size_t kRecordsPerAnswer = size_t{1} << 15;

}  // namespace

void Channel::On(const wire::ReadClock& m) { Send(wire::ClockRead{m.request, TraceLog::Now()}); }

void Channel::On(const wire::FetchTrace& m) {
  TraceLog::Part part;
  if (Tracing* tracing = environment_.tracing.get()) {
    tracing->Harvest(true);
    part = tracing->log().Take(kRecordsPerAnswer);
  }
  Send(wire::TraceFetched{m.request, part.texts, part.records, part.dropped, part.more});
}

}  // namespace clopencl::rankserver
