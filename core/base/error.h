// The four kinds of error. SqlError mirrors PostgreSQL's ErrorData; ConnectError is what Kafka
// Connect's REST interface answers; NotSimulated says that a construct is known but not built;
// InternalError is a bug of ours (CDCSIM_CHECK).
#pragma once

#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace cdcsim {

/// PostgreSQL's error with the fields a client sees. Thrown by value, caught by reference.
/// The setters chain: `throw SqlError("22012", "division by zero").hint("...")`.
class SqlError : public std::exception {
  public:
    SqlError(std::string_view sqlstate, std::string message)
        : sqlstate_(sqlstate), message_(std::move(message)) {}

    const char* what() const noexcept override { return message_.c_str(); }

    const std::string& sqlstate() const { return sqlstate_; }
    const std::string& message() const { return message_; }
    const std::string& detail() const { return detail_; }
    const std::string& hint() const { return hint_; }
    /// CONTEXT lines, innermost first, joined by '\n'.
    const std::string& context() const { return context_; }
    /// Byte offset into the statement's text, or -1.
    int position() const { return position_; }
    /// The text of an internally generated query (QUERY:) and a byte offset into it, or -1.
    const std::string& internal_query() const { return internal_query_; }
    int internal_position() const { return internal_position_; }

    SqlError&& detail(std::string text) && { return detail_ = std::move(text), std::move(*this); }
    SqlError&& hint(std::string text) && { return hint_ = std::move(text), std::move(*this); }
    /// `byte_offset` is a parse location; -1 leaves the position unset. The first one wins.
    SqlError&& at(int byte_offset) && { return set_position(byte_offset), std::move(*this); }
    void set_position(int byte_offset) {
        if (position_ < 0) position_ = byte_offset;
    }
    /// Moves the position, for a text that is part of another one.
    void replace_position(int byte_offset) { position_ = byte_offset; }
    void set_message(std::string text) { message_ = std::move(text); }
    void set_detail(std::string text) { detail_ = std::move(text); }
    void set_hint(std::string text) { hint_ = std::move(text); }
    void add_context(const std::string& line) {
        if (context_sealed_) return;
        if (!context_.empty()) context_ += '\n';
        context_ += line;
    }
    void set_context(std::string text) { context_ = std::move(text); }
    /// No more lines: an error that is thrown again keeps the CONTEXT of its first time.
    void seal_context() { context_sealed_ = true; }
    bool context_sealed() const { return context_sealed_; }
    /// Turns position() into a position inside `query`, as PostgreSQL's internalerrposition does.
    void move_position_into(std::string query) {
        internal_query_ = std::move(query);
        internal_position_ = position_;
        position_ = -1;
    }

    /// What GET STACKED DIAGNOSTICS returns.
    struct ObjectNames {
        std::string schema, table, column, datatype, constraint;
    };
    const ObjectNames& objects() const { return objects_; }
    SqlError&& about(ObjectNames names) && { return objects_ = std::move(names), std::move(*this); }

    /// True for NotSimulated: no EXCEPTION clause of PL/pgSQL may catch it.
    virtual bool is_not_simulated() const { return false; }
    /// Throws a copy with its dynamic type.
    [[noreturn]] virtual void rethrow() const { throw *this; }

  private:
    std::string sqlstate_, message_, detail_, hint_, context_, internal_query_;
    int position_ = -1;
    int internal_position_ = -1;
    bool context_sealed_ = false;
    ObjectNames objects_;
};

/// A construct that the real system has and this one does not (yet). SQLSTATE class ZS is our own,
/// PostgreSQL uses no code of it. The run that meets it ends with exit status 3.
class NotSimulated : public SqlError {
  public:
    /// `what` completes the line "not simulated: <what>", for example "CREATE OPERATOR".
    explicit NotSimulated(const std::string& what, int byte_offset = -1)
        : SqlError("ZS001", "not simulated: " + what) {
        set_position(byte_offset);
    }
    bool is_not_simulated() const override { return true; }
    [[noreturn]] void rethrow() const override { throw *this; }
};

/// What Kafka Connect's REST interface answers instead of 2xx.
class ConnectError : public std::runtime_error {
  public:
    ConnectError(int http_status, const std::string& message)
        : std::runtime_error(message), http_status_(http_status) {}
    int http_status() const { return http_status_; }

  private:
    int http_status_;
};

/// A bug of ours. The command line exits 70; a Pipeline refuses further use.
class InternalError : public std::logic_error {
  public:
    InternalError(const char* file, int line, const std::string& what);
};

#define CDCSIM_CHECK(condition)                                                    \
    do {                                                                           \
        if (!(condition))                                                          \
            throw ::cdcsim::InternalError(__FILE__, __LINE__, "CHECK " #condition); \
    } while (false)

}  // namespace cdcsim
