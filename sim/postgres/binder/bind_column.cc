// Column references and field selection. Mirrors colNameToVar, scanNameSpaceForRefname and
// ParseFuncOrColumn's column half.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

struct Match {
    ExprPtr expr;
    int levels = 0;
};

[[noreturn]] void throw_lateral(const ParseState& level, const NameItem& item, int location) {
    SqlError error("42P10", fmt::format("invalid reference to FROM-clause entry for table \"{}\"", item.alias));
    error.set_position(location);
    if (item.rt_index == level.query->result_relation) {
        error.set_hint(fmt::format("There is an entry for table \"{}\", but it cannot be referenced from this part of the query.", item.alias));
        throw error;
    }
    throw std::move(error).detail("The combining JOIN type must be INNER or LEFT for a LATERAL reference.");
}

/// An unqualified name in one level. Throws if ambiguous.
ExprPtr find_in_level(ParseState& state, const std::string& name, int location) {
    ExprPtr found;
    for (const NameItem& item : state.names) {
        if (!item.columns_visible) continue;
        if (item.lateral_only && !state.lateral_active) continue;
        for (const NameColumn& column : item.columns) {
            if (column.name != name) continue;
            if (item.lateral_only && !item.lateral_ok) throw_lateral(state, item, location);
            if (found) throw SqlError("42702", fmt::format("column reference \"{}\" is ambiguous", name)).at(location);
            found = column.expr;
        }
    }
    return found;
}

Match find_column(ParseState& state, const std::string& name, int location) {
    int levels = 0;
    for (ParseState* level = &state; level != nullptr; level = level->parent, ++levels) {
        if (ExprPtr found = find_in_level(*level, name, location)) return {found, levels};
    }
    return {};
}

struct TableMatch {
    const NameItem* item = nullptr;
    int levels = 0;
};

TableMatch find_table(ParseState& state, const std::string& schema, const std::string& name, int location) {
    int levels = 0;
    for (ParseState* level = &state; level != nullptr; level = level->parent, ++levels) {
        const NameItem* found = nullptr;
        for (const NameItem& item : level->names) {
            if (!item.table_visible || item.alias != name) continue;
            if (!schema.empty() && item.schema != schema) continue;
            if (item.lateral_only && !level->lateral_active) continue;
            if (item.lateral_only && !item.lateral_ok) throw_lateral(*level, item, location);
            if (found != nullptr) {
                throw SqlError("42P09", fmt::format("table reference \"{}\" is ambiguous", name)).at(location);
            }
            found = &item;
        }
        if (found != nullptr) return {found, levels};
    }
    return {};
}

ExprPtr at_level(const ExprPtr& expr, int levels, int location) {
    if (expr->kind == ExprKind::kVar) {
        auto copy = std::make_shared<VarExpr>(as<VarExpr>(*expr));
        copy->levels_up += levels;
        copy->location = location;
        return copy;
    }
    return deeper(expr, levels);
}

ExprPtr whole_row(ParseState& state, const TableMatch& match, int location) {
    ParseState* level = &state;
    for (int i = 0; i < match.levels; ++i) level = level->parent;
    const NameItem& item = *match.item;
    if (item.is_join) throw NotSimulated("a whole-row reference to a join alias", location);
    const RangeTableEntry& rte = level->rte(item.rt_index);
    // A function that returns a scalar: its alias is the scalar.
    if (rte.kind == RteKind::kFunction && rte.functions.size() == 1 && !rte.with_ordinality && rte.columns.size() == 1) {
        const TypeInfo& type = state.type(rte.functions[0].call->type);
        if (type.typtype != 'c' && type.oid != oid::kRecord) return at_level(item.columns[0].expr, match.levels, location);
    }
    auto node = std::make_shared<WholeRowExpr>();
    node->rt_index = item.rt_index;
    node->levels_up = match.levels;
    node->row_type = rte.columns;
    node->type = rte.kind == RteKind::kRelation && rte.relation->row_type != kInvalidOid ? rte.relation->row_type : oid::kRecord;
    node->location = location;
    return node;
}

constexpr int kTableOid = -6;

