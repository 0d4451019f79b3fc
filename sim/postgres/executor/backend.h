// A session's server process: it runs statements against the shared state. Mirrors postgres.c and
// what a PostgreSQL backend keeps for itself. The statements themselves are in exec_*.cc and ddl_*.cc.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/executor/host.h"
#include "sim/postgres/executor/select.h"
#include "sim/postgres/executor/server_state.h"
#include "sim/postgres/executor/setting_stack.h"
#include "sim/postgres/executor/spi.h"
#include "sim/postgres/executor/transaction.h"
#include "sim/postgres/parser/parse.h"
#include "sim/postgres/server.h"

namespace cdcsim::pg {

/// What a statement answered, before it is turned into text.
struct ExecResult {
    bool returns_rows = false;
    RowType columns;
    std::string tag;                    ///< "INSERT 0 1"; empty: SELECT n is made from the rows
    std::uint64_t processed = 0;
    std::optional<std::string> copy_out;
    bool order_unspecified = false;
    std::string command;                ///< SPI's command name
};

class PlanCache;
class SpiPlanImpl;
struct ModifyPlan;

/// How a query finds its rows; empty: planned when it runs.
struct StatementPlan {
    std::shared_ptr<const SelectPlan> select;
    std::shared_ptr<const ModifyPlan> modify;   ///< of INSERT ... SELECT, UPDATE, DELETE
    /// The planner goes by the tables' sizes: what they were.
    struct TablePages {
        std::uint32_t file_node = 0, pages = 0;
    };
    std::vector<TablePages> sizes;
    bool is_kept = false;                       ///< it may run again while the sizes are the same
    bool is_current(Database& database) const;
};
StatementPlan plan_statement(const std::shared_ptr<const Query>& query, Backend& backend);

/// A table lock that a statement took when it was bound.
struct TableLock {
    RelationPtr relation;
    std::string mode;
    int location = -1;   ///< of the table's name in the statement
};

/// One statement to run.
struct Command {
    Node node;
    std::string_view text;              ///< of this statement alone
    int begin = 0;                      ///< byte offset of the text in the message
    ParamSource* params = nullptr;
    NameHook* hook = nullptr;
    bool top_level = true;
    /// A bound query that may be used again (SPI plans); nullptr: bind `node`.
    std::shared_ptr<const Query> query;
    StatementPlan plan;
};

/// A foreign key and the table that has it.
struct ReferencingKey {
    RelationPtr table;
    const Constraint* constraint = nullptr;
};

/// What a query level has done about one table and one kind of statement.
/// Cascades of foreign keys and data-modifying CTEs share it.
/// Mirrors AfterTriggersTableData.
struct TableEvents {
    Oid relation = kInvalidOid;
    int operation = 0;
    bool before_fired = false;               ///< its BEFORE STATEMENT triggers
    std::optional<std::size_t> after_begin;  ///< in the queue: its newest AFTER STATEMENT events
    std::shared_ptr<TransitionTables> transitions;
};

/// What waits for the end of a query level.
struct TriggerQueue {
    std::vector<TriggerEvent> events;    ///< those without a relation are cancelled
    std::vector<TableEvents> tables;

    /// The entry for rows and triggers to come: one whose transition tables have been read is closed.
    TableEvents& table(Oid relation, int operation);
};

struct PreparedStatement;  // prepared.cc
/// What a level of recursion takes of PostgreSQL's stack, in parts of kStackUnits.
/// Measured: so many levels of a trigger whose one statement fires it again fit into the real stack.
enum class CallWeight : int {
    kSql = 1000,
    kPlpgsql = 9000,
    kBeforeRowInsert = 11952,   // 627 levels
    kBeforeRowUpdate = 12067,   // 621
    kBeforeRowDelete = 12185,   // 615
    kBeforeStatement = 10989,   // 682
    kAfter = 10409,             // 720
};

/// A function or query that runs now: what it adds to the CONTEXT of an error inside it.
class ContextFrame {
  public:
    ContextFrame() = default;
    virtual ~ContextFrame() = default;
    ContextFrame(const ContextFrame&) = delete;
    ContextFrame& operator=(const ContextFrame&) = delete;
    virtual std::string line() const = 0;
};

/// An open cursor: its rows are those of its OPEN.
struct Portal {
    RowType columns;
    std::vector<std::vector<Datum>> rows;
    bool order_unspecified = false;
    std::int64_t position = 0;          ///< of the current row, from 1; 0 before the first
    bool scroll = true;                 ///< backward is allowed
    bool scroll_unknown = false;        ///< PostgreSQL's planner decides
    bool hold = false;                  ///< WITH HOLD: stays after COMMIT
    bool is_held = false;               ///< and has stayed
    std::uint64_t serial = 0;           ///< orders creations, for subtransactions
    std::shared_ptr<const SqlError> failure;  ///< of the query: told at the first FETCH
    std::shared_ptr<const Query> query;
    /// Where the rows lie in the tables of FROM, for WHERE CURRENT OF; empty: it cannot be said.
    std::vector<std::vector<Datum>> places;
};

/// Restores the length that a stack of what runs had.
template <typename T>
class StackScope {
  public:
    explicit StackScope(std::vector<T>& stack) : stack_(stack), size_(stack.size()) {}
    ~StackScope() { stack_.resize(size_); }
    StackScope(const StackScope&) = delete;
    StackScope& operator=(const StackScope&) = delete;

