// jsonb values. The stored form is jsonb_out's text: keys ordered by length, then bytes, no
// duplicates, numbers as numeric prints them, `{"a": 1, "b": [1, 2]}`. Because that text is
// canonical, parts of it are jsonb values again: the functions read it with the readers below and
// write it with JsonbBuilder, without a tree in between. Mirrors jsonb_util.c.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/postgres/type/datum.h"
#include "sim/postgres/type/json_parse.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {

/// In the order in which jsonb_cmp sorts them.
enum class JsonbKind : std::uint8_t { kNull, kString, kNumeric, kBool, kArray, kObject };

/// The kind of a stored value. REQUIRES: not empty.
JsonbKind jsonb_kind(std::string_view value);
inline bool jsonb_is_scalar(std::string_view value) { return jsonb_kind(value) < JsonbKind::kArray; }
inline bool jsonb_is_object(std::string_view value) { return value[0] == '{'; }
inline bool jsonb_is_array(std::string_view value) { return value[0] == '['; }
/// "{}" and "[]".
inline bool jsonb_is_empty(std::string_view value) { return value == "{}" || value == "[]"; }

/// Reads the elements of a stored array, or the pairs of a stored object, one after another. The
/// views point into the value; keys are in quotes and escaped as stored.
class JsonbReader {
  public:
    /// REQUIRES: an array or object.
    explicit JsonbReader(std::string_view container);
    bool next_element(std::string_view& value);
    bool next_pair(std::string_view& key, std::string_view& value);

  private:
    std::string_view take_value();
    const char* pos_;
    const char* end_;
};

/// Number of elements or pairs.
int jsonb_count(std::string_view container);

/// The value of a key given as plain text.
std::optional<std::string_view> jsonb_find_key(std::string_view object, std::string_view key);
/// The element at `index`, which counts from the end if negative.
std::optional<std::string_view> jsonb_find_index(std::string_view array, std::int64_t index);

/// The text of a string value or key, without quotes and escapes.
std::string jsonb_unescape(std::string_view quoted);
/// What ->> gives: a string's text, the stored form of anything else; nullopt for JSON null.
std::optional<std::string> jsonb_as_text(std::string_view value);

/// Writes a value from left to right; objects are brought into order when they end.
class JsonbBuilder {
  public:
    void begin_array();
    void end_array();
    void begin_object();
    void end_object();
    /// The key of the next value.
    void key(std::string_view text);
    /// A key in stored form.
    void stored_key(std::string_view quoted);
    void string(std::string_view text);
    /// Any value in stored form.
    void value(std::string_view stored);
    void null() { value("null"); }
    /// A JSON number as written; throws 22003 `value overflows numeric format`.
    void number(std::string_view lexeme);
    bool in_object() const { return !frames_.empty() && frames_.back().object; }

    std::string take() { return std::move(out_); }
    const std::string& text() const { return out_; }

  private:
    struct Frame {
        bool object;
        int count;
        std::size_t first_pair;
        std::size_t start;  ///< offset behind the opening bracket
    };
    /// A pair of the objects that are open. `begin` is the key's quote.
    struct Pair {
        std::size_t begin, key_size, end;
        std::size_t text_size;  ///< of the key without escapes
    };
    void separate();
    bool before(const Pair& a, const Pair& b) const;
    void sort_pairs(const Frame& frame);
    void open(bool object, char bracket);

    std::string out_;
    std::vector<Frame> frames_;
    std::vector<Pair> pairs_;
};

/// Parses JSON text into a builder (jsonb_in's semantics). Throws as parse_json does.
void parse_jsonb(std::string_view json, JsonbBuilder& builder);
std::string parse_jsonb(std::string_view json);

/// The numeric text of a valid JSON number ("1.5e3" is "1500"). Appends.
void append_jsonb_number(std::string_view lexeme, std::string& out);

/// jsonb_cmp's order.
int compare_jsonb(std::string_view a, std::string_view b) noexcept;
/// Equality of two scalars as the containment operators see it.
bool jsonb_scalars_equal(std::string_view a, std::string_view b);
/// a @> b.
bool jsonb_contains_value(std::string_view a, std::string_view b);

/// Order of two keys in quotes: length without escapes, then bytes.
int compare_jsonb_keys(std::string_view a, std::string_view b);

/// Appends the bytes of PostgreSQL's JsonbContainer (behind the varlena's length word).
void append_jsonb_image(Environment& env, std::string_view value, std::string& out);

}  // namespace cdcsim::pg
