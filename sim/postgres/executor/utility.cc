#include "sim/postgres/executor/utility.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/portal.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/procedure_call.h"
#include "sim/postgres/executor/settings.h"
#include "sim/postgres/plpgsql/handler.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

std::string string_value(const Node& arg) {
    if (arg.is("String")) return std::string(arg.string());
    if (arg.is("Integer")) return std::to_string(arg.integer("ival"));
    if (arg.is("Float")) return std::string(arg.text("fval"));
    if (arg.is("A_Const")) {
        if (Node value = arg["sval"]) return std::string(value.text("sval"));
        if (Node value = arg["ival"]) return std::to_string(value.integer("ival"));
        if (Node value = arg["fval"]) return std::string(value.text("fval"));
        if (Node value = arg["boolval"]) return value.flag("boolval") ? "on" : "off";
        if (arg.has("ival")) return "0";
    }
    if (arg.is("TypeCast")) return string_value(arg["arg"]);
    return "";
}

// Transactions.

void set_transaction_option(Backend& backend, const std::string& name, const std::string& value) {
    Transaction& transaction = backend.transaction();
    const bool inside = !transaction.subs.empty();
    if (name == "transaction_isolation") {
        if (value != transaction.isolation) {
            if (transaction.queried) throw SqlError("25001", "SET TRANSACTION ISOLATION LEVEL must be called before any query");
            if (inside) throw SqlError("25001", "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction");
        }
        transaction.isolation = value;
        backend.setting_values().set("transaction_isolation", value);
    } else if (name == "transaction_read_only") {
        bool on = value != "0" && value != "off";
        if (!on && transaction.read_only) {
            if (inside) throw SqlError("25001", "cannot set transaction read-write mode inside a read-only transaction");
            if (transaction.queried) throw SqlError("25001", "transaction read-write mode must be set before any query");
        }
        transaction.read_only = on;
        backend.setting_values().set("transaction_read_only", on ? "on" : "off");
    } else if (name == "transaction_deferrable") {
        if (inside) throw SqlError("25001", "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction");
        if (transaction.queried) throw SqlError("25001", "SET TRANSACTION [NOT] DEFERRABLE must be called before any query");
        backend.setting_values().set(name, value != "0" && value != "off" ? "on" : "off");
    }
}

/// COMMIT or ROLLBACK AND CHAIN: the next block has the same characteristics.
ExecResult exec_chain(Backend& backend, bool commit) {
    const Transaction& transaction = backend.transaction();
    if (!transaction.block) throw SqlError("25P01", fmt::format("{} AND CHAIN can only be used in transaction blocks", commit ? "COMMIT" : "ROLLBACK"));
    const bool failed = transaction.failed, read_only = transaction.read_only;
    const std::string isolation = transaction.isolation, deferrable = backend.setting("transaction_deferrable");
    if (commit) {
        backend.end_block();
    } else {
        backend.rollback_transaction();
    }
    backend.start_transaction();
    backend.begin_block();
    backend.transaction().isolation = isolation;
    backend.transaction().read_only = read_only;
    backend.setting_values().set("transaction_isolation", isolation);
    backend.setting_values().set("transaction_read_only", read_only ? "on" : "off");
    backend.setting_values().set("transaction_deferrable", deferrable);
    return tag_only(commit && !failed ? "COMMIT" : "ROLLBACK");
}

/// PREPARE TRANSACTION and what ends one, with max_prepared_transactions = 0.
ExecResult exec_two_phase(Backend& backend, std::string_view kind, std::string_view identifier) {
    Transaction& transaction = backend.transaction();
    if (kind != "TRANS_STMT_PREPARE") {
        const std::string_view command = kind == "TRANS_STMT_COMMIT_PREPARED" ? "COMMIT PREPARED" : "ROLLBACK PREPARED";
        if (transaction.block) throw SqlError("25001", fmt::format("{} cannot run inside a transaction block", command));
        throw SqlError("42704", fmt::format("prepared transaction with identifier \"{}\" does not exist", identifier));
    }
    if (!transaction.block) backend.send_notice("WARNING", SqlError("25P01", "there is no transaction in progress"));
    if (!transaction.block || transaction.failed) {
        backend.rollback_transaction();
        return tag_only("ROLLBACK");
    }
    backend.fire_deferred(false);
    transaction.block = false;
    throw SqlError("55000", "prepared transactions are disabled").hint("Set max_prepared_transactions to a nonzero value.");
}

