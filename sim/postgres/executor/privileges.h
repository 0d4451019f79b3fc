// Privileges: access control lists, memberships of roles, and who may do what. Inner header of
// executor/. Mirrors aclchk.c, acl.c and execMain.c's ExecCheckRTPerms.
#pragma once

#include <cstdint>
#include <string>

#include "sim/postgres/executor/backend.h"

namespace cdcsim::pg {

/// Bits of Grant::rights, as in PostgreSQL's AclMode.
namespace right {
inline constexpr std::uint32_t kInsert = 1, kSelect = 2, kUpdate = 4, kDelete = 8, kTruncate = 16, kReferences = 32,
                               kTrigger = 64, kExecute = 128, kUsage = 256, kCreate = 512, kTemporary = 1024, kConnect = 2048;
}  // namespace right

/// The one database's key in the catalog's grants.
inline constexpr Oid kDatabaseOid = 5;

bool is_superuser(Backend& backend, Oid role);
/// Whether `role` has the privileges of `group`: itself, or a member of it.
bool has_role(Backend& backend, Oid role, Oid group);
/// Whether `role` has all of `rights` on a relation as a whole.
bool has_relation_right(Backend& backend, Oid role, const Relation& relation, std::uint32_t rights);
/// Throws 42501 "permission denied for table t" unless the current user has all of `rights`.
void require_relation_right(Backend& backend, const Relation& relation, std::uint32_t rights);
/// The same for a schema.
void require_schema_right(Backend& backend, Oid schema, std::uint32_t rights);
bool has_schema_right(Backend& backend, Oid role, Oid schema, std::uint32_t rights);
void require_database_right(Backend& backend, std::uint32_t rights);
/// EXECUTE of the current user.
bool has_function_right(Backend& backend, const Function& function);
void require_function_right(Backend& backend, const Function& function);
/// Throws unless the current user may change a setting.
void require_setting_right(Backend& backend, const std::string& name);
/// Throws unless the current user owns the object: "must be owner of function f".
void require_ownership(Backend& backend, Oid owner, const std::string& what);
/// All that a bound statement reads and writes, before it runs.
void check_query_rights(Backend& backend, const Query& query);
struct NewObject {
    Oid oid = kInvalidOid, owner = kInvalidOid;
    Oid schema = kInvalidOid;                   ///< none of a schema itself
    char kind = 'r';                            ///< of pg_default_acl: r, S, f, n
};
/// ALTER DEFAULT PRIVILEGES, applied to a new object.
void give_default_rights(Catalog& catalog, const NewObject& object);
/// Whose default privileges stand under a key; 0 for an object's own list.
Oid creator_of_default(const GrantKey& key);
/// "table t", "view v", "sequence s": an object in messages about rights.
std::string relation_label(const Relation& relation);

}  // namespace cdcsim::pg
