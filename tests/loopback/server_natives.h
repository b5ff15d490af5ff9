// The native OpenCL of a test: a mock, or the real one of this machine.
#pragma once

#include <memory>
#include <string>

#include "rankserver/offer.h"
#include "support/mock_opencl.h"

namespace clopencl::testing {

enum class Natives { kMockUnified, kMockDiscrete, kReal };

inline std::string NativesName(Natives natives) {
  switch (natives) {
    case Natives::kMockUnified:
      return "MockUnified";
    case Natives::kMockDiscrete:
      return "MockDiscrete";
    default:
      return "Real";
  }
}

// Drivers, and the compilers in them, are not built for sanitizers.
inline constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

class NativeSetup {
 public:
  explicit NativeSetup(Natives natives) {
    if (natives == Natives::kReal) {
      if (kSanitized) {
        why_not_ = "a sanitizer is on";
      } else if (LoadNativeApi(api_, why_not_) && rankserver::FindPlatforms(api_).empty()) {
        why_not_ = "this machine has no native OpenCL";
      }
      return;
    }
    const bool unified = natives == Natives::kMockUnified;
    mock_ = std::make_unique<MockOpenCl>(MockOpenCl::Settings{
        .devices = {{.type = unified ? cl_device_type{CL_DEVICE_TYPE_CPU} : CL_DEVICE_TYPE_GPU,
                     .unified = unified}}});
    api_ = MockOpenCl::Api();
  }

  bool available() const { return why_not_.empty(); }
  const std::string& why_not() const { return why_not_; }
  const rankserver::NativeApi& api() const { return api_; }
  MockOpenCl* mock() { return mock_.get(); }

 private:
  std::string why_not_;
  rankserver::NativeApi api_;
  std::unique_ptr<MockOpenCl> mock_;
};

}  // namespace clopencl::testing