ExecResult exec_transaction(Backend& backend, const Command& statement, const RowSink&) {
    const Node& node = statement.node;
    std::string_view kind = node.text("kind");
    Transaction& transaction = backend.transaction();
    if (!statement.top_level) {
        throw SqlError("0A000", "unsupported transaction command in PL/pgSQL");
    }
    if (kind == "TRANS_STMT_BEGIN" || kind == "TRANS_STMT_START") {
        backend.begin_block();
        for (const Node& option : node.items("options")) set_transaction_option(backend, std::string(option.text("defname")), string_value(option["arg"]));
        return tag_only(kind == "TRANS_STMT_BEGIN" ? "BEGIN" : "START TRANSACTION");
    }
    bool in_block = transaction.block;
    auto warn_none = [&](std::string_view message) { backend.send_notice("WARNING", SqlError("25P01", std::string(message))); };
    if (kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK") {
        const bool commit = kind == "TRANS_STMT_COMMIT";
        if (node.flag("chain")) return exec_chain(backend, commit);
        if (!in_block) warn_none("there is no transaction in progress");
        bool failed = transaction.failed;
        if (commit) {
            backend.end_block();
            return tag_only(failed ? "ROLLBACK" : "COMMIT");
        }
        backend.rollback_transaction();
        return tag_only("ROLLBACK");
    }
    std::string name(node.text("savepoint_name"));
    auto require_block = [&](std::string_view command) {
        if (!in_block) throw SqlError("25P01", fmt::format("{} can only be used in transaction blocks", command));
    };
    if (kind == "TRANS_STMT_SAVEPOINT") {
        require_block("SAVEPOINT");
        backend.define_savepoint(name);
        return tag_only("SAVEPOINT");
    }
    if (kind == "TRANS_STMT_RELEASE") {
        require_block("RELEASE SAVEPOINT");
        backend.release_savepoint(name);
        return tag_only("RELEASE");
    }
    if (kind == "TRANS_STMT_ROLLBACK_TO") {
        require_block("ROLLBACK TO SAVEPOINT");
        backend.rollback_to_savepoint(name);
        return tag_only("ROLLBACK");
    }
    return exec_two_phase(backend, kind, node.text("gid"));
}

/// False: the schema has no constraint of that name.
bool set_constraints_of_schema(Backend& backend, Oid schema, const std::string& name, bool deferred) {
    Transaction& transaction = backend.transaction();
    bool found = false;
    for (const auto& [oid, relation] : backend.catalog().relations()) {
        if (relation->schema != schema) continue;
        for (const Constraint& constraint : relation->constraints) {
            if (constraint.name != name) continue;
            found = true;
            if (!constraint.deferrable && deferred) throw SqlError("42809", fmt::format("constraint \"{}\" is not deferrable", name));
            if (constraint.deferrable) transaction.constraint_modes[constraint.oid] = deferred;
        }
        for (const Trigger& trigger : relation->triggers) {
            if (!trigger.is_constraint || trigger.name != name) continue;
            found = true;
            if (!trigger.deferrable && deferred) throw SqlError("42809", fmt::format("constraint \"{}\" is not deferrable", name));
            if (trigger.deferrable) transaction.constraint_modes[trigger.oid] = deferred;
        }
    }
    return found;
}

