// Target lists, ORDER BY, GROUP BY and DISTINCT items. Mirrors parse_target.c and
// findTargetlistEntrySQL92/99.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/binder/parse_state.h"

namespace cdcsim::pg {
namespace {

bool is_star(const Node& node) {
    return node.is("ColumnRef") && node.items("fields").back().is("A_Star");
}

bool is_indirection_star(const Node& node) {
    return node.is("A_Indirection") && node.items("indirection").back().is("A_Star");
}

/// The columns that the value's type alone tells; a RECORD's does not.
RowType known_columns(ParseState& state, const Expr& value) {
    RowType columns = row_type_of_expr(state, value);
    if (columns.empty() && value.type == oid::kRecord) throw SqlError("42809", "record type has not been registered");
    return columns;
}

/// (expr).*: the fields of a composite value.
std::vector<TargetEntry> expand_composite(ParseState& state, const Node& node) {
    std::vector<Node> steps = node.items("indirection");
    if (steps.size() > 1) throw NotSimulated("(expression).field.*", node["arg"].location());
    ExprPtr value = bind_expr(state, node["arg"]);
    std::vector<TargetEntry> targets;
    for (const Attribute& attribute : known_columns(state, *value)) {
        if (attribute.dropped) continue;
        TargetEntry target;
        target.name = attribute.name;
        target.expr = make_field_select(state, value, attribute.name, node["arg"].location());
        targets.push_back(std::move(target));
    }
    if (targets.empty()) {
        throw SqlError("42809", fmt::format("type {} is not composite", type_name(state, value->type))).at(node["arg"].location());
    }
    return targets;
}

std::vector<TargetEntry> columns_of(const NameItem& item, int levels, int location) {
    std::vector<TargetEntry> targets;
    for (const NameColumn& column : item.columns) {
        TargetEntry target;
        target.name = column.name;
        target.expr = deeper(column.expr, levels);
        if (column.expr->kind == ExprKind::kVar) {
            auto var = std::make_shared<VarExpr>(as<VarExpr>(*target.expr));
            var->location = location;
            target.expr = var;
        }
        targets.push_back(std::move(target));
    }
    return targets;
}

struct NameRule {
    std::string_view tag, name;
};
/// FigureColname for constructs with a fixed name.
constexpr NameRule kNameRules[] = {{"A_ArrayExpr", "array"}, {"CoalesceExpr", "coalesce"}, {"GroupingFunc", "grouping"},
                                   {"RowExpr", "row"}, {"XmlSerialize", "xmlserialize"}};

struct SqlValueName {
    std::string_view op, name;
};
constexpr SqlValueName kSqlValueNames[] = {
    {"SVFOP_CURRENT_DATE", "current_date"}, {"SVFOP_CURRENT_TIME", "current_time"}, {"SVFOP_CURRENT_TIME_N", "current_time"},
    {"SVFOP_CURRENT_TIMESTAMP", "current_timestamp"}, {"SVFOP_CURRENT_TIMESTAMP_N", "current_timestamp"},
    {"SVFOP_LOCALTIME", "localtime"}, {"SVFOP_LOCALTIME_N", "localtime"}, {"SVFOP_LOCALTIMESTAMP", "localtimestamp"},
    {"SVFOP_LOCALTIMESTAMP_N", "localtimestamp"}, {"SVFOP_CURRENT_ROLE", "current_role"}, {"SVFOP_CURRENT_USER", "current_user"},
    {"SVFOP_USER", "user"}, {"SVFOP_SESSION_USER", "session_user"}, {"SVFOP_CURRENT_CATALOG", "current_catalog"},
    {"SVFOP_CURRENT_SCHEMA", "current_schema"}};

/// Strength 2: a real name; 1: a weak one (a type's); 0: none.
int figure_name(const Node& node, std::string& name);

int figure_sub_link(const Node& node, std::string& name) {
    std::string_view kind = node.text("subLinkType");
    if (kind == "EXISTS_SUBLINK") return name = "exists", 2;
    if (kind == "ARRAY_SUBLINK") return name = "array", 2;
    if (kind != "EXPR_SUBLINK") return 0;
    Node query = node["subselect"];
    std::vector<Node> targets = query.items("targetList");
    if (targets.empty()) return 0;
    if (std::string_view label = targets[0].text("name"); !label.empty()) return name = label, 2;
    return figure_name(targets[0]["val"], name);
}

int figure_name(const Node& node, std::string& name) {
    if (node.is("ColumnRef")) {
        std::vector<Node> fields = node.items("fields");
        // t.* is named by its table.
        if (!fields.back().is("String")) fields.pop_back();
        if (fields.empty()) return 0;
        return name = fields.back().string(), 2;
    }
    if (node.is("A_Indirection")) {
        for (const Node& step : node.items("indirection")) {
            if (step.is("String")) name = step.string();
        }
        if (!name.empty()) return 2;
        return figure_name(node["arg"], name);
    }
    if (node.is("FuncCall")) return name = name_list(node.items("funcname")).back(), 2;
    if (node.is("A_Expr")) return node.text("kind") == "AEXPR_NULLIF" ? (name = "nullif", 2) : 0;
    if (node.is("TypeCast")) {
        int strength = figure_name(node["arg"], name);
        if (strength > 1) return strength;
        return name = name_list(node["typeName"].items("names")).back(), 1;
    }
    if (node.is("CollateClause")) return figure_name(node["arg"], name);
    if (node.is("SubLink")) return figure_sub_link(node, name);
    if (node.is("CaseExpr")) {
        int strength = node.has("defresult") ? figure_name(node["defresult"], name) : 0;
        return strength > 1 ? strength : (name = "case", 1);
    }
    if (node.is("MinMaxExpr")) return name = node.text("op") == "IS_GREATEST" ? "greatest" : "least", 2;
    if (node.is("SQLValueFunction")) {
        auto row = std::ranges::find(kSqlValueNames, node.text("op"), &SqlValueName::op);
        return name = row->name, 2;
    }
    auto rule = std::ranges::find(kNameRules, node.tag(), &NameRule::tag);
    if (rule == std::end(kNameRules)) return 0;
    return name = rule->name, 2;
}

int add_target(ParseState& state, std::vector<TargetEntry>& targets, const ExprPtr& expr) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (equal_expressions(*targets[i].expr, *expr)) return static_cast<int>(i);
    }
    TargetEntry target;
    target.expr = expr;
    target.resno = static_cast<int>(targets.size()) + 1;
    target.junk = true;
    (void)state;
    targets.push_back(std::move(target));
    return static_cast<int>(targets.size()) - 1;
}

