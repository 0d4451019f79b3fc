// FROM and WHERE: tables with the snapshot's visibility, joins as a tree, subqueries in place,
// everything else as rows<width>(...).
#include <algorithm>
#include <iterator>

#include "core/base/error.h"
#include "sim/postgres/planner/conditions.h"
#include "sim/postgres/storage/deparse.h"

namespace cdcsim::pg {
std::string Block::alias(int rt_index) { return "r" + std::to_string(rt_index); }

namespace {

std::string columns_text(std::size_t count) {
    std::string text;
    for (std::size_t i = 1; i <= count; ++i) text += (i > 1 ? ",c" : "c") + std::to_string(i);
    return text;
}

}  // namespace

/// The visibility of a version, replaced by a call where other writers are about.
std::string Block::visible(const std::string& row) { return "<vis " + row + ">"; }

void Block::add_where(Stage& stage, const std::string& condition) {
    if (condition.empty()) return;
    stage.where += (stage.where.empty() ? "" : " AND ") + condition;
}

bool Block::is_result_of_join() const { return join_leaves_ > 1; }

Stage Block::from_and_where() {
    Stage stage;
    std::function<int(const FromNode&)> count = [&](const FromNode& node) -> int {
        return node.is_leaf() ? 1 : count(*node.left) + count(*node.right);
    };
    for (const FromNode& node : query_.from) join_leaves_ += count(node);
    bool has_result = query_.command == CommandKind::kUpdate || query_.command == CommandKind::kDelete;
    for (const FromNode& node : query_.from) {
        has_result = has_result && !(node.is_leaf() && node.rt_index == query_.result_relation);
    }
    if (has_result) ++join_leaves_;
    scans_.resize(query_.range_table.size());
    presence_.resize(query_.range_table.size(), "slot");
    direct_.resize(query_.range_table.size());
    leaf_texts_.resize(query_.range_table.size());
    laterals_.resize(query_.range_table.size());

    if (has_result) stage.from = leaf(query_.result_relation, stage, false);
    for (const FromNode& node : query_.from) {
        if (!stage.from.empty()) stage.from += " JOIN ";
        stage.from += from_part(node, stage, false).whole();
    }
    if (stage.from.empty()) stage.from = "(SELECT 1)";
    std::vector<ExprPtr> conjuncts;
    if (query_.where) flatten_and(fold(query_.where), conjuncts);
    add_where(stage, conditions(conjuncts, stage));
    note_fixed(conjuncts);
    note_fixed(query_.known_below);
    if (is_result_of_join()) {
        order_of_join(conjuncts, stage);
    } else {
        choose_order(conjuncts, stage);
    }
    // A hash table of groups is filled in the order in which its input comes.
    const bool is_alone = query_.from.size() == 1 && query_.from[0].is_leaf();
    if (is_alone && is_grouped() && stage.heap_order.empty()) stage.heap_order = {row_number(query_.from[0].rt_index)};
    return stage;
}

/// The blocks of the index entries that the scan reads, as SQL; "": all.
std::string Block::entries_text(const ScanPath& path, int rt_index, const Stage& stage) {
    std::string text;
    for (const ExprPtr& boundary : path.boundaries) {
        std::string sql;
        if (!native_condition(boundary, stage, sql)) return {};
        text += (text.empty() ? "" : " AND ") + sql;
    }
    if (text.empty()) return {};
    return "SELECT DISTINCT rid>>16 FROM t" + std::to_string(entry(rt_index).relation->file_node) +
           " AS " + alias(rt_index) + " WHERE " + text;
}

/// Where the index entry of a row lies among equal ones.
std::string Block::entry_order(int rt_index, const ScanPath& path) {
    const std::string line = "root_line(" + std::to_string(entry(rt_index).relation->file_node) + "," + alias(rt_index) + ".rid)";
    if (!path.backward || path.index->packed_until == 0) return line;
    return "CASE WHEN " + line + "<=" + std::to_string(path.index->packed_until) + " THEN -" + line + " ELSE " + line + " END";
}

/// The order in which PostgreSQL's scan of the only table finds the rows.
void Block::choose_order(std::span<const ExprPtr> conjuncts, Stage& stage) {
    auto is_direct = std::ranges::find(direct_, true);
    if (is_direct == direct_.end()) return;
    int rt_index = static_cast<int>(is_direct - direct_.begin()) + 1;
    const Relation& relation = *entry(rt_index).relation;
    if (relation.indexes.empty()) return;
    std::vector<OrderKey> wanted = wanted_order();
    if (conjuncts.empty() && wanted.empty()) return;
    ScanPath path = choose_scan(rt_index, conjuncts, wanted, stage);
    TableScan& scan = d_.program.scans[static_cast<std::size_t>(scans_[is_direct - direct_.begin()] - 1)];
    if (path.kind == ScanKind::kSequential) {
        scan.indexed_attno = 0;
        return;
    }
    if (scan.indexed_attno == 0) scan.entries_sql = entries_text(path, rt_index, stage);
    stage.heap_order.clear();
    PlanNode node;
    node.rt_index = rt_index;
    node.scan = std::move(path);
    std::vector<OrderTerm> terms;
    add_scan_order(node, stage, terms);
    for (const OrderTerm& term : terms) stage.heap_order.push_back(term.text());
    if (!query_.has_aggregates && !query_.has_windows && !query_.distinct) return;
    if (!stage.sorted_by.empty()) return;
    // What reads all rows before it gives any reads them in this order.
    stage.from = "(SELECT " + alias(rt_index) + ".* FROM " + stage.from +
                 (stage.where.empty() ? "" : " WHERE " + stage.where) +
                 " ORDER BY " + stage.heap_order_text() + " LIMIT -1 OFFSET 0) AS " +
                 alias(rt_index);
    stage.where.clear();
    stage.heap_order.erase(stage.heap_order.begin(), stage.heap_order.end() - 1);
}

/// How the only table is read; `stage` is told by what that sorts it.
ScanPath Block::choose_scan(int rt_index, std::span<const ExprPtr> conjuncts, std::span<const OrderKey> wanted, Stage& stage) {
    const Relation& relation = *entry(rt_index).relation;
    Leaf leaf;
    leaf.table = std::make_shared<TablePlanner>(d_.host, relation, d_.database.size_of(relation.file_node), rt_index);
    for (const ExprPtr& conjunct : conjuncts) {
        if (!is_join_condition(conjunct)) leaf.table->add_condition(conjunct);
    }
    if (wanted.empty()) return leaf.table->best(std::max(0.0, join_wish(wanted).limit));
    OrderedScan scan = index_order_.empty() ? best_ordered_scan(d_.host, leaf, join_wish(wanted)) : cheapest_index_scan(leaf, wanted);
    auto sorted = wanted.first(scan.presorted);
    stage.sorted_by.assign(sorted.begin(), sorted.end());
    return std::move(scan.path);
}

/// Notes which columns have the one value that a condition says.
void Block::note_fixed(std::span<const ExprPtr> conjuncts) {
    constexpr int kEqualStrategy = 3;
    for (const ExprPtr& conjunct : conjuncts) {
        if (conjunct->kind != ExprKind::kFunc || as<FuncExpr>(*conjunct).args.size() != 2) continue;
        const auto& func = as<FuncExpr>(*conjunct);
        const BtreeOperatorRow* row = func.form == FuncForm::kOperator ? btree_row(func.op) : nullptr;
        if (row == nullptr || row->strategy != kEqualStrategy) continue;
        for (std::size_t i = 0; i < 2; ++i) {
            if (is_fixed_value(func.args[1 - i])) fixed_.push_back(func.args[i]);
        }
    }
}

std::string Stage::heap_order_text() const {
    std::string text;
    for (const std::string& part : heap_order) text += (text.empty() ? "" : ",") + part;
    return text;
}

Block::FromPart Block::from_part(const FromNode& node, Stage& stage, bool nullable) {
    if (node.is_leaf()) {
        std::string text = leaf(node.rt_index, stage, nullable);
        return {.text = std::move(text), .tables = {node.rt_index}, .needs = laterals_[static_cast<std::size_t>(node.rt_index - 1)]};
    }
    const bool left_nullable = nullable || node.join == JoinType::kRight || node.join == JoinType::kFull;
    const bool right_nullable = nullable || node.join == JoinType::kLeft || node.join == JoinType::kFull;
    static constexpr const char* kJoins[] = {" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "};
    const FromPart left = from_part(*node.left, stage, left_nullable), right = from_part(*node.right, stage, right_nullable);
    const bool is_inner = node.join == JoinType::kInner;
    FromPart part;
    part.on = condition(node.condition, stage);
    if (part.on.empty() && !is_inner) part.on = "1";
    if (right.is_open && !right.on.empty()) part.on = right.on + (part.on.empty() ? "" : " AND " + part.on);
    part.text = left.whole() + kJoins[static_cast<int>(node.join)] + right.text;
    part.ends_inner = is_inner;
    part.tables = left.tables;
    part.tables.insert(right.tables.begin(), right.tables.end());
    std::set<int> needs = left.needs;
    needs.insert(right.needs.begin(), right.needs.end());
    if (node.condition) std::ranges::copy(relations_of(node.condition), std::inserter(needs, needs.end()));
    std::ranges::set_difference(needs, part.tables, std::inserter(part.needs, part.needs.end()));
    part.is_open = !part.needs.empty();
    const bool can_be_open = is_inner || (node.join == JoinType::kLeft && !right.is_open);
    const bool is_known = (!part.is_open && !right.is_open && !left.is_open) || (can_be_open && (!right.is_open || right.ends_inner));
    if (!is_known) throw NotSimulated("LATERAL items inside a side of an outer join that look outside of it");
    if (!part.is_open) part = {.text = "(" + part.whole() + ")", .tables = std::move(part.tables)};
    return part;
}

std::string Block::leaf(int rt_index, Stage& stage, bool nullable) {
    return leaf_texts_[static_cast<std::size_t>(rt_index - 1)] = item_text(rt_index, stage, nullable);
}

std::string Block::item_text(int rt_index, Stage& stage, bool nullable) {
    const RangeTableEntry& rte = entry(rt_index);
    RowSource source;
    source.block = number_;
    source.entry = &rte;
    switch (rte.kind) {
        case RteKind::kRelation:
            if (rte.relation->virtual_rows == nullptr) {
                return relation_leaf(rt_index, stage, nullable);
            }
            source.kind = RowSource::Kind::kVirtual;
            return source_leaf(rt_index, std::move(source), stage);
        case RteKind::kSubquery: return subquery_leaf(rt_index, stage);
        case RteKind::kCte: return cte_leaf(rt_index, stage);
        case RteKind::kTransition:
            source.kind = RowSource::Kind::kTransition;
            return source_leaf(rt_index, std::move(source), stage);
        case RteKind::kFunction:
            source.kind = RowSource::Kind::kFunctions;
            for (const auto& item : rte.functions) collect(item.call, stage, source.inputs);
            return source_leaf(rt_index, std::move(source), stage);
        case RteKind::kValues:
            source.kind = RowSource::Kind::kValues;
            for (const auto& row : rte.values) {
                for (const ExprPtr& expr : row) {
                    if (expr->kind != ExprKind::kConst) fold(expr);
                    collect(expr, stage, source.inputs);
                }
            }
            return source_leaf(rt_index, std::move(source), stage);
        case RteKind::kJoin: break;
    }
    throw InternalError(__FILE__, __LINE__, "a join alias in FROM");
}

/// One table of an inheritance tree with the parent's columns.
std::string Block::scan_text(const Relation& parent, const RelationPtr& child,
                             std::size_t sequence) {
    std::string text = "SELECT " + std::to_string(sequence) + " AS seq,rid,xmin,xmax," +
                       std::to_string(child->oid) + " AS tab";
    for (const Column& column : parent.columns) {
        std::string name = "c" + std::to_string(column.attno);
        std::string source = "NULL";
        if (!column.dropped) {
            for (const Column& own : child->columns) {
                if (!own.dropped && own.name == column.name) source = "c" + std::to_string(own.attno);
            }
        }
        text += "," + source + " AS " + name;
    }
    std::string table = "t" + std::to_string(child->file_node);
    return text + " FROM " + table + " WHERE " + visible(table);
}

std::string Block::relation_leaf(int rt_index, Stage& stage, bool nullable) {
    const RangeTableEntry& rte = entry(rt_index);
    const Relation& relation = *rte.relation;
    if (relation.kind == 'S') throw NotSimulated("SELECT from a sequence");
    std::vector<RelationPtr> scanned = d_.host.scanned_relations(relation, !rte.inherit);
    for (const RelationPtr& child : scanned) {
        d_.program.scans.emplace_back().relation = child;
        if (scanned.size() == 1) {
            scans_[static_cast<std::size_t>(rt_index - 1)] = static_cast<int>(d_.program.scans.size());
        }
    }
    std::string name = alias(rt_index);
    presence_[static_cast<std::size_t>(rt_index - 1)] = number_of_row_[static_cast<std::size_t>(rt_index - 1)] = "rid";
    bool is_itself = scanned.size() == 1 && scanned.front()->oid == relation.oid;
    if (is_itself && !nullable) {
        stage.heap_order = {name + ".rid"};
        direct_[static_cast<std::size_t>(rt_index - 1)] = true;
        std::string table = "t" + std::to_string(relation.file_node);
        add_where(stage, visible(name));
        return table + " AS " + name;
    }
    if (scanned.empty()) {
        RelationPtr self(RelationPtr(), &relation);
        std::string text = "SELECT 0 AS seq,0 AS rid,0 AS xmin,0 AS xmax,0 AS tab";
        for (const Column& column : relation.columns) text += ",NULL AS c" + std::to_string(column.attno);
        return "(" + text + " WHERE 0) AS " + name;
    }
    std::string text;
    for (std::size_t i = 0; i < scanned.size(); ++i) {
        if (i > 0) text += " UNION ALL ";
        text += scan_text(relation, scanned[i], i);
    }
    stage.heap_order = {name + ".seq", name + ".rid"};
    return "(" + text + ") AS " + name;
}

std::string Block::subquery_leaf(int rt_index, Stage& stage) {
    const RangeTableEntry& rte = entry(rt_index);
    const Query& query = *rte.subquery;
    if (d_.splits_levels || refers_outside(query) || !query.row_marks.empty() || is_sorted_query(query)) {
        RowSource source;
        source.kind = RowSource::Kind::kQuery;
        source.block = number_;
        source.plan = plan_select(rte.subquery, d_.host);
        collect_query(query, stage, source.inputs);
        return source_leaf(rt_index, std::move(source), stage);
    }
    presence_[static_cast<std::size_t>(rt_index - 1)] = "p";
    std::string text = d_.query(query, number_);
    std::size_t count = 0;
    for (const TargetEntry& target : query.targets) count += target.junk ? 0 : 1;
    // A volatile subquery must not be merged into this level, where each reference would run it.
    bool fence = contains_volatile(query);
    std::string columns = columns_text(count);
    const char* number = is_result_of_join() || is_grouped() ? ",row_number() OVER () AS seq" : "";
    return "(SELECT " + columns + (columns.empty() ? "" : ",") + "1 AS p" + number + " FROM (" + text +
           ")" + (fence ? " LIMIT -1 OFFSET 0" : "") + ") AS " + alias(rt_index);
}

std::string Block::source_leaf(int rt_index, RowSource source, const Stage&) {
    const RangeTableEntry& rte = entry(rt_index);
    for (const Attribute& column : rte.columns) {
        source.codecs.push_back(column.dropped ? ColumnCodec{} : d_.codec(column.type));
    }
    std::string table = "rows" + std::to_string(rows_table_width(rte.columns.size())) + "(?1," +
                        std::to_string(d_.program.sources.size()) + source_arguments(source.inputs) + ")";
    bool is_lateral = !source.inputs.vars.empty();
    for (const VarInput& var : source.inputs.vars) laterals_[static_cast<std::size_t>(rt_index - 1)].insert(var.rt_index);
    if (source.inputs.widths.size() < query_.range_table.size()) {
        source.inputs.widths.resize(query_.range_table.size());
    }
    d_.program.sources.push_back(std::move(source));
    // Computed once, and with an index of SQLite's own, if it is joined with something.
    if (!is_lateral && is_result_of_join()) {
        std::string columns = columns_text(rte.columns.size());
        return "(SELECT " + columns + (columns.empty() ? "" : ",") + "slot,seq FROM " +
               table + " LIMIT -1 OFFSET 0) AS " + alias(rt_index);
    }
    return table + " AS " + alias(rt_index);
}

std::string Block::cte_leaf(int rt_index, const Stage& stage) {
    const RangeTableEntry& rte = entry(rt_index);
    RowSource source;
    source.kind = rte.self_reference ? RowSource::Kind::kWorkTable : RowSource::Kind::kCte;
    source.block = number_;
    source.entry = &rte;
    source.cte = rte.cte;
    source.cte_levels_up = rte.cte_levels_up;
    return source_leaf(rt_index, std::move(source), stage);
}

}  // namespace cdcsim::pg
