// Scalar expressions: columns and constants as they are, comparisons natively where that is the
// same, all else as x(?1, n, columns...).
#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/storage/deparse.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr std::size_t kMaxCallArguments = 120;

/// Types whose values compare with each other as SQLite compares them.
int native_family(Oid type) {
    switch (type) {
        case oid::kInt2:
        case oid::kInt4:
        case oid::kInt8: return 1;
        case oid::kFloat4:
        case oid::kFloat8: return 2;
        default: return 0;
    }
}

/// No reference to this level's rows.
bool is_rowless(const ExprPtr& expr) {
    return expr->kind == ExprKind::kConst ||
           (expr->kind == ExprKind::kParam && as<ParamExpr>(*expr).number > 0) ||
           (expr->kind == ExprKind::kVar && as<VarExpr>(*expr).levels_up > 0);
}

/// No column of any level, no subquery, nothing volatile.
bool is_pseudo_constant(const ExprPtr& expr) {
    return !contains_volatile(expr) && !contains_sublink(expr) && !any_expression(expr, [](const Expr& node) {
        return node.kind == ExprKind::kVar || node.kind == ExprKind::kWholeRow || node.kind == ExprKind::kAggregate ||
               node.kind == ExprKind::kWindow || node.kind == ExprKind::kGrouping;
    });
}

}  // namespace

void Block::add_input(RowInputs& inputs, int rt_index, int attno, const std::string& sql,
                      ColumnCodec codec) {
    for (const VarInput& var : inputs.vars) {
        if (var.rt_index == rt_index && var.attno == attno) return;
    }
    inputs.vars.push_back({rt_index, attno, codec, sql});
    auto index = static_cast<std::size_t>(rt_index - 1);
    if (inputs.widths.size() <= index) inputs.widths.resize(index + 1);
    inputs.widths[index] = std::max(inputs.widths[index], attno);
}

void Block::add_reference(RowInputs& inputs, const Expr& reference, const Stage& stage) {
    if (reference.kind == ExprKind::kVar) {
        const auto& var = as<VarExpr>(reference);
        add_input(inputs, var.rt_index, var.attno, column(var.rt_index, var.attno, stage),
                  d_.codec(var.type));
    } else if (reference.kind == ExprKind::kWholeRow) {
        const auto& row = as<WholeRowExpr>(reference);
        add_input(inputs, row.rt_index, 0, column(row.rt_index, 0, stage), {});
        int attno = 0;
        for (const Attribute& attribute : entry(row.rt_index).columns) {
            ++attno;
            if (attribute.dropped) continue;
            add_input(inputs, row.rt_index, attno, column(row.rt_index, attno, stage),
                      d_.codec(attribute.type));
        }
        auto index = static_cast<std::size_t>(row.rt_index - 1);
        inputs.widths[index] = std::max(inputs.widths[index], attno);
    } else {
        throw NotSimulated("an aggregate of an outer query in a subquery");
    }
}

void Block::collect_query(const Query& query, const Stage& stage, RowInputs& inputs) {
    for_each_outer_reference(query, [&](const Expr& reference, int levels) {
        if (levels == 1) add_reference(inputs, reference, stage);
    });
}

/// `expr` with what the stage has computed already replaced by slots of one more row.
ExprPtr Block::collect(const ExprPtr& expr, const Stage& stage, RowInputs& inputs) {
    const int slot_row = static_cast<int>(query_.range_table.size()) + 1;
    for (std::size_t i = 0; i < stage.known.size(); ++i) {
        const Stage::Known& known = stage.known[i];
        if (known.expr->kind == ExprKind::kVar || !equal_expressions(*known.expr, *expr)) continue;
        auto slot = std::make_shared<VarExpr>();
        slot->rt_index = slot_row;
        slot->attno = static_cast<int>(i) + 1;
        slot->type = expr->type;
        slot->typmod = expr->typmod;
        add_input(inputs, slot_row, slot->attno, known.sql, d_.codec(expr->type));
        return slot;
    }
    switch (expr->kind) {
        case ExprKind::kVar:
            if (as<VarExpr>(*expr).levels_up == 0) add_reference(inputs, *expr, stage);
            return expr;
        case ExprKind::kWholeRow:
            if (as<WholeRowExpr>(*expr).levels_up == 0) add_reference(inputs, *expr, stage);
            return expr;
        case ExprKind::kAggregate:
        case ExprKind::kWindow:
            throw NotSimulated("an aggregate or window function in this place", expr->location);
        case ExprKind::kSubLink:
            collect_query(*as<SubLinkExpr>(*expr).query, stage, inputs);
            break;
        default: break;
    }
    return map_children(
        expr, [&](const ExprPtr& child) { return collect(child, stage, inputs); });
}