  private:
    std::vector<T>& stack_;
    std::size_t size_;
};

class Backend : public Session, public Host, public CatalogContext, public Spi {
  public:
    Backend(std::shared_ptr<ServerState> server, const std::string& user);
    ~Backend() override;

    // Session.
    MessageResult execute(std::string_view text, const std::function<std::string()>& copy_in) override;
    MessageResult resume() override;
    void set_label(const std::string& label) override { label_ = label; }

    // Environment.
    const ValueSettings& value_settings() override { return value_settings_; }
    const TypeInfo* find_type(Oid oid) override;
    bool type_is_visible(const TypeInfo& type) override;
    std::int64_t transaction_timestamp() override { return transaction_.start; }
    std::int64_t statement_timestamp() override { return statement_start_; }
    std::int64_t clock_timestamp() override { return server_->now(); }
    std::uint64_t random_bits() override { return server_->random_bits(); }
    double random() override;
    void set_random_seed(double seed) override;
    int register_row_type(const RowType& row_type) override;
    const RowType& row_type(int number) override;
    void notice(std::string_view severity, const std::string& message) override;
    void send_notice(std::string_view severity, SqlError report);

    // Host.
    Database& database() override { return *server_->database; }
    Snapshot take_snapshot() override;
    /// What is committed now, whatever the transaction's isolation.
    Snapshot latest_snapshot();
    Datum call_function(const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args) override;
    void call_set_function(const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args,
                           const RowSink& emit) override;
    Datum sql_value(SqlValue value, std::int32_t typmod, Oid type) override;
    std::int64_t next_value(Oid sequence) override;
    Datum check_domain(Oid domain, Datum value) override;
    void transition_rows(const std::string& name, const RowSink& emit) override;
    void virtual_rows(const Relation& relation, const RowSink& emit) override;
    std::vector<RelationPtr> scanned_relations(const Relation& relation, bool only_this) override;
    void run_modifying(const Query& query, ParamSource* params, const Snapshot& snapshot, const EvalContext* outer, const RowSink& emit) override;
    void enter_call() override { enter_call(CallWeight::kPlpgsql); }
    void leave_call() override { leave_call(CallWeight::kPlpgsql); }
    void enter_call(CallWeight weight);
    void leave_call(CallWeight weight) {
        call_depth_ -= static_cast<int>(weight);
        --call_frames_;
    }
    /// Runs `body` on a stack of its own where the present one may soon be full.
    template <typename Body>
    auto on_deep_stack(Body&& body) -> decltype(body()) {
        return call_frames_ % kFramesPerStack != 0 ? body() : on_new_stack(body);
    }
    /// Runs `body`, which recurses over `tree`.
    template <typename Body>
    auto on_stack_for(const ParseTree& tree, Body&& body) -> decltype(body()) {
        return tree.deep() ? on_new_stack(body) : body();
    }

    // CatalogContext.
    const Catalog& catalog() override { return transaction_.catalog ? *transaction_.catalog : *server_->catalog; }
    CatalogPtr catalog_ptr() const { return transaction_.catalog ? transaction_.catalog : server_->catalog; }
    const std::vector<Oid>& search_path() override;
    Host& host() override { return *this; }
    std::optional<RowType> transition_table(const std::string& name) override;
    bool may_use_schema(Oid schema) override;
    RelationPtr lock_relation(const RelationPtr& relation, std::string_view mode, int location) override;

