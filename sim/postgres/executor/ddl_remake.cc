// What ALTER TYPE does to the indexes and foreign keys of a column. Mirrors ATPostAlterTypeCleanup of
// tablecmds.c.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

/// The expression of its text, over the columns as they are now.
StoredExpr bound_again(Backend& backend, const Relation& relation, const StoredExpr& stored, std::string_view place) {
    ParseTree tree = parse_sql("SELECT " + deparse_expression(*stored.expr, backend, &relation));
    ExprScope scope;
    scope.place = place;
    scope.items.push_back({relation.name, std::make_shared<Relation>(relation), 1});
    ExprPtr expr = bind_expression(tree.statements()[0].node.items("targetList")[0]["val"], backend.bind_options(), scope);
    if (place == "index predicates") expr = coerce_to_boolean(expr, backend.bind_options(), "WHERE");
    return stored_expression(backend, expr);
}

void renumber(Relation& relation, Oid referenced, const std::map<Oid, Oid>& numbers) {
    for (Constraint& constraint : relation.constraints) {
        const auto found = numbers.find(constraint.index);
        if (found == numbers.end()) continue;
        if (constraint.kind != ConstraintKind::kForeign || constraint.referenced == referenced) constraint.index = found->second;
    }
}

bool stands_on(const Constraint& constraint, const Relation& child, Oid table, const std::vector<int>& attnos) {
    if (constraint.kind != ConstraintKind::kForeign) return false;
    const auto names = [&](const std::vector<int>& columns) {
        return std::ranges::any_of(columns, [&](int attno) { return std::ranges::find(attnos, attno) != attnos.end(); });
    };
    return (child.oid == table && names(constraint.columns)) || (constraint.referenced == table && names(constraint.referenced_columns));
}

/// Made anew: the last one of its table.
Oid remake(Backend& backend, Relation& child, Oid constraint) {
    const auto found = std::ranges::find(child.constraints, constraint, &Constraint::oid);
    found->oid = allocate_oid(backend);
    for (int trigger = 0; trigger < 4; ++trigger) allocate_oid(backend);
    const Oid made = found->oid;
    move_comments(backend, {{{constraint, 0}, {made, 0}}});
    std::rotate(found, found + 1, child.constraints.end());
    return made;
}

}  // namespace

bool uses_column(const ExprPtr& expr, int attno) {
    return any_expression(expr, [&](const Expr& e) { return e.kind == ExprKind::kVar && as<VarExpr>(e).attno == attno && as<VarExpr>(e).levels_up == 0; });
}

void require_btree_class(Backend& backend, Oid type) {
    const Oid base = base_type(backend, backend.type(type)).oid;
    if (base != oid::kJson && base != oid::kXml && base != oid::kPoint) return;
    throw SqlError("42704", fmt::format("data type {} has no default operator class for access method \"btree\"", format_type(backend, type)))
        .hint("You must specify an operator class for the index or define a default operator class for the data type.");
}

bool index_uses(const Index& index, int attno) {
    bool key = std::ranges::any_of(index.keys, [&](const IndexKey& k) { return k.attno == attno || (k.expr && uses_column(k.expr->expr, attno)); });
    return key || std::ranges::find(index.include, attno) != index.include.end() || (index.predicate && uses_column(index.predicate->expr, attno));
}

void remake_indexes(Backend& backend, Relation& relation, const std::vector<int>& attnos) {
    std::map<Oid, Oid> numbers;
    // In the order in which the columns have been altered.
    auto first = relation.indexes.begin();
    for (const int attno : attnos) first = std::stable_partition(first, relation.indexes.end(), [&](const Index& index) { return index_uses(index, attno); });
    first = std::rotate(relation.indexes.begin(), first, relation.indexes.end());
    for (auto index = first; index != relation.indexes.end(); ++index) {
        for (IndexKey& key : index->keys) {
            if (key.expr) key.expr = bound_again(backend, relation, *key.expr, "index expressions");
        }
        if (index->predicate) index->predicate = bound_again(backend, relation, *index->predicate, "index predicates");
    }
    for (auto index = first; index != relation.indexes.end(); ++index) {
        for (const IndexKey& key : index->keys) {
            const Oid type = key.expr ? key.expr->expr->type : relation.columns[static_cast<std::size_t>(key.attno - 1)].type;
            if (index->method == "btree") require_btree_class(backend, type);
        }
        if (index->storage_oid == kInvalidOid) index->storage_oid = index->oid;
        const Oid made = allocate_oid(backend);
        numbers.emplace(index->oid, made);
        if (relation.replica_index == index->oid) relation.replica_index = made;
        index->oid = made;
    }
    if (numbers.empty()) return;
    std::vector<std::pair<GrantKey, GrantKey>> comments;
    for (const auto& [from, to] : numbers) comments.push_back({{from, 0}, {to, 0}});
    move_comments(backend, comments);
    renumber(relation, relation.oid, numbers);
    std::vector<RelationPtr> children;
    for (const auto& [oid, other] : backend.catalog().relations()) {
        const bool points_here = std::ranges::any_of(other->constraints, [&](const Constraint& c) { return c.kind == ConstraintKind::kForeign && numbers.contains(c.index); });
        if (points_here && oid != relation.oid) children.push_back(other);
    }
    for (const RelationPtr& child : children) {
        auto changed = copy_relation(child);
        renumber(*changed, relation.oid, numbers);
        backend.update_relation(changed);
    }
}

std::vector<ForeignKeyName> remake_foreign_keys(Backend& backend, Relation& relation, const std::vector<int>& attnos) {
    std::vector<ForeignKeyName> keys;
    for (const auto& [oid, other] : backend.catalog().relations()) {
        const Relation& child = oid == relation.oid ? relation : *other;
        for (const Constraint& constraint : child.constraints) {
            if (stands_on(constraint, child, relation.oid, attnos)) keys.push_back({constraint.oid, oid});
        }
    }
    std::ranges::sort(keys, {}, &ForeignKeyName::constraint);
    for (ForeignKeyName& key : keys) {
        std::shared_ptr<Relation> copy;
        if (key.relation != relation.oid) copy = copy_relation(backend.catalog().find_relation(key.relation));
        Relation& child = copy ? *copy : relation;
        const Constraint constraint = *std::ranges::find(child.constraints, key.constraint, &Constraint::oid);
        const RelationPtr other = backend.catalog().find_relation(constraint.referenced);
        check_foreign_key_types(backend, child, constraint.referenced == relation.oid ? relation : *other, constraint, Made::kAnew);
        key.constraint = remake(backend, child, key.constraint);
        if (copy) backend.update_relation(copy);
    }
    return keys;
}

}  // namespace cdcsim::pg
