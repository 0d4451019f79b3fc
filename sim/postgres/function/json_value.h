// Any SQL value as JSON: what to_json, row_to_json, json_agg ... write, and to_jsonb and its like
// build. Mirrors json_categorize_type, datum_to_json and datum_to_jsonb.
#pragma once

#include <string>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/jsonb.h"

namespace cdcsim::pg {

/// What a type looks like in JSON.
enum class JsonCategory : std::uint8_t {
    kBool, kNumeric, kDate, kTimestamp, kTimestamptz, kJson, kJsonb, kArray, kComposite, kOther
};
JsonCategory json_category(Environment& env, Oid type);

/// Appends the value as JSON text. `line_feeds` puts the fields or elements on lines of their own.
void append_json(Environment& env, Oid type, const Datum& value, std::string& out,
                 bool line_feeds = false);
/// Appends the value as an object's key, in quotes. REQUIRES: not NULL. Throws 22023
/// `key value must be scalar, not array, composite, or json`.
void append_json_key(Environment& env, Oid type, const Datum& value, std::string& out);

/// Adds the value to a jsonb under construction.
void build_jsonb(Environment& env, Oid type, const Datum& value, JsonbBuilder& out);
/// The text of the value as an object's key; REQUIRES and throws as append_json_key.
std::string jsonb_key_text(Environment& env, Oid type, const Datum& value);

}  // namespace cdcsim::pg