    // Spi.
    std::unique_ptr<SpiPlan> prepare(const std::string& text, NameHook* hook, const TypeRef* target = nullptr) override;
    SpiResult execute(SpiPlan& plan, const SpiOptions& options) override;
    Datum evaluate(SpiPlan& plan, const SpiOptions& options, Oid* type, std::int32_t* typmod) override;
    void begin_subtransaction() override;
    void release_subtransaction() override;
    void rollback_subtransaction() override;
    void commit_and_chain(bool same_characteristics) override;
    void rollback_and_chain(bool same_characteristics) override;

    /// Those that refer to a table, in the order of their tables' oids.
    const std::vector<ReferencingKey>& foreign_keys_to(Oid relation);

    // For exec_*.cc and ddl_*.cc.
    ServerState& server() { return *server_; }
    Transaction& transaction() { return transaction_; }
    BindOptions bind_options(NameHook* hook = nullptr) { return {*this, hook}; }
    /// Runs one statement, utility or not; rows go to `sink`.
    ExecResult run(const Command& statement, const RowSink& sink);
    ExecResult run_query(const std::shared_ptr<const Query>& query, const StatementPlan& plan,
                         ParamSource* params, const RowSink& sink);
    /// The transaction id, assigned now if need be (a write).
    Xid write_xid();
    /// Starts a new command: what it writes is born with this number.
    std::uint64_t begin_command() { return ++server_->command; }
    /// A copy of the catalog to change; publish it with set_catalog.
    std::shared_ptr<Catalog> copy_catalog();
    void set_catalog(std::shared_ptr<Catalog> catalog);
    /// put_relation with the copy and publication in one.
    void update_relation(const std::shared_ptr<Relation>& relation);
    std::uint32_t allocate_file_node() { return server_->allocate_oid(); }
    TriggerQueue& trigger_queue();
    void push_trigger_queue() { trigger_queues_.emplace_back(); }
    void fire_after_triggers();     ///< fires and pops the current queue
    void discard_trigger_queue() { trigger_queues_.pop_back(); }
    void fire_deferred(bool only_now_immediate);
    Oid current_user() const { return current_user_; }
    Oid session_user() const { return session_user_; }
    Oid authenticated_user() const { return authenticated_user_; }
    /// SET SESSION AUTHORIZATION.
    void set_session_user(Oid role) {
        session_user_ = role;
        set_current_user(role);
    }
    void set_current_user(Oid role) {
        if (role != current_user_) search_path_catalog_ = nullptr;
        current_user_ = role;
    }
    const std::string& role_name(Oid role);
    std::string database_name() const { return server_->options.database; }
    int pid() const { return pid_; }
    std::string setting(const std::string& name);
    /// Validates and applies. Throws 42704, 22023 as PostgreSQL does.
    void set_setting(const std::string& name, const std::string& value, SettingAction action);
    /// The same without a look at the value.
    void put_setting(const std::string& name, std::string_view value, SettingAction action);
    void reset_setting(const std::string& name, SettingAction action);
    void reset_all_settings();
    SettingValues& setting_values() { return settings_; }
    int enter_settings() { return setting_stack_.enter(); }
    void leave_settings(int level, bool keep);
    std::map<Oid, std::int64_t>& session_sequences() { return session_sequences_; }
    std::int64_t& last_sequence_value() { return last_sequence_value_; }
    bool& has_last_sequence() { return has_last_sequence_; }
    Oid& last_sequence() { return last_sequence_; }
    std::string_view current_statement() const { return current_statement_; }
    std::vector<std::shared_ptr<TransitionTables>>& transition_stack() { return transition_stack_; }
    std::vector<const Trigger*>& trigger_stack() { return trigger_stack_; }
    std::function<std::string()> copy_in;
    /// pg_temp of this session; made when it is first needed.
    Oid temp_schema();
    /// The same, or kInvalidOid while there is none.
    Oid current_temp_schema();
    /// Drops the session's temporary objects: DISCARD TEMP, the end of the session.
    void drop_temporary_objects();
    /// At the end of a transaction: WITH HOLD cursors stay once they are committed.
    void end_portals(bool committed);
    void run_on_commit_actions();   ///< ON COMMIT DROP and DELETE ROWS
    /// PREPARE (prepared.cc), by name.
    std::map<std::string, std::shared_ptr<PreparedStatement>> prepared;
    /// Values of sequences with CACHE that this session has taken: next and last, by file node.
    struct CachedValues {
        std::int64_t next = 0;
        std::int64_t left = 0;
    };
    std::map<std::uint32_t, CachedValues> cached_values;
    /// Compiled PL/pgSQL functions; the interpreter's own (plpgsql/handler.cc).
    std::shared_ptr<void> plpgsql_cache;
    /// The errors that EXCEPTION handlers are running for, innermost last (RAISE; GET STACKED DIAGNOSTICS).
    std::vector<std::shared_ptr<const SqlError>> handled_errors;
    /// What runs now, innermost last, for the CONTEXT of notices, caught errors and PG_CONTEXT.
    std::vector<const ContextFrame*> context_frames;
    std::string context_lines() const;
    /// COMMIT is possible here: directly inside a CALL or DO that is a transaction of its own.
    bool nonatomic = false;
    bool as_definer = false;   ///< inside a SECURITY DEFINER function
    /// FOR loops over data-modifying queries that run now: no COMMIT inside them.
    int writing_loops = 0;
    std::vector<std::shared_ptr<const Query>> running_queries;  ///< until their AFTER triggers are done
    std::vector<Oid> triggered;                                 ///< tables whose triggers run
    bool is_in_use(const Relation& relation) const;
    std::map<std::string, Portal> portals;
    std::uint64_t portal_serial = 0;
    std::string new_portal_name();
    void drop_portals_after(std::uint64_t serial);
    /// CALL: the values of the OUT and INOUT parameters.
    std::vector<Datum> call_procedure(const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args);