ExecResult exec_constraints(Backend& backend, const Command& statement, const RowSink&) {
    bool deferred = statement.node.flag("deferred");
    Transaction& transaction = backend.transaction();
    std::vector<Node> names = statement.node.items("constraints");
    if (statement.top_level && !transaction.block && !transaction.implicit_block) {
        backend.send_notice("WARNING", SqlError("25P01", "SET CONSTRAINTS can only be used in transaction blocks"));
    }
    if (names.empty()) {
        transaction.constraint_modes.clear();
        transaction.all_constraints = deferred;
    }
    for (const Node& range_var : names) {
        const std::string name(range_var.text("relname"));
        std::vector<Oid> schemas = backend.search_path();
        if (range_var.has("schemaname")) schemas = {require_schema(std::string(range_var.text("schemaname")), backend).oid};
        // All of that name in the first schema that has one.
        const bool found = std::ranges::any_of(schemas, [&](Oid schema) { return set_constraints_of_schema(backend, schema, name, deferred); });
        if (!found) throw SqlError("42704", fmt::format("constraint \"{}\" does not exist", name));
    }
    if (!deferred) backend.fire_deferred(true);
    return tag_only("SET CONSTRAINTS");
}

// Settings.

/// SET TIME ZONE INTERVAL '5' HOUR: the one cast that SET allows, as text.
std::string zone_interval(Backend& backend, const Node& cast, const std::string& text) {
    constexpr int kFullPrecision = 0xFFFF;
    std::int32_t typmod = -1;
    std::vector<Node> typmods = cast["typeName"].items("typmods");
    if (!typmods.empty()) {
        auto range = typmods[0]["ival"].integer("ival");
        auto precision = typmods.size() > 1 ? typmods[1]["ival"].integer("ival") : kFullPrecision;
        typmod = static_cast<std::int32_t>(range << 16 | precision);
    }
    return "INTERVAL '" + input_text(backend, oid::kInterval, text, typmod).as_text() + "'";
}

/// The session becomes another role's; RESET and DEFAULT: the one's who has logged in.
ExecResult set_session_authorization(Backend& backend, const Command& statement, std::string_view kind) {
    if (backend.transaction().block || !statement.top_level) throw NotSimulated("SET SESSION AUTHORIZATION in a transaction block or a function");
    Oid user = backend.authenticated_user();
    if (kind == "VAR_SET_VALUE") {
        std::string name = set_statement_value(backend, statement.node, "session_authorization");
        const Role* role = backend.catalog().find_role(name);
        if (role == nullptr) throw SqlError("22023", fmt::format("role \"{}\" does not exist", name));
        if (role->oid != user && !is_superuser(backend, user)) throw SqlError("42501", "permission denied to set session authorization");
        user = role->oid;
    }
    backend.set_session_user(user);
    backend.put_setting("role", "none", SettingAction::kSet);
    return tag_only(kind == "VAR_RESET" ? "RESET" : "SET");
}

