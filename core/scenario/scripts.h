// The psql sessions of a run, whatever server they talk to: sessions that live as long as their names,
// steps that wait for a lock and end later. Shared by the simulated and the live target.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/scenario/psql_run.h"
#include "core/scenario/target.h"

namespace cdcsim::scenario {

class Scripts {
  public:
    /// Opens a psql for a step. Throws SqlError if it cannot connect.
    using OpenHost = std::function<std::unique_ptr<PsqlHost>(const SqlStep&)>;
    /// Called after each statement, before those who waited for it go on.
    using AfterStatement = std::function<void(Outcome&)>;

    Scripts(OpenHost open, AfterStatement after_statement);
    ~Scripts();

    /// Target::run_sql, without waiting for records.
    SqlAnswer run(int step_number, const SqlStep& step);
    /// Lets steps go on whose locks have become free.
    void wake();
    bool any_waiting() const { return !waiting_.empty(); }

    std::vector<LateAnswer> take_late();
    std::vector<LateAnswer> still_waiting();

  private:
    struct Script;

    void advance(Script& script);
    /// True if the script went on.
    bool wake_one(std::size_t index);

    OpenHost open_;
    AfterStatement after_statement_;
    std::map<std::string, std::unique_ptr<PsqlHost>> sessions_;
    std::vector<std::unique_ptr<Script>> waiting_;
    std::vector<LateAnswer> late_;
    bool waking_ = false;
};

}  // namespace cdcsim::scenario