/// A name in ORDER BY or GROUP BY that is an output column's.
int find_by_name(ParseState& state, const std::string& name, const std::vector<TargetEntry>& targets, Place place, int location) {
    if (place == Place::kGroupBy) {
        // An input column of that name wins.
        for (const NameItem& item : state.names) {
            if (!item.columns_visible) continue;
            if (std::ranges::find(item.columns, name, &NameColumn::name) != item.columns.end()) return -1;
        }
    }
    int found = -1;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (targets[i].junk || targets[i].name != name) continue;
        if (found >= 0 && !equal_expressions(*targets[static_cast<std::size_t>(found)].expr, *targets[i].expr)) {
            throw SqlError("42702", fmt::format("{} \"{}\" is ambiguous", place_name(place), name)).at(location);
        }
        if (found < 0) found = static_cast<int>(i);
    }
    return found;
}

}  // namespace

std::string figure_column_name(const Node& node) {
    std::string name;
    figure_name(node, name);
    return name.empty() ? "?column?" : name;
}

std::string index_expression_name(const Node& expr) {
    std::string name;
    figure_name(expr, name);
    return name.empty() ? "expr" : name;
}

std::vector<TargetEntry> expand_star(ParseState& state, const Node& node) {
    std::vector<Node> fields = node.items("fields");
    int location = node.location();
    if (fields.size() == 1) {
        std::vector<TargetEntry> targets;
        bool any = false;
        for (const NameItem& item : state.names) {
            if (!item.columns_visible) continue;
            any = true;
            auto columns = columns_of(item, 0, location);
            targets.insert(targets.end(), columns.begin(), columns.end());
        }
        if (!any) throw SqlError("42601", "SELECT * with no tables specified is not valid").at(location);
        return targets;
    }
    fields.pop_back();
    std::vector<std::string> names = name_list(fields);
    int levels = 0;
    for (ParseState* level = &state; level != nullptr; level = level->parent, ++levels) {
        for (const NameItem& item : level->names) {
            if (!item.table_visible || item.alias != names.back()) continue;
            if (names.size() == 2 && item.schema != names[0]) continue;
            if (item.lateral_only && !level->lateral_active) continue;
            return columns_of(item, levels, location);
        }
    }
    if (state.options.hook != nullptr) {
        if (ExprPtr value = state.options.hook->resolve(names, location, true)) {
            std::vector<TargetEntry> targets;
            for (const Attribute& attribute : known_columns(state, *value)) {
                if (attribute.dropped) continue;
                TargetEntry target;
                target.name = attribute.name;
                target.expr = make_field_select(state, value, attribute.name, location);
                targets.push_back(std::move(target));
            }
            return targets;
        }
    }
    for (ParseState* level = &state; level != nullptr; level = level->parent) {
        for (const RangeTableEntry& rte : level->query->range_table) {
            if (rte.relation && rte.relation->name == names.back() && rte.alias != names.back()) {
                throw SqlError("42P01", fmt::format("invalid reference to FROM-clause entry for table \"{}\"", names.back()))
                    .hint(fmt::format("Perhaps you meant to reference the table alias \"{}\".", rte.alias)).at(location);
            }
        }
    }
    throw SqlError("42P01", fmt::format("missing FROM-clause entry for table \"{}\"", names.back())).at(location);
}

bool is_row_expansion(const Node& node) { return is_star(node) || is_indirection_star(node); }