ExecResult exec_set(Backend& backend, const Command& statement, const RowSink&) {
    const Node& node = statement.node;
    std::string_view kind = node.text("kind");
    const SettingAction action = node.flag("is_local") ? SettingAction::kLocal : SettingAction::kSet;
    const bool is_transaction = kind == "VAR_SET_MULTI" && node.text("name") == "TRANSACTION";
    const bool wants_block = action == SettingAction::kLocal || is_transaction;
    if (wants_block && !backend.transaction().block && !backend.transaction().implicit_block && statement.top_level) {
        backend.send_notice("WARNING", SqlError("25P01", fmt::format("SET {} can only be used in transaction blocks", is_transaction ? "TRANSACTION" : "LOCAL")));
    }
    if (kind == "VAR_RESET_ALL") {
        backend.reset_all_settings();
        return tag_only("RESET");
    }
    std::string raw(node.text("name"));
    if (kind == "VAR_SET_MULTI") {
        for (const Node& option : node.items("args")) {
            std::string name(option.text("defname"));
            if (raw == "SESSION CHARACTERISTICS") name = "default_" + name;
            if (raw == "TRANSACTION") {
                set_transaction_option(backend, name, string_value(option["arg"]));
            } else {
                backend.set_setting(name, string_value(option["arg"]), SettingAction::kSet);
            }
        }
        return tag_only("SET");
    }
    if (backend.as_definer && (raw == "role" || raw == "session_authorization")) {
        throw SqlError("42501", fmt::format("cannot set parameter \"{}\" within security-definer function", raw));
    }
    if (raw == "session_authorization") return set_session_authorization(backend, statement, kind);
    std::string name = canonical_setting_name(raw);
    if (kind == "VAR_RESET" || kind == "VAR_SET_DEFAULT") {
        if (name == "role") backend.set_current_user(backend.session_user());
        require_setting_right(backend, name);
        backend.reset_setting(name, action);
        return tag_only(kind == "VAR_RESET" ? "RESET" : "SET");
    }
    std::string value = set_statement_value(backend, node, name);
    if (name == "role") {
        if (value == "none") {
            backend.set_current_user(backend.session_user());
        } else {
            const Role* role = backend.catalog().find_role(value);
            if (role == nullptr) throw SqlError("22023", fmt::format("role \"{}\" does not exist", value));
            if (!is_superuser(backend, backend.session_user()) && !has_role(backend, backend.session_user(), role->oid)) {
                throw SqlError("42501", fmt::format("permission denied to set role \"{}\"", value));
            }
            backend.set_current_user(role->oid);
        }
        backend.put_setting(name, value, action);
        return tag_only("SET");
    }
    set_session_setting(backend, name, value, action);
    return tag_only("SET");
}

ExecResult exec_show(Backend& backend, const Command& statement, const RowSink& sink) {
    std::string raw(statement.node.text("name"));
    if (raw == "all") throw NotSimulated("SHOW ALL");
    std::string name = canonical_setting_name(raw);
    ExecResult result;
    result.returns_rows = true;
    result.columns.push_back({name, oid::kText, -1, false});
    result.tag = "SHOW";
    result.command = "SHOW";
    if (name == "session_authorization") {
        Datum user = Datum::of_text(backend.role_name(backend.session_user()));
        sink({&user, 1});
        return result;
    }
    auto it = backend.setting_values().find(name);
    if (it == backend.setting_values().end()) throw SqlError("42704", fmt::format("unrecognized configuration parameter \"{}\"", raw));
    Datum value = Datum::of_text(it->second);
    sink({&value, 1});
    return result;
}

// Others.

/// A CALL or DO that is its own transaction, or stands in such a one, may COMMIT.
bool may_commit(Backend& backend, const Command& statement) {
    if (!statement.top_level) return backend.nonatomic;
    return !backend.transaction().block && !backend.transaction().implicit_block;
}

ExecResult exec_call(Backend& backend, const Command& statement, const RowSink& sink) {
    BoundProcedureCall call = bind_procedure_call(backend, statement.node, statement.hook);
    std::vector<Datum> outs = run_procedure_call(backend, call, statement.params, may_commit(backend, statement));
    ExecResult result = tag_only("CALL");
    result.returns_rows = !call.outs.empty();
    for (const BoundProcedureCall::Out& out : call.outs) {
        std::string name = out.name.empty() ? fmt::format("column{}", result.columns.size() + 1) : out.name;
        result.columns.push_back({name, out.type, -1, false});
    }
    if (result.returns_rows) sink(outs);
    return result;
}

