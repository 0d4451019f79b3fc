#include "sim/postgres/executor/carried_rows.h"

#include <algorithm>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr int kCtid = -1, kXmin = -2, kXmax = -4, kTableOid = -6;

Oid type_of_system_column(int attno) {
    return attno == kCtid ? oid::kTid : attno == kTableOid ? oid::kOid : attno == kXmin || attno == kXmax ? oid::kXid : oid::kCid;
}

void set_system_column(EvalRow& row, int attno, const Datum& value) {
    if (value.is_null()) {
        row.is_null_extended = true;
        return;
    }
    switch (attno) {
        case kCtid: row.rid = value.as_int(); break;
        case kXmin: row.xmin = Xid{static_cast<std::uint32_t>(value.as_int())}; break;
        case kXmax: row.xmax = Xid{static_cast<std::uint32_t>(value.as_int())}; break;
        default: row.table = static_cast<Oid>(value.as_int()); break;
    }
}

}  // namespace

void collect_carried(const Query& query, const ExprPtr& expr, std::vector<CarriedColumn>& carried) {
    if (!expr) return;
    const auto add = [&](const CarriedColumn& column) {
        if (std::ranges::find(carried, column) == carried.end()) carried.push_back(column);
    };
    for_each_reference(expr, [&](const Expr& reference, int levels) {
        const bool whole = reference.kind == ExprKind::kWholeRow;
        if (levels != 0 || (!whole && reference.kind != ExprKind::kVar)) return;
        const int rt_index = whole ? as<WholeRowExpr>(reference).rt_index : as<VarExpr>(reference).rt_index;
        if (rt_index == query.result_relation) return;
        if (!whole) return add({rt_index, as<VarExpr>(reference).attno});
        const RangeTableEntry& rte = query.range_table[static_cast<std::size_t>(rt_index - 1)];
        // A row that an outer join has not found is NULL, not a row of NULLs.
        if (rte.kind == RteKind::kRelation) add({rt_index, kTableOid});
        for (int attno = 1; attno <= static_cast<int>(rte.columns.size()); ++attno) {
            if (!rte.columns[static_cast<std::size_t>(attno - 1)].dropped) add({rt_index, attno});
        }
    });
}

ExprPtr carried_var(const Query& query, const CarriedColumn& column) {
    auto var = std::make_shared<VarExpr>();
    var->rt_index = column.rt_index;
    var->attno = column.attno;
    if (column.attno < 0) {
        var->type = type_of_system_column(column.attno);
        return var;
    }
    const Attribute& attribute = query.range_table[static_cast<std::size_t>(column.rt_index - 1)].columns[static_cast<std::size_t>(column.attno - 1)];
    var->type = attribute.type;
    var->typmod = attribute.typmod;
    return var;
}

CarriedRows::CarriedRows(const Query& query, const std::vector<CarriedColumn>& carried, std::span<const Datum> values) : rows_(query.range_table.size()) {
    for (std::size_t i = 0; i < carried.size(); ++i) {
        const auto rt = static_cast<std::size_t>(carried[i].rt_index - 1);
        if (carried[i].attno < 0) {
            set_system_column(rows_[rt], carried[i].attno, values[i]);
            continue;
        }
        std::vector<Datum>& columns = columns_[rt];
        if (columns.empty()) columns.resize(query.range_table[rt].columns.size());
        columns[static_cast<std::size_t>(carried[i].attno - 1)] = values[i];
    }
    for (auto& [rt, columns] : columns_) rows_[rt].columns = columns;
}

}  // namespace cdcsim::pg
