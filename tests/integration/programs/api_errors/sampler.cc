#include "api_errors/fixture.h"

namespace clopencl::programs {
namespace {

using Property = cl_sampler_properties;

void Creation(Suite& s, Fixture& f) {
  const auto create = [&](cl_bool normalized, cl_addressing_mode addressing, cl_filter_mode filter,
                          cl_int* e) {
    return clCreateSampler(f.context, normalized, addressing, filter, e);
  };
  s.Group("clCreateSampler");
  s.Creates("null context", CL_INVALID_CONTEXT, [&](cl_int* e) {
    return clCreateSampler(nullptr, CL_TRUE, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, e);
  });
  s.Creates("valid", CL_SUCCESS,
            [&](cl_int* e) { return create(CL_TRUE, CL_ADDRESS_CLAMP, CL_FILTER_LINEAR, e); });
  s.Creates("unknown addressing", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(CL_TRUE, 0x7777, CL_FILTER_NEAREST, e); });
  s.Creates("unknown filter", CL_INVALID_VALUE,
            [&](cl_int* e) { return create(CL_TRUE, CL_ADDRESS_CLAMP, 0x7777, e); });
  s.Creates("normalized is no bool", {CL_INVALID_VALUE, CL_SUCCESS},
            [&](cl_int* e) { return create(2, CL_ADDRESS_CLAMP, CL_FILTER_NEAREST, e); });
  s.Creates("repeat without normalized", {CL_INVALID_VALUE, CL_SUCCESS},
            [&](cl_int* e) { return create(CL_FALSE, CL_ADDRESS_REPEAT, CL_FILTER_NEAREST, e); });
  s.Creates("mirrored without normalized", {CL_INVALID_VALUE, CL_SUCCESS},
            [&](cl_int* e) { return create(CL_FALSE, CL_ADDRESS_MIRRORED_REPEAT, CL_FILTER_NEAREST, e); });
}

void CreationWithProperties(Suite& s, Fixture& f) {
  const auto create = [&](std::initializer_list<Property> properties, cl_int* e) {
    return clCreateSamplerWithProperties(f.context, properties.begin(), e);
  };
  s.Group("clCreateSamplerWithProperties");
  s.Creates("null context", CL_INVALID_CONTEXT,
            [&](cl_int* e) { return clCreateSamplerWithProperties(nullptr, nullptr, e); });
  s.Creates("null properties", CL_SUCCESS,
            [&](cl_int* e) { return clCreateSamplerWithProperties(f.context, nullptr, e); });
  s.Creates("empty properties", CL_SUCCESS, [&](cl_int* e) { return create({0}, e); });
  s.Creates("all properties", CL_SUCCESS, [&](cl_int* e) {
    return create({CL_SAMPLER_NORMALIZED_COORDS, CL_TRUE, CL_SAMPLER_ADDRESSING_MODE, CL_ADDRESS_REPEAT,
                   CL_SAMPLER_FILTER_MODE, CL_FILTER_LINEAR, 0},
                  e);
  });
  s.Creates("unknown property", CL_INVALID_VALUE, [&](cl_int* e) { return create({0x7777, 1, 0}, e); });
  s.Creates("unknown addressing", CL_INVALID_VALUE, [&](cl_int* e) {
    return create({CL_SAMPLER_ADDRESSING_MODE, 0x7777, 0}, e);
  });
  s.Creates("unknown filter", CL_INVALID_VALUE, [&](cl_int* e) {
    return create({CL_SAMPLER_FILTER_MODE, 0x7777, 0}, e);
  });
  s.Creates("property twice", CL_INVALID_VALUE, [&](cl_int* e) {
    return create({CL_SAMPLER_FILTER_MODE, CL_FILTER_LINEAR, CL_SAMPLER_FILTER_MODE, CL_FILTER_LINEAR, 0}, e);
  });
}

}  // namespace

void SamplerCases(Suite& s, Fixture& f) {
  if (!f.has_images) return;
  Creation(s, f);
  CreationWithProperties(s, f);
  s.Group("clGetSamplerInfo");
  s.Returns("null sampler", CL_INVALID_SAMPLER, [&] {
    return clGetSamplerInfo(nullptr, CL_SAMPLER_FILTER_MODE, sizeof f.host, f.host, nullptr);
  });
  s.Returns("unknown token", CL_INVALID_VALUE,
            [&] { return clGetSamplerInfo(f.sampler, 0x1234, sizeof f.host, f.host, nullptr); });
  s.Returns("too small", CL_INVALID_VALUE,
            [&] { return clGetSamplerInfo(f.sampler, CL_SAMPLER_CONTEXT, 4, f.host, nullptr); });
  s.Returns("nothing asked", CL_SUCCESS,
            [&] { return clGetSamplerInfo(f.sampler, CL_SAMPLER_CONTEXT, 0, nullptr, nullptr); });
  s.Group("clRetainSampler");
  s.Returns("null sampler", CL_INVALID_SAMPLER, [&] { return clRetainSampler(nullptr); });
  s.Group("clReleaseSampler");
  s.Returns("null sampler", CL_INVALID_SAMPLER, [&] { return clReleaseSampler(nullptr); });
}

}  // namespace clopencl::programs