ExecResult exec_do(Backend& backend, const Command& statement, const RowSink&) {
    std::string language = "plpgsql", body;
    for (const Node& option : statement.node.items("args")) {
        if (option.text("defname") == "language") language = string_value(option["arg"]);
        if (option.text("defname") == "as") body = string_value(option["arg"]);
    }
    if (language != "plpgsql") {
        throw SqlError("42704", fmt::format("language \"{}\" does not exist", language));
    }
    backend.enter_call();
    struct Leave {
        Backend& backend;
        bool nonatomic;
        ~Leave() {
            backend.leave_call();
            backend.nonatomic = nonatomic;
        }
    } leave{backend, backend.nonatomic};
    backend.nonatomic = may_commit(backend, statement);
    try {
        plpgsql_inline(backend, body);
    } catch (SqlError& error) {
        show_position_in_body(error, statement, body);
        throw;
    }
    return tag_only("DO");
}

/// Statements that change nothing here that anybody can see.
ExecResult exec_nothing(Backend&, const Command& statement, const RowSink&) { return tag_only(statement_name(statement.node)); }

ExecResult exec_notify(Backend&, const Command& statement, const RowSink&) {
    check_notification(statement.node.text("conditionname"), statement.node.text("payload"));
    return tag_only("NOTIFY");
}

ExecResult exec_discard(Backend& backend, const Command& statement, const RowSink&) {
    std::string_view target = statement.node.text("target");
    if (target == "DISCARD_ALL") {
        backend.set_session_user(backend.authenticated_user());
        backend.put_setting("role", "none", SettingAction::kSet);
        backend.reset_all_settings();
        backend.drop_temporary_objects();
        backend.prepared.clear();
        backend.portals.clear();
        backend.cached_values.clear();
        backend.session_sequences().clear();
        backend.has_last_sequence() = false;
        return tag_only("DISCARD ALL");
    }
    if (target == "DISCARD_SEQUENCES") {
        backend.session_sequences().clear();
        backend.cached_values.clear();
        backend.has_last_sequence() = false;
    }
    if (target == "DISCARD_TEMP") backend.drop_temporary_objects();
    return tag_only(target == "DISCARD_PLANS" ? "DISCARD PLANS" : target == "DISCARD_SEQUENCES" ? "DISCARD SEQUENCES" : "DISCARD TEMP");
}

ExecResult create_database(Backend& backend, const Command& statement, const RowSink&) {
    std::string name(statement.node.text("dbname"));
    if (backend.transaction().block) throw SqlError("25001", "CREATE DATABASE cannot run inside a transaction block");
    const Role& user = *backend.catalog().find_role(backend.current_user());
    if (!user.superuser && !user.create_db) throw SqlError("42501", "permission denied to create database");
    bool exists = name == backend.database_name() || name == "postgres" || name == "template0" || name == "template1";
    if (exists) throw SqlError("42P04", fmt::format("database \"{}\" already exists", name));
    throw NotSimulated("CREATE DATABASE");
}

