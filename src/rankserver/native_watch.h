// Callbacks of native events.
#pragma once

#include <CL/cl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "rankserver/completion_queue.h"
#include "rankserver/native_api.h"

namespace clopencl::rankserver {

// A native callback on its way to the event loop. It belongs to the native runtime until it comes, which for
// the event of a failed command may be never.
class NativeWatch final : public Completion {
 public:
  NativeWatch(std::shared_ptr<CompletionQueue> completions, std::function<void(cl_int)> run)
      : completions_(std::move(completions)), run_(std::move(run)) {}

  std::shared_ptr<std::atomic_flag> told() const { return told_; }

  // False when the runtime takes no callback; the watch is gone then.
  static bool Register(const NativeApi& api, cl_event event, cl_int type,
                       std::unique_ptr<NativeWatch> watch) {
    NativeWatch* raw = watch.release();
    raw->completions_->Expect();
    if (api.SetEventCallback(event, type, &NativeWatch::Call, raw) == CL_SUCCESS) return true;
    raw->completions_->Arrived();
    delete raw;
    return false;
  }

  void Run() override { run_(status_); }

 private:
  static void CL_CALLBACK Call(cl_event, cl_int status, void* data) {
    auto* watch = static_cast<NativeWatch*>(data);
    watch->status_ = status;
    const std::shared_ptr<CompletionQueue> completions = watch->completions_;
    const bool expected = !watch->told_->test_and_set();
    completions->Post(std::unique_ptr<Completion>(watch));
    if (expected) completions->Arrived();
  }

  const std::shared_ptr<CompletionQueue> completions_;
  const std::function<void(cl_int)> run_;
  const std::shared_ptr<std::atomic_flag> told_ = std::make_shared<std::atomic_flag>();
  cl_int status_ = CL_QUEUED;
};

}  // namespace clopencl::rankserver