/// A system column of a table: ctid, xmin ...
ExprPtr system_column(ParseState& state, const TableMatch& match, const std::string& name, int location) {
    struct Row {
        std::string_view name;
        int attno;
        Oid type;
    };
    constexpr Row kRows[] = {{"ctid", -1, oid::kTid}, {"xmin", -2, oid::kXid}, {"cmin", -3, oid::kCid},
                             {"xmax", -4, oid::kXid}, {"cmax", -5, oid::kCid}, {"tableoid", kTableOid, oid::kOid}};
    auto row = std::ranges::find(kRows, name, &Row::name);
    if (row == std::end(kRows)) return nullptr;
    ParseState* level = &state;
    for (int i = 0; i < match.levels; ++i) level = level->parent;
    const RangeTableEntry& rte = level->rte(match.item->rt_index);
    if (match.item->is_join || rte.kind != RteKind::kRelation || rte.relation->kind == 'v' || !rte.through_view.empty()) return nullptr;
    const bool is_excluded = level->query->command == CommandKind::kInsert && match.item->rt_index != level->query->result_relation;
    if (is_excluded) return nullptr;
    if (state.place == Place::kMergeWhen && row->attno != kTableOid) {
        throw SqlError("42P10", fmt::format("cannot use system column \"{}\" in MERGE WHEN condition", name)).at(location);
    }
    if (state.place == Place::kOther && row->attno != kTableOid && state.other_place == "column generation expressions") {
        throw SqlError("42P10", fmt::format("cannot use system column \"{}\" in column generation expression", name)).at(location);
    }
    if (state.place == Place::kOther && row->attno != kTableOid && state.other_place == "check constraints") {
        throw SqlError("42P10", fmt::format("system column \"{}\" reference in check constraint is invalid", name)).at(location);
    }
    auto var = std::make_shared<VarExpr>();
    var->rt_index = match.item->rt_index;
    var->attno = row->attno;
    var->levels_up = match.levels;
    var->type = row->type;
    var->location = location;
    return var;
}

ExprPtr unqualified_system_column(ParseState& state, const std::string& name, int location) {
    int levels = 0;
    for (ParseState* level = &state; level != nullptr; level = level->parent, ++levels) {
        ExprPtr found;
        for (const NameItem& item : level->names) {
            if (!item.columns_visible || (item.lateral_only && !level->lateral_active)) continue;
            ExprPtr expr = system_column(state, {&item, levels}, name, location);
            if (!expr) continue;
            if (found) throw SqlError("42702", fmt::format("column reference \"{}\" is ambiguous", name)).at(location);
            found = expr;
        }
        if (found) return found;
    }
    return nullptr;
}

ExprPtr column_of_table(ParseState& state, const TableMatch& match, const std::string& name, int location) {
    ExprPtr found;
    for (const NameColumn& column : match.item->columns) {
        if (column.name != name) continue;
        if (found) throw SqlError("42702", fmt::format("column reference \"{}\" is ambiguous", name)).at(location);
        found = at_level(column.expr, match.levels, location);
    }
    return found ? found : system_column(state, match, name, location);
}

/// The hints of errorMissingColumn: a near name, or a column of a table that is not visible here.
int edit_distance(const std::string& a, const std::string& b) {
    std::vector<int> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<int>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        int diagonal = row[0];
        row[0] = static_cast<int>(i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            int cost = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
            diagonal = row[j];
            row[j] = cost;
        }
    }
    return row[b.size()];
}

struct Fuzzy {
    int distance = 4;   // MAX_FUZZY_DISTANCE + 1
    std::vector<std::pair<std::string, std::string>> best;  // table, column
    const RangeTableEntry* exact_hidden = nullptr;
};

/// Mirrors updateFuzzyAttrMatchState: distance of the alias (if given) plus that of the column.
void consider(Fuzzy& fuzzy, const RangeTableEntry& rte, int penalty, const std::string& column) {
    if (penalty > fuzzy.distance) return;
    for (const Attribute& candidate : rte.columns) {
        if (candidate.dropped || candidate.name.empty()) continue;
        int distance = penalty + edit_distance(column, candidate.name);
        // A match needs at least half of the characters right.
        if (distance > fuzzy.distance || distance - penalty > static_cast<int>(column.size()) / 2) continue;
        if (distance > 3) continue;
        if (distance < fuzzy.distance) fuzzy.best.clear();
        fuzzy.distance = distance;
        fuzzy.best.emplace_back(rte.alias, candidate.name);
    }
}