struct UtilityRow {
    std::string_view tag;
    UtilityFunction run;
    std::string_view name;
};
constexpr UtilityRow kUtilities[] = {
    {"AlterDefaultPrivilegesStmt", alter_default_privileges, "ALTER DEFAULT PRIVILEGES"},
    {"AlterDomainStmt", alter_domain, "ALTER DOMAIN"},
    {"AlterEnumStmt", alter_enum, "ALTER TYPE"},
    {"AlterFunctionStmt", alter_function, "ALTER FUNCTION"},
    {"AlterObjectSchemaStmt", alter_object_schema, "ALTER ... SET SCHEMA"},
    {"AlterOwnerStmt", alter_owner, "ALTER ... OWNER TO"},
    {"AlterPublicationStmt", alter_publication, "ALTER PUBLICATION"},
    {"AlterRoleStmt", alter_role, "ALTER ROLE"},
    {"AlterSeqStmt", alter_sequence, "ALTER SEQUENCE"},
    {"AlterTableStmt", alter_table, "ALTER TABLE"},
    {"CallStmt", exec_call, "CALL"},
    {"CheckPointStmt", exec_nothing, "CHECKPOINT"},
    {"ClosePortalStmt", close_cursor, "CLOSE CURSOR"},
    {"ClusterStmt", cluster, "CLUSTER"},
    {"CommentStmt", comment_on, "COMMENT"},
    {"CompositeTypeStmt", create_composite_type, "CREATE TYPE"},
    {"ConstraintsSetStmt", exec_constraints, "SET CONSTRAINTS"},
    {"CopyStmt", copy_data, "COPY"},
    {"CreateDomainStmt", create_domain, "CREATE DOMAIN"},
    {"CreateEnumStmt", create_enum, "CREATE TYPE"},
    {"CreateExtensionStmt", create_extension, "CREATE EXTENSION"},
    {"CreateFunctionStmt", create_function, "CREATE FUNCTION"},
    {"CreatePublicationStmt", create_publication, "CREATE PUBLICATION"},
    {"CreateRoleStmt", create_role, "CREATE ROLE"},
    {"CreateSchemaStmt", create_schema, "CREATE SCHEMA"},
    {"CreateSeqStmt", create_sequence, "CREATE SEQUENCE"},
    {"CreateStmt", create_table, "CREATE TABLE"},
    {"CreateTableAsStmt", create_table_as, "CREATE TABLE AS"},
    {"CreateTrigStmt", create_trigger, "CREATE TRIGGER"},
    {"CreatedbStmt", create_database, "CREATE DATABASE"},
    {"DeallocateStmt", deallocate, "DEALLOCATE"},
    {"DeclareCursorStmt", declare_cursor, "DECLARE CURSOR"},
    {"DiscardStmt", exec_discard, "DISCARD"},
    {"DoStmt", exec_do, "DO"},
    {"DropRoleStmt", drop_role, "DROP ROLE"},
    {"DropStmt", drop_objects, "DROP"},
    {"ExecuteStmt", execute_prepared, "EXECUTE"},
    {"FetchStmt", fetch_cursor, "FETCH"},
    {"GrantRoleStmt", grant_roles, "GRANT ROLE"},
    {"GrantStmt", grant_privileges, "GRANT"},
    {"IndexStmt", create_index, "CREATE INDEX"},
    {"LockStmt", exec_lock, "LOCK TABLE"},
    {"NotifyStmt", exec_notify, "NOTIFY"},
    {"PrepareStmt", prepare_statement, "PREPARE"},
    {"ReindexStmt", reindex, "REINDEX"},
    {"RenameStmt", rename_object, "ALTER ... RENAME"},
    {"SelectStmt", select_into, "SELECT INTO"},
    {"TransactionStmt", exec_transaction, "transaction statement"},
    {"TruncateStmt", truncate_tables, "TRUNCATE TABLE"},
    {"UnlistenStmt", exec_nothing, "UNLISTEN"},
    {"VacuumStmt", vacuum, "VACUUM"},
    {"VariableSetStmt", exec_set, "SET"},
    {"VariableShowStmt", exec_show, "SHOW"},
    {"ViewStmt", create_view, "CREATE VIEW"},
};
static_assert(std::ranges::is_sorted(kUtilities, {}, &UtilityRow::tag));

const UtilityRow* find_row(std::string_view tag) {
    auto row = std::ranges::lower_bound(kUtilities, tag, {}, &UtilityRow::tag);
    return row != std::end(kUtilities) && row->tag == tag ? row : nullptr;
}

}  // namespace

std::string option_string(const Node& option) {
    Node arg = option["arg"];
    if (!arg) throw SqlError("42601", fmt::format("{} requires a parameter", option.text("defname")));
    if (arg.is("Integer")) return std::to_string(arg.integer("ival"));
    if (arg.is("Float")) return std::string(arg.text("fval"));
    if (arg.is("Boolean")) return arg.flag("boolval") ? "true" : "false";
    if (arg.is("A_Star")) return "*";
    if (arg.is("String")) return std::string(arg.string());
    if (arg.is("TypeName")) return name_list(arg.items("names")).back();
    throw SqlError("XX000", "unrecognized node type");
}

