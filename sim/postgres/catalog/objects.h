// The objects of the catalog: relations with their columns, constraints, indexes and triggers;
// functions, sequences, schemas, roles, publications. All immutable once published: a change makes a
// new version, a WAL record keeps the version of its moment alive. Mirrors pg_class, pg_attribute,
// pg_constraint, pg_index, pg_trigger, pg_proc, pg_sequence, pg_namespace, pg_authid,
// pg_publication.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/binder/bound_expr.h"

namespace cdcsim::pg {

/// An expression kept in the catalog: bound, and as pg_get_expr prints it.
struct StoredExpr {
    ExprPtr expr;
    /// What the planner makes of it; nullptr: each statement folds it anew, as it calls functions that
    /// may be replaced or fails.
    ExprPtr folded = nullptr;
    Oid oid = kInvalidOid;               ///< of a default: pg_attrdef's, new whenever it is stored anew
};

struct Column {
    std::string name;
    int attno = 0;                       ///< from 1, never reused
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    Oid collation = kInvalidOid;
    bool not_null = false;
    bool dropped = false;
    char identity = 0;                   ///< 'a' ALWAYS, 'd' BY DEFAULT
    bool generated = false;              ///< STORED; the expression is default_expr
    char storage = 'p';                  ///< attstorage: p, e, m, x
    std::optional<StoredExpr> default_expr;
    Oid identity_sequence = kInvalidOid;
    bool is_local = true;                ///< false: only inherited
    int inherited_count = 0;
};

enum class ConstraintKind : char { kCheck = 'c', kPrimary = 'p', kUnique = 'u', kForeign = 'f', kExclusion = 'x' };

/// a no action, r restrict, c cascade, n set null, d set default
using ForeignKeyAction = char;

struct Constraint {
    Oid oid = kInvalidOid;
    std::string name;
    ConstraintKind kind = ConstraintKind::kCheck;
    std::vector<int> columns;            ///< attnos of this table, in key order
    bool deferrable = false, initially_deferred = false, validated = true, no_inherit = false;
    Oid index = kInvalidOid;             ///< of a key; of a foreign key: the referenced index
    std::optional<StoredExpr> check;
    Oid referenced = kInvalidOid;        ///< foreign key: table and columns it points to
    std::vector<int> referenced_columns;
    ForeignKeyAction on_delete = 'a', on_update = 'a';
    char match = 's';                    ///< s simple, f full
    std::vector<int> on_delete_set_columns;
    bool is_local = true;
    int inherited_count = 0;
};

struct IndexKey {
    int attno = 0;                       ///< 0: expression
    std::optional<StoredExpr> expr;
    std::string label;                   ///< of an expression: what its column is called
    bool descending = false, nulls_first = false;
};

/// WITH (...) of a table (as far as it decides how rows are stored) or of an index.
struct StorageOptions {
    int fill_factor = 100;               ///< percent of a page that INSERT fills
    int toast_target = 2032;             ///< bytes that a long row is brought down to
    std::vector<std::string> texts;      ///< "fillfactor=50": what has been given, as pg_class shows it
};

struct Index {
    Oid oid = kInvalidOid;
    std::string name;
    bool unique = false, primary = false, nulls_not_distinct = false;
    bool immediate = true;               ///< false: deferrable constraint
    bool valid = true;
    std::string method = "btree";
    std::vector<IndexKey> keys;
    std::vector<int> include;            ///< attnos
    std::optional<StoredExpr> predicate;
    Oid constraint = kInvalidOid;
    Oid storage_oid = kInvalidOid;       ///< of the storage index after a rewrite; 0: `oid`
    /// The last rid when the index was built over rows: equal entries up to there are one posting list, which a
    /// backward scan reads forward. 0: it was empty, or has no such lists.
    std::int64_t packed_until = 0;
    StorageOptions storage;
};

/// Bits as in pg_trigger.tgtype.
struct TriggerType {
    static constexpr int kRow = 1, kBefore = 2, kInsert = 4, kDelete = 8, kUpdate = 16, kTruncate = 32,
                         kInstead = 64;
};

struct Trigger {
    Oid oid = kInvalidOid;
    std::string name;
    int type = 0;                        ///< TriggerType bits
    std::shared_ptr<const Function> function;
    std::vector<std::string> args;
    std::vector<int> update_columns;     ///< UPDATE OF
    std::optional<StoredExpr> when;      ///< Vars: rt_index 1 is OLD, 2 is NEW
    char enabled = 'O';                  ///< O, D, R, A
    std::string old_table, new_table;    ///< REFERENCING
    bool is_constraint = false, deferrable = false, initially_deferred = false;
};

struct Function {
    Oid oid = kInvalidOid;
    Oid schema = kInvalidOid;
    std::string name;
    char kind = 'f';                     ///< f function, p procedure
    std::string language;                ///< plpgsql, sql, c
    std::vector<std::string> arg_names;  ///< of all arguments; "" unnamed
    std::vector<Oid> arg_types;          ///< of all arguments
    std::vector<char> arg_modes;         ///< i o b v t, one each
    std::vector<std::optional<StoredExpr>> arg_defaults;  ///< one for each argument
    Oid result = kInvalidOid;
    bool returns_set = false, strict = false, security_definer = false;
    char volatility = 'v';
    std::string body;
    std::vector<std::pair<std::string, std::string>> settings;  ///< SET x = y of the definition
    Oid owner = kInvalidOid;
    Oid extension = kInvalidOid;         ///< whose member it is; language c, the body names what runs it
    /// What plpgsql/ keeps of it: compiled at first use. Mutable state is the session's.
    std::shared_ptr<void> compiled;
};

struct SequenceOptions {
    Oid type = kInvalidOid;
    std::int64_t start = 1, increment = 1, min = 1, max = 0, cache = 1;
    bool cycle = false;
    Oid owner_table = kInvalidOid;       ///< OWNED BY
    int owner_column = 0;
};

class Backend;
/// The rows of a catalog relation that is computed (pg_class, information_schema.columns).
using VirtualRows = void (*)(Backend& backend, const RowSink& emit);

/// FOR VALUES of a partition.
struct PartitionBound {
    /// A value of a range's end, or MINVALUE (-1), MAXVALUE (1).
    struct End {
        int infinite = 0;
        Datum value;
    };
    bool is_default = false;
    std::vector<Datum> values;           ///< list
    bool has_null = false;               ///< list
    std::vector<End> lower, upper;       ///< range; one for each key column
    int modulus = 0, remainder = 0;      ///< hash
    std::string text;                    ///< as pg_get_expr prints it
};

struct Relation {
    Oid oid = kInvalidOid;
    Oid schema = kInvalidOid;
    std::string schema_name;             ///< as of this version
    std::string name;
    char kind = 'r';                     ///< r table, v view, S sequence, c composite, p partitioned, m matview
    char persistence = 'p';              ///< p, u unlogged, t temporary
    Oid owner = kInvalidOid;
    Oid row_type = kInvalidOid;
    std::uint32_t file_node = 0;         ///< storage; 0 for views, composites and virtual relations
    char replica_identity = 'd';         ///< d, n, f, i
    Oid replica_index = kInvalidOid;
    std::vector<Column> columns;         ///< attno - 1
    std::vector<Constraint> constraints; ///< in creation order
    std::vector<Index> indexes;          ///< by oid
    std::vector<Trigger> triggers;       ///< by name
    std::optional<SequenceOptions> sequence;
    std::shared_ptr<const Query> view;
    std::string view_text;
    char check_option = 0;               ///< WITH CHECK OPTION of a view: l local, c cascaded
    VirtualRows virtual_rows = nullptr;
    std::vector<Oid> parents;            ///< inheritance, partitioning
    char partition_strategy = 0;         ///< of a partitioned table: l, r, h
    std::vector<int> partition_key;      ///< attnos
    std::optional<PartitionBound> partition_bound;  ///< of a partition
    char on_commit = 'p';                ///< temporary tables: p preserve rows, r delete rows, d drop
    Oid clustered_index = kInvalidOid;   ///< CLUSTER ON
    StorageOptions storage;

