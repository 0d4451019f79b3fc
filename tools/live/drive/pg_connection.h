// A connection to a real PostgreSQL over libpq. What a message answers comes in the form that
// scenarios share (core/scenario/sql_outcome.h), with every field that a client receives.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/scenario/psql_run.h"

namespace cdcsim::live {

/// Where to connect and as whom. What is empty comes from the URI, the environment and libpq's defaults.
struct PgAddress {
    std::string uri;
    std::string database, user;
    std::string application = "cdcsim";
};

class PgConnection {
  public:
    /// Throws SqlError (08001 or the server's own) with the server's or libpq's message.
    explicit PgConnection(const PgAddress& address);
    ~PgConnection();
    PgConnection(const PgConnection&) = delete;

    /// Sends a simple-query message; COPY FROM STDIN asks `copy_in` for its data.
    void send(const std::string& sql, const std::function<std::string()>& copy_in);
    /// Waits for the end of its answer; false if it has not come within `milliseconds`.
    bool ends_within(int milliseconds);
    /// The whole answer. REQUIRES: ends_within() was true.
    scenario::MessageAnswer take();
    /// All three, however long it takes.
    scenario::MessageAnswer execute(const std::string& sql);

    /// A question of our own. Throws Unavailable if it is not answered.
    std::vector<std::vector<std::optional<std::string>>> rows(const std::string& query);
    /// The first column of the first row; "" if there is none or it is NULL.
    std::string value(const std::string& query);
    void command(const std::string& sql);

    int backend_pid() const;
    bool is_open() const;
    /// The parts of the address that a connector is told.
    std::string host() const, port() const, user() const, password() const;

    std::string literal(const std::string& text) const;
    std::string identifier(const std::string& text) const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace cdcsim::live
