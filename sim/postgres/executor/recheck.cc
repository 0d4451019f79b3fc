#include "sim/postgres/executor/recheck.h"

namespace cdcsim::pg {
namespace {

[[noreturn]] void refuse() { throw NotSimulated("a join's row that another session has changed while this one waited"); }

}  // namespace

void Recheck::put(int rt_index, RowVersion version) {
    auto i = static_cast<std::size_t>(rt_index - 1);
    const RowVersion& kept = kept_.emplace_back(std::move(version));
    EvalRow& row = rows_[i];
    row.columns = kept.columns;
    row.rid = kept.rid;
    row.table = query_.range_table[i].relation->oid;
    row.xmin = kept.xmin;
    there_[i] = true;
}

void Recheck::put_stored(Backend& backend, int rt_index, const Datum& rid) {
    if (rid.is_null()) refuse();
    std::optional<RowVersion> version = backend.database().fetch(*query_.range_table[static_cast<std::size_t>(rt_index - 1)].relation, rid.as_int());
    if (!version) refuse();
    put(rt_index, std::move(*version));
}

EvalContext Recheck::context() const {
    EvalContext result = level_;
    result.rows = rows_;
    result.subplans = nullptr;
    return result;
}

bool Recheck::holds(const FromNode& node) const {
    if (node.is_leaf()) {
        if (!there_[static_cast<std::size_t>(node.rt_index - 1)]) refuse();
        return true;
    }
    if (node.join != JoinType::kInner) refuse();
    return holds(*node.left) && holds(*node.right) && (!node.condition || evaluate_qual(*node.condition, context()));
}

bool Recheck::holds() const {
    for (const FromNode& node : query_.from) {
        if (!holds(node)) return false;
    }
    return !query_.where || evaluate_qual(*query_.where, context());
}

}  // namespace cdcsim::pg