std::string Block::column(int rt_index, int attno, const Stage& stage) {
    if (!stage.is_base) {
        for (const Stage::Known& known : stage.known) {
            if (known.expr->kind != ExprKind::kVar) continue;
            const auto& var = as<VarExpr>(*known.expr);
            if (var.rt_index == rt_index && var.attno == attno) return known.sql;
        }
        throw NotSimulated("a reference to a column that is not grouped");
    }
    std::string row = "r" + std::to_string(rt_index) + ".";
    if (attno > 0) return row + "c" + std::to_string(attno);
    const RangeTableEntry& rte = entry(rt_index);
    auto index = static_cast<std::size_t>(rt_index - 1);
    if (attno == 0) return row + presence_[index];
    bool is_stored = rte.kind == RteKind::kRelation && rte.relation->virtual_rows == nullptr;
    if (!is_stored) {
        if (attno == -6 && rte.relation) return std::to_string(rte.relation->oid);
        throw NotSimulated("a system column of this relation");
    }
    switch (attno) {
        case -1:
        case kRidAttno: return row + "rid";
        case -2: return row + "xmin";
        case -4: throw NotSimulated("system column xmax of a row that may have been locked");
        case -6: return direct_[index] ? std::to_string(rte.relation->oid) : row + "tab";
        default: throw NotSimulated("system columns cmin and cmax");
    }
}

std::string Block::arguments(const RowInputs& inputs) {
    std::string text;
    for (const VarInput& var : inputs.vars) text += "," + var.sql;
    return text;
}

/// The arguments of rows(). Of a table's constraints SQLite checks those after the sixteenth itself, whatever xBestIndex
/// says, so more arguments than that leaves room for come in bundles.
std::string Block::source_arguments(const RowInputs& inputs) {
    constexpr std::size_t kDirect = 14, kBundle = 100;
    if (inputs.vars.size() <= kDirect) return arguments(inputs);
    if (inputs.vars.size() > kDirect * kBundle) throw NotSimulated("a LATERAL item of FROM that needs more than 1,400 columns");
    std::string text;
    for (std::size_t i = 0; i < inputs.vars.size(); ++i) {
        if (i % kBundle == 0) text += i == 0 ? ",bundle(" : "),bundle(";
        text += (i % kBundle == 0 ? "" : ",") + inputs.vars[i].sql;
    }
    return text + ")";
}

/// Columns, computed slots, constants and parameters need no call.
bool Block::simple(const ExprPtr& expr, const Stage& stage, std::string& sql) {
    for (const Stage::Known& known : stage.known) {
        if (known.expr->kind != ExprKind::kVar && equal_expressions(*known.expr, *expr)) {
            sql = known.sql;
            return true;
        }
    }
    ExprPtr bare = without_relabel(expr);
    if (bare->kind == ExprKind::kVar && as<VarExpr>(*bare).levels_up == 0) {
        const auto& var = as<VarExpr>(*bare);
        sql = column(var.rt_index, var.attno, stage);
        return true;
    }
    if (!is_rowless(bare)) return false;
    Parameter parameter;
    parameter.codec = d_.codec(bare->type);
    parameter.block = number_;
    if (bare->kind == ExprKind::kConst) {
        parameter.value = as<ConstExpr>(*bare).value;
    } else {
        parameter.kind = Parameter::Kind::kExpr;
        parameter.expr = bare;
    }
    sql = d_.parameter(std::move(parameter));
    return true;
}

std::string Block::call(const ExprPtr& expr, const Stage& stage) {
    CompiledExpr compiled;
    compiled.block = number_;
    compiled.codec = d_.codec(expr->type);
    compiled.expr = collect(expr, stage, compiled.inputs);
    if (compiled.inputs.vars.size() > kMaxCallArguments) {
        throw NotSimulated("an expression over more than 120 columns");
    }
    std::string text = "x(?1," + std::to_string(d_.program.expressions.size()) +
                       arguments(compiled.inputs) + ")";
    d_.program.expressions.push_back(std::move(compiled));
    return text;
}

std::string Block::expression(const ExprPtr& expr, const Stage& stage) {
    std::string sql;
    if (simple(expr, stage, sql)) return sql;
    return call(expr, stage);
}

bool Block::is_indexed(const Expr& expr) const {
    if (expr.kind != ExprKind::kVar) return false;
    const auto& var = as<VarExpr>(expr);
    if (var.levels_up != 0 || var.attno <= 0) return false;
    const RangeTableEntry& rte = entry(var.rt_index);
    return rte.kind == RteKind::kRelation &&
           d_.database.has_index_on(rte.relation->file_node, var.attno);
}

/// Notes that a table is not read in sequence, and by which parameter.
void Block::note_index_use(const ExprPtr& left, const std::string& right_sql) {
    ExprPtr bare = without_relabel(left);
    if (!is_indexed(*bare)) return;
    const auto& var = as<VarExpr>(*bare);
    auto index = static_cast<std::size_t>(var.rt_index - 1);
    if (index >= scans_.size() || scans_[index] == 0) return;
    TableScan& scan = d_.program.scans[static_cast<std::size_t>(scans_[index] - 1)];
    if (scan.indexed_attno != 0) return;
    scan.indexed_attno = var.attno;
    if (right_sql.front() == '?') scan.parameter = std::stoi(right_sql.substr(1));
}

