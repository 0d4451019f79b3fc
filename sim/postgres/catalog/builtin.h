// The built-in rows of PostgreSQL 15's catalogs: types, functions, operators, casts, SQLSTATE names.
// The data (data/*.inc) is written by tools/catalog/dump.py from a real server; it says what exists,
// function/registry.h says what of it is built.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "core/base/ids.h"

namespace cdcsim::pg {

/// pg_type.
struct TypeRow {
    Oid oid;
    std::string_view name;
    char typtype;        ///< b, c, d, e, p, r, m
    char category;
    bool preferred;
    std::int16_t length; ///< -1 varlena, -2 cstring
    bool by_value;
    char align;          ///< c, s, i, d
    char storage;        ///< p, e, m, x
    char delimiter;
    Oid element;         ///< typelem
    Oid array;
    Oid base;
    std::int32_t base_typmod;
    Oid collation;
    std::string_view input, output;
    Oid typmod_in, typmod_out;
};

/// pg_proc. `prosrc` is empty for SQL-language functions.
struct ProcRow {
    Oid oid;
    std::string_view name, prosrc;
    char kind;           ///< f, a, w
    Oid result;
    bool returns_set, strict;
    char volatility;     ///< i, s, v
    Oid variadic;
    std::int16_t default_count;
    std::initializer_list<Oid> args;      ///< input arguments
    std::initializer_list<Oid> all_args;  ///< with OUT arguments, or empty
    std::string_view arg_modes;           ///< one of i, o, b, v, t for each of all_args
    std::string_view arg_names;           ///< joined by commas
    std::string_view defaults;            ///< pg_get_expr of the defaults
};

/// pg_operator. kind is b (infix) or l (prefix).
struct OperatorRow {
    Oid oid;
    std::string_view name;
    char kind;
    Oid left, right, result, commutator, negator, function;
};

/// pg_cast. context: i(mplicit), a(ssignment), e(xplicit); method: f(unction), i(nout), b(inary).
struct CastRow {
    Oid source, target, function;
    char context, method;
};

/// A strategy row of a btree operator family: 1 <, 2 <=, 3 =, 4 >=, 5 >.
struct BtreeOperatorRow {
    Oid op, left, right;
    int strategy;
    std::string_view family;
};

/// A condition name of PL/pgSQL (division_by_zero) and its SQLSTATE.
struct ConditionRow {
    std::string_view name, sqlstate;
};

std::span<const TypeRow> builtin_types();          ///< by oid
std::span<const ProcRow> builtin_procs();          ///< by oid
std::span<const OperatorRow> builtin_operators();  ///< by oid
std::span<const CastRow> builtin_casts();          ///< by source, target
const CastRow* find_cast(Oid source, Oid target);  ///< or null
std::span<const BtreeOperatorRow> builtin_btree_operators();  ///< by operator
std::span<const ConditionRow> condition_names();   ///< by name

const TypeRow* find_builtin_type(Oid oid);
/// The same with its functions (type/type_info.h), without a reference counted.
struct TypeInfo;
const TypeInfo* find_builtin_type_info(Oid oid);
const ProcRow* find_builtin_proc(Oid oid);
const OperatorRow* find_builtin_operator(Oid oid);

}  // namespace cdcsim::pg