    // Locks (waiting.cc).
    /// Whether a lock that is taken now matters to others: the transaction goes on after this
    /// statement, or other sessions have open ones.
    bool keeps_locks() const { return transaction_.block || contended_; }
    /// Other sessions had open transactions when the statement began.
    bool is_contended() const { return contended_; }
    /// Takes a lock until the end of the transaction. True: it had to wait for it.
    bool lock(const LockTag& tag, LockMode mode, const std::string& what, int position = -1);
    /// lock() of a table for one that is bound already.
    bool lock_table(const Relation& relation, LockMode mode);
    /// The tables of a query that was bound earlier. True: it had to wait for one.
    bool lock_tables(const Query& query);
    /// Waits until what `wait` names is free; the request, if it has one, stands in its queue.
    /// Throws 40P01, 55P03, 57014 with the wait's context.
    void wait_for(LockWait wait);
    const LockWait* waits_for() const { return waits_ ? &*waits_ : nullptr; }
    bool is_blocked();
    /// Locks of the session, beyond transactions.
    std::vector<HeldLock>& session_locks() { return session_locks_; }
    const std::string& label() const { return label_; }
    /// The user's database was created just before its first object.
    Oid database_oid() const { return server_->options.base_oid - 1; }
    /// Ends what waits, without an answer.
    void abandon();

    // Transactions (transaction.cc).
    void begin_block();
    /// COMMIT: commits, and the block ends whatever happens.
    void end_block();
    void commit_transaction();
    void rollback_transaction();
    void define_savepoint(const std::string& name);
    void release_savepoint(const std::string& name);
    void rollback_to_savepoint(const std::string& name);
    void start_transaction();
    void add_change(Change change);
    /// WAL that decoding shows nobody, but that separates what it shows: a row's lock, TOAST's chunks.
    void log_hidden();
    /// The lock that ON CONFLICT or a BEFORE trigger takes, unless SELECT ... FOR UPDATE has it.
    void log_row_lock(const Relation& relation) {
        if (!transaction_.locked_tables.contains(relation.oid)) log_hidden();
    }

    /// Keeps the locks that are taken while it lives.
    class LockRecorder {
      public:
        LockRecorder(Backend& backend, std::vector<TableLock>& locks) : backend_(backend) { backend.recorded_locks_ = &locks; }
        ~LockRecorder() { backend_.recorded_locks_ = nullptr; }
        LockRecorder(const LockRecorder&) = delete;
        LockRecorder& operator=(const LockRecorder&) = delete;

      private:
        Backend& backend_;
    };
    void emit_message(bool transactional, std::string prefix, std::string content, Lsn* lsn);
    /// REPEATABLE READ and SERIALIZABLE: one snapshot for all statements.
    bool uses_fixed_snapshot() const { return transaction_.isolation == "repeatable read" || transaction_.isolation == "serializable"; }

