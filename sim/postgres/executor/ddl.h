// Data definition: shared parts of ddl_*.cc. Inner header of executor/. Mirrors commands/ and
// catalog/ of PostgreSQL. A statement changes a copy of the catalog and publishes it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/utility.h"

namespace cdcsim::pg {

/// makeObjectName: name1_name2_label cut to 63 bytes, the longer part first.
std::string make_object_name(const std::string& name1, const std::string& name2, const std::string& label);
/// The first free "t_a_key", "t_a_key1" ... among relation names of the schema and `taken`.
std::string choose_relation_name(const Catalog& catalog, Oid schema, const std::string& name1, const std::string& name2,
                                 const std::string& label, const std::vector<std::string>& taken = {});
std::string choose_constraint_name(const Catalog& catalog, const Relation& relation, const std::string& name2, const std::string& label,
                                   const std::vector<std::string>& taken = {});
/// The names of an index's columns: a name that is there already gets a number (a, a1, a2). Mirrors ChooseIndexColumnNames.
std::vector<std::string> index_column_names(const std::vector<std::string>& columns);
/// "a_b" of an index's columns for its name.
std::string index_name_addition(const std::vector<std::string>& columns);

/// Where an unqualified new object goes. Throws 3F000 "no schema has been selected to create in".
Oid creation_schema(Backend& backend, const Node& range_var);
Oid creation_schema_of(Backend& backend, const std::vector<std::string>& names);
/// p, u or t: as written, or temporary in pg_temp.
char creation_persistence(Backend& backend, Oid schema, const Node& range_var);
const std::string& schema_name(Backend& backend, Oid schema);
std::shared_ptr<Relation> copy_relation(const RelationPtr& relation);

/// require_relation without a position: what utility statements say (only queries and LIKE point).
RelationPtr open_relation(Backend& backend, const Node& range_var);
/// The table of an ALTER, DROP ... Throws 42P01, 42809 (wrong kind).
RelationPtr require_table(Backend& backend, const Node& range_var, std::string_view verb);
void require_owner(Backend& backend, const Relation& relation);

/// ctid, xmin ... (ddl_table.cc).
bool is_system_column(std::string_view name);
/// Throws 42701: a column cannot be called so.
void refuse_system_name(std::string_view column);

/// Column definitions (ddl_column.cc).
/// CheckAttributeType. Throws 42P16: a pseudo-type, or one that has a row of one of the types `containing` in it.
void check_column_type(Backend& backend, const std::string& column, Oid type, std::vector<Oid> containing = {});
struct PendingConstraint {
    Node node;
    std::string column;      ///< of a column constraint
    bool deferrable = false, deferred = false;  ///< clauses after a column constraint
};
struct ColumnPlan {
    Column column;
    std::vector<PendingConstraint> constraints;  ///< to be made when all columns are known
    Node default_node, generated_node, identity_node;
    bool serial = false;
    std::optional<SequenceOptions> like_sequence;  ///< LIKE: the source's identity sequence
};
/// One ColumnDef. `relation` is the table so far (its name for sequences and constraints).
ColumnPlan plan_column(Backend& backend, const Node& definition, const Relation& relation);
/// Creates the sequence of a serial or identity column and its default. Changes `relation`.
void add_sequence(Backend& backend, Relation& relation, ColumnPlan& plan);
void bind_default(Backend& backend, Relation& relation, ColumnPlan& plan);
StoredExpr stored_expression(Backend& backend, ExprPtr expr);

/// Names a foreign key of a table.
struct ForeignKeyName {
    Oid constraint = kInvalidOid, relation = kInvalidOid;
};
/// What an ALTER TABLE has to do to the rows when all its changes of the catalog are done: it is
/// gathered on the way (AlteredTableInfo of tablecmds.c).
struct RowWork {
    /// A column's value for each row: of the row as it was or, of a generated column, of the new row.
    struct NewValue {
        int attno = 0;
        ExprPtr expr;                 ///< folded
        Oid sequence = kInvalidOid;   ///< of an identity column, instead
        bool generated = false;
    };
    RelationPtr before;               ///< the table as the statement found it
    std::vector<NewValue> values;     ///< matter only when the table is rewritten
    bool rewrites = false, verifies_not_null = false;
    std::vector<Oid> checks;          ///< constraints that every row is held against
    std::vector<ForeignKeyName> foreign_keys;
};
/// Does it (ddl_rewrite.cc): the rows, then the unique indexes, then the foreign keys.
void finish_rows(Backend& backend, Oid table, const RowWork& work);

/// What CREATE TABLE says of its keys before the table is there: a second PRIMARY KEY, columns that are not. Throws 42P16, 42703, 42701.
void check_keys(const Relation& relation, std::span<const PendingConstraint> pending);
/// Constraints (ddl_constraint.cc): adds one to `relation` (columns complete), indexes included.
/// `work`: of an ALTER TABLE, to which looking at the rows is left.
void add_constraint(Backend& backend, Relation& relation, const PendingConstraint& pending, RowWork* work);
/// A foreign key is made by its definition, or anew by ALTER TYPE.
enum class Made : std::uint8_t { kFirst, kAnew };
/// Throws 42804: a foreign key between columns that cannot be compared.
void check_foreign_key_types(Backend& backend, const Relation& child, const Relation& parent, const Constraint& constraint, Made made);
/// Builds storage indexes for a relation's unique and plain indexes.
void build_index(Backend& backend, const Relation& relation, const Index& index);
/// Notes that an index was built over the rows that the table has. REQUIRES: they are there.
void note_packed(Backend& backend, const Relation& relation, Index& index);
void validate_index(Backend& backend, const Relation& relation, const Index& index);

/// The composite type and array type of a relation; sets row_type.
void put_row_types(Backend& backend, Catalog& catalog, Relation& relation);
/// Creates a sequence relation in `catalog`.
RelationPtr make_sequence(Backend& backend, Catalog& catalog, Oid schema, const std::string& name, const SequenceOptions& options,
                          char persistence);
/// Where a sequence is and whose: OWNED BY asks for a table of the same.
struct SequencePlace {
    Oid schema = kInvalidOid, owner = kInvalidOid;
};
SequenceOptions bind_sequence_options(Backend& backend, const std::vector<Node>& options, SequenceOptions base, bool is_new, bool* restart,
                                      std::int64_t* restart_value, const SequencePlace& place = {});
/// ALTER SEQUENCE; a new type besides: that of an identity column.
void change_sequence(Backend& backend, const RelationPtr& sequence, const std::vector<Node>& options, Oid new_type = kInvalidOid);
Oid allocate_oid(Backend& backend);
/// Throws 55006 if a query, open cursor or trigger of the session works on the table, or its deferred events wait:
/// "cannot ALTER TABLE ... because it has pending trigger events". Mirrors CheckTableNotInUse.
void check_not_in_use(Backend& backend, const Relation& relation, std::string_view statement);

/// What stands on columns whose type has changed is dropped and made anew, so that it is the last of
/// its kind from then on (ddl_remake.cc, ATPostAlterTypeCleanup).
bool index_uses(const Index& index, int attno);
bool uses_column(const ExprPtr& expr, int attno);
/// 42704 for a type that a btree cannot order.
void require_btree_class(Backend& backend, Oid type);
/// Comments that go from one object to another: (from, to).
void move_comments(Backend& backend, const std::vector<std::pair<GrantKey, GrantKey>>& moves);
/// `relation` is the version being made.
void remake_indexes(Backend& backend, Relation& relation, const std::vector<int>& attnos);
std::vector<ForeignKeyName> remake_foreign_keys(Backend& backend, Relation& relation, const std::vector<int>& attnos);

/// Storage parameters (ddl_storage.cc): WITH (...), SET (...) and RESET (...), a list of DefElem. Throws 22023.
void set_storage_options(StorageOptions& options, const std::vector<Node>& given);
void reset_storage_options(StorageOptions& options, const std::vector<Node>& given);
void set_index_options(StorageOptions& options, const std::vector<Node>& given);

/// Types (ddl_types.cc). The name becomes free: an array type that got it by itself takes another, and its oid is
/// returned. Throws 42710 where another type has it. Mirrors moveArrayTypeName.
Oid claim_type_name(Catalog& catalog, Oid schema, const std::string& name);
void claim_type_name(Backend& backend, Oid schema, const std::string& name);
/// With its array type. Mirrors RenameTypeInternal.
void rename_type_to(Catalog& catalog, Oid schema, const TypeInfo& type, const std::string& name);
/// Throws 42704, 3F000.
TypePtr require_named_type(Backend& backend, const std::vector<std::string>& names);
/// The same of a domain; throws 42809 for another type (ddl_domain.cc).
TypePtr require_domain(Backend& backend, const std::vector<std::string>& names);
/// `_name`, with more underscores where that is taken.
std::string array_type_name(const Catalog& catalog, Oid schema, const std::string& name);
/// Puts a new type and its array into the catalog.
void publish_type(Backend& backend, const std::shared_ptr<TypeInfo>& type, Oid schema);

/// Objects that depend on a dropped one (ddl_drop.cc).
void drop_relation_object(Backend& backend, const RelationPtr& relation, bool cascade, const std::vector<Oid>& also_dropped);
void drop_objects_notice(Backend& backend, const std::vector<std::string>& dropped);

/// What hangs on a column: stops a plain DROP COLUMN, goes with CASCADE.
void settle_column_dependents(Backend& backend, const RelationPtr& relation, const Column& column, bool cascade);
/// Drops a column and, silently, what hangs on it: part of a DROP ... CASCADE.
void drop_column_cascade(Backend& backend, Oid table, const std::string& name);

/// Each DDL statement's function; utility.cc's table names them.
ExecResult create_table(Backend&, const Command&, const RowSink&);
ExecResult create_table_as(Backend&, const Command&, const RowSink&);
ExecResult alter_table(Backend&, const Command&, const RowSink&);
ExecResult rename_object(Backend&, const Command&, const RowSink&);
ExecResult alter_object_schema(Backend&, const Command&, const RowSink&);
ExecResult alter_owner(Backend&, const Command&, const RowSink&);
ExecResult create_index(Backend&, const Command&, const RowSink&);
ExecResult create_sequence(Backend&, const Command&, const RowSink&);
ExecResult alter_sequence(Backend&, const Command&, const RowSink&);
ExecResult create_schema(Backend&, const Command&, const RowSink&);
ExecResult create_function(Backend&, const Command&, const RowSink&);
ExecResult alter_function(Backend&, const Command&, const RowSink&);
ExecResult create_trigger(Backend&, const Command&, const RowSink&);
ExecResult create_enum(Backend&, const Command&, const RowSink&);
ExecResult alter_enum(Backend&, const Command&, const RowSink&);
ExecResult create_domain(Backend&, const Command&, const RowSink&);
ExecResult alter_domain(Backend&, const Command&, const RowSink&);
ExecResult create_composite_type(Backend&, const Command&, const RowSink&);
ExecResult create_view(Backend&, const Command&, const RowSink&);
ExecResult create_publication(Backend&, const Command&, const RowSink&);
ExecResult alter_publication(Backend&, const Command&, const RowSink&);
ExecResult drop_objects(Backend&, const Command&, const RowSink&);
ExecResult create_extension(Backend&, const Command&, const RowSink&);
ExecResult drop_extensions(Backend& backend, const Node& node);
/// Throws 2BP01: what an extension brought goes with it only.
void require_not_in_extension(Backend& backend, const Function& function);
ExecResult create_role(Backend&, const Command&, const RowSink&);
ExecResult alter_role(Backend&, const Command&, const RowSink&);
ExecResult drop_role(Backend&, const Command&, const RowSink&);
ExecResult comment_on(Backend&, const Command&, const RowSink&);
ExecResult truncate_tables(Backend&, const Command&, const RowSink&);
ExecResult copy_data(Backend&, const Command&, const RowSink&);
ExecResult select_into(Backend&, const Command&, const RowSink&);
ExecResult grant_privileges(Backend&, const Command&, const RowSink&);
ExecResult grant_roles(Backend&, const Command&, const RowSink&);
ExecResult alter_default_privileges(Backend&, const Command&, const RowSink&);
ExecResult prepare_statement(Backend&, const Command&, const RowSink&);
ExecResult execute_prepared(Backend&, const Command&, const RowSink&);
ExecResult deallocate(Backend&, const Command&, const RowSink&);
ExecResult declare_cursor(Backend&, const Command&, const RowSink&);
ExecResult fetch_cursor(Backend&, const Command&, const RowSink&);
ExecResult close_cursor(Backend&, const Command&, const RowSink&);
ExecResult vacuum(Backend&, const Command&, const RowSink&);
ExecResult cluster(Backend&, const Command&, const RowSink&);
/// Throws if the table cannot be clustered on the index of this name.
const Index& index_to_cluster_on(const Relation& relation, const std::string& name);
ExecResult reindex(Backend&, const Command&, const RowSink&);

// ddl_function.cc
/// The functions and procedures of a name: in its schema, or in the search path's.
std::vector<FunctionPtr> functions_named(Backend& backend, const std::vector<std::string>& names);
/// What an ObjectWithArgs names; `kind` is for messages. Throws 42883, 42725.
FunctionPtr named_function(Backend& backend, const Node& object, std::string_view kind);

}  // namespace cdcsim::pg