UtilityFunction find_utility(std::string_view tag) {
    const UtilityRow* row = find_row(tag);
    return row == nullptr ? nullptr : row->run;
}

bool takes_snapshot(const Node& node) {
    constexpr std::string_view kNone[] = {"TransactionStmt", "LockStmt", "VariableSetStmt", "VariableShowStmt", "ConstraintsSetStmt",
                                          "FetchStmt", "ListenStmt", "NotifyStmt", "UnlistenStmt", "CheckPointStmt"};
    return std::ranges::find(kNone, node.tag()) == std::end(kNone);
}

void refuse_writing_utility(const Node& node) {
    constexpr std::string_view kWriting[] = {"Alter", "Comment", "CompositeType", "Create", "Drop", "Grant", "Index", "Rename", "Truncate", "View"};
    if (node.is("SelectStmt") || std::ranges::any_of(kWriting, [&](std::string_view begin) { return node.tag().starts_with(begin); })) {
        std::string name = statement_name(node);
        std::string_view kind = node.is("DropStmt") ? node.text("removeType") : node.is("RenameStmt") ? node.text("renameType") : node.text("objectType");
        if (kind == "OBJECT_COLUMN") kind = node.text("relationType");
        if (kind == "OBJECT_TABCONSTRAINT") kind = "OBJECT_TABLE";
        if (kind.starts_with("OBJECT_")) {
            name = name.substr(0, name.find(' ')) + " ";
            for (char c : kind.substr(7)) name += c == '_' ? ' ' : c;
        }
        throw SqlError("25006", fmt::format("cannot execute {} in a read-only transaction", name));
    }
}

std::string statement_name(const Node& node) {
    if (node.is("VacuumStmt")) return node.flag("is_vacuumcmd") ? "VACUUM" : "ANALYZE";
    if (node.is("GrantStmt")) return node.flag("is_grant") ? "GRANT" : "REVOKE";
    if (node.is("GrantRoleStmt")) return node.flag("is_grant") ? "GRANT ROLE" : "REVOKE ROLE";
    if (const UtilityRow* row = find_row(node.tag())) return std::string(row->name);
    if (node.is("InsertStmt")) return "INSERT";
    if (node.is("UpdateStmt")) return "UPDATE";
    if (node.is("DeleteStmt")) return "DELETE";
    // "CreateCastStmt" -> "CREATE CAST"
    std::string name;
    for (char c : node.tag()) {
        if (c >= 'A' && c <= 'Z' && !name.empty()) name += ' ';
        name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    if (name.ends_with(" STMT")) name.resize(name.size() - 5);
    return name;
}

std::string set_statement_value(Backend& backend, const Node& set, const std::string& name) {
    if (set.text("kind") == "VAR_SET_CURRENT") return backend.setting(name);
    if (is_custom_setting(name) && set.items("args").size() > 1) {
        throw SqlError("22023", fmt::format("SET {} takes only one argument", name));
    }
    std::string joined;
    for (const Node& arg : set.items("args")) {
        if (!joined.empty()) joined += ", ";
        std::string value = string_value(arg);
        if (arg.is("TypeCast")) value = zone_interval(backend, arg, value);
        // Lists of names keep quotes where they are needed.
        bool plain = !value.empty() && std::ranges::all_of(value, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }) && !(value[0] >= '0' && value[0] <= '9');
        bool list = name == "search_path";
        joined += list && !plain ? "\"" + value + "\"" : value;
    }
    return joined;
}

void set_session_setting(Backend& backend, const std::string& name, const std::string& value, SettingAction action) {
    constexpr std::string_view kOfTransaction[] = {"transaction_deferrable", "transaction_isolation", "transaction_read_only"};
    if (std::ranges::find(kOfTransaction, name) == std::end(kOfTransaction)) return backend.set_setting(name, value, action);
    set_transaction_option(backend, name, validate_setting(name, value, backend));
}

}  // namespace cdcsim::pg
