// Calling functions that users created: SQL-language ones here, PL/pgSQL through its handler.
// Mirrors functions.c and fmgr.c's security definer and SET handling.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/plpgsql/handler.h"
#include "sim/postgres/type/datetime.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

std::vector<std::string> input_names(const Function& function) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < function.arg_types.size(); ++i) {
        char mode = function.arg_modes[i];
        if (mode == 'i' || mode == 'b' || mode == 'v') names.push_back(function.arg_names[i]);
    }
    return names;
}

/// The arguments of a SQL function by name and by number.
class ArgumentHook : public NameHook {
  public:
    ArgumentHook(const Function& function, std::span<const Oid> types) : name_(function.name), names_(input_names(function)), types_(types.begin(), types.end()) {}

    Conflict conflict() const override { return Conflict::kUseColumn; }
    ExprPtr resolve(const std::vector<std::string>& names, int location) override {
        bool qualified = names.size() == 2 && names[0] == name_;
        if (names.size() != 1 && !qualified) return nullptr;
        auto it = std::ranges::find(names_, names.back());
        if (it == names_.end() || names.back().empty()) return nullptr;
        return resolve_param(static_cast<int>(it - names_.begin()) + 1, location);
    }
    ExprPtr resolve_param(int number, int location) override {
        if (number < 1 || number > static_cast<int>(types_.size())) return nullptr;
        auto param = std::make_shared<ParamExpr>();
        param->number = number;
        param->type = types_[static_cast<std::size_t>(number - 1)];
        if (TypePtr type = builtin_type_info(param->type)) param->collation = type->collation;
        param->location = location;
        return param;
    }

  private:
    std::string name_;
    std::vector<std::string> names_;
    std::vector<Oid> types_;
};

class ArgumentValues : public ParamSource {
  public:
    explicit ArgumentValues(std::span<const Datum> values) : values_(values) {}
    const Datum& param(int number) override { return values_[static_cast<std::size_t>(number - 1)]; }

  private:
    std::span<const Datum> values_;
};

/// Role and settings of the definition, for the time of a call.
class CallScope {
  public:
    CallScope(Backend& backend, const Function& function) : backend_(backend),
          role_(backend.current_user()),
          settings_(backend.setting_values()),
          weight_(function.language == "sql" ? CallWeight::kSql : CallWeight::kPlpgsql) {
        require_function_right(backend, function);
        backend.enter_call(weight_);
        if (function.security_definer) backend.set_current_user(function.owner);
        if (!function.settings.empty()) {
            changed_ = true;
            for (const auto& [name, value] : function.settings) backend.set_setting(name, value, false);
        }
    }
    ~CallScope() {
        backend_.leave_call(weight_);
        backend_.set_current_user(role_);
        if (changed_) {
            backend_.setting_values() = settings_;
            backend_.apply_settings();
        }
    }
    CallScope(const CallScope&) = delete;
    CallScope& operator=(const CallScope&) = delete;

  private:
    Backend& backend_;
    Oid role_;
    SettingValues settings_;
    CallWeight weight_;
    bool changed_ = false;
};

/// Runs the statements of a SQL function; the last one's rows are its result.
struct SqlFunctionResult {
    RowType columns;
    std::vector<std::vector<Datum>> rows;
};

SqlFunctionResult run_sql_function(Backend& backend, const Function& function, CallContext& call, std::span<const Datum> args) {
    ArgumentHook hook(function, call.arg_types);
    ArgumentValues values(args);
    ParseTree tree = parse_sql(function.body);
    SqlFunctionResult result;
    int number = 0;
    try {
        for (const RawStatement& raw : tree.statements()) {
            ++number;
            Command statement;
            statement.node = raw.node;
            statement.text = std::string_view(function.body).substr(static_cast<std::size_t>(raw.begin), static_cast<std::size_t>(raw.end - raw.begin));
            statement.params = &values;
            statement.hook = &hook;
            statement.top_level = false;
            result.rows.clear();
            backend.push_trigger_queue();
            ExecResult done;
            try {
                done = backend.run(statement, [&](std::span<const Datum> row) {
                    result.rows.emplace_back(row.begin(), row.end());
                    return true;
                });
            } catch (...) {
                backend.discard_trigger_queue();
                throw;
            }
            backend.fire_after_triggers();
            result.columns = done.columns;
        }
    } catch (SqlError& error) {
        if (error.position() >= 0) error.move_position_into(function.body);
        error.add_context(fmt::format("SQL function \"{}\" statement {}", function.name, number));
        throw;
    }
    return result;
}

/// The function's declared result from a row of its last statement.
Datum coerce_result(Backend& backend, const Function& function, Oid wanted, const RowType& columns, const std::vector<Datum>& row) {
    const TypeInfo& type = backend.type(wanted);
    bool composite = type.typtype == 'c' || type.oid == oid::kRecord;
    if (composite && (columns.size() != 1 || columns[0].type != wanted)) return make_row(backend, wanted, columns, row);
    (void)function;
    if (columns[0].type == wanted || row[0].is_null()) return row[0];
    return input_text(backend, wanted, output_text(backend, columns[0].type, row[0]));
}

}  // namespace

Datum Backend::call_function(const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args) {
    CallScope scope(*this, *function);
    if (function->language != "sql" && function->language != "plpgsql") throw NotSimulated(fmt::format("functions in language {}", function->language));
    if (function->language == "plpgsql") {
        return on_deep_stack([&] { return plpgsql_call(*this, function, call, args); });
    }
    SqlFunctionResult result = on_deep_stack([&] { return run_sql_function(*this, *function, call, args); });
    if (call.result_type == oid::kVoid) return Datum::of_text("");
    if (result.rows.empty()) return {};
    return coerce_result(*this, *function, call.result_type, result.columns, result.rows[0]);
}

void Backend::call_set_function(const std::shared_ptr<const Function>& function, CallContext& call, std::span<const Datum> args,
                                const RowSink& emit) {
    CallScope scope(*this, *function);
    if (function->language == "plpgsql") return plpgsql_call_set(*this, function, call, args, emit);
    if (function->language != "sql") throw NotSimulated(fmt::format("functions in language {}", function->language));
    SqlFunctionResult result = run_sql_function(*this, *function, call, args);
    for (const auto& row : result.rows) {
        if (!emit(row)) return;
    }
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
    if (type.base != kInvalidOid && this->type(type.base).typtype == 'd') value = check_domain(type.base, std::move(value));
    if (value.is_null() && type.not_null) {
        throw SqlError("23502", fmt::format("domain {} does not allow null values", format_type(*this, domain)))
            .about({type.schema, "", "", type.name, ""});
    }
    std::vector<const DomainConstraint*> checks;
    for (const DomainConstraint& constraint : catalog().domain_constraints(domain)) checks.push_back(&constraint);
    std::ranges::sort(checks, {}, [](const DomainConstraint* c) -> const std::string& { return c->name; });
    Snapshot snapshot = take_snapshot();
    for (const DomainConstraint* check : checks) {
        EvalContext context{.host = *this, .snapshot = snapshot, .domain_value = &value};
        Datum held = pg::evaluate(*check->check.expr, context);
        if (held.is_null() || held.as_bool()) continue;
        throw SqlError("23514", fmt::format("value for domain {} violates check constraint \"{}\"", format_type(*this, domain), check->name))
            .about({type.schema, "", "", type.name, check->name});
    }
    return value;
}

}  // namespace cdcsim::pg