/// searchRangeTableForCol: all tables so far, those that cannot be seen from here too.
Fuzzy search_range_table(const ParseState& state, const std::string& table, const std::string& column) {
    Fuzzy fuzzy;
    for (const ParseState* level = &state; level != nullptr; level = level->parent) {
        for (const RangeTableEntry& rte : level->query->range_table) {
            if (rte.kind == RteKind::kJoin) continue;
            const int penalty = table.empty() ? 0 : edit_distance(table, rte.alias);
            consider(fuzzy, rte, penalty, column);
            const bool is_exact = penalty == 0 && std::ranges::any_of(rte.columns, [&](const Attribute& one) { return !one.dropped && one.name == column; });
            if (is_exact) return {.best = {}, .exact_hidden = &rte};
        }
    }
    return fuzzy;
}

}  // namespace

void throw_missing_column(ParseState& state, const std::string& table, const std::string& column, int location) {
    std::string message = table.empty() ? fmt::format("column \"{}\" does not exist", column)
                                        : fmt::format("column {}.{} does not exist", table, column);
    const Fuzzy fuzzy = search_range_table(state, table, column);
    SqlError error("42703", message);
    error.set_position(location);
    if (fuzzy.exact_hidden != nullptr) {
        error.set_hint(fmt::format("There is a column named \"{}\" in table \"{}\", but it cannot be referenced from this part of the query.", column, fuzzy.exact_hidden->alias));
    } else if (fuzzy.best.size() == 1) {
        error.set_hint(fmt::format("Perhaps you meant to reference the column \"{}.{}\".", fuzzy.best[0].first, fuzzy.best[0].second));
    } else if (fuzzy.best.size() == 2) {
        error.set_hint(fmt::format("Perhaps you meant to reference the column \"{}.{}\" or the column \"{}.{}\".",
                                   fuzzy.best[0].first, fuzzy.best[0].second, fuzzy.best[1].first, fuzzy.best[1].second));
    }
    throw error;
}

