#include "launch/pinning.h"

#include <algorithm>
#include <map>

#include "launch/text.h"

namespace clopencl::launch {

namespace {

using Cores = std::vector<CpuSet>;

CpuSet Flatten(const Cores& cores) {
  CpuSet all;
  for (const CpuSet& core : cores) all.insert(core.begin(), core.end());
  return all;
}

// The cores without the given CPUs; cores of which nothing is left are gone.
Cores Without(const Cores& cores, const CpuSet& taken) {
  Cores rest;
  for (const CpuSet& core : cores) {
    CpuSet left = Difference(core, taken);
    if (!left.empty()) rest.push_back(std::move(left));
  }
  return rest;
}

// `parts` sets as equal as can be: whole cores, else hardware threads, else threads that several share.
Cores Divide(const Cores& cores, size_t parts) {
  Cores units = cores;
  if (units.size() < parts) {
    units.clear();
    for (const CpuSet& core : cores) {
      for (int cpu : core) units.push_back({cpu});
    }
  }
  Cores result(parts);
  for (size_t i = 0; i < parts; ++i) {
    if (units.size() < parts) {
      result[i] = units[i % units.size()];
      continue;
    }
    for (size_t unit = i * units.size() / parts; unit < (i + 1) * units.size() / parts; ++unit) {
      result[i].insert(units[unit].begin(), units[unit].end());
    }
  }
  return result;
}

CpuSet NearOf(const Node& node, const ServerRequest& request) {
  CpuSet near;
  for (size_t d : request.devices) near = Union(near, node.devices[d].near);
  return Intersection(near, AllCpus(node));
}

class NodePinner {
 public:
  NodePinner(const Node& node, const std::vector<ServerRequest>& requests, const PinningOptions& options)
      : node_(node), requests_(requests), options_(options), pinning_{.cpus = Cores(requests.size())} {}

  Pinning Run() {
    // Several requests with the very same set divide it: that is what a count after a list means.
    std::map<CpuSet, std::vector<size_t>> named;
    for (size_t i = 0; i < requests_.size(); ++i) {
      if (requests_[i].cpus) {
        named[*requests_[i].cpus].push_back(i);
        named_ = Union(named_, *requests_[i].cpus);
      } else {
        (DrivesCpu(node_, requests_[i]) ? cpu_servers_ : other_servers_).push_back(i);
      }
    }
    for (const auto& [cpus, servers] : named) Assign(Restrict(cpus), servers);
    PinCpuServers();
    PinOtherServers();
    return std::move(pinning_);
  }

 private:
  Cores Restrict(const CpuSet& cpus) const { return Without(node_.cores, Difference(AllCpus(node_), cpus)); }

  void Assign(const Cores& cores, const std::vector<size_t>& servers) {
    const Cores parts = Divide(cores, servers.size());
    for (size_t i = 0; i < servers.size(); ++i) pinning_.cpus[servers[i]] = parts[i];
    const size_t threads = Flatten(cores).size();
    if (servers.size() > threads) {
      pinning_.notes.push_back(Count(servers.size(), "CPU rank server") + " on " + node_.host + " share " +
                               Count(threads, "CPU"));
    }
  }

  Cores Reserve(Cores pool) {
    const size_t wanted = (options_.rank_zero_here ? 1 : 0) + (other_servers_.empty() ? 0 : 1);
    size_t count = std::min(wanted, pool.size() / 4);
    if (options_.reserved_cores) count = std::min<size_t>(*options_.reserved_cores, pool.size() - 1);
    if (count == 0) return pool;
    // The last core beside a GPU serves the GPU servers; rank 0 takes what is last then.
    if (!other_servers_.empty()) {
      const CpuSet near = NearOf(node_, requests_[other_servers_.front()]);
      const auto beside = std::find_if(pool.rbegin(), pool.rend(), [&near](const CpuSet& core) {
        return !Intersection(core, near).empty();
      });
      if (beside != pool.rend()) {
        pinning_.reserved = *beside;
        pool.erase(std::next(beside).base());
        --count;
      }
    }
    for (; count > 0; --count) {
      if (options_.rank_zero_here && rank_zero_.empty()) rank_zero_ = pool.back();
      pinning_.reserved = Union(pinning_.reserved, pool.back());
      pool.pop_back();
    }
    return pool;
  }

  void PinCpuServers() {
    if (cpu_servers_.empty()) return;
    Cores pool = Without(node_.cores, named_);
    if (pool.empty()) {
      pool = node_.cores;
      pinning_.notes.push_back("all CPUs of " + node_.host + " were named for other rank servers, so " +
                               Count(cpu_servers_.size(), "CPU rank server") +
                               " without a set of CPUs share them");
    } else {
      pool = Reserve(std::move(pool));
    }
    Assign(pool, cpu_servers_);
  }

  void PinOtherServers() {
    CpuSet taken = named_;
    for (size_t i : cpu_servers_) taken = Union(taken, pinning_.cpus[i]);
    std::map<CpuSet, std::vector<size_t>> neighbours;
    for (size_t i : other_servers_) {
      const CpuSet near = NearOf(node_, requests_[i]);
      neighbours[near.empty() ? AllCpus(node_) : near].push_back(i);
    }
    for (const auto& [near, servers] : neighbours) {
      Cores pool = Without(Restrict(near), Union(taken, rank_zero_));
      if (pool.empty()) pool = Without(Restrict(near), taken);
      if (pool.empty()) pool = Without(node_.cores, taken);
      if (pool.empty()) pool = Restrict(near);
      const bool enough = pool.size() >= servers.size();
      const Cores parts = enough ? Divide(pool, servers.size()) : Cores(servers.size(), Flatten(pool));
      for (size_t i = 0; i < servers.size(); ++i) pinning_.cpus[servers[i]] = parts[i];
    }
  }

  const Node& node_;
  const std::vector<ServerRequest>& requests_;
  const PinningOptions& options_;
  Pinning pinning_;
  CpuSet named_;
  CpuSet rank_zero_;  // The core that is left to it, if any.
  std::vector<size_t> cpu_servers_;
  std::vector<size_t> other_servers_;
};

}  // namespace

bool DrivesCpu(const Node& node, const ServerRequest& request) {
  return std::any_of(request.devices.begin(), request.devices.end(),
                     [&node](size_t d) { return node.devices[d].type == DeviceType::kCpu; });
}

Pinning PinServers(const Node& node, const std::vector<ServerRequest>& requests,
                   const PinningOptions& options) {
  return NodePinner(node, requests, options).Run();
}

}  // namespace clopencl::launch
