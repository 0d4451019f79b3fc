#include "sim/postgres/executor/backend.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "core/base/utf8.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/executor/plan_sharing.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/settings.h"
#include "sim/postgres/executor/utility.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {
namespace {


constexpr std::size_t kCatalogRecordBytes = 128;
constexpr int kFirstBackendPid = 3512;
constexpr std::uint32_t kPidVariants = 9973;

/// Statements that a failed transaction still takes.
bool ends_transaction(const Node& node) {
    if (!node.is("TransactionStmt")) return false;
    std::string_view kind = node.text("kind");
    return kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK" || kind == "TRANS_STMT_ROLLBACK_TO" ||
           kind == "TRANS_STMT_PREPARE";
}

std::vector<std::optional<std::string>> text_row(Environment& env, const RowType& columns, std::span<const Datum> row) {
    std::vector<std::optional<std::string>> text;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (row[i].is_null()) {
            text.emplace_back();
        } else {
            text.emplace_back(output_text(env, columns[i].type, row[i]));
        }
    }
    return text;
}

/// Identifiers are cut to 63 bytes, with a NOTICE for each.
void tell_long_names(Backend& backend, std::string_view text) {
    constexpr std::size_t kMaxBytes = 63;
    std::size_t run = 0, longest = 0;
    for (char c : text) {
        run = c == ' ' || c == '\n' || c == ',' || c == '(' || c == ')' || c == ';' || c == '\'' ? 0 : run + 1;
        longest = std::max(longest, run);
    }
    // A quoted identifier may hold any of these; without quotes there is nothing to look for.
    if (longest <= kMaxBytes && text.find('"') == std::string_view::npos) return;
    if (text.size() <= kMaxBytes) return;
    for (const Token& token : scan_sql(text)) {
        std::string name(text.substr(static_cast<std::size_t>(token.begin), static_cast<std::size_t>(token.end - token.begin)));
        if (name.size() <= kMaxBytes || name.empty()) continue;
        auto first = static_cast<unsigned char>(name[0]);
        bool plain = std::isalpha(first) != 0 || first == '_' || first >= 0x80;
        if (name[0] == '"' && name.size() >= 2) {
            std::string inner;
            for (std::size_t i = 1; i + 1 < name.size(); ++i) {
                inner += name[i];
                if (name[i] == '"') ++i;
            }
            name = inner;
        } else if (!plain || name.find('\'') != std::string::npos) {
            continue;
        } else {
            for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        }
        if (name.size() <= kMaxBytes) continue;
        std::size_t limit = kMaxBytes;
        while (limit > 0 && (static_cast<unsigned char>(name[limit]) & 0xC0U) == 0x80U) --limit;
        backend.send_notice("NOTICE", SqlError("42622", fmt::format("identifier \"{}\" will be truncated to \"{}\"", name, name.substr(0, limit))));
    }
}

}  // namespace

ServerState::ServerState(const ServerOptions& server_options)
    : options(server_options),
      catalog(Catalog::bootstrap(server_options.user)),
      database(open_database()),
      wal(server_options.base_lsn),
      next_xid(server_options.base_xid.value),
      next_oid(server_options.base_oid),
      random_state(server_options.seed),
      next_backend_pid(kFirstBackendPid + static_cast<int>(server_options.base_xid.value % kPidVariants)) {
    CDCSIM_CHECK(options.clock != nullptr);
}