namespace {

/// searchRangeTableForRel: the nearest table of this name or alias, seen from here or not.
[[noreturn]] void throw_missing_table(ParseState& state, const std::string& table, int location) {
    for (ParseState* level = &state; level != nullptr; level = level->parent) {
        for (const RangeTableEntry& rte : level->query->range_table) {
            const bool is_named = rte.kind == RteKind::kRelation && rte.relation->name == table;
            if (!is_named && rte.alias != table) continue;
            SqlError error("42P01", fmt::format("invalid reference to FROM-clause entry for table \"{}\"", table));
            error.set_position(location);
            const TableMatch seen = rte.alias != table ? find_table(state, "", rte.alias, location) : TableMatch{};
            const bool is_seen = seen.item != nullptr && &rte - level->query->range_table.data() == seen.item->rt_index - 1;
            error.set_hint(is_seen ? fmt::format("Perhaps you meant to reference the table alias \"{}\".", rte.alias)
                                   : fmt::format("There is an entry for table \"{}\", but it cannot be referenced from this part of the query.", rte.alias));
            throw error;
        }
    }
    throw SqlError("42P01", fmt::format("missing FROM-clause entry for table \"{}\"", table)).at(location);
}

ExprPtr qualified(ParseState& state, const std::vector<std::string>& names, int location) {
    if (names.size() == 2) {
        TableMatch match = find_table(state, "", names[0], location);
        if (match.item == nullptr) return nullptr;
        if (ExprPtr column = column_of_table(state, match, names[1], location)) return column;
        // A function of the row type, or a field: row.name(...) is tried last in PostgreSQL.
        if (state.options.hook != nullptr && state.options.hook->resolve(names, location, false)) return nullptr;
        if (!match.item->is_join && find_user_function({names[1]}, {whole_row(state, match, location)->type}, state.context())) throw NotSimulated("a function called as a column", location);
        throw_missing_column(state, names[0], names[1], location);
    }
    // schema.table.column, or table.column.field is not a ColumnRef's business.
    TableMatch match = find_table(state, names[names.size() - 3], names[names.size() - 2], location);
    if (match.item == nullptr) return nullptr;
    if (ExprPtr column = column_of_table(state, match, names.back(), location)) return column;
    throw_missing_column(state, names[names.size() - 2], names.back(), location);
}

ExprPtr column_or_null(ParseState& state, const std::vector<std::string>& names, int location) {
    if (names.size() > 1) return qualified(state, names, location);
    if (Match match = find_column(state, names[0], location); match.expr) {
        return at_level(match.expr, match.levels, location);
    }
    if (ExprPtr column = unqualified_system_column(state, names[0], location)) return column;
    // Not a column: the name of a table is its whole row.
    TableMatch match = find_table(state, "", names[0], location);
    if (match.item == nullptr) return nullptr;
    const ParseState* level = &state;
    for (int i = 0; i < match.levels; ++i) level = level->parent;
    // The table's row would not be the view's.
    const bool through_view = !match.item->is_join && !level->rte(match.item->rt_index).through_view.empty();
    if (through_view) throw NotSimulated("a whole-row reference to a view that is written", location);
    return whole_row(state, match, location);
}

ExprPtr hook_or_null(ParseState& state, const std::vector<std::string>& names, int location, bool required) {
    return state.options.hook == nullptr ? nullptr : state.options.hook->resolve(names, location, required);
}

ExprPtr resolve_with_hook(ParseState& state, const std::vector<std::string>& names, int location) {
    NameHook* hook = state.options.hook;
    if (hook != nullptr && hook->conflict() == NameHook::Conflict::kUseVariable) {
        if (ExprPtr variable = hook->resolve(names, location, false)) return variable;
    }
    ExprPtr column = column_or_null(state, names, location);
    if (hook == nullptr || hook->conflict() == NameHook::Conflict::kUseVariable) return column;
    if (column && hook->conflict() == NameHook::Conflict::kUseColumn) return column;
    ExprPtr variable = hook_or_null(state, names, location, column == nullptr);
    if (column && variable && column->kind != ExprKind::kWholeRow) {
        throw SqlError("42702", fmt::format("column reference \"{}\" is ambiguous", fmt::join(names, ".")))
            .detail("It could refer to either a PL/pgSQL variable or a table column.").at(location);
    }
    return variable ? variable : column;
}

}  // namespace

ExprPtr select_field(Environment& env, const ExprPtr& arg, const RowType& row, const std::string& field, int location) {
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (row[i].dropped || row[i].name != field) continue;
        // An untyped literal that has become a field is a literal no more: nothing converts it.
        if (arg->kind == ExprKind::kRow && row[i].type != oid::kUnknown) return as<RowExpr>(*arg).fields[i];
        auto node = std::make_shared<FieldSelectExpr>();
        node->arg = arg;
        node->field = static_cast<int>(i);
        node->type = row[i].type;
        node->typmod = row[i].typmod;
        node->collation = env.type(row[i].type).collation;
        node->location = location;
        return node;
    }
    return nullptr;
}

ExprPtr make_field_select(ParseState& state, const ExprPtr& arg, const std::string& field, int location) {
    const RowType row = row_type_of_expr(state, *arg);
    if (ExprPtr found = select_field(state.host(), arg, row, field, location)) return found;
    if (arg->kind == ExprKind::kVar && row.empty() && arg->type == oid::kRecord) throw SqlError("42809", "record type has not been registered");
    if (arg->type == oid::kRecord) {
        throw SqlError("42703", fmt::format("could not identify column \"{}\" in record data type", field)).at(location);
    }
    if (state.type(base_type(state, arg->type)).typtype != 'c') {
        throw SqlError("42809", fmt::format("column notation .{} applied to type {}, which is not a composite type", field, type_name(state, arg->type))).at(location);
    }
    throw SqlError("42703", fmt::format("column \"{}\" not found in data type {}", field, type_name(state, arg->type))).at(location);
}

