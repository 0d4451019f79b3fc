// Runs a psql script against a session, command by command, as `psql -X < script` does: goes on
// after an error unless ON_ERROR_STOP, obeys the backslash commands that a script needs, refuses the
// others by name. Shared by the simulated target, the live one and the library's run_script().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/scenario/psql_script.h"
#include "core/scenario/sql_outcome.h"

namespace cdcsim::scenario {

/// What one simple-query message answered.
struct MessageAnswer {
    std::vector<StatementAnswer> answers;
    std::vector<Report> error_notices;
    std::optional<Report> error;
    bool waiting = false;    ///< for a lock: the answer is not there yet
    std::string waits_for;   ///< the lock and its holder
};

/// The session and the files that a script needs.
class PsqlHost {
  public:
    virtual ~PsqlHost() = default;
    using CopyIn = std::function<std::string()>;
    virtual MessageAnswer execute(std::string_view sql, const CopyIn& copy_in) = 0;
    /// The answer of the message that was left waiting.
    virtual MessageAnswer resume() = 0;
    /// \c: a new session of the same database. Empty user: the present one.
    virtual void reconnect(const std::string& user) = 0;
    virtual const std::string& database() const = 0;
    virtual const std::string& user() const = 0;
    /// The text of a file beside the scenario; nullopt if it cannot be read.
    virtual std::optional<std::string> read_file(const std::string& path) = 0;
};

class PsqlRun {
  public:
    struct Options {
        bool stop_on_error = false;
    };
    /// Scripts one after the other, as `psql -f a -f b`.
    PsqlRun(std::vector<std::string> texts, const Options& options);
    ~PsqlRun();
    PsqlRun(PsqlRun&&) noexcept;

    /// Runs to the end, or until a statement waits for a lock. Calls `after` for each outcome.
    void advance(PsqlHost& host, const std::function<void(Outcome&)>& after = {});

    bool waiting() const { return waiting_; }
    const std::string& waits_for() const { return waits_for_; }
    bool done() const { return !waiting_ && inputs_.empty(); }
    /// The statement that is waiting.
    const std::string& current_sql() const { return current_.sql; }
    std::vector<Outcome>& outcomes() { return outcomes_; }

  private:
    struct Input;
    using Arguments = std::vector<std::string>;

    void start_next_text();
    void run_query(PsqlHost& host, const PsqlCommand& command);
    void finish_query(MessageAnswer answer);
    void run_meta(PsqlHost& host, const PsqlCommand& command);
    void refuse(const std::string& what);
    void fail(const std::string& message);
    void set_variable(const Arguments& arguments);
    void echo(const Arguments& arguments);
    void include(PsqlHost& host, const Arguments& arguments, bool relative);
    void connect(PsqlHost& host, const Arguments& arguments);
    void restrict(const Arguments& arguments);
    void unrestrict(const Arguments& arguments);

    std::vector<std::string> texts_;
    std::size_t next_text_ = 0;
    std::vector<std::unique_ptr<Input>> inputs_;
    std::vector<Outcome> outcomes_;
    Outcome current_;
    bool stop_on_error_ = false;
    bool data_pending_ = false;  ///< the current query's COPY data has not been read
    bool waiting_ = false;
    std::string waits_for_;
    std::optional<std::string> restricted_by_;
};

}  // namespace cdcsim::scenario
