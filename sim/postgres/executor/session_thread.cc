#include "sim/postgres/executor/session_thread.h"

#include <utility>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 20U;

}  // namespace

SessionThread::SessionThread() {
    pthread_attr_t attributes;
    CDCSIM_CHECK(pthread_attr_init(&attributes) == 0);
    CDCSIM_CHECK(pthread_attr_setstacksize(&attributes, kStackBytes) == 0);
    CDCSIM_CHECK(pthread_create(&thread_, &attributes, enter, this) == 0);
    pthread_attr_destroy(&attributes);
}

SessionThread::~SessionThread() {
    {
        std::lock_guard guard(mutex_);
        turn_ = Turn::kQuit;
    }
    changed_.notify_all();
    pthread_join(thread_, nullptr);
}

void* SessionThread::enter(void* self) {
    static_cast<SessionThread*>(self)->loop();
    return nullptr;
}

void SessionThread::loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return turn_ == Turn::kJob || turn_ == Turn::kQuit; });
        if (turn_ == Turn::kQuit) return;
        lock.unlock();
        try {
            job_();
        } catch (...) {
            error_ = std::current_exception();
        }
        job_ = nullptr;
        lock.lock();
        turn_ = Turn::kEnded;
        changed_.notify_all();
    }
}

bool SessionThread::hand_over() {
    std::unique_lock lock(mutex_);
    turn_ = Turn::kJob;
    changed_.notify_all();
    changed_.wait(lock, [&] { return turn_ == Turn::kPaused || turn_ == Turn::kEnded; });
    if (turn_ == Turn::kPaused) return false;
    turn_ = Turn::kNobody;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return true;
}

bool SessionThread::run(std::function<void()> job) {
    job_ = std::move(job);
    return hand_over();
}

bool SessionThread::resume() { return hand_over(); }

void SessionThread::pause() {
    std::unique_lock lock(mutex_);
    turn_ = Turn::kPaused;
    changed_.notify_all();
    changed_.wait(lock, [&] { return turn_ == Turn::kJob; });
}

std::unique_ptr<SessionThread> SessionThreads::take() {
    if (idle_.empty()) return std::make_unique<SessionThread>();
    std::unique_ptr<SessionThread> thread = std::move(idle_.back());
    idle_.pop_back();
    return thread;
}

}  // namespace cdcsim::pg