namespace {

/// A query and those around it, the innermost last.
using Levels = std::vector<const Query*>;

RowType row_type_of_var(ParseState& state, Levels levels, const VarExpr& var);

/// The columns of a RECORD that the last level computes, as far as they can be seen there.
RowType row_type_in(ParseState& state, Levels levels, const Expr& expr) {
    if (expr.type != oid::kRecord) return {};
    if (expr.kind == ExprKind::kVar) return row_type_of_var(state, std::move(levels), as<VarExpr>(expr));
    const bool tells = expr.kind == ExprKind::kRow || expr.kind == ExprKind::kWholeRow || expr.kind == ExprKind::kFunc;
    return tells ? row_type_of_expr(state, expr) : RowType{};
}

/// The same of a column. Mirrors expandRecordVariable, which does not look into VALUES either.
RowType row_type_of_var(ParseState& state, Levels levels, const VarExpr& var) {
    levels.resize(levels.size() - static_cast<std::size_t>(var.levels_up));
    const RangeTableEntry& entry = levels.back()->range_table[static_cast<std::size_t>(var.rt_index - 1)];
    const Query* below = entry.kind == RteKind::kSubquery ? entry.subquery.get() : nullptr;
    if (entry.kind == RteKind::kCte && !entry.self_reference) {
        levels.resize(levels.size() - static_cast<std::size_t>(entry.cte_levels_up));
        below = levels.back()->ctes[static_cast<std::size_t>(entry.cte)].query.get();
    }
    if (below == nullptr || below->command != CommandKind::kSelect || var.attno <= 0) return {};
    levels.push_back(below);
    int number = 0;
    for (const TargetEntry& target : below->targets) {
        if (!target.junk && ++number == var.attno) return row_type_in(state, levels, *target.expr);
    }
    return {};
}

}  // namespace

RowType row_type_of_expr(ParseState& state, const Expr& expr) {
    if (expr.kind == ExprKind::kVar && expr.type == oid::kRecord) {
        Levels levels;
        for (const ParseState* level = &state; level != nullptr; level = level->parent) levels.insert(levels.begin(), level->query.get());
        return row_type_of_var(state, std::move(levels), as<VarExpr>(expr));
    }
    if (expr.kind == ExprKind::kRow) return as<RowExpr>(expr).row_type;
    if (expr.kind == ExprKind::kWholeRow) return as<WholeRowExpr>(expr).row_type;
    if (expr.kind == ExprKind::kFunc && expr.type == oid::kRecord) return function_columns(state, expr, "");
    if (expr.kind == ExprKind::kSubLink) {
        const auto& link = as<SubLinkExpr>(expr);
        if (link.sublink == SubLinkKind::kScalar) {
            const ExprPtr& target = link.query->targets.at(0).expr;
            return row_type_of_expr(state, *target);
        }
    }
    return state.type(base_type(state, expr.type)).attributes;
}

ExprPtr bind_column_ref(ParseState& state, const Node& node) {
    if (state.refuses_columns) throw SqlError("0A000", "cannot use column reference in DEFAULT expression").at(node.location());
    std::vector<Node> fields = node.items("fields");
    int location = node.location();
    bool star = fields.back().is("A_Star");
    if (star) fields.pop_back();
    if (star && fields.empty()) throw SqlError("42601", "row expansion via \"*\" is not supported here").at(location);
    // t.* in an expression is the whole row.
    std::vector<std::string> names = name_list(fields);
    if (names.size() == 1 && names[0] == "value" && state.domain_value_type != kInvalidOid) {
        auto value = std::make_shared<DomainValueExpr>();
        value->type = state.domain_value_type;
        value->typmod = state.domain_value_typmod;
        value->location = location;
        return value;
    }
    if (ExprPtr found = resolve_with_hook(state, names, location)) return found;
    if (names.size() == 1) throw_missing_column(state, "", names[0], location);
    if (names.size() > 4) {
        throw SqlError("42601", fmt::format("improper qualified name (too many dotted names): {}", fmt::join(names, "."))).at(location);
    }
    throw_missing_table(state, names[names.size() - 2], location);
}

}  // namespace cdcsim::pg
