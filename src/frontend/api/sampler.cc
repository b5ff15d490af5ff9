#include "frontend/core/sampler.h"

#include "frontend/api/api.h"
#include "frontend/info.h"

namespace clopencl::frontend::api {
namespace {

cl_sampler Create(Context& context, cl_bool normalized, cl_addressing_mode addressing, cl_filter_mode filter,
                  std::vector<cl_sampler_properties> given) {
  Require(normalized == CL_TRUE || normalized == CL_FALSE, CL_INVALID_VALUE);
  Require(addressing >= CL_ADDRESS_NONE && addressing <= CL_ADDRESS_MIRRORED_REPEAT, CL_INVALID_VALUE);
  Require(filter == CL_FILTER_NEAREST || filter == CL_FILTER_LINEAR, CL_INVALID_VALUE);
  const bool repeats = addressing == CL_ADDRESS_REPEAT || addressing == CL_ADDRESS_MIRRORED_REPEAT;
  Require(normalized == CL_TRUE || !repeats, CL_INVALID_VALUE);
  Require(context.any_images(), CL_INVALID_OPERATION);
  return (new Sampler(context, normalized, addressing, filter, std::move(given)))->handle();
}

}  // namespace

cl_sampler CreateSampler(cl_context handle, cl_bool normalized, cl_addressing_mode addressing,
                         cl_filter_mode filter) {
  return Create(Get<Context>(handle, CL_INVALID_CONTEXT), normalized, addressing, filter, {});
}

cl_sampler CreateSamplerWithProperties(cl_context handle, const cl_sampler_properties* properties) {
  Context& context = Get<Context>(handle, CL_INVALID_CONTEXT);
  // Defaults of OpenCL 3.0, clCreateSamplerWithProperties.
  cl_bool normalized = CL_TRUE;
  cl_addressing_mode addressing = CL_ADDRESS_CLAMP;
  cl_filter_mode filter = CL_FILTER_NEAREST;
  std::vector<cl_sampler_properties> given;
  if (properties != nullptr) {
    unsigned seen = 0;
    size_t i = 0;
    for (; properties[i] != 0; i += 2) {
      unsigned bit = 0;
      if (properties[i] == CL_SAMPLER_NORMALIZED_COORDS) {
        bit = 1;
        normalized = static_cast<cl_bool>(properties[i + 1]);
      } else if (properties[i] == CL_SAMPLER_ADDRESSING_MODE) {
        bit = 2;
        addressing = static_cast<cl_addressing_mode>(properties[i + 1]);
      } else if (properties[i] == CL_SAMPLER_FILTER_MODE) {
        bit = 4;
        filter = static_cast<cl_filter_mode>(properties[i + 1]);
      }
      Require(bit != 0 && (seen & bit) == 0, CL_INVALID_VALUE);
      seen |= bit;
    }
    given.assign(properties, properties + i + 1);
  }
  return Create(context, normalized, addressing, filter, std::move(given));
}

void RetainSampler(cl_sampler sampler) { Get<Sampler>(sampler, CL_INVALID_SAMPLER).Retain(); }
void ReleaseSampler(cl_sampler sampler) { Get<Sampler>(sampler, CL_INVALID_SAMPLER).Release(); }

void GetSamplerInfo(cl_sampler handle, cl_sampler_info param, size_t size, void* value, size_t* size_ret) {
  const Sampler& sampler = Get<Sampler>(handle, CL_INVALID_SAMPLER);
  const InfoSink sink(size, value, size_ret);
  switch (param) {
    case CL_SAMPLER_REFERENCE_COUNT:
      return sink.Put<cl_uint>(sampler.api_references.load());
    case CL_SAMPLER_CONTEXT:
      return sink.Put(sampler.context().handle());
    case CL_SAMPLER_NORMALIZED_COORDS:
      return sink.Put(sampler.normalized());
    case CL_SAMPLER_ADDRESSING_MODE:
      return sink.Put(sampler.addressing());
    case CL_SAMPLER_FILTER_MODE:
      return sink.Put(sampler.filter());
    case CL_SAMPLER_PROPERTIES:
      return sink.PutArray(sampler.given());
    default:
      Fail(CL_INVALID_VALUE);
  }
}

}  // namespace clopencl::frontend::api
