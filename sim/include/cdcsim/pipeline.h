// cdcsim's library: a PostgreSQL, a Debezium connector and a Kafka in this process, for testing what
// is built on change events. SQL goes in, records come out, byte for byte as the real stack would
// have written them (PostgreSQL 15, Debezium 3.6.3.Final, Kafka 4.3.0).
//
// Everything is synchronous: when a call returns, the records that it caused are in their topics.
// Nothing reads the clock or the environment; the same calls give the same bytes. A Pipeline is used
// by one thread at a time, two Pipelines in two threads are independent. Errors are exceptions
// derived from std::runtime_error; the host is never aborted.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cdcsim {

/// PostgreSQL's error with the fields that a client sees.
struct SqlFailure {
    std::string severity;  ///< "ERROR"
    std::string sqlstate;  ///< "23505"
    std::string message, detail, hint, context;
    int position = 0;      ///< in the statement, in characters from 1; 0: none
    std::string statement;
    std::string report;    ///< as psql prints it, with LINE and caret
};

/// A statement failed. what() is the message.
class StatementError : public std::runtime_error {
  public:
    explicit StatementError(SqlFailure failure) : std::runtime_error(failure.message), failure_(std::move(failure)) {}
    const SqlFailure& failure() const { return failure_; }
    const std::string& sqlstate() const { return failure_.sqlstate; }

  private:
    SqlFailure failure_;
};

/// Kafka Connect refused a request. what() is its message.
class ConnectorError : public std::runtime_error {
  public:
    ConnectorError(int status, const std::string& message) : std::runtime_error(message), http_status_(status) {}
    int http_status() const { return http_status_; }

  private:
    int http_status_;
};

/// Something that the real stack does and cdcsim does not: "not simulated: ...".
class NotSimulatedError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A bug of cdcsim; the Pipeline refuses further use.
class BrokenPipelineError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct Header {
    std::string key;
    std::optional<std::string> value;
};

/// A Kafka record. `key` and `value` are views of the record's own storage, shared by its copies:
/// they live as long as any copy does.
class Record {
  public:
    std::string topic;
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::optional<std::string_view> key;    ///< nullopt: no key
    std::optional<std::string_view> value;  ///< nullopt: a tombstone
    std::vector<Header> headers;

    /// A field of the payload as text, by its path: `get("after.amount")`, `get("op")`. Strings
    /// without quotes, other values as JSON; nullopt if it is null or not there.
    std::optional<std::string> get(std::string_view path) const;
    /// The payload without source and times, for messages.
    std::string summary() const;

  private:
    friend class Topic;
    std::shared_ptr<const void> storage_;
};

/// A consumer's view of one topic. Lives as long as its Pipeline.
class Topic {
  public:
    Topic(const Topic&) = delete;
    Topic& operator=(const Topic&) = delete;

    const std::string& name() const;
    std::size_t size() const;
    /// The next record, or null at the end. Valid until the next poll() on this topic.
    const Record* poll();
    /// All records from the present position on.
    std::vector<Record> drain();
    /// All records from the beginning; the position stays.
    std::vector<Record> all() const;
    /// Sets the position of poll() and drain().
    void seek(std::int64_t offset);

  private:
    friend class Pipeline;
    struct Impl;
    explicit Topic(std::unique_ptr<Impl> impl);
    Record make(std::size_t offset) const;

  public:
    ~Topic();

  private:
    std::unique_ptr<Impl> impl_;
};

/// The rows of the last statement of a message, every value in PostgreSQL's text form.
struct SqlResult {
    std::vector<std::string> columns;
    std::vector<std::vector<std::optional<std::string>>> rows;  ///< nullopt is NULL
    std::string tag;                                            ///< "INSERT 0 1"
    std::vector<std::string> notices;                           ///< "NOTICE:  ..."
    /// The statement waits for a lock; what it answers comes through Session::resume().
    bool waiting = false;
};

