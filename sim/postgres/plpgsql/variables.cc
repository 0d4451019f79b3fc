// PL/pgSQL's variables as SQL sees them: names to parameters, parameters to values.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"
#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

constexpr int kFieldBase = 1'000'000;
constexpr int kMaxFields = 2000;

/// A RECORD that holds a row of a named type is of that type.
}  // namespace

Oid shown_type(const Variable& variable, const Value& value) {
    return variable.type == oid::kRecord && value.named_type != kInvalidOid ? value.named_type : variable.type;
}

/// What names mean inside an expression: variables of the blocks around it. Parameter numbers are
/// variable + 1, or for a record's field a number above kFieldBase.
class VariableHook : public NameHook {
  public:
    VariableHook(PlFunction& function, PlExpr& expr) : function_(function), names_(expr.names), expr_(expr) {}

    Conflict conflict() const override {
        switch (function_.conflict) {
            case VariableConflict::kError: return Conflict::kError;
            case VariableConflict::kUseVariable: return Conflict::kUseVariable;
            case VariableConflict::kUseColumn: return Conflict::kUseColumn;
            case VariableConflict::kSetting: break;
        }
        std::string setting = interpreter()->backend_.setting("plpgsql.variable_conflict");
        return setting == "use_variable" ? Conflict::kUseVariable : setting == "use_column" ? Conflict::kUseColumn : Conflict::kError;
    }

    ExprPtr resolve(const std::vector<std::string>& names, int location, bool required) override {
        for (const Namespace* space = names_.get(); space != nullptr; space = space->outer.get()) {
            if (auto it = space->names.find(names[0]); it != space->names.end()) {
                if (names.size() == 1) return variable(it->second, location);
                if (names.size() == 2 && is_record(it->second)) return field(it->second, names[1], location, required);
                if (ExprPtr part = names.size() == 2 ? field_of_domain(it->second, names[1], location) : nullptr) return part;
            }
            if (names.size() >= 2 && space->label == names[0]) {
                auto it = space->names.find(names[1]);
                if (it == space->names.end()) continue;
                if (names.size() == 2) return variable(it->second, location);
                if (is_record(it->second)) return field(it->second, names[2], location, required);
            }
        }
        return nullptr;
    }

    ExprPtr resolve_param(int number, int location) override {
        return resolve({"$" + std::to_string(number)}, location, true);
    }

  private:
    Interpreter* interpreter() const { return function_.running; }
    bool is_record(int number) const { return function_.variables[static_cast<std::size_t>(number)].is_record; }

    ExprPtr variable(int number, int location) {
        const Variable& v = function_.variables[static_cast<std::size_t>(number)];
        auto param = std::make_shared<ParamExpr>();
        param->number = number + 1;
        param->type = v.type;
        param->typmod = v.typmod;
        if (v.is_record && v.type == oid::kRecord) {
            const Value& value = interpreter()->value(number);
            param->type = shown_type(v, value);
            expr_.bound_fields.push_back({.variable = number, .version = value.version, .type = param->type, .is_whole = true});
        }
        if (const TypeInfo* type = interpreter()->backend_.find_type(param->type)) param->collation = type->collation;
        param->location = location;
        return param;
    }

    /// A field of a variable whose type is a domain over a composite type.
    ExprPtr field_of_domain(int number, const std::string& name, int location) {
        Backend& backend = interpreter()->backend_;
        Oid base = function_.variables[static_cast<std::size_t>(number)].type;
        if (backend.type(base).typtype != 'd') return nullptr;
        base = base_type(backend, backend.type(base)).oid;
        auto whole = std::make_shared<ParamExpr>(as<ParamExpr>(*variable(number, location)));
        whole->type = base;
        return select_field(backend, whole, backend.type(base).attributes, name, location);
    }