std::uint64_t ServerState::random_bits() {
    // splitmix64
    std::uint64_t z = (random_state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

std::int64_t ServerState::now() { return options.clock->now().value - kPostgresEpochMicros; }

Backend::Backend(std::shared_ptr<ServerState> server, const std::string& user) : server_(std::move(server)) {
    const Role* role = server_->catalog->find_role(user.empty() ? server_->options.user : user);
    if (role == nullptr || !role->login) {
        if (role == nullptr) throw SqlError("28000", fmt::format("role \"{}\" does not exist", user));
        throw SqlError("28000", fmt::format("role \"{}\" is not permitted to log in", user));
    }
    authenticated_user_ = session_user_ = current_user_ = role->oid;
    pid_ = server_->next_backend_pid++;
    random_state_ = server_->random_bits();
    server_->backends.insert(this);
    settings_ = default_settings();
    apply_settings();
    if (server_->options.plan_sharing) plan_cache_ = std::make_unique<PlanCache>(*this);
}

Backend::~Backend() {
    abandon();
    if (transaction_.active) rollback_transaction();
    drop_temporary_objects();
    for (const HeldLock& held : session_locks_) server_->locks.release(*this, held.tag, held.mode);
    server_->backends.erase(this);
}

// Messages.

MessageResult Backend::execute(std::string_view text, const std::function<std::string()>& copy_in_source) {
    if (thread_) throw SqlError("08P01", fmt::format("the session still waits for {}", describe_wait()));
    message_text_ = text;
    message_result_ = {};
    copy_in = copy_in_source;
    current_statement_ = message_text_;
    statement_start_ = server_->now();
    contended_ = others_are_at_work();
    // Only then can it have to wait, and needs a stack of its own.
    if (contended_) {
        thread_ = server_->threads.take();
        running_on_ = thread_.get();
        return take_turn([this] { return thread_->run([this] { run_message(message_text_, message_result_); }); });
    }
    run_message(message_text_, message_result_);
    return finish_message();
}

MessageResult Backend::finish_message() {
    current_statement_ = {};
    notices_.clear();
    message_result_.transaction_status = !transaction_.active || !transaction_.block ? 'I' : transaction_.failed ? 'E' : 'T';
    return std::move(message_result_);
}

void Backend::run_message(std::string_view text, MessageResult& result) {
    try {
        utf8::require_valid(text);
        bool has_shape = false;
        if (run_shared(text, has_shape, result)) return;
        ParseTree tree = parse_sql(text);
        tell_long_names(*this, text);
        std::size_t count = tree.statements().size();
        if (count > 1 && !transaction_.active) {
            start_transaction();
            transaction_.implicit_block = true;
        }
        const bool learn = has_shape && count == 1 && !tree.deep();
        on_stack_for(tree, [&] {
            for (std::size_t i = 0; i < count; ++i) {
                run_message_statement(tree.statements()[i], text, i + 1 == count, count, learn, result);
            }
        });
    } catch (const SqlError& error) {
        fail_transaction();
        result.error_notices = std::move(notices_);
        notices_.clear();
        try {
            error.rethrow();
        } catch (const NotSimulated& copy) {
            result.error = std::make_shared<NotSimulated>(copy);
        } catch (const SqlError& copy) {
            result.error = std::make_shared<SqlError>(copy);
        }
    }
}

/// Runs `text` by a plan that an earlier statement has left. False: there is none.
bool Backend::run_shared(std::string_view text, bool& has_shape, MessageResult& result) {
    if (!plan_cache_ || (transaction_.active && transaction_.failed)) return false;
    has_shape = plan_cache_->read(text);
    if (!has_shape) return false;
    SharedPlan* shared = plan_cache_->look_up();
    if (shared == nullptr) return false;
    if (!shared->plan.is_current(database())) shared->plan = plan_statement(shared->query, *this);
    Command statement;
    statement.text = text;
    statement.query = shared->query;
    statement.plan = shared->plan;
    statement.params = &plan_cache_->values();
    run_command(statement, true, false, result);
    return true;
}

void Backend::run_message_statement(const RawStatement& raw, std::string_view text, bool last, std::size_t count, bool learn,
                                    MessageResult& result) {
    if (transaction_.active && transaction_.failed && !ends_transaction(raw.node)) {
        throw SqlError("25P02", "current transaction is aborted, commands ignored until end of transaction block");
    }
    if (!transaction_.active) {
        start_transaction();
        transaction_.implicit_block = count > 1;
    }
    Command statement;
    statement.node = raw.node;
    statement.begin = raw.begin;
    statement.text = text.substr(static_cast<std::size_t>(raw.begin), static_cast<std::size_t>(raw.end - raw.begin));
    run_command(statement, last, learn && is_plannable(raw.node), result);
}

void Backend::run_command(Command& statement, bool last, bool learn, MessageResult& result) {
    StatementResult answer;
    ExecResult done;
    StackScope running(running_queries);
    push_trigger_queue();
    std::size_t depth = trigger_queues_.size();
    try {
        std::uint64_t rows = 0;
        std::vector<std::vector<std::optional<std::string>>>& out = answer.result.rows;
        RowType columns;
        // The columns are known only when the statement is bound, so rows are kept as Datums first.
        std::vector<std::vector<Datum>> kept;
        if (learn) plan_cache_->learn(statement);
        done = run(statement, [&](std::span<const Datum> row) {
            kept.emplace_back(row.begin(), row.end());
            ++rows;
            return true;
        });
        if (trigger_queues_.size() >= depth) fire_after_triggers();  // COMMIT and ROLLBACK have cleared them
        for (const auto& row : kept) out.push_back(text_row(*this, done.columns, row));
        if (done.tag.empty()) done.tag = fmt::format("SELECT {}", rows);
    } catch (...) {
        while (trigger_queues_.size() >= depth && !trigger_queues_.empty()) trigger_queues_.pop_back();
        throw;
    }
    finish_statement(last);
    answer.returns_rows = done.returns_rows;
    answer.copy_out = std::move(done.copy_out);
    answer.order_unspecified = done.order_unspecified;
    for (const Attribute& column : done.columns) {
        // A domain is described as its base type.
        const TypeInfo* sent = &type(column.type);
        std::int32_t typmod = column.typmod;
        for (; sent->base != kInvalidOid; sent = &type(sent->base)) typmod = sent->base_typmod;
        answer.result.columns.push_back({column.name, sent->oid, typmod});
    }
    answer.result.command_tag = done.tag;
    answer.notices = std::move(notices_);
    notices_.clear();
    answer.wal_end = server_->wal.position();
    result.statements.push_back(std::move(answer));
}

void Backend::finish_statement(bool last) {
    if (!transaction_.active || transaction_.block) return;
    if (!transaction_.implicit_block || last) commit_transaction();
}

void Backend::fail_transaction() {
    if (!transaction_.active) return;
    trigger_queues_.clear();
    call_depth_ = call_frames_ = 0;
    if (transaction_.block) {
        // The effects go now; the block stays, failed, until ROLLBACK.
        if (!transaction_.failed) {
            while (!transaction_.subs.empty() && !transaction_.subs.back().is_savepoint) rollback_subtransaction();
            if (transaction_.subs.empty()) {
                undo_transaction();
            } else {
                undo_to(transaction_.subs.back());
            }
            transaction_.failed = true;
        }
        return;
    }
    rollback_transaction();
}

// Environment.

const TypeInfo* Backend::find_type(Oid oid) {
    if (const TypeInfo* builtin = find_builtin_type_info(oid)) return builtin;
    return catalog().find_type(oid).get();
}

bool Backend::type_is_visible(const TypeInfo& type) {
    for (Oid schema : search_path()) {
        if (TypePtr found = catalog().find_type(schema, type.name)) return found->oid == type.oid;
    }
    return false;
}

double Backend::random() {
    // xorshift of the session's own state, so that setseed() repeats.
    random_state_ ^= random_state_ << 13U;
    random_state_ ^= random_state_ >> 7U;
    random_state_ ^= random_state_ << 17U;
    return static_cast<double>(random_state_ >> 11U) * 0x1.0p-53;
}

void Backend::set_random_seed(double) { throw NotSimulated("the values of random() after setseed()"); }

int Backend::register_row_type(const RowType& row_type) {
    auto same = [](const Attribute& a, const Attribute& b) { return a.name == b.name && a.type == b.type && a.typmod == b.typmod && a.dropped == b.dropped; };
    for (std::size_t i = 0; i < row_types_.size(); ++i) {
        if (std::ranges::equal(row_types_[i], row_type, same)) return static_cast<int>(i);
    }
    row_types_.push_back(row_type);
    return static_cast<int>(row_types_.size()) - 1;
}

const RowType& Backend::row_type(int number) { return row_types_.at(static_cast<std::size_t>(number)); }

void Backend::notice(std::string_view severity, const std::string& message) {
    send_notice(severity, SqlError(severity == "WARNING" ? "01000" : "00000", message));
}

void Backend::send_notice(std::string_view severity, SqlError report) {
    constexpr std::string_view kLevels[] = {"DEBUG5", "DEBUG4", "DEBUG3", "DEBUG2", "DEBUG1", "DEBUG", "LOG", "NOTICE", "WARNING", "ERROR"};
    std::string minimum = setting("client_min_messages");
    std::ranges::transform(minimum, minimum.begin(), [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    auto rank = [&](std::string_view level) { return std::ranges::find(kLevels, level) - std::begin(kLevels); };
    if (severity != "INFO" && rank(severity) < rank(minimum)) return;
    if (report.context().empty()) report.set_context(context_lines());
    notices_.push_back({std::string(severity), std::move(report)});
}

// Host.

Snapshot Backend::take_snapshot() {
    if (function_snapshot_ != nullptr) return *function_snapshot_;
    Snapshot snapshot;
    if (transaction_.fixed_snapshot) {
        snapshot = *transaction_.fixed_snapshot;
        snapshot.command = server_->command;
        if (snapshot.taken != snapshot.command) snapshot.own = transaction_.xids;
        return snapshot;
    }
    snapshot = latest_snapshot();
    if (transaction_.active && uses_fixed_snapshot()) {
        if (transaction_.isolation == "serializable") refuse_overlap();
        transaction_.fixed_snapshot = snapshot;
    }
    return snapshot;
}

/// Serializable Snapshot Isolation is not here: one such transaction alone behaves as REPEATABLE READ.
void Backend::refuse_overlap() const {
    for (const Backend* other : server_->backends) {
        if (other == this || !other->transaction_.active || !other->transaction_.fixed_snapshot) continue;
        if (other->transaction_.isolation == "serializable") throw NotSimulated("SERIALIZABLE transactions that run at the same time");
    }
}

Snapshot Backend::latest_snapshot() {
    Snapshot snapshot;
    snapshot.command = snapshot.taken = server_->command;
    for (Backend* other : server_->backends) {
        if (other == this || !other->transaction_.active) continue;
        const std::vector<Xid>& xids = other->transaction_.xids;
        snapshot.in_progress.insert(snapshot.in_progress.end(), xids.begin(), xids.end());
    }
    return snapshot;
}

void Backend::enter_call(CallWeight weight) {
    ++call_frames_;
    call_depth_ += static_cast<int>(weight);
    if (call_depth_ <= kStackUnits) return;
    leave_call(weight);
    throw_stack_depth();
}

void Backend::transition_rows(const std::string& name, const RowSink& emit) {
    CDCSIM_CHECK(!transition_stack_.empty() && !trigger_stack_.empty());
    const TransitionTables& tables = *transition_stack_.back();
    const auto& rows = trigger_stack_.back()->old_table == name ? tables.old_rows : tables.new_rows;
    for (const auto& row : rows) {
        if (!emit(row)) return;
    }
}

std::optional<RowType> Backend::transition_table(const std::string& name) {
    if (transition_stack_.empty() || !transition_stack_.back() || trigger_stack_.empty() || trigger_stack_.back() == nullptr) return std::nullopt;
    const Trigger& trigger = *trigger_stack_.back();
    if (name != trigger.old_table && name != trigger.new_table) return std::nullopt;
    RowType row;
    for (const Column& column : transition_stack_.back()->relation->columns) {
        row.push_back({column.dropped ? "" : column.name, column.type, column.typmod, column.dropped});
    }
    return row;
}

void Backend::virtual_rows(const Relation& relation, const RowSink& emit) {
    if (relation.kind != 'S') return relation.virtual_rows(*this, emit);
    RelationPtr sequence = catalog().find_relation(relation.oid);
    const SequenceState& state = server_->sequences[sequence->file_node];
    const Datum row[] = {Datum::of_int(state.last_value), Datum::of_int(state.log_count), Datum::of_bool(state.is_called)};
    emit(row);
}

std::vector<RelationPtr> Backend::scanned_relations(const Relation& relation, bool only_this) {
    std::vector<RelationPtr> found;
    RelationPtr self = catalog().find_relation(relation.oid);
    CDCSIM_CHECK(self != nullptr);
    if (self->kind != 'p') found.push_back(self);
    if (only_this) return found;
    // Children by oid, each with its own children, breadth first as find_all_inheritors does.
    std::vector<Oid> level = {relation.oid};
    while (!level.empty()) {
        std::vector<Oid> next;
        for (const auto& [oid, child] : catalog().relations()) {
            bool inherits = std::ranges::any_of(child->parents, [&](Oid parent) { return std::ranges::find(level, parent) != level.end(); });
            if (!inherits) continue;
            next.push_back(oid);
            if (child->kind != 'p') found.push_back(child);
        }
        level = std::move(next);
    }
    return found;
}

const std::vector<ReferencingKey>& Backend::foreign_keys_to(Oid relation) {
    if (referencing_catalog_ != catalog_ptr()) {
        referencing_catalog_ = catalog_ptr();
        referencing_.clear();
        for (const auto& [oid, child] : referencing_catalog_->relations()) {
            for (const Constraint& constraint : child->constraints) {
                if (constraint.kind == ConstraintKind::kForeign) referencing_[constraint.referenced].push_back({child, &constraint});
            }
        }
    }
    static const std::vector<ReferencingKey> kNone;
    auto it = referencing_.find(relation);
    return it == referencing_.end() ? kNone : it->second;
}

RelationPtr Backend::lock_relation(const RelationPtr& relation, std::string_view mode, int location) {
    if (relation->is_system()) return relation;
    if (recorded_locks_ != nullptr) recorded_locks_->push_back({relation, std::string(mode), location});
    if (!keeps_locks()) return relation;
    bool waited = lock({LockTag::Kind::kRelation, relation->oid, 0, 0}, lock_mode_of(mode), fmt::format("table \"{}\"", relation->name), location);
    return waited ? nullptr : relation;
}

// CatalogContext.

const std::vector<Oid>& Backend::search_path() {
    if (search_path_catalog_.get() == &catalog()) return search_path_;
    search_path_ = compute_search_path(setting("search_path"), catalog(), role_name(current_user_), current_temp_schema());
    std::erase_if(search_path_, [&](Oid schema) { return !may_use_schema(schema); });
    search_path_catalog_ = catalog_ptr();
    return search_path_;
}

const std::string& Backend::role_name(Oid role) {
    const Role* found = catalog().find_role(role);
    CDCSIM_CHECK(found != nullptr);
    return found->name;
}

std::shared_ptr<Catalog> Backend::copy_catalog() {
    write_xid();
    return std::make_shared<Catalog>(catalog());
}

void Backend::set_catalog(std::shared_ptr<Catalog> changed) {
    if (contended_) check_table_locks(*changed);
    if (!transaction_.catalog) transaction_.catalog_base = server_->catalog;
    transaction_.catalog = std::move(changed);
    server_->wal.append(kCatalogRecordBytes);
    search_path_catalog_ = nullptr;
}

void Backend::update_relation(const std::shared_ptr<Relation>& relation) {
    auto changed = copy_catalog();
    changed->put_relation(relation);
    set_catalog(std::move(changed));
}

// Settings.

std::string Backend::setting(const std::string& name) {
    auto it = settings_.find(name);
    return it == settings_.end() ? std::string() : it->second;
}

void Backend::set_setting(const std::string& name, const std::string& value, SettingAction action) {
    require_setting_right(*this, name);
    put_setting(name, validate_setting(name, value, *this), action);
    apply_settings();
}

void Backend::put_setting(const std::string& name, std::string_view value, SettingAction action) {
    setting_stack_.remember(name, action, settings_);
    settings_.set(name, value);
    setting_stack_.set_given(name, true);
}

void Backend::reset_setting(const std::string& name, SettingAction action) {
    SettingValues defaults = default_settings();
    auto it = defaults.find(name);
    check_changeable(name);
    put_setting(name, it == defaults.end() ? "" : it->second, action);
    setting_stack_.set_given(name, false);
    apply_settings();
}

void Backend::reset_all_settings() {
    static constexpr std::string_view kKept[] = {"role", "transaction_deferrable", "transaction_isolation", "transaction_read_only"};
    std::vector<std::string> given;
    for (const auto& [name, value] : settings_) {
        if (std::ranges::find(kKept, name) == std::end(kKept) && setting_stack_.given(name)) given.push_back(name);
    }
    for (const std::string& name : given) reset_setting(name, SettingAction::kSet);
}

void Backend::leave_settings(int level, bool keep) {
    if (setting_stack_.leave(level, keep, settings_)) apply_settings();
}

void Backend::apply_settings() {
    value_settings_ = parse_value_settings(settings_);
    search_path_catalog_ = nullptr;
}

}  // namespace cdcsim::pg
