// Samplers.
#pragma once

#include <vector>

#include "common/ids.h"
#include "frontend/core/context.h"
#include "frontend/object.h"
#include "frontend/session_set.h"

namespace clopencl::frontend {

class Sampler : public ObjectOf<Sampler, cl_sampler, ObjectTag::kSampler> {
 public:
  // given: the application's list with the final 0; empty when there was none.
  Sampler(Context& context, cl_bool normalized, cl_addressing_mode addressing, cl_filter_mode filter,
          std::vector<cl_sampler_properties> given);
  ~Sampler();

  SamplerId id() const { return id_; }
  Context& context() const { return *context_; }
  cl_bool normalized() const { return normalized_; }
  cl_addressing_mode addressing() const { return addressing_; }
  cl_filter_mode filter() const { return filter_; }
  const std::vector<cl_sampler_properties>& given() const { return given_; }

  // Under the command mutex.
  void EnsureOn(Session& session);

 private:
  const Ref<Context> context_;
  const cl_bool normalized_;
  const cl_addressing_mode addressing_;
  const cl_filter_mode filter_;
  const std::vector<cl_sampler_properties> given_;
  SamplerId id_;
  SessionSet known_;
};

}  // namespace clopencl::frontend