    /// A catalog relation, whose rows are computed. (A sequence's row is too.)
    bool is_system() const { return virtual_rows != nullptr && kind != 'S'; }
    const Column* find_column(const std::string& name) const;
    const Index* find_index(Oid oid) const;
    const Constraint* primary_key() const;
};
using RelationPtr = std::shared_ptr<const Relation>;

struct Schema {
    Oid oid = kInvalidOid;
    std::string name;
    Oid owner = kInvalidOid;
};

struct Role {
    Oid oid = kInvalidOid;
    std::string name;
    bool superuser = false, login = false, replication = false, create_db = false, create_role = false, inherit = true, bypass_rls = false;
    std::vector<Oid> member_of;          ///< roles granted to this one
};

struct Extension {
    Oid oid = kInvalidOid;
    std::string name, version;
    Oid schema = kInvalidOid, owner = kInvalidOid;
};

struct PublicationTable {
    Oid relation = kInvalidOid;
    std::vector<int> columns;            ///< empty: all
    std::optional<StoredExpr> where;
};

struct Publication {
    Oid oid = kInvalidOid;
    std::string name;
    bool all_tables = false;
    bool insert = true, update = true, delete_ = true, truncate = true;
    bool via_root = false;
    Oid owner = kInvalidOid;
    std::vector<PublicationTable> tables;
    std::vector<Oid> schemas;
};

}  // namespace cdcsim::pg