  private:
    friend class SpiPlanImpl;
    void run_message(std::string_view text, MessageResult& result);
    bool run_shared(std::string_view text, bool& has_shape, MessageResult& result);
    void run_message_statement(const RawStatement& raw, std::string_view text, bool last, std::size_t count, bool learn, MessageResult& result);
    void run_command(Command& statement, bool last, bool learn, MessageResult& result);
    void finish_statement(bool last);
    void read_transaction_defaults();
    void fail_transaction();
    void undo_to(const SubTransaction& mark);
    void set_read_only(bool read_only);
    SubTransaction mark_here(const std::string& name, bool is_savepoint);
    void apply_settings();
    void end_transaction();
    void undo_transaction();
    void release_locks(const SubTransaction& mark);
    bool others_are_at_work() const;
    MessageResult take_turn(const std::function<bool()>& turn);
    MessageResult finish_message();
    void check_lock_timeout();
    void rebase_catalog();
    void run_on_new_stack(std::function<void()> body);
    template <typename Body>
    auto on_new_stack(Body& body) -> decltype(body()) {
        if constexpr (std::is_void_v<decltype(body())>) {
            run_on_new_stack(body);
        } else {
            std::optional<decltype(body())> result;
            run_on_new_stack([&] { result.emplace(body()); });
            return std::move(*result);
        }
    }
    SpiResult execute(SpiPlanImpl& plan, const SpiOptions& options);
    Datum evaluate(SpiPlanImpl& plan, const SpiOptions& options, Oid* type, std::int32_t* typmod);
    void refuse_overlap() const;
    void check_table_locks(const Catalog& changed);
    std::string describe_wait();
    void chain_transaction(bool commit, bool same_characteristics);

    std::shared_ptr<ServerState> server_;
    Transaction transaction_;
    ValueSettings value_settings_;
    SettingValues settings_;
    SettingStack setting_stack_;
    std::vector<Oid> search_path_;
    CatalogPtr search_path_catalog_;   ///< what search_path_ goes by; nullptr: not known
    CatalogPtr referencing_catalog_;   ///< what `referencing_` was read from
    std::unordered_map<Oid, std::vector<ReferencingKey>> referencing_;
    SettingValues begun_with_;         ///< the settings that the next three were read from
    std::string default_isolation_;
    bool default_read_only_ = false;
    std::string role_setting_;
    Oid authenticated_user_ = kInvalidOid, session_user_ = kInvalidOid, current_user_ = kInvalidOid;
    Oid temp_schema_ = kInvalidOid;
    std::int64_t statement_start_ = 0;
    std::string_view current_statement_;
    std::string message_text_;
    MessageResult message_result_;
    std::string label_;
    bool contended_ = false;        ///< other sessions had open transactions when the statement began
    bool abandoned_ = false;
    std::unique_ptr<SessionThread> thread_;  ///< while a statement runs on one
    std::optional<LockWait> waits_;
    std::vector<HeldLock> session_locks_;
    std::vector<Notice> notices_;
    std::unique_ptr<PlanCache> plan_cache_;   ///< nullptr: plans are not shared
    std::vector<TableLock>* recorded_locks_ = nullptr;
    std::deque<RowType> row_types_;
    std::deque<TriggerQueue> trigger_queues_;
    std::vector<std::shared_ptr<TransitionTables>> transition_stack_;
    std::vector<const Trigger*> trigger_stack_;
    std::map<Oid, std::int64_t> session_sequences_;
    std::int64_t last_sequence_value_ = 0;
    Oid last_sequence_ = kInvalidOid;
    bool has_last_sequence_ = false;
    std::uint64_t random_state_ = 0;
    int call_depth_ = 0, call_frames_ = 0;
    SessionThread* running_on_ = nullptr;    ///< thread_, or a deeper one that it waits for
    static constexpr int kFramesPerStack = 200;
    int pid_ = 0;
    std::uint32_t unnamed_portals_ = 0;
    const Snapshot* function_snapshot_ = nullptr;
};

/// The Backend behind a function's Environment: the server's functions are only called by one.
inline Backend& backend_of(Environment& env) { return static_cast<Backend&>(static_cast<Host&>(env)); }

}  // namespace cdcsim::pg
