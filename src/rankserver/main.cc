// clopencl-rankserver: ranks 1 to N of a job. See --help.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>

#include "common/config.h"
#include "common/log.h"
#include "common/transport/mpi_transport.h"
#include "rankserver/listing.h"
#include "rankserver/model/device_model.h"
#include "rankserver/options.h"
#include "rankserver/process_setup.h"
#include "rankserver/server.h"

namespace clopencl::rankserver {
namespace {

struct Offer {
  std::vector<OfferedPlatform> platforms;
  std::vector<unsigned> cpus;
  std::string error;
  bool modelled = false;

  // Whether work for a device takes cores of this node.
  bool works_on_cores() const { return !modelled && AnyCpu(platforms); }
};

Offer MakeOffer(const Options& options) {
  Offer offer;
  const Share share = options.list ? Share{} : ShareOfNode();
  const bool divides = options.serve.empty() && share.servers > 1;
  offer.cpus = options.cpus;
  // Only a node's CPU device can be divided; whether there are devices enough is known after OpenCL is
  // loaded, when it is too late to pin.
  if (offer.cpus.empty() && divides) offer.cpus = ShareOfCpus(share);
  if (!offer.cpus.empty() && !PinToCpus(offer.cpus, offer.error)) return offer;
  NativeApi api;
  const char* model = std::getenv("CLOPENCL_MODEL");
  offer.modelled = model != nullptr && *model != '\0';
  const bool loaded =
      offer.modelled ? LoadModel(model, HostName(), api, offer.error) : LoadNativeApi(api, offer.error);
  if (!loaded) return offer;
  const std::vector<OfferedPlatform> found = FindPlatforms(api);
  offer.platforms = Choose(divides ? TakeShare(found, share) : found, options.serve, offer.error);
  if (offer.platforms.empty() && offer.error.empty()) {
    offer.error =
        "no native OpenCL device was found; install a platform (Debian: pocl-opencl-icd), see clinfo";
  }
  return offer;
}

int List(const Options& options) {
  const Offer offer = MakeOffer(options);
  // Nothing at all to serve is an answer, too; a wish that can't be met is not.
  const bool failed = !offer.error.empty() && (!options.serve.empty() || !options.cpus.empty());
  if (failed) {
    std::fprintf(stderr, "clopencl-rankserver: %s\n", offer.error.c_str());
    return 2;
  }
  const std::string text =
      options.json ? ListingJson(offer.platforms, offer.cpus) : ListingTable(offer.platforms, offer.cpus);
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

int Serve(const Options& options) {
  EndWithParent();
  Offer offer = MakeOffer(options);
  std::string error;
  const std::unique_ptr<transport::Transport> transport = transport::JoinMpi(error);
  if (transport == nullptr) {
    Log().error("clopencl-rankserver can't join the MPI job: {}", error);
    return 1;
  }
  const std::string host = HostName();
  SetLogName("rank " + std::to_string(transport->rank()) + " @ " + host);
  if (transport->rank() == 0) {
    Log().error(
        "clopencl-rankserver is rank 0, which is the program's place: put the program first on mpirun's "
        "line");
    for (transport::Rank rank = 1; rank < transport->size(); ++rank) transport->SendQuit(rank);
    transport->Close();
    return 1;
  }
  if (!offer.error.empty()) Log().error("nothing to serve: {}", offer.error);
  const Config& config = GetConfig();
  Server::Settings settings;
  settings.host = host;
  settings.error = offer.error;
  settings.limits = {config.window_bytes, config.chunk_bytes, config.inline_bytes, config.staging_depth};
  settings.capture_descriptor = STDOUT_FILENO;
  // Never destroyed: that would wait for a build that a worker is at.
  auto* server = new Server(*transport, offer.platforms, std::move(settings));
  server->Run(MakeWaitPolicy(config, UsableCores(), RanksOnNode(), offer.works_on_cores()));
  server->Close(false);
  return 0;
}

}  // namespace
}  // namespace clopencl::rankserver

int main(int argc, char** argv) {
  using namespace clopencl::rankserver;
  std::optional<int> exit_code;
  const Options options = ParseOptions(argc, argv, exit_code);
  if (exit_code) return *exit_code;
  PrepareEnvironment();
  if (options.list) return List(options);
  const int code = Serve(options);
  // Native runtimes have threads and exit handlers that a kernel still running would keep waiting.
  std::fflush(nullptr);
  _exit(code);
}