    ExprPtr field(int number, const std::string& name, int location, bool required) {
        const Variable& v = function_.variables[static_cast<std::size_t>(number)];
        Value& value = interpreter()->value(number);
        if (!value.assigned) {
            throw SqlError("55000", fmt::format("record \"{}\" is not assigned yet", v.name))
                .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
        }
        PlExpr::BoundField& bound = expr_.bound_fields.emplace_back(number, value.version, std::string(), kInvalidOid, 0, false);
        for (std::size_t i = 0; i < value.row_type.size(); ++i) {
            const Attribute& attribute = value.row_type[i];
            if (attribute.dropped || attribute.name != name) continue;
            auto param = std::make_shared<ParamExpr>();
            param->number = kFieldBase + number * kMaxFields + static_cast<int>(i);
            param->type = bound.type = attribute.type;
            bound.name = name;
            bound.place = i;
            param->typmod = attribute.typmod;
            if (const TypeInfo* type = interpreter()->backend_.find_type(attribute.type)) param->collation = type->collation;
            param->location = location;
            return param;
        }
        if (!required) return nullptr;
        constexpr std::string_view kSystem[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};
        if (std::ranges::find(kSystem, name) != std::end(kSystem)) throw NotSimulated(fmt::format("system column {} of a record", name), location);
        throw SqlError("42703", fmt::format("record \"{}\" has no field \"{}\"", v.name, name));
    }

    PlFunction& function_;
    NamespacePtr names_;
    PlExpr& expr_;
};

class VariableSource : public ParamSource {
  public:
    explicit VariableSource(Interpreter& interpreter) : interpreter_(interpreter) {}

    const Datum& param(int number) override {
        if (number >= kFieldBase) {
            int rest = number - kFieldBase;
            Value& value = interpreter_.value(rest / kMaxFields);
            return value.fields.at(static_cast<std::size_t>(rest % kMaxFields));
        }
        const Variable& variable = interpreter_.function_.variables[static_cast<std::size_t>(number - 1)];
        Value& value = interpreter_.value(number - 1);
        if (!variable.is_record) return value.scalar;
        // What lies out of line is brought in, and stays there (ER_get_flat_size).
        value.origins.assign(value.fields.size(), FieldOrigin::kFresh);
        return composite(number);
    }

    const Datum& composite(int number) override {
        if (number >= kFieldBase) return param(number);
        const Variable& variable = interpreter_.function_.variables[static_cast<std::size_t>(number - 1)];
        Value& value = interpreter_.value(number - 1);
        if (!variable.is_record) return value.scalar;
        const Oid type = shown_type(variable, value);
        if (variable.type == oid::kRecord) interpreter_.check_record_type(number - 1, type);
        if (!value.assigned || value.is_null) return null_;
        refuse_later_defaults(type, value.row_type.size());
        // A whole record is made into a value each time it is asked for.
        value.scalar = make_row(interpreter_.backend_, type, value.row_type, value.fields);
        return value.scalar;
    }

  private:
    /// A row of before ALTER TABLE ... ADD COLUMN ... DEFAULT has that default, as the table's rows have.
    void refuse_later_defaults(Oid type, std::size_t columns) {
        const TypeInfo& now = interpreter_.backend_.type(type);
        if (now.attributes.size() <= columns) return;
        const RelationPtr table = interpreter_.backend_.catalog().find_relation(now.relation);
        const bool any = table && std::any_of(table->columns.begin() + static_cast<std::ptrdiff_t>(columns), table->columns.end(),
                                              [](const Column& column) { return column.default_expr.has_value(); });
        if (any) throw NotSimulated("a row from before its table got a column with a default");
    }

    Interpreter& interpreter_;
    Datum null_;
};

std::unique_ptr<NameHook> make_variable_hook(PlFunction& function, PlExpr& expr) { return std::make_unique<VariableHook>(function, expr); }

std::unique_ptr<ParamSource> make_variable_source(Interpreter& interpreter) { return std::make_unique<VariableSource>(interpreter); }

std::pair<int, int> variable_of_param(int number) {
    if (number < kFieldBase) return {number - 1, -1};
    return {(number - kFieldBase) / kMaxFields, (number - kFieldBase) % kMaxFields};
}

}  // namespace cdcsim::pg::plpgsql
