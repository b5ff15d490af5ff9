#include "frontend/core/sampler.h"

#include "frontend/runtime.h"

namespace clopencl::frontend {

Sampler::Sampler(Context& context, cl_bool normalized, cl_addressing_mode addressing, cl_filter_mode filter,
                 std::vector<cl_sampler_properties> given)
    : context_(Ref(context)),
      normalized_(normalized),
      addressing_(addressing),
      filter_(filter),
      given_(std::move(given)) {
  std::lock_guard lock(TheRuntime().command_mutex());
  id_ = TheRuntime().ids().samplers.Insert(this);
}

Sampler::~Sampler() {
  Runtime& runtime = TheRuntime();
  std::lock_guard lock(runtime.command_mutex());
  known_.ForEach([&](size_t session) {
    runtime.sessions()[session]->Post(wire::Release{wire::ObjectKind::kSampler, id_.Pack()});
  });
  runtime.ids().samplers.Erase(id_);
}

void Sampler::EnsureOn(Session& session) {
  if (known_.Has(session.index())) return;
  known_.Add(session.index());
  context_->EnsureOn(session);
  const std::array<uint64_t, 6> properties{CL_SAMPLER_NORMALIZED_COORDS, normalized_,
                                           CL_SAMPLER_ADDRESSING_MODE,   addressing_,
                                           CL_SAMPLER_FILTER_MODE,       filter_};
  session.Post(wire::CreateSampler{id_, context_->id(), properties});
}

}  // namespace clopencl::frontend
