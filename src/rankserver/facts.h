// What a native platform or device says about itself, learnt once.
#pragma once

#include <span>
#include <vector>

#include "common/wire/messages/session.h"
#include "rankserver/native_api.h"

namespace clopencl::rankserver {

// Facts with the memory behind them.
class FactList {
 public:
  FactList() = default;
  FactList(FactList&&) = default;
  FactList& operator=(FactList&&) = default;

  // Asks `query(size, value, size_ret)` and keeps the answer under `param`; a query that fails adds nothing.
  template <typename Query>
  void Ask(uint32_t param, Query query) {
    size_t size = 0;
    if (query(size_t{0}, nullptr, &size) != CL_SUCCESS) return;
    std::vector<std::byte> value(size);
    if (size > 0 && query(size, value.data(), nullptr) != CL_SUCCESS) return;
    values_.push_back(std::move(value));
    facts_.push_back({param, values_.back()});
  }

  std::span<const wire::Fact> facts() const { return facts_; }

 private:
  std::vector<std::vector<std::byte>> values_;
  std::vector<wire::Fact> facts_;
};

FactList PlatformFacts(const NativeApi& api, cl_platform_id platform);
// All but handles: CL_DEVICE_PLATFORM and the parent device.
FactList DeviceFactList(const NativeApi& api, cl_device_id device);
// clGetKernelWorkGroupInfo.
FactList WorkGroupFacts(const NativeApi& api, cl_kernel kernel, cl_device_id device);

}  // namespace clopencl::rankserver
