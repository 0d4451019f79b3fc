// The catalog: one immutable version of all objects. DDL copies it, changes the copy and publishes
// it at commit (session.h); everything that holds a version keeps seeing it. Built-in types,
// functions and operators are not in here but in builtin.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

namespace schema_oid {
inline constexpr Oid kPgCatalog = 11;
inline constexpr Oid kPgToast = 99;
inline constexpr Oid kPublic = 2200;
inline constexpr Oid kInformationSchema = 13207;
}  // namespace schema_oid

inline constexpr Oid kBootstrapSuperuser = 10;

/// Roles that every server has (pg_authid.dat).
namespace role_oid {
inline constexpr Oid kReadAllData = 6181, kWriteAllData = 6182;
}  // namespace role_oid
/// Roles that initdb makes cannot be dropped.
inline constexpr Oid kFirstUserRole = 16384;

using TypePtr = std::shared_ptr<const TypeInfo>;
using FunctionPtr = std::shared_ptr<const Function>;
/// (schema, name): the key of everything that lives in a schema.
using SchemaName = std::pair<Oid, std::string>;

/// A domain's CHECK.
struct DomainConstraint {
    std::string name;
    StoredExpr check;
    bool validated = true;
};

/// One entry of an access control list. `rights` are bits (executor/privileges.h).
struct Grant {
    Oid grantee = kInvalidOid;           ///< 0: PUBLIC
    std::uint32_t rights = 0, grant_options = 0;
    bool operator==(const Grant&) const = default;
};
/// What a list of grants is on: an object and, of a table, a column (0: all of it).
using GrantKey = std::pair<Oid, int>;

/// COMMENT ON an object or a column.
struct Comment {
    std::string catalog;                 ///< the system relation that has the object: pg_class
    std::string text;
    bool operator==(const Comment&) const = default;
};

class Catalog {
  public:
    /// The catalog of a fresh database: built-in schemas, types, system relations, `owner`.
    static std::shared_ptr<const Catalog> bootstrap(const std::string& owner);

    // Relations. Index names share the name space of relations.
    RelationPtr find_relation(Oid oid) const;
    RelationPtr find_relation(Oid schema, const std::string& name) const;
    /// The table of an index and the index, by the index's oid or name.
    std::pair<RelationPtr, const Index*> find_index(Oid oid) const;
    std::pair<RelationPtr, const Index*> find_index(Oid schema, const std::string& name) const;
    bool relation_name_taken(Oid schema, const std::string& name) const;
    const std::map<Oid, RelationPtr>& relations() const { return relations_; }
    void put_relation(const RelationPtr& relation);   ///< new, or a new version of the same oid
    void drop_relation(Oid oid);

    // Types.
    TypePtr find_type(Oid oid) const;
    TypePtr find_type(Oid schema, const std::string& name) const;
    const std::map<Oid, TypePtr>& types() const { return types_; }
    void put_type(const TypePtr& type);
    void drop_type(Oid oid);
    const std::vector<DomainConstraint>& domain_constraints(Oid domain) const;
    void set_domain_constraints(Oid domain, std::vector<DomainConstraint> constraints);
    /// DEFAULT of a domain.
    const StoredExpr* domain_default(Oid domain) const;
    void set_domain_default(Oid domain, std::optional<StoredExpr> value);

    // Functions of the user.
    std::vector<FunctionPtr> find_functions(Oid schema, const std::string& name) const;
    FunctionPtr find_function(Oid oid) const;
    const std::map<Oid, FunctionPtr>& functions() const { return functions_; }
    void put_function(const FunctionPtr& function);
    void drop_function(Oid oid);

    // Schemas, roles, publications, extensions (but plpgsql, which is always there).
    const Schema* find_schema(const std::string& name) const;
    const Schema* find_schema(Oid oid) const;
    const std::map<Oid, Schema>& schemas() const { return schemas_; }
    void put_schema(const Schema& schema) { schemas_[schema.oid] = schema; }
    void drop_schema(Oid oid) { schemas_.erase(oid); }
    const Role* find_role(const std::string& name) const;
    const Role* find_role(Oid oid) const;
    const std::map<Oid, Role>& roles() const { return roles_; }
    void put_role(const Role& role) { roles_[role.oid] = role; }
    void drop_role(Oid oid) { roles_.erase(oid); }
    const Publication* find_publication(const std::string& name) const;
    const std::map<Oid, Publication>& publications() const { return publications_; }
    void put_publication(const Publication& publication) { publications_[publication.oid] = publication; }
    void drop_publication(Oid oid) { publications_.erase(oid); }
    const Extension* find_extension(const std::string& name) const;
    const Extension* find_extension(Oid oid) const;
    const std::map<Oid, Extension>& extensions() const { return extensions_; }
    void put_extension(const Extension& extension) { extensions_[extension.oid] = extension; }
    void drop_extension(Oid oid) { extensions_.erase(oid); }

    /// The access control list of an object, or nullptr: the default one is in force.
    const std::vector<Grant>* find_grants(const GrantKey& key) const;
    void set_grants(const GrantKey& key, std::vector<Grant> grants) { grants_[key] = std::move(grants); }
    void forget_grants(const GrantKey& key) { grants_.erase(key); }
    const std::map<GrantKey, std::vector<Grant>>& grants() const { return grants_; }

    /// nullptr: none. The key is as for grants.
    const Comment* find_comment(const GrantKey& key) const;
    /// An empty text removes it.
    void set_comment(const GrantKey& key, Comment comment);

    /// Applies to *this what `changed` changed since `base`, for a commit while others committed too.
    void merge(const Catalog& base, const Catalog& changed);

  private:
    std::map<Oid, RelationPtr> relations_;
    std::map<SchemaName, Oid> relation_names_;
    std::map<Oid, Oid> index_tables_;
    std::map<SchemaName, Oid> index_names_;
    std::map<Oid, TypePtr> types_;
    std::map<SchemaName, Oid> type_names_;
    std::map<Oid, std::vector<DomainConstraint>> domain_constraints_;
    std::map<Oid, StoredExpr> domain_defaults_;
    std::map<Oid, FunctionPtr> functions_;
    std::multimap<SchemaName, Oid> function_names_;
    std::map<Oid, Schema> schemas_;
    std::map<Oid, Role> roles_;
    std::map<Oid, Publication> publications_;
    std::map<Oid, Extension> extensions_;
    std::map<GrantKey, std::vector<Grant>> grants_;
    std::map<GrantKey, Comment> comments_;
};

using CatalogPtr = std::shared_ptr<const Catalog>;

/// The built-in type `oid`, or nullptr. The same object for every catalog.
TypePtr builtin_type_info(Oid oid);

}  // namespace cdcsim::pg
