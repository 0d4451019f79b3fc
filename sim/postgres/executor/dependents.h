// What hangs on an object that is dropped: it stops a plain DROP and goes with a DROP ... CASCADE.
// Inner header of executor/. Mirrors dependency.c, its order of the lines in DETAIL included.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/postgres/executor/ddl.h"

namespace cdcsim::pg {

struct Dependent {
    std::string description;          ///< "constraint c_fkey on table c"
    std::string needs;                ///< "table p"
    std::function<void()> drop;       ///< nothing if it is gone by then
};
using Dependents = std::vector<Dependent>;

std::string relation_kind(const Relation& relation);
/// The name, with its schema if the search_path does not reach it.
std::string shown_name(Backend& backend, const Relation& relation);
/// "s.f(integer,text)": with its schema if the search_path does not reach it.
std::string format_procedure(Backend& backend, const Function& function);
/// The same with the kind in front.
std::string describe_function(Backend& backend, const Function& function);
/// Whether a query reads a relation, subqueries included, views' own queries not.
bool view_uses(const Query& query, Oid relation);
/// Whether a query reads one column of a relation.
bool reads_column(Backend& backend, const Query& query, Oid oid, int attno);

/// `dropped`: relations of the same statement, which are no dependents.
Dependents dependents_of(Backend& backend, const RelationPtr& relation, const std::vector<Oid>& dropped);
Dependents dependents_of_column(Backend& backend, const RelationPtr& relation, const Column& column);
/// UPDATE OF the column, or WHEN over it.
bool trigger_uses(const Trigger& trigger, int attno);
Dependents dependents_of_type(Backend& backend, Oid type, const std::vector<Oid>& dropped);
Dependents dependents_of_function(Backend& backend, const Function& function, const std::vector<Oid>& dropped = {});
Dependents dependents_of_schema(Backend& backend, const Schema& schema);

/// One that was reached twice stays where it stands last.
void add_dependents(Dependents& to, Dependents from);
/// Throws 2BP01, or drops them with a NOTICE.
void settle_dependents(Backend& backend, const Dependents& dependents, bool cascade, const std::string& what);

/// A relation with what belongs to it: row type, owned sequences, places in publications.
void remove_relation(Backend& backend, const RelationPtr& relation);
/// What was granted on a dropped object.
void forget_grants_of(Catalog& catalog, Oid oid);
void drop_with_grants(Catalog& catalog, Oid relation);
void remove_relation_if_there(Backend& backend, Oid oid);

/// A type that is no table's, with its array type.
void remove_type(Backend& backend, Oid type);

}  // namespace cdcsim::pg
