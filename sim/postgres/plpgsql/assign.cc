// Assignment to variables, fields and elements. Mirrors exec_assign_value and exec_move_row, and
// transformAssignmentIndirection for what stands left of :=.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/catalog_context.h"
#include "sim/postgres/function/jsonb_subscript.h"
#include "sim/postgres/plpgsql/interpret.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg::plpgsql {
namespace {

/// The first name of an assignment's target, as the parser reads it.
std::string first_name(std::string_view text) {
    std::string name;
    const bool quoted = !text.empty() && text[0] == '"';
    for (std::size_t i = quoted ? 1 : 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '"' && text.substr(i + 1, 1) != "\"") break;
        if (quoted && c == '"') ++i;
        if (!quoted && (c == '.' || c == '[' || c == ' ')) break;
        name += !quoted && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    }
    return name;
}

[[noreturn]] void throw_not_assigned(const Variable& variable) {
    throw SqlError("55000", fmt::format("record \"{}\" is not assigned yet", variable.name))
        .detail("The tuple structure of a not-yet-assigned record is indeterminate.");
}

}  // namespace

Datum Interpreter::cast(const Datum& given, Oid from, std::int32_t from_typmod, Oid to, std::int32_t to_typmod) {
    bool same = from == to && (to_typmod < 0 || to_typmod == from_typmod);
    bool domain = backend_.type(to).typtype == 'd';
    if (same && !domain) return given;
    if (given.is_null() && !domain) return given;
    if (function_.casts_catalog != backend_.catalog_ptr()) {
        function_.casts.clear();
        function_.casts_catalog = backend_.catalog_ptr();
    }
    ExprPtr& kept = function_.casts[{from, from_typmod, to, to_typmod}];
    if (!kept) kept = make_value_cast(from, from_typmod, {to, to_typmod}, backend_.bind_options());
    ExprPtr expr = kept;  // what it calls may clear the others
    Snapshot snapshot = backend_.take_snapshot();
    EvalContext context{.host = backend_, .snapshot = snapshot, .case_test = &given};
    return pg::evaluate(*expr, context);
}

void Interpreter::assign_variable(int number, const Datum& given, Oid type, std::int32_t typmod) {
    const Variable& variable = function_.variables[static_cast<std::size_t>(number)];
    auto refuse_null = [&] {
        if (variable.not_null) throw SqlError("22004", fmt::format("null value cannot be assigned to variable \"{}\" declared NOT NULL", variable.name));
    };
    if (!variable.is_record) {
        Datum converted = cast(given, type, typmod, variable.type, variable.typmod);
        if (converted.is_null()) refuse_null();
        value(number).scalar = std::move(converted);
        return;
    }
    Value& target = value(number);
    if (given.is_null()) {
        refuse_null();
        if (variable.type == oid::kRecord) {
            target.assigned = false;
            target.named_type = kInvalidOid;
        } else {
            follow_type(number);
        }
        target.fields.assign(target.row_type.size(), Datum());
        target.is_null = true;
        return;
    }
    const TypeInfo& info = backend_.type(type);
    if (info.typtype != 'c' && type != oid::kRecord) {
        // A value of another type is read as a row's text.
        const Oid wanted = variable.type != oid::kRecord ? variable.type : target.named_type;
        if (wanted == kInvalidOid) throw SqlError("0A000", "input of anonymous composite types is not implemented");
        return assign_variable(number, cast(given, type, typmod, wanted, -1), wanted, -1);
    }
    std::string_view literal;
    RowType row_type = row_type_of(backend_, type, given, literal);
    std::vector<Datum> fields = parse_row(backend_, row_type, literal);
    if (variable.type == oid::kRecord) {
        set_record(number, std::move(row_type), std::move(fields));
        if (info.typtype == 'c') target.named_type = type;
        return;
    }
    assign_row({Target{number, {}}}, row_type, &fields);
}

std::size_t Interpreter::field_index(int number, const std::string& field) {
    const Variable& variable = function_.variables[static_cast<std::size_t>(number)];
    Value& record = value(number);
    if (!record.assigned) throw_not_assigned(variable);
    auto it = std::ranges::find_if(record.row_type, [&](const Attribute& a) { return !a.dropped && a.name == field; });
    if (it == record.row_type.end()) throw SqlError("42703", fmt::format("record \"{}\" has no field \"{}\"", variable.name, field));
    return static_cast<std::size_t>(it - record.row_type.begin());
}

void Interpreter::assign_field(int number, const std::string& field, const Datum& given, Oid type, std::int32_t typmod) {
    std::size_t i = field_index(number, field);
    Value& record = value(number);
    record.fields[i] = cast(given, type, typmod, record.row_type[i].type, record.row_type[i].typmod);
    record.origins.resize(record.fields.size());
    record.origins[i] = FieldOrigin::kUnsure;
    record.is_null = false;
}