std::vector<TargetEntry> expand_row(ParseState& state, const Node& node) { return is_star(node) ? expand_star(state, node) : expand_composite(state, node); }

std::vector<TargetEntry> bind_targets(ParseState& state, const std::vector<Node>& items, Place place) {
    PlaceScope scope(state, place);
    std::vector<TargetEntry> targets;
    for (const Node& item : items) {
        Node value = item["val"];
        std::vector<TargetEntry> added;
        if (is_row_expansion(value)) {
            added = expand_row(state, value);
        } else {
            TargetEntry target;
            target.expr = bind_expr(state, value);
            std::string_view label = item.text("name");
            target.name = label.empty() ? figure_column_name(value) : std::string(label);
            added.push_back(std::move(target));
        }
        for (TargetEntry& target : added) {
            target.resno = static_cast<int>(targets.size()) + 1;
            targets.push_back(std::move(target));
        }
    }
    return targets;
}

int find_or_add_sort_target(ParseState& state, const Node& node, std::vector<TargetEntry>& targets, Place place, bool sql99) {
    if (!sql99) {
        if (node.is("ColumnRef") && node.items("fields").size() == 1 && node.items("fields")[0].is("String")) {
            int found = find_by_name(state, std::string(node.items("fields")[0].string()), targets, place, node.location());
            if (found >= 0) return found;
        }
        if (node.is("A_Const") && !node.flag("isnull")) {
            if (!node.has("ival")) {
                throw SqlError("42601", fmt::format("non-integer constant in {}", place_name(place))).at(node.location());
            }
            std::int64_t position = node["ival"].integer("ival");
            std::size_t visible = std::ranges::count(targets, false, &TargetEntry::junk);
            if (position < 1 || position > static_cast<std::int64_t>(visible)) {
                throw SqlError("42P10", fmt::format("{} position {} is not in select list", place_name(place), position)).at(node.location());
            }
            return static_cast<int>(position) - 1;
        }
    }
    ExprPtr expr = bind_expr(state, node, place);
    int index = add_target(state, targets, expr);
    TargetEntry& target = targets[static_cast<std::size_t>(index)];
    if (target.junk) target.expr = resolve_unknown(state, target.expr);
    return index;
}

int sort_group_ref(std::vector<TargetEntry>& targets, std::size_t index) {
    TargetEntry& target = targets[index];
    if (target.sort_group_ref == 0) {
        int highest = 0;
        for (const TargetEntry& other : targets) highest = std::max(highest, other.sort_group_ref);
        target.sort_group_ref = highest + 1;
    }
    return target.sort_group_ref;
}

int written_location(const Node& node) {
    int location = node.location();
    const auto look_left = [&](const Node& part) {
        const int left = part ? written_location(part) : -1;
        if (left >= 0) location = location < 0 ? left : std::min(location, left);
    };
    for (const char* part : {"lexpr", "arg", "testexpr"}) look_left(node[part]);
    if (const std::vector<Node> args = node.items("args"); !args.empty()) look_left(args[0]);
    return location;
}

std::vector<SortKey> bind_sort(ParseState& state, const std::vector<Node>& items, std::vector<TargetEntry>& targets,
                               Place place, bool sql99) {
    std::vector<SortKey> keys;
    for (const Node& item : items) {
        int index = find_or_add_sort_target(state, item["node"], targets, place, sql99);
        TargetEntry& target = targets[static_cast<std::size_t>(index)];
        target.expr = resolve_unknown(state, target.expr);
        SortKey key;
        std::string_view direction = item.text("sortby_dir"), nulls = item.text("sortby_nulls");
        key.type = target.expr->type;
        key.descending = direction == "SORTBY_DESC";
        if (direction == "SORTBY_USING") {
            std::string op = name_list(item.items("useOp")).back();
            if (op != "<" && op != ">") {
                throw SqlError("42809", fmt::format("operator {} is not a valid ordering operator", op))
                    .hint("Ordering operators must be \"<\" or \">\" members of btree operator families.").at(item.location());
            }
            key.descending = op == ">";
        }
        require_ordering(state, key.type, written_location(item["node"]));
        key.nulls_first = nulls == "SORTBY_NULLS_FIRST" || (nulls != "SORTBY_NULLS_LAST" && key.descending);
        key.target = sort_group_ref(targets, static_cast<std::size_t>(index));
        bool duplicate = std::ranges::any_of(keys, [&](const SortKey& other) { return other.target == key.target; });
        if (!duplicate) keys.push_back(key);
    }
    return keys;
}

RowType output_columns(const std::vector<TargetEntry>& targets) {
    RowType row;
    for (const TargetEntry& target : targets) {
        if (!target.junk) row.push_back({target.name, target.expr->type, target.expr->typmod, false});
    }
    return row;
}

RowType query_columns(const Query& query) {
    return output_columns(query.command == CommandKind::kSelect ? query.targets : query.returning);
}

}  // namespace cdcsim::pg