/// What a psql script came to.
struct ScriptResult {
    SqlResult last;                   ///< of the last statement that succeeded
    std::vector<SqlFailure> errors;   ///< of all statements, in order
    std::string transcript;           ///< what psql would have printed
};

/// A session of its own, with its transaction and settings. Lives as long as its Pipeline.
class Session {
  public:
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    /// As Pipeline::sql, in this session.
    SqlResult sql(std::string_view text);
    /// The answer of a statement that was left waiting, or `waiting` still.
    SqlResult resume();

  private:
    friend class Pipeline;
    struct Impl;
    explicit Session(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

struct ConnectorStatus {
    std::string state;  ///< RUNNING, PAUSED, STOPPED; FAILED if its task is; "" if there is none
    std::string trace;  ///< of a failed task
};

using ConnectorConfig = std::map<std::string, std::string>;

class Pipeline {
  public:
    struct Options {
        std::string database = "cdc";
        std::uint64_t seed = 1;  ///< of random(), uuids and the like
        /// When time begins: 2024-01-01 00:00:00.123457 UTC.
        std::chrono::microseconds start_time{1'704'067'200'123'457};
    };
    /// A point to come back to.
    class Mark {
        friend class Pipeline;
        std::size_t steps_ = 0;
        std::map<std::string, std::size_t> positions_;
    };

    Pipeline() : Pipeline(Options()) {}
    explicit Pipeline(const Options& options);
    ~Pipeline();
    Pipeline(Pipeline&&) noexcept;
    Pipeline& operator=(Pipeline&&) noexcept;

    /// Runs one simple-query message, as PQexec sends it: several statements are one implicit
    /// transaction, the first error stops it and is thrown as StatementError. Rows and tag of the
    /// last statement.
    SqlResult sql(std::string_view text);
    /// Runs a psql script: each statement by itself, on after an error. What ends inside a
    /// transaction is rolled back, as when psql quits. \i reads files.
    ScriptResult run_script(std::string_view text);
    /// A named session, opened at its first use.
    Session& session(const std::string& name);

    /// Creates a connector and waits until it streams. connector.class, plugin.name and the
    /// database.* options need not be given; topic.prefix is cdc unless it is. Throws
    /// ConnectorError, NotSimulatedError.
    void create_connector(const std::string& name, const ConnectorConfig& config);
    /// PUT /connectors/NAME/config: the whole configuration anew.
    void configure_connector(const std::string& name, const ConnectorConfig& config);
    void stop_connector(const std::string& name);
    void pause_connector(const std::string& name);
    void resume_connector(const std::string& name);
    void restart_connector(const std::string& name);
    void delete_connector(const std::string& name);
    ConnectorStatus connector_status(const std::string& name) const;

    /// A topic, which need not hold records yet.
    Topic& topic(const std::string& name);
    /// The names of the topics that hold records, sorted.
    std::vector<std::string> topics() const;

    /// Lets time pass.
    void advance(std::chrono::microseconds duration);

    /// restore() takes everything back to its mark: tables, sessions, slots, connectors, topics,
    /// offsets, positions of the Topics, the clock. It plays the calls since the beginning again, so
    /// it costs what they cost.
    Mark mark() const;
    void restore(const Mark& mark);

    /// Shows the topics to real Kafka clients: `host:port` of a broker in this process, which holds
    /// what is in the topics and gets what comes. Throws NotSimulatedError if built without Kafka,
    /// std::runtime_error when a partition holds more than 5 MiB or 100,000 batches.
    std::string bootstrap_servers();

  private:
    friend class Session;
    friend class Topic;
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Holds records against patterns in YAML's flow style, as an `expect` step does:
/// `{op: u, before: null, after: {amount: '253.50'}}`, `null` for a tombstone; all, in order.
/// "" if they match, else what does not.
std::string mismatch(const std::vector<std::string>& patterns, const std::vector<Record>& records);

}  // namespace cdcsim