void Interpreter::assign(const Target& target, const Datum& given, Oid type, std::int32_t typmod) {
    if (target.path.empty()) return assign_variable(target.variable, given, type, typmod);
    assign_field(target.variable, target.path.at(0).field, given, type, typmod);
}

// x.a[1].b := value

/// The type of what the path ends at, from step `begin`; errors name the field before, or `root`.
TypeRef Interpreter::path_type(Oid type, std::int32_t typmod, const std::vector<AccessStep>& path, std::size_t begin, const std::string& root) {
    std::string name = root;
    for (std::size_t i = begin; i < path.size(); ++i) {
        const TypeInfo& info = backend_.type(type);
        if (info.typtype == 'd') throw NotSimulated("assignment to a part of a domain's value");
        if (path[i].field.empty()) {
            if (type == oid::kJsonb) {
                while (i + 1 < path.size() && path[i + 1].field.empty()) ++i;
                typmod = -1;
                continue;
            }
            Oid element = array_element_type(backend_, type);
            if (element == kInvalidOid) {
                throw SqlError("42804", fmt::format("cannot subscript type {} because it does not support subscripting", format_type(backend_, type))).at(0);
            }
            bool slice = false;
            std::size_t last = i;
            for (; last < path.size() && path[last].field.empty(); ++last) slice = slice || path[last].is_slice;
            i = last - 1;
            if (slice) {
                if (last < path.size()) throw NotSimulated("assignment to a field of an array slice");
                return {type, typmod};
            }
            type = element;
            continue;
        }
        auto field = std::ranges::find_if(info.attributes, [&](const Attribute& a) { return !a.dropped && a.name == path[i].field; });
        if (info.typtype != 'c') {
            throw SqlError("42804", fmt::format("cannot assign to field \"{}\" of column \"{}\" because its type {} is not a composite type", path[i].field, name,
                                                format_type(backend_, type))).at(0);
        }
        if (field == info.attributes.end()) {
            throw SqlError("42703", fmt::format("cannot assign to field \"{}\" of column \"{}\" because there is no such column in data type {}", path[i].field, name,
                                                format_type(backend_, type))).at(0);
        }
        name = path[i].field;
        type = field->type;
        typmod = field->typmod;
    }
    return {type, typmod};
}

std::vector<Interpreter::Step> Interpreter::evaluate_path(const Target& target, std::size_t begin, Oid root) {
    std::vector<Step> steps;
    bool jsonb = root == oid::kJsonb;
    auto index = [&](PlExpr& expr, Oid& type) {
        Datum given = evaluate(expr, &type);
        if (jsonb) return given;
        given = cast(given, type, -1, oid::kInt4, -1);
        if (given.is_null()) throw SqlError("22004", "array subscript in assignment must not be null");
        return given;
    };
    for (std::size_t i = begin; i < target.path.size(); ++i) {
        const AccessStep& access = target.path[i];
        Step step;
        step.field = access.field;
        step.is_slice = access.is_slice;
        Oid ignored = kInvalidOid;
        if (access.lower) step.lower = index(*access.lower, ignored), step.has_lower = true;
        if (access.upper) step.upper = index(*access.upper, step.upper_type);
        if (access.field.empty() && !access.upper) throw NotSimulated("assignment to an array slice without an upper bound");
        steps.push_back(std::move(step));
    }
    return steps;
}

/// The container with the part that the path leads to replaced.
Datum Interpreter::store(Oid type, const Datum& container, const std::vector<Step>& path, std::size_t begin, const Datum& given) {
    if (begin >= path.size()) return given;
    if (!path[begin].field.empty()) {
        RowType row_type = backend_.type(type).attributes;
        std::vector<Datum> fields(row_type.size());
        if (!container.is_null()) {
            std::string_view literal;
            row_type_of(backend_, type, container, literal);
            fields = parse_row(backend_, row_type, literal);
        }
        for (std::size_t i = 0; i < row_type.size(); ++i) {
            if (!row_type[i].dropped && row_type[i].name == path[begin].field) fields[i] = store(row_type[i].type, fields[i], path, begin + 1, given);
        }
        return make_row(backend_, type, row_type, fields);
    }
    std::size_t end = begin;
    bool slice = false;
    for (; end < path.size() && path[end].field.empty(); ++end) slice = slice || path[end].is_slice;
    if (slice) {
        std::vector<SliceBound> bounds;
        for (std::size_t i = begin; i < end; ++i) {
            SliceBound bound;
            bound.has_lower = bound.has_upper = true;
            bound.lower = path[i].is_slice && path[i].has_lower ? path[i].lower : Datum::of_int(1);
            if (path[i].is_slice && !path[i].has_lower) bound.has_lower = false;
            bound.upper = path[i].upper;
            bounds.push_back(std::move(bound));
        }
        return array_set_slice(backend_, type, container, bounds, given);
    }
    std::vector<Datum> indexes;
    for (std::size_t i = begin; i < end; ++i) indexes.push_back(path[i].upper);
    if (type == oid::kJsonb) {
        for (std::size_t i = begin; i < end; ++i) {
            Datum& index = indexes[i - begin];
            if (!index.is_null()) index = Datum::of_text(output_text(backend_, path[i].upper_type, index));
        }
        return jsonb_set_subscript(container, indexes, path[begin].upper_type == oid::kInt4, given);
    }
    Datum element = given;
    if (end < path.size()) element = store(array_element_type(backend_, type), array_get_element(backend_, type, container, indexes), path, end, given);
    return array_set_element(backend_, type, container, indexes, element);
}

