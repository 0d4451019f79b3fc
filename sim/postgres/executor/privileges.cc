#include "sim/postgres/executor/privileges.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/settings.h"

namespace cdcsim::pg {
namespace {

/// What a list gives to a role, its groups and PUBLIC.
std::uint32_t granted(Backend& backend, Oid role, const std::vector<Grant>& grants) {
    std::uint32_t rights = 0;
    for (const Grant& grant : grants) {
        if (grant.grantee == kInvalidOid || has_role(backend, role, grant.grantee)) rights |= grant.rights;
    }
    return rights;
}

bool has_rights(Backend& backend, Oid role, const GrantKey& key, Oid owner, std::uint32_t by_default, std::uint32_t rights) {
    if (is_superuser(backend, role) || has_role(backend, role, owner)) return true;
    const std::vector<Grant>* grants = backend.catalog().find_grants(key);
    std::uint32_t held = grants ? granted(backend, role, *grants) : by_default;
    return (held & rights) == rights;
}

[[noreturn]] void deny(const std::string& what) { throw SqlError("42501", "permission denied for " + what); }

}  // namespace

bool is_superuser(Backend& backend, Oid role) {
    const Role* found = backend.catalog().find_role(role);
    return found != nullptr && found->superuser;
}

bool has_role(Backend& backend, Oid role, Oid group) {
    if (role == group) return true;
    const Role* found = backend.catalog().find_role(role);
    return found != nullptr && found->inherit && std::ranges::any_of(found->member_of, [&](Oid next) { return has_role(backend, next, group); });
}

namespace {

/// What pg_read_all_data and pg_write_all_data give of every relation.
std::uint32_t rights_by_role(Backend& backend, Oid role) {
    std::uint32_t rights = 0;
    if (has_role(backend, role, role_oid::kReadAllData)) rights |= right::kSelect;
    if (has_role(backend, role, role_oid::kWriteAllData)) rights |= right::kInsert | right::kUpdate | right::kDelete;
    return rights;
}

}  // namespace

bool has_relation_right(Backend& backend, Oid role, const Relation& relation, std::uint32_t rights) {
    if (relation.is_system()) return (rights & ~right::kSelect) == 0 || is_superuser(backend, role);
    rights &= ~rights_by_role(backend, role);
    if (rights == 0) return true;
    return has_rights(backend, role, {relation.oid, 0}, relation.owner, 0, rights);
}

std::string relation_label(const Relation& relation) {
    std::string_view kind = relation.kind == 'v' ? "view" : relation.kind == 'S' ? "sequence" : "table";
    return fmt::format("{} {}", kind, relation.name);
}

void require_relation_right(Backend& backend, const Relation& relation, std::uint32_t rights) {
    if (!has_relation_right(backend, backend.current_user(), relation, rights)) deny(relation_label(relation));
}

bool has_schema_right(Backend& backend, Oid role, Oid schema, std::uint32_t rights) {
    if (schema == schema_oid::kPgCatalog || schema == schema_oid::kInformationSchema) return rights == right::kUsage;
    if (schema == backend.current_temp_schema()) return true;
    if (rights == right::kUsage && rights_by_role(backend, role) != 0) return true;
    const Schema* found = backend.catalog().find_schema(schema);
    return has_rights(backend, role, {schema, 0}, found->owner, schema == schema_oid::kPublic ? right::kUsage : 0, rights);
}

bool Backend::may_use_schema(Oid schema) { return has_schema_right(*this, current_user_, schema, right::kUsage); }

void require_schema_right(Backend& backend, Oid schema, std::uint32_t rights) {
    if (!has_schema_right(backend, backend.current_user(), schema, rights)) deny("schema " + backend.catalog().find_schema(schema)->name);
}

void require_database_right(Backend& backend, std::uint32_t rights) {
    constexpr std::uint32_t kDefault = right::kTemporary | right::kConnect;
    bool held = has_rights(backend, backend.current_user(), {kDatabaseOid, 0}, kBootstrapSuperuser, kDefault, rights);
    if (!held) deny("database " + backend.database_name());
}

bool has_function_right(Backend& backend, const Function& function) {
    const std::vector<Grant>* grants = backend.catalog().find_grants({function.oid, 0});
    return grants == nullptr || has_rights(backend, backend.current_user(), {function.oid, 0}, function.owner, right::kExecute, right::kExecute);
}

void require_function_right(Backend& backend, const Function& function) {
    if (!has_function_right(backend, function)) deny(fmt::format("{} {}", function.kind == 'p' ? "procedure" : "function", function.name));
}

void require_setting_right(Backend& backend, const std::string& name) {
    if (!is_superuser_setting(name) || is_superuser(backend, backend.current_user())) return;
    throw SqlError("42501", fmt::format("permission denied to set parameter \"{}\"", name));
}

void require_ownership(Backend& backend, Oid owner, const std::string& what) {
    Oid user = backend.current_user();
    if (!is_superuser(backend, user) && !has_role(backend, user, owner)) throw SqlError("42501", "must be owner of " + what);
}

namespace {

/// What one statement needs of one range table entry.
struct Needed {
    bool read = false;
    std::set<int> read_columns, written_columns;
};

/// Checks a query and those in it. `role` is the view's owner inside of a view.
class RightsCheck {
  public:
    RightsCheck(Backend& backend, Oid role) : backend_(backend), role_(role) {}

