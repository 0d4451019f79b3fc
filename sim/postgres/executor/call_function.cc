// Calling functions that users created: SQL-language ones here, PL/pgSQL through its handler.
// Mirrors functions.c and fmgr.c's security definer and SET handling.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/function_scope.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/executor/sql_function.h"
#include "sim/postgres/function/extension.h"
#include "sim/postgres/plpgsql/handler.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// What a call changes in its session, until it ends.
class CallScope {
  public:
    CallScope(Backend& backend, const Function& function, bool atomic = true)
        : weight_{backend, function}, nonatomic_{backend, backend.nonatomic}, definition_(backend, function) {
        if (atomic) backend.nonatomic = false;
    }

  private:
    struct Weight {
        Weight(Backend& backend, const Function& function)
            : backend_(backend), weight_(function.language == "sql" ? CallWeight::kSql : CallWeight::kPlpgsql) {
            require_function_right(backend, function);
            backend.enter_call(weight_);
        }
        ~Weight() { backend_.leave_call(weight_); }
        Weight(const Weight&) = delete;
        Weight& operator=(const Weight&) = delete;

      private:
        Backend& backend_;
        CallWeight weight_;
    };
    struct Nonatomic {
        Backend& backend;
        bool before;
        ~Nonatomic() { backend.nonatomic = before; }
    };
    Weight weight_;
    Nonatomic nonatomic_;
    FunctionScope definition_;
};

/// The columns that a table has now, as a row of its type: with NULLs for those that were dropped.
std::vector<Datum> with_dropped(const TypeInfo& type, std::span<const Datum> row) {
    std::vector<Datum> full(type.attributes.size());
    std::size_t next = 0;
    for (std::size_t i = 0; i < full.size(); ++i) {
        if (!type.attributes[i].dropped && next < row.size()) full[i] = row[next++];
    }
    return full;
}

bool has_dropped(const TypeInfo& type) { return type.typtype == 'c' && std::ranges::any_of(type.attributes, &Attribute::dropped); }

/// The function's declared result from a row of its last statement.
Datum whole_result(Backend& backend, Oid wanted, const RowType& columns, const std::vector<Datum>& row) {
    const TypeInfo& type = backend.type(wanted);
    bool composite = type.typtype == 'c' || type.oid == oid::kRecord;
    if (!composite || (columns.size() == 1 && columns[0].type == wanted)) return row[0];
    if (has_dropped(type)) return make_row(backend, wanted, type.attributes, with_dropped(type, row));
    return make_row(backend, wanted, columns, row);
}

Datum call_extension_function(Backend& backend, const Function& function, CallContext& call, std::span<const Datum> args) {
    require_function_right(backend, function);
    const ScalarFunction found = find_extension_function(function.body);
    if (found == nullptr) throw NotSimulated(fmt::format("function {} of an extension", function.name));
    return found(call, args);
}

/// A stored expression is bound to the function as it was before a CREATE OR REPLACE.
FunctionPtr as_of_now(Backend& backend, const FunctionPtr& bound) {
    FunctionPtr now = backend.catalog().find_function(bound->oid);
    return now ? now : bound;
}

}  // namespace

Datum Backend::call_function(const std::shared_ptr<const Function>& bound, CallContext& call, std::span<const Datum> args) {
    const FunctionPtr function = as_of_now(*this, bound);
    if (function->strict && std::ranges::any_of(args, &Datum::is_null)) return {};
    if (function->language == "c") return call_extension_function(*this, *function, call, args);
    CallScope scope(*this, *function);
    if (function->language != "sql" && function->language != "plpgsql") throw NotSimulated(fmt::format("functions in language {}", function->language));
    if (function->language == "plpgsql") {
        return on_deep_stack([&] { return plpgsql_call(*this, function, call, args); });
    }
    SqlFunctionResult result = on_deep_stack([&] { return run_sql_function(*this, *function, call, args); });
    if (result.rows.empty()) return {};
    if (call.result_type == oid::kVoid) return result.rows[0][0];
    return whole_result(*this, call.result_type, result.columns, result.rows[0]);
}

