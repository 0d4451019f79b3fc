// A thread with a deep stack that runs one job while its caller waits, so that a statement can stop
// in the middle: pause() gives the caller its turn, resume() takes up the job again. Exactly one of
// the two runs at any time. Belongs to the sessions (backend.h), mirrors a backend process.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <pthread.h>

namespace cdcsim::pg {

class SessionThread {
  public:
    SessionThread();
    /// REQUIRES: no job, or one that has ended.
    ~SessionThread();
    SessionThread(const SessionThread&) = delete;
    SessionThread& operator=(const SessionThread&) = delete;

    /// Runs the job until it ends (true) or pauses (false). Rethrows what it throws.
    bool run(std::function<void()> job);
    /// REQUIRES: the job has paused.
    bool resume();
    /// Called by the job: returns when it is resumed.
    void pause();

  private:
    enum class Turn { kNobody, kJob, kPaused, kEnded, kQuit };
    static void* enter(void* self);
    void loop();
    bool hand_over();

    std::mutex mutex_;
    std::condition_variable changed_;
    Turn turn_ = Turn::kNobody;
    std::function<void()> job_;
    std::exception_ptr error_;
    pthread_t thread_{};
};

/// Threads that have nothing to do are kept: caches of theirs outlive the sessions that use them.
class SessionThreads {
  public:
    std::unique_ptr<SessionThread> take();
    void give_back(std::unique_ptr<SessionThread> thread) { idle_.push_back(std::move(thread)); }

  private:
    std::vector<std::unique_ptr<SessionThread>> idle_;
};

}  // namespace cdcsim::pg
