#include "rankserver/program_jobs.h"

#include <algorithm>

namespace clopencl::rankserver {

void Channel::Park(std::vector<std::shared_ptr<Program>> needs, std::function<void()> run) {
  auto message = std::make_shared<ParkedMessage>();
  message->programs = std::move(needs);
  message->run = std::move(run);
  for (const auto& program : message->programs) {
    if (program->parked.empty() || program->parked.back() != message) program->parked.push_back(message);
  }
}

void Channel::RunParked(std::vector<std::shared_ptr<Program>> freed) {
  if (stopping_) return DropParked(std::move(freed));
  while (!freed.empty()) {
    const std::shared_ptr<Program> program = std::move(freed.back());
    freed.pop_back();
    while (!program->busy && !program->parked.empty()) {
      const std::shared_ptr<ParkedMessage> message = program->parked.front();
      const auto& needs = message->programs;
      const bool runnable = std::all_of(needs.begin(), needs.end(), [&](const auto& need) {
        return !need->busy && need->parked.front() == message;
      });
      if (!runnable) break;
      for (const auto& need : needs) {
        if (!need->parked.empty() && need->parked.front() == message) need->parked.pop_front();
      }
      message->run();
      for (const auto& need : needs) {
        if (need != program) freed.push_back(need);
      }
    }
  }
}

void Channel::DropParked(std::vector<std::shared_ptr<Program>> of) {
  while (!of.empty()) {
    const std::shared_ptr<Program> program = std::move(of.back());
    of.pop_back();
    // A program and what is parked at it hold each other.
    for (const auto& message : std::exchange(program->parked, {})) {
      for (auto& need : std::exchange(message->programs, {})) of.push_back(std::move(need));
    }
  }
}

void Channel::StopJobs() {
  stopping_ = true;
  std::vector<std::shared_ptr<Program>> all;
  programs.ForEach([&](const std::shared_ptr<Program>& program) { all.push_back(program); });
  DropParked(std::move(all));
}

void Channel::StartJob(std::unique_ptr<ProgramJob> job) {
  std::erase(job->programs, nullptr);
  for (const auto& program : job->programs) program->busy = true;
  ++jobs_;
  const auto shared = std::make_shared<std::unique_ptr<ProgramJob>>(std::move(job));
  environment_.workers.Run([shared, completions = environment_.completions, alive = alive()] {
    (*shared)->Work();
    // The job itself goes to the event loop, where what it holds may be destroyed.
    completions->Post(MakeCompletion([owned = std::shared_ptr<ProgramJob>(std::move(*shared)), alive] {
      if (const auto channel = alive.lock()) (*channel)->FinishJob(*owned);
    }));
  });
}

void Channel::FinishJob(ProgramJob& job) {
  --jobs_;
  for (const auto& program : job.programs) program->busy = false;
  job.Done(*this);
  RunParked(job.programs);
}

}  // namespace clopencl::rankserver
