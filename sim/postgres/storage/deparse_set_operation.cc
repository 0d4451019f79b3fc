// UNION, INTERSECT, EXCEPT, with ALL: SQLite's compound SELECTs, each side a subquery.
#include "core/base/error.h"
#include "sim/postgres/storage/deparse.h"

namespace cdcsim::pg {
namespace {

int leftmost(const SetOpNode& node) {
    const SetOpNode* at = &node;
    while (at->op != SetOp::kNone) at = at->left.get();
    return at->rt_index;
}

std::string column_names(std::size_t count) {
    std::string names;
    for (std::size_t i = 1; i <= count; ++i) names += (i > 1 ? ",c" : "c") + std::to_string(i);
    return names.empty() ? "1" : names;
}

}  // namespace

/// A branch; one that sorts is a plan of its own.
std::string Block::branch_text(int rt_index) {
    const Query& branch = *entry(rt_index).subquery;
    if (!d_.splits_levels && !is_sorted_query(branch)) return "(" + d_.query(branch, number_) + ")";
    RowSource source;
    source.kind = RowSource::Kind::kQuery;
    source.block = number_;
    source.plan = plan_select(entry(rt_index).subquery, d_.host);
    return source_leaf(rt_index, std::move(source), {});
}

/// An input of a set operation. Another one stands in a WITH, as SQLite's parser takes few levels.
std::string Block::input_text(const SetOpNode& node) {
    std::string text = set_node(node);
    if (node.op == SetOp::kNone) return text;
    const std::string name = "d" + std::to_string(nested_inputs_.size() + 1);
    nested_inputs_.push_back(name + " AS MATERIALIZED (" + text + ")");
    return "SELECT " + column_names(node.columns.size()) + " FROM " + name;
}

/// The branches of a UNION, those of a UNION in it among them (plan_union_children).
void Block::add_union_branches(const SetOpNode& node, bool all, std::string& text) {
    for (const SetOpNode* child : {node.left.get(), node.right.get()}) {
        if (child->op == SetOp::kUnion && (child->all || !all)) {
            add_union_branches(*child, all, text);
            continue;
        }
        text += (text.empty() ? "" : " UNION ALL ") + input_text(*child);
    }
}

/// INTERSECT and EXCEPT as nodeSetOp.c does them: the rows of the first input make the groups (in
/// which the first of equal rows stays), those of the second one are counted.
std::string Block::planned_difference(const SetOpNode& node, const SetOperationPlan& plan, const std::string& left, const std::string& right) {
    const std::string names = column_names(node.columns.size());
    std::string group_by;
    std::vector<GroupColumn> keys;
    for (std::size_t i = 0; i < node.columns.size(); ++i) {
        const std::string column = "c" + std::to_string(i + 1);
        keys.push_back({column, node.columns[i].type});
        group_by += (i > 0 ? "," : "") + column + d_.collation(node.columns[i].type);
    }
    const std::string& first = plan.right_first ? right : left;
    const std::string& second = plan.right_first ? left : right;
    std::string text = "SELECT " + names + ",0 AS f FROM (" + first + ") UNION ALL SELECT " + names + ",1 FROM (" + second + ")";
    text = "SELECT *,row_number() OVER () AS n FROM (" + text + ")";
    text = "SELECT " + names + ",min(n) AS o,sum(1-f) AS l,sum(f) AS r FROM (" + text + ") GROUP BY " + group_by + " HAVING min(f)=0";
    Stage groups;
    text = grouped_text(plan.groups, keys, {.order = "ORDER BY o", .rows = "l"}, text, groups);
    std::string copies = node.op == SetOp::kExcept ? "s.l-s.r" : "min(s.l,s.r)";
    if (!node.all) copies = node.op == SetOp::kExcept ? "s.r=0" : "s.r>0";
    text = "SELECT " + names + " FROM (" + text + ") AS s" + (node.all ? ",json_each('[0'||substr(replace(printf('%.*c',max(" + copies + ",1),'x'),'x',',0'),3)||']')" : "") +
           " WHERE " + copies + (node.all ? ">0" : "");
    return "SELECT " + names + " FROM (" + text + " ORDER BY " + groups.heap_order_text() + " LIMIT -1 OFFSET 0)";
}

std::string Block::set_node(const SetOpNode& node) {
    if (node.op == SetOp::kNone) {
        const Query& leaf = *entry(node.rt_index).subquery;
        std::size_t count = 0;
        for (const TargetEntry& target : leaf.targets) count += target.junk ? 0 : 1;
        return "SELECT " + column_names(count) + " FROM " + branch_text(node.rt_index);
    }
    std::string names = column_names(node.columns.size());
    std::string branches;
    if (node.op == SetOp::kUnion) add_union_branches(node, node.all, branches);
    if (node.op == SetOp::kUnion && node.all) return branches;
    std::string compared, partition;
    for (std::size_t i = 0; i < node.columns.size(); ++i) {
        std::string column = "c" + std::to_string(i + 1) + d_.collation(node.columns[i].type);
        compared += (i > 0 ? "," : "") + column + " AS c" + std::to_string(i + 1);
        partition += (i > 0 ? "," : "") + column;
    }
    if (compared.empty()) throw NotSimulated("a set operation without columns");
    // Of equal rows (1.0 and 1.00) the first one stays; SQLite's UNION would keep the last.
    if (node.op == SetOp::kUnion) {
        std::string text =
            "SELECT DISTINCT " + compared + " FROM (" + branches + ")";
        std::optional<GroupPlan> plan = plan_union(d_.host, query_, node);
        if (!plan) return text;
        std::vector<GroupColumn> keys;
        for (std::size_t i = 0; i < node.columns.size(); ++i) {
            keys.push_back({"c" + std::to_string(i + 1), node.columns[i].type});
        }
        Stage groups;
        text = grouped_text(*plan, keys, {}, text, groups);
        return "SELECT " + names + " FROM (SELECT " + names + " FROM (" + text + ") AS s ORDER BY " +
               groups.heap_order_text() + " LIMIT -1 OFFSET 0)";
    }
    const std::string left = input_text(*node.left), right = input_text(*node.right);
    if (std::optional<SetOperationPlan> plan = plan_set_operation(d_.host, query_, node)) {
        return planned_difference(node, *plan, left, right);
    }
    static constexpr const char* kOperators[] = {"", " UNION ", " INTERSECT ", " EXCEPT "};
    const char* op = kOperators[static_cast<int>(node.op)];
    // With ALL the n-th copy of a row meets the n-th copy on the other side.
    std::string number =
        node.all ? ",row_number() OVER (PARTITION BY " + partition + ") AS n" : std::string();
    std::string text = "SELECT " + compared + number + " FROM (" + left + ")" + op + "SELECT " +
                       compared + number + " FROM (" + right + ")";
    return node.all ? "SELECT " + names + " FROM (" + text + ")" : text;
}

/// A branch that an index gives in order, or any other.
std::string Block::merged_text(const MergedBranch& branch) {
    if (branch.keys.empty()) return branch_text(branch.rt_index);
    Block block(d_, *entry(branch.rt_index).subquery, number_);
    block.index_order_ = branch.keys;
    return "(" + block.select() + " LIMIT -1 OFFSET 0)";
}

/// The branches with their numbers, if ORDER BY merges them.
std::string Block::merged_branches() {
    if (number_ == 0) merge_ = plan_merge_append(d_.host, query_, final_order(), limit_rows());
    if (!merge_) return {};
    const std::string names = column_names(query_.set_operations->columns.size());
    std::string text;
    for (std::size_t i = 0; i < merge_->branches.size(); ++i) {
        text += (i > 0 ? " UNION ALL SELECT " : "SELECT ") + names + "," + std::to_string(i) + " AS b FROM " + merged_text(merge_->branches[i]);
    }
    return text;
}

Stage Block::set_operation_stage() {
    const SetOpNode& node = *query_.set_operations;
    Stage stage;
    stage.is_base = false;
    std::string text = merged_branches(), with;
    if (text.empty()) text = set_node(node);
    for (const std::string& input : nested_inputs_) with += (with.empty() ? "WITH " : ",") + input;
    stage.from = "(" + with + (with.empty() ? "" : " ") + text + ") AS u";
    int rt_index = leftmost(node);
    for (std::size_t i = 0; i < node.columns.size(); ++i) {
        auto var = std::make_shared<VarExpr>();
        var->rt_index = rt_index;
        var->attno = static_cast<int>(i) + 1;
        var->type = node.columns[i].type;
        stage.known.push_back({std::move(var), "u.c" + std::to_string(i + 1)});
    }
    return stage;
}

}  // namespace cdcsim::pg