/// A comparison of btree's operators, if SQLite compares the values alike under a collation.
bool Block::native_comparison(const Expr& expr, const Stage& stage, std::string& sql) {
    const auto& func = as<FuncExpr>(expr);
    if (func.op == kInvalidOid || func.form != FuncForm::kOperator || func.args.size() != 2) {
        return false;
    }
    const BtreeOperatorRow* row = btree_row(func.op);
    if (row == nullptr) return false;
    Oid left_type = base_type(d_.host, d_.host.type(func.args[0]->type)).oid;
    Oid right_type = base_type(d_.host, d_.host.type(func.args[1]->type)).oid;
    int family = native_family(left_type);
    if (row->left != row->right && (family == 0 || family != native_family(right_type))) {
        return false;
    }
    const TypeInfo& type = d_.host.type(left_type);
    if (type.typtype == 'c' || type.oid == oid::kRecord || type.ops == nullptr) return false;
    std::string left, right;
    if (!simple(func.args[0], stage, left) || !simple(func.args[1], stage, right)) return false;
    static constexpr const char* kOperators[] = {"<", "<=", "=", ">=", ">"};
    const char* op = kOperators[row->strategy - 1];
    // An index gives its rows in its own order, PostgreSQL reads an unanalysed table in the heap's:
    // only equality may use one.
    const char* no_index = row->strategy == 3 ? "" : "+";
    sql = no_index + left + d_.collation(left_type) + op + right;
    if (row->strategy == 3) {
        note_index_use(func.args[0], right);
        note_index_use(func.args[1], left);
    }
    return true;
}

bool Block::native_condition(const ExprPtr& expr, const Stage& stage, std::string& sql) {
    if (expr->kind == ExprKind::kFunc) return native_comparison(*expr, stage, sql);
    if (expr->kind == ExprKind::kNullTest && !as<NullTestExpr>(*expr).arg_is_row) {
        const auto& test = as<NullTestExpr>(*expr);
        if (!simple(test.arg, stage, sql)) return false;
        sql += test.is_null ? " IS NULL" : " IS NOT NULL";
        return true;
    }
    return expr->kind == ExprKind::kVar && simple(expr, stage, sql);
}

std::string Block::condition(const ExprPtr& raw, const Stage& stage) {
    if (!raw) return {};
    std::vector<ExprPtr> conjuncts;
    flatten_and(fold(raw), conjuncts);
    return conditions(std::move(conjuncts), stage);
}

std::string Block::conditions(std::vector<ExprPtr> conjuncts, const Stage& stage) {
    std::ranges::stable_sort(conjuncts, {},
                             [&](const ExprPtr& expr) { return cost_of(d_.host, *expr); });

    // Conjuncts over the same tables are one call, in PostgreSQL's order. A native one that stands
    // after such a call joins it, unless an index serves it: PostgreSQL would have met the call's
    // error first.
    std::vector<std::pair<std::vector<int>, std::vector<ExprPtr>>> calls;
    std::string text;
    auto add = [&](const std::string& part) { text += (text.empty() ? "" : " AND ") + part; };
    for (const ExprPtr& conjunct : conjuncts) {
        if (conjunct->kind == ExprKind::kConst) {
            const Datum& value = as<ConstExpr>(*conjunct).value;
            if (value.is_null() || !value.as_bool()) return "0";
            continue;
        }
        std::vector<int> relations = relations_of(conjunct);
        if (relations.empty() && number_ == 0 && is_pseudo_constant(conjunct)) {
            // Decided before the first row is read, even if there is none (a Result's one-time filter).
            Parameter parameter;
            parameter.kind = Parameter::Kind::kExpr;
            parameter.expr = conjunct;
            parameter.codec = d_.codec(oid::kBool);
            parameter.block = number_;
            add(d_.parameter(std::move(parameter)));
            continue;
        }
        auto call_group = std::ranges::find(calls, relations, [](const auto& entry) { return entry.first; });
        bool indexed = conjunct->kind == ExprKind::kFunc &&
                       std::ranges::any_of(as<FuncExpr>(*conjunct).args, [&](const ExprPtr& arg) {
                           return is_indexed(*without_relabel(arg));
                       });
        std::string sql;
        if ((call_group == calls.end() || indexed) && native_condition(conjunct, stage, sql)) {
            add(sql);
        } else if (call_group == calls.end()) {
            calls.push_back({relations, {conjunct}});
        } else {
            call_group->second.push_back(conjunct);
        }
    }
    for (auto& [relations, group] : calls) {
        ExprPtr condition = group.front();
        if (group.size() > 1) {
            auto all = std::make_shared<BoolExpr>();
            all->type = oid::kBool;
            all->args = std::move(group);
            all->is_qual = true;
            condition = all;
        }
        std::string text_of_call = call(condition, stage);
        // SQLite tests what an index entry holds before it reads the row, and with it whether the row
        // is visible: a dead row must not fail.
        const bool one_table = stage.is_base && relations.size() == 1 && direct_[static_cast<std::size_t>(relations[0] - 1)];
        if (one_table) text_of_call = "CASE WHEN r" + std::to_string(relations[0]) + ".died THEN " + text_of_call + " END";
        add(text_of_call);
    }
    return text;
}

}  // namespace cdcsim::pg