    void check(const Query& query) {
        std::vector<Needed> needed(query.range_table.size());
        levels_.push_back(&needed);
        std::vector<const Query*> below;
        for_each_expression(query, [&](const ExprPtr& expr) { visit(expr, below); }, [&](const Query& inner) { below.push_back(&inner); });
        // What stands in subqueries may refer to this level.
        for (const Query* inner : below) note_outer(*inner, needed);
        levels_.pop_back();
        note_written(query, needed);
        for (std::size_t i = 0; i < query.range_table.size(); ++i) {
            const RangeTableEntry& rte = query.range_table[i];
            if (!rte.relation) continue;
            bool target = static_cast<int>(i) + 1 == query.result_relation;
            require(query, rte, needed[i], target);
            if (rte.subquery) RightsCheck(backend_, rte.relation->owner).check(*rte.subquery);
        }
        for (const Query* inner : below) {
            bool of_view = std::ranges::any_of(query.range_table, [&](const RangeTableEntry& rte) { return rte.relation && rte.subquery.get() == inner; });
            if (!of_view) check(*inner);
        }
    }

  private:
    void note(const Expr& expr, std::vector<Needed>& needed) {
        if (expr.kind == ExprKind::kVar) {
            const auto& var = as<VarExpr>(expr);
            if (var.levels_up != 0 || var.rt_index < 1 || var.rt_index > static_cast<int>(needed.size())) return;
            Needed& entry = needed[static_cast<std::size_t>(var.rt_index - 1)];
            entry.read = true;
            entry.read_columns.insert(var.attno);
        } else if (expr.kind == ExprKind::kWholeRow) {
            const auto& row = as<WholeRowExpr>(expr);
            if (row.levels_up != 0 || row.rt_index < 1 || row.rt_index > static_cast<int>(needed.size())) return;
            Needed& entry = needed[static_cast<std::size_t>(row.rt_index - 1)];
            entry.read = true;
            entry.read_columns.insert(0);
        }
    }

    void visit(const ExprPtr& expr, std::vector<const Query*>& below) {
        any_expression(expr, [&](const Expr& e) {
            note(e, *levels_.back());
            if (e.kind == ExprKind::kSubLink) below.push_back(as<SubLinkExpr>(e).query.get());
            return false;
        });
    }

    void note_outer(const Query& inner, std::vector<Needed>& needed) {
        for_each_outer_reference(inner, [&](const Expr& reference, int levels_out) {
            if (levels_out != 1 || reference.kind != ExprKind::kVar) return;
            int index = as<VarExpr>(reference).rt_index;
            if (index < 1 || index > static_cast<int>(needed.size())) return;
            needed[static_cast<std::size_t>(index - 1)].read = true;
            needed[static_cast<std::size_t>(index - 1)].read_columns.insert(as<VarExpr>(reference).attno);
        });
    }

    static void note_written(const Query& query, std::vector<Needed>& needed) {
        if (query.result_relation == 0) return;
        Needed& target = needed[static_cast<std::size_t>(query.result_relation - 1)];
        if (query.command == CommandKind::kInsert) target.written_columns.insert(query.insert_columns.begin(), query.insert_columns.end());
        if (query.command != CommandKind::kUpdate) return;
        for (const TargetEntry& entry : query.targets) {
            if (!entry.junk) target.written_columns.insert(entry.resno);
        }
    }

    bool has_column_rights(const Relation& relation, const std::set<int>& columns, std::uint32_t wanted) {
        auto held = [&](int attno) {
            const std::vector<Grant>* grants = backend_.catalog().find_grants({relation.oid, attno});
            return grants != nullptr && (granted(backend_, role_, *grants) & wanted) == wanted;
        };
        if (columns.empty()) return std::ranges::any_of(relation.columns, [&](const Column& column) { return held(column.attno); });
        return std::ranges::all_of(columns, [&](int attno) {
            if (attno != 0) return held(attno);
            return std::ranges::all_of(relation.columns, [&](const Column& column) { return column.dropped || held(column.attno); });
        });
    }

    void require_one(const Relation& relation, std::uint32_t wanted, const std::set<int>& columns, bool by_column) {
        if (has_relation_right(backend_, role_, relation, wanted)) return;
        if (by_column && has_column_rights(relation, columns, wanted)) return;
        deny(relation_label(relation));
    }

    void require(const Query& query, const RangeTableEntry& rte, const Needed& needed, bool target) {
        const Relation& relation = *rte.relation;
        if (relation.is_system()) return;
        if (!rte.through_view.empty()) throw NotSimulated("writing through a view by a role that is no superuser");
        if (!target) return require_one(relation, right::kSelect, needed.read_columns, true);
        if (needed.read) require_one(relation, right::kSelect, needed.read_columns, true);
        switch (query.command) {
            case CommandKind::kInsert:
                require_one(relation, right::kInsert, needed.written_columns, true);
                if (query.on_conflict && query.on_conflict->do_update) require_one(relation, right::kUpdate, {}, false);
                break;
            case CommandKind::kUpdate: require_one(relation, right::kUpdate, needed.written_columns, true); break;
            case CommandKind::kDelete: require_one(relation, right::kDelete, {}, false); break;
            default: throw NotSimulated("MERGE by a role that is no superuser");
        }
    }

    Backend& backend_;
    Oid role_;
    std::vector<std::vector<Needed>*> levels_;
};

}  // namespace

void check_query_rights(Backend& backend, const Query& query) {
    if (is_superuser(backend, backend.current_user())) return;
    RightsCheck(backend, backend.current_user()).check(query);
}

}  // namespace cdcsim::pg
