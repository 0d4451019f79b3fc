// What the server knows of a type, built-in or created, and the C++ functions that carry it.
// Mirrors pg_type and the type's fmgr functions (typinput, typoutput, btree comparison).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/type/datum.h"

namespace cdcsim::pg {

class Environment;
struct TypeInfo;

/// One row for each built-in base type, in the file of the type (type/numeric.cc has numeric's).
/// Enums, arrays, domains and composites share the rows of their kind: `type` says which one.
struct TypeOps {
    Oid oid;  ///< kInvalidOid for the shared rows

    /// typinput with the typmod already applied as a column's assignment from an unknown literal
    /// does (so '1.235'::numeric(3,2) rounds, 'abc'::varchar(2) truncates only if
    /// `explicit_cast`, else is 22001). Throws SqlError 22P02 and its kin with PostgreSQL's words.
    Datum (*input)(Environment& env, const TypeInfo& type, std::string_view text, std::int32_t typmod);

    /// typoutput under the session's settings (DateStyle, TimeZone, bytea_output ...): appends.
    void (*output)(Environment& env, const TypeInfo& type, const Datum& value, std::string& out);

    /// The order of the type's default btree operator class: <0, 0, >0. Never sees NULL. It does not
    /// throw: stored values are valid. nullptr: no default order (json, point).
    int (*compare)(const Datum& a, const Datum& b) noexcept;

    /// Appends the varlena's payload exactly as PostgreSQL stores it (without the length header,
    /// uncompressed), or the image of a fixed-length type that is passed by reference. nullptr where
    /// the payload is the Text itself, or the type is by value. Lengths decide pages and TOAST.
    void (*to_disk)(Environment& env, const TypeInfo& type, const Datum& value, std::string& out);

    /// True if SQLite's own comparison of the representation is `compare` (INTEGER, REAL, memcmp).
    bool native_order;
};

struct Attribute {
    std::string name;
    Oid type = kInvalidOid;
    std::int32_t typmod = -1;
    bool dropped = false;
};

struct EnumLabel {
    Oid oid = kInvalidOid;
    double sort_order = 0;
    std::string label;
};

/// Immutable; a change of the type makes a new one.
struct TypeInfo {
    Oid oid = kInvalidOid;
    std::string schema, name;
    char typtype = 'b';
    char category = 'U';
    bool preferred = false;
    std::int16_t length = -1;
    bool by_value = false;
    char align = 'i';
    char storage = 'x';
    char delimiter = ',';
    Oid element = kInvalidOid;  ///< of an array (typelem; also name, point ... as in pg_type)
    Oid array = kInvalidOid;    ///< its array type
    Oid base = kInvalidOid;     ///< of a domain: the type directly below
    std::int32_t base_typmod = -1;
    bool not_null = false;      ///< domain NOT NULL (checks live in the catalog)
    Oid relation = kInvalidOid; ///< of a composite: the table's or type's pg_class oid
    Oid collation = kInvalidOid;
    const TypeOps* ops = nullptr;  ///< nullptr: not simulated
    std::vector<EnumLabel> labels;      ///< by sort_order
    std::vector<Attribute> attributes;  ///< of a composite, dropped ones included

    /// Pseudo-type record[] is one too.
    bool is_array() const { return (category == 'A' || oid == 2287) && element != kInvalidOid && length == -1; }
};

/// format_type_with_typmod: "numeric(10,2)", "character varying(20)[]", "public.mood" where the
/// search_path does not reach it. The name that PostgreSQL's messages use (format_type_be) has
/// typmod -1.
std::string format_type(Environment& env, Oid type, std::int32_t typmod = -1);

/// `value` in text form under the session's settings; the type decides how. REQUIRES: not NULL.
std::string output_text(Environment& env, Oid type, const Datum& value);

/// The type's input function on `text`. Throws SqlError, NotSimulated.
Datum input_text(Environment& env, Oid type, std::string_view text, std::int32_t typmod = -1);

/// Default btree order of two non-NULL values of one type (arrays and composites recurse).
int compare_values(Environment& env, Oid type, const Datum& a, const Datum& b);

}  // namespace cdcsim::pg
