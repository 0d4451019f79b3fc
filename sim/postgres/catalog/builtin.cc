#include "sim/postgres/catalog/builtin.h"

#include <algorithm>

namespace cdcsim::pg {
namespace {

constexpr TypeRow kTypes[] = {
#include "sim/postgres/catalog/data/pg_type.inc"
};

constexpr ProcRow kProcs[] = {
#include "sim/postgres/catalog/data/pg_proc.inc"
};

constexpr OperatorRow kOperators[] = {
#include "sim/postgres/catalog/data/pg_operator.inc"
};

constexpr CastRow kCasts[] = {
#include "sim/postgres/catalog/data/pg_cast.inc"
};

constexpr BtreeOperatorRow kBtreeOperators[] = {
#include "sim/postgres/catalog/data/pg_amop_btree.inc"
};

constexpr ConditionRow kConditions[] = {
#include "sim/postgres/catalog/data/errcodes.inc"
};

static_assert(std::ranges::is_sorted(kTypes, {}, &TypeRow::oid));
static_assert(std::ranges::is_sorted(kOperators, {}, &OperatorRow::oid));

template <typename Row>
const Row* find_by_oid(std::span<const Row> rows, Oid oid) {
    auto it = std::ranges::lower_bound(rows, oid, {}, &Row::oid);
    return it != rows.end() && it->oid == oid ? &*it : nullptr;
}

}  // namespace

std::span<const TypeRow> builtin_types() { return kTypes; }
std::span<const ProcRow> builtin_procs() { return kProcs; }
std::span<const OperatorRow> builtin_operators() { return kOperators; }
std::span<const CastRow> builtin_casts() { return kCasts; }

const CastRow* find_cast(Oid source, Oid target) {
    auto casts = builtin_casts();
    auto key = std::pair(source, target);
    auto it = std::ranges::lower_bound(casts, key, {}, [](const CastRow& row) { return std::pair(row.source, row.target); });
    return it != casts.end() && it->source == source && it->target == target ? &*it : nullptr;
}

std::span<const BtreeOperatorRow> builtin_btree_operators() { return kBtreeOperators; }
std::span<const ConditionRow> condition_names() { return kConditions; }

const TypeRow* find_builtin_type(Oid oid) { return find_by_oid(builtin_types(), oid); }
const ProcRow* find_builtin_proc(Oid oid) { return find_by_oid(builtin_procs(), oid); }
const OperatorRow* find_builtin_operator(Oid oid) { return find_by_oid(builtin_operators(), oid); }

}  // namespace cdcsim::pg