/// A field that has gone since the assignment was planned is missed when the value is stored.
void Interpreter::require_planned_field(const Target& target, PlExpr& expr) {
    const Value& record = value(target.variable);
    const std::string& name = target.path[0].field;
    if (!record.assigned || name.empty()) return;
    if (std::ranges::any_of(record.row_type, [&](const Attribute& a) { return !a.dropped && a.name == name; })) return;
    const TypeRef planned = expr.target;
    evaluate(expr, nullptr, nullptr, &planned);
    field_index(target.variable, name);
}

/// A record that is assigned as it is keeps what lies out of line; any other expression brings it in.
void Interpreter::assign_record(int number, PlExpr& expr) {
    const int parameter = plan_of(expr).bare_parameter();
    const int source = parameter > 0 && variable_of_param(parameter).second < 0 ? variable_of_param(parameter).first : -1;
    std::vector<FieldOrigin> origins;
    if (source >= 0) origins = value(source).origins;
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Datum given = evaluate(expr, &type, &typmod);
    assign_variable(number, given, type, typmod);
    Value& target = value(number);
    if (source >= 0) value(source).origins = origins;
    if (source < 0) origins.assign(target.fields.size(), FieldOrigin::kFresh);
    origins.resize(target.fields.size(), FieldOrigin::kUnsure);
    target.origins = std::move(origins);
}

namespace {

/// Whether an expression may hand on a variable's value unread, as functions and operators do not.
bool hands_on(const Expr& expr) {
    auto any = [](const std::vector<ExprPtr>& args) { return std::ranges::any_of(args, [](const ExprPtr& arg) { return hands_on(*arg); }); };
    switch (expr.kind) {
        case ExprKind::kConst: case ExprKind::kSqlValue: case ExprKind::kScalarArrayOp: case ExprKind::kArray: case ExprKind::kCoerceViaIo: return false;
        case ExprKind::kFunc: return as<FuncExpr>(expr).user != nullptr || as<FuncExpr>(expr).form == FuncForm::kNullIf;
        case ExprKind::kCoalesce: return any(as<CoalesceExpr>(expr).args);
        case ExprKind::kMinMax: return any(as<MinMaxExpr>(expr).args);
        case ExprKind::kRelabel: return hands_on(*as<RelabelExpr>(expr).arg);
        default: return true;
    }
}

}  // namespace

/// Where the value of a field comes from that the expression has just been assigned to.
FieldOrigin Interpreter::origin_of(PlExpr& expr, int variable, std::size_t index) {
    SpiPlan& plan = plan_of(expr, &expr.target);
    const ExprPtr simple = plan.simple();
    if (!simple) return FieldOrigin::kUnsure;
    // The first one that is not null: COALESCE (NEW.x, OLD.x).
    const Expr* value_of = simple.get();
    while (value_of->kind == ExprKind::kRelabel) value_of = as<RelabelExpr>(*value_of).arg.get();
    if (value_of->kind == ExprKind::kCoalesce) {
        for (const ExprPtr& arg : as<CoalesceExpr>(*value_of).args) {
            value_of = arg.get();
            if (arg->kind != ExprKind::kParam || !source_->param(as<ParamExpr>(*arg).number).is_null()) break;
        }
    }
    if (value_of->kind != ExprKind::kParam) return hands_on(*simple) ? FieldOrigin::kUnsure : FieldOrigin::kFresh;
    const auto [record, field] = variable_of_param(as<ParamExpr>(*value_of).number);
    if (field < 0) return FieldOrigin::kUnsure;
    const Value& source = value(record);
    const auto place = static_cast<std::size_t>(field);
    if (place >= source.origins.size()) return FieldOrigin::kUnsure;
    // Another column has values of its own, out of line elsewhere.
    const bool same = place == index && source.row_type.size() == value(variable).row_type.size();
    if (same) return source.origins[place];
    return source.origins[place] == FieldOrigin::kUnsure ? FieldOrigin::kUnsure : FieldOrigin::kFresh;
}