void Backend::call_set_function(const std::shared_ptr<const Function>& bound, CallContext& call, std::span<const Datum> args,
                                const RowSink& emit) {
    const FunctionPtr function = as_of_now(*this, bound);
    if (function->strict && std::ranges::any_of(args, &Datum::is_null)) return;
    CallScope scope(*this, *function);
    const TypeInfo& wanted = type(call.result_type);
    const RowSink full = [&](std::span<const Datum> row) { return emit(with_dropped(wanted, row)); };
    const RowSink& sink = has_dropped(wanted) ? full : emit;
    if (function->language == "plpgsql") return plpgsql_call_set(*this, function, call, args, sink);
    if (function->language != "sql") throw NotSimulated(fmt::format("functions in language {}", function->language));
    if (wanted.typtype == 'd' && base_type(*this, wanted).typtype == 'c') throw NotSimulated("an SQL function in FROM that returns a domain over a row type");
    SqlFunctionResult result = run_sql_function(*this, *function, call, args);
    const bool whole = result.columns.size() == 1 && result.columns[0].type == call.result_type;
    for (const auto& row : result.rows) {
        if (!(whole ? emit : sink)(row)) return;
    }
}

std::vector<Datum> Backend::call_procedure(const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args) {
    CallScope scope(*this, *function, false);
    if (function->language == "plpgsql") return plpgsql_procedure(*this, function, call, args);
    if (function->language != "sql") throw NotSimulated(fmt::format("procedures in language {}", function->language));
    SqlFunctionResult result = run_sql_function(*this, *function, call, args);
    return result.rows.empty() ? std::vector<Datum>(result.columns.size()) : result.rows[0];
}

std::string Backend::context_lines() const {
    std::string lines;
    for (auto frame = context_frames.rbegin(); frame != context_frames.rend(); ++frame) {
        if (!lines.empty()) lines += '\n';
        lines += (*frame)->line();
    }
    return lines;
}

Datum Backend::sql_value(SqlValue value, std::int32_t typmod, Oid) {
    switch (value) {
        case SqlValue::kCurrentDate: return Datum::of_int(sql_current_date(*this));
        case SqlValue::kCurrentTime: return sql_current_time(*this, typmod);
        case SqlValue::kCurrentTimestamp: return Datum::of_int(sql_current_timestamp(*this, typmod));
        case SqlValue::kLocalTime: return Datum::of_int(sql_local_time(*this, typmod));
        case SqlValue::kLocalTimestamp: return Datum::of_int(sql_local_timestamp(*this, typmod));
        case SqlValue::kCurrentRole: case SqlValue::kCurrentUser: case SqlValue::kUser: return Datum::of_text(role_name(current_user_));
        case SqlValue::kSessionUser: return Datum::of_text(role_name(session_user_));
        case SqlValue::kCurrentCatalog: return Datum::of_text(database_name());
        case SqlValue::kCurrentSchema:
            for (Oid schema : search_path()) {
                if (schema != schema_oid::kPgCatalog && schema != current_temp_schema()) return Datum::of_text(catalog().find_schema(schema)->name);
            }
            return {};
    }
    return {};
}

Datum Backend::check_domain(Oid domain, Datum value) {
    const TypeInfo& type = this->type(domain);
    // Messages name the outermost domain; of NOT NULL and CHECK, those of the innermost come first.
    std::vector<const DomainConstraint*> checks;
    bool not_null = false;
    for (const TypeInfo* one = &type; one->typtype == 'd'; one = &this->type(one->base)) {
        not_null = not_null || one->not_null;
        std::vector<const DomainConstraint*> own;
        for (const DomainConstraint& constraint : catalog().domain_constraints(one->oid)) own.push_back(&constraint);
        std::ranges::sort(own, {}, [](const DomainConstraint* c) -> const std::string& { return c->name; });
        checks.insert(checks.begin(), own.begin(), own.end());
    }
    if (value.is_null() && not_null) {
        throw SqlError("23502", fmt::format("domain {} does not allow null values", format_type(*this, domain)))
            .about({type.schema, "", "", type.name, ""});
    }
    Snapshot snapshot = take_snapshot();
    std::vector<std::pair<const DomainConstraint*, ExprPtr>> ready;
    for (const DomainConstraint* check : checks) ready.emplace_back(check, ready_to_run(check->check, *this));
    for (const auto& [check, expr] : ready) {
        EvalContext context{.host = *this, .snapshot = snapshot, .domain_value = &value};
        Datum held = pg::evaluate(*expr, context);
        if (held.is_null() || held.as_bool()) continue;
        throw SqlError("23514", fmt::format("value for domain {} violates check constraint \"{}\"", format_type(*this, domain), check->name))
            .about({type.schema, "", "", type.name, check->name});
    }
    return value;
}

}  // namespace cdcsim::pg