void Interpreter::assign_statement(PlStatement& statement) {
    const Target& target = statement.target;
    const Variable& variable = function_.variables[static_cast<std::size_t>(target.variable)];
    PlExpr& expr = *statement.expr;
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    if (target.path.empty() && variable.is_record) return assign_record(target.variable, expr);
    if (target.path.empty()) {
        TypeRef wanted_type{variable.type, variable.typmod};
        Datum given = evaluate(expr, &type, &typmod, &wanted_type);
        assign_variable(target.variable, given, type, typmod);
        return;
    }
    // Where it begins: the variable, or the field of a record.
    TypeRef root{variable.type, variable.typmod}, leaf;
    std::size_t begin = 0, index = 0;
    if (variable.is_record && expr.plan && !expr.plan->is_invalid()) require_planned_field(target, expr);
    try {
        if (variable.is_record && !target.path[0].field.empty()) {
            index = field_index(target.variable, target.path[0].field);
            const Attribute& attribute = value(target.variable).row_type[index];
            root = {attribute.type, attribute.typmod};
            begin = 1;
        }
        leaf = path_type(root.type, root.typmod, target.path, begin, first_name(expr.text));
    } catch (SqlError& error) {
        if (error.position() >= 0) {
            error.move_position_into(expr.text);
        } else {
            error.add_context(fmt::format("PL/pgSQL assignment \"{}\"", expr.text));
        }
        throw;
    }
    std::vector<Step> steps = evaluate_path(target, begin, root.type);
    Datum given = evaluate(expr, &type, &typmod, &leaf);
    if (begin == target.path.size()) {
        const FieldOrigin origin = function_.is_trigger ? origin_of(expr, target.variable, index) : FieldOrigin::kUnsure;
        assign_field(target.variable, target.path[0].field, given, type, typmod);
        value(target.variable).origins[index] = origin;
        return;
    }
    given = cast(given, type, typmod, leaf.type, leaf.typmod);
    Datum container = begin == 1 ? value(target.variable).fields[index] : source_->param(target.variable + 1);
    Datum changed = store(root.type, container, steps, 0, given);
    if (begin == 1) {
        assign_field(target.variable, target.path[0].field, changed, root.type, root.typmod);
    } else {
        assign_variable(target.variable, changed, root.type, root.typmod);
    }
}

// Rows.

void Interpreter::assign_row(const std::vector<Target>& targets, const RowType& columns, const std::vector<Datum>* row) {
    const Variable& first = function_.variables[static_cast<std::size_t>(targets[0].variable)];
    bool whole = targets.size() == 1 && first.is_record && targets[0].path.empty();
    if (whole) {
        Value& record = value(targets[0].variable);
        if (first.type == oid::kRecord) {
            std::vector<Datum> fields = row != nullptr ? *row : std::vector<Datum>(columns.size());
            set_record(targets[0].variable, columns, std::move(fields));
            record.origins.assign(record.fields.size(), FieldOrigin::kUnsure);
            return;
        }
        // One composite column fills the variable as a whole.
        bool composite = columns.size() == 1 && backend_.type(columns[0].type).typtype == 'c' && row != nullptr;
        if (composite && columns[0].type == first.type) return assign_variable(targets[0].variable, (*row)[0], columns[0].type, -1);
        std::size_t next = 0;
        follow_type(targets[0].variable);
        for (std::size_t i = 0; i < record.row_type.size(); ++i) {
            if (record.row_type[i].dropped) continue;
            while (next < columns.size() && columns[next].dropped) ++next;
            bool given = row != nullptr && next < columns.size();
            record.fields[i] = given ? cast((*row)[next], columns[next].type, columns[next].typmod, record.row_type[i].type, record.row_type[i].typmod) : Datum();
            ++next;
        }
        record.origins.assign(record.fields.size(), FieldOrigin::kUnsure);
        record.assigned = true;
        record.is_null = false;
        return;
    }
    std::size_t next = 0;
    for (const Target& target : targets) {
        while (next < columns.size() && columns[next].dropped) ++next;
        if (row != nullptr && next < columns.size()) {
            assign(target, (*row)[next], columns[next].type, columns[next].typmod);
        } else {
            const Variable& variable = function_.variables[static_cast<std::size_t>(target.variable)];
            assign(target, Datum(), target.path.empty() ? variable.type : oid::kText, -1);
        }
        ++next;
    }
}

}  // namespace cdcsim::pg::plpgsql
