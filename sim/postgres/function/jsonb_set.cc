// jsonb: a value at a path is set, inserted or deleted (jsonb_set, jsonb_insert, #-, assignment to a
// subscript). Mirrors setPath in jsonfuncs.c and jsonbsubs.c.
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/function/json_path_elements.h"
#include "sim/postgres/function/jsonb_subscript.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/jsonb.h"

namespace cdcsim::pg {
namespace {

using Args = std::span<const Datum>;
using Path = std::vector<std::optional<std::string>>;

/// What is done at the end of the path.
enum : unsigned {
    kCreate = 1,
    kDelete = 2,
    kReplace = 4,
    kInsertBefore = 8,
    kInsertAfter = 16,
    kFillGaps = 32,
    kConsistentPosition = 64,
    kInsert = kInsertBefore | kInsertAfter,
    kCreateOrInsert = kInsert | kCreate,
};

/// Copies a value, with a change at the end of the path.
class PathSetter {
  public:
    PathSetter(const Path& path, std::string_view new_value, unsigned operation)
        : path_(path), new_value_(new_value), operation_(operation) {}

    std::string run(std::string_view value) {
        set(value, 0);
        return out_.take();
    }

  private:
    bool is(unsigned operations) const { return (operation_ & operations) != 0; }
    bool is_last(std::size_t level) const { return level + 1 == path_.size(); }

    [[noreturn]] static void scalar_in_path() {
        throw SqlError("22023", "cannot replace existing key")
            .detail("The path assumes key is a composite object, but it is a scalar value.");
    }

    void set(std::string_view value, std::size_t level) {
        if (!path_[level])
            throw SqlError("22004", "path element at position " + std::to_string(level + 1) +
                                        " is null");
        if (jsonb_is_object(value)) return set_object(value, level);
        if (jsonb_is_array(value)) return set_array(value, level);
        if (is(kFillGaps)) scalar_in_path();
        out_.value(value);
    }

    void add_pair(std::size_t level) {
        out_.key(*path_[level]);
        out_.value(new_value_);
    }

    void set_found(std::string_view key, std::string_view value, std::size_t level) {
        if (!is_last(level)) {
            out_.stored_key(key);
            return set(value, level + 1);
        }
        if (is(kInsert))
            throw SqlError("22023", "cannot replace existing key")
                .hint("Try using the function jsonb_set to replace key value.");
        if (is(kDelete)) return;
        out_.stored_key(key);
        out_.value(new_value_);
    }

    void set_object(std::string_view object, std::size_t level) {
        std::string wanted;
        append_json_string(*path_[level], wanted);
        out_.begin_object();
        bool done = false;
        JsonbReader reader(object);
        std::string_view key, value;
        while (reader.next_pair(key, value)) {
            if (key == wanted) {
                done = true;
                set_found(key, value, level);
            } else {
                out_.stored_key(key);
                out_.value(value);
            }
        }
        if (!done && is_last(level) && is(kCreateOrInsert)) add_pair(level);
        if (!done && !is_last(level) && is(kFillGaps)) {
            out_.key(*path_[level]);
            push_path(level);
        }
        out_.end_object();
    }

    std::int64_t element_index(std::size_t level, std::int64_t count) {
        std::optional<std::int32_t> parsed = path_index(*path_[level]);
        std::string position = "path element at position " + std::to_string(level + 1);
        if (!parsed)
            throw SqlError("22P02", position + " is not an integer: \"" + *path_[level] + "\"");
        std::int64_t index = *parsed;
        if (index < 0 && -index > count) {
            if (is(kConsistentPosition))
                throw SqlError("22023", position + " is out of range: " + std::to_string(index));
            return std::numeric_limits<std::int32_t>::min();
        }
        if (index < 0) index += count;
        if (!is(kFillGaps) && index > count) index = count;
        return index;
    }

    void set_element(std::string_view value, std::size_t level) {
        if (!is_last(level)) return set(value, level + 1);
        if (is(kInsertBefore | kCreate)) out_.value(new_value_);
        if (is(kInsert)) out_.value(value);
        if (is(kInsertAfter | kReplace)) out_.value(new_value_);
    }

    void push_nulls(std::int64_t count) {
        for (; count > 0; --count) out_.null();
    }

    void set_array(std::string_view array, std::size_t level) {
        std::int64_t count = jsonb_count(array);
        std::int64_t index = element_index(level, count);
        bool done = false;
        out_.begin_array();
        bool prepend = index == std::numeric_limits<std::int32_t>::min() || count == 0;
        if (prepend && is_last(level) && is(kCreateOrInsert)) {
            if (is(kFillGaps) && count == 0) push_nulls(index);
            out_.value(new_value_);
            done = true;
        }
        JsonbReader reader(array);
        std::string_view value;
        for (std::int64_t i = 0; reader.next_element(value); ++i) {
            if (i == index) {
                done = true;
                set_element(value, level);
            } else {
                out_.value(value);
            }
        }
        if (!done && is_last(level) && is(kCreateOrInsert)) {
            if (is(kFillGaps)) push_nulls(index - count);
            out_.value(new_value_);
            done = true;
        }
        if (!done && !is_last(level) && is(kFillGaps)) {
            if (index > 0) push_nulls(index - count);
            push_path(level);
        }
        out_.end_array();
    }

    /// The value at path element `level`, which does not exist yet: containers as the elements
    /// behind it ask (an integer makes an array).
    void push_path(std::size_t level) {
        if (is_last(level)) return out_.value(new_value_);
        const std::string& next = *path_[level + 1];
        if (std::optional<std::int32_t> index = path_index(next)) {
            out_.begin_array();
            push_nulls(*index);
            push_path(level + 1);
            out_.end_array();
        } else {
            out_.begin_object();
            out_.key(next);
            push_path(level + 1);
            out_.end_object();
        }
    }

    const Path& path_;
    std::string_view new_value_;
    unsigned operation_;
    JsonbBuilder out_;
};

Path read_path(const Datum& array) {
    int ndim = 0;
    Path path = read_text_array(array.as_text(), &ndim);
    if (ndim > 1) throw SqlError("2202E", "wrong number of array subscripts");
    return path;
}

[[noreturn]] void cannot(const std::string& what) { throw SqlError("22023", "cannot " + what); }

Datum set_at(const Datum& target, const Datum& path_array, std::string_view new_value,
             unsigned operation) {
    Path path = read_path(path_array);
    const std::string& value = target.as_text();
    if (jsonb_is_scalar(value))
        cannot(operation == kDelete ? "delete path in scalar" : "set path in scalar");
    bool idle = operation == kDelete || operation == kReplace;
    if (path.empty() || (idle && jsonb_is_empty(value))) return target;
    return Datum::of_text(PathSetter(path, new_value, operation).run(value));
}

Datum jsonb_set(CallContext&, Args args) {
    return set_at(args[0], args[1], args[2].as_text(), args[3].as_bool() ? kCreate : kReplace);
}

Datum jsonb_insert(CallContext&, Args args) {
    return set_at(args[0], args[1], args[2].as_text(),
                  args[3].as_bool() ? kInsertAfter : kInsertBefore);
}

Datum jsonb_delete_path(CallContext&, Args args) {
    return set_at(args[0], args[1], {}, kDelete);
}

Datum jsonb_set_lax(CallContext& call, Args args) {
    if (args[0].is_null() || args[1].is_null() || args[3].is_null()) return Datum();
    if (args[4].is_null())
        throw SqlError("22023",
                       "null_value_treatment must be \"delete_key\", \"return_target\", "
                       "\"use_json_null\", or \"raise_exception\"");
    if (!args[2].is_null()) return jsonb_set(call, args);
    const std::string& treatment = args[4].as_text();
    if (treatment == "raise_exception")
        throw SqlError("22004", "JSON value must not be null")
            .detail("Exception was raised because null_value_treatment is \"raise_exception\".")
            .hint("To avoid, either change the null_value_treatment argument or ensure that an "
                  "SQL NULL is not passed.");
    if (treatment == "use_json_null")
        return set_at(args[0], args[1], "null", args[3].as_bool() ? kCreate : kReplace);
    if (treatment == "delete_key") return jsonb_delete_path(call, args);
    if (treatment == "return_target") return args[0];
    throw SqlError("22023",
                   "null_value_treatment must be \"delete_key\", \"return_target\", "
                   "\"use_json_null\", or \"raise_exception\"");
}

constexpr ScalarRow kScalars[] = {
    {"jsonb_delete_path", jsonb_delete_path},
    {"jsonb_insert", jsonb_insert},
    {"jsonb_set", jsonb_set},
    {"jsonb_set_lax", jsonb_set_lax},
};

}  // namespace

Datum jsonb_get_subscript(const Datum& value, std::span<const Datum> subscripts) {
    if (value.is_null()) return Datum();
    std::string_view at = value.as_text();
    for (const Datum& subscript : subscripts)
        if (subscript.is_null()) return Datum();
    for (const Datum& subscript : subscripts) {
        std::optional<std::string_view> next;
        if (jsonb_is_object(at)) {
            next = jsonb_find_key(at, subscript.as_text());
        } else if (jsonb_is_array(at)) {
            std::optional<std::int32_t> index = path_index(subscript.as_text());
            if (index) next = jsonb_find_index(at, *index);
        }
        if (!next) return Datum();
        at = *next;
    }
    return Datum::of_text(at);
}

Datum jsonb_set_subscript(const Datum& value, std::span<const Datum> subscripts,
                          bool first_is_integer, const Datum& new_value) {
    Path path;
    for (const Datum& subscript : subscripts) {
        if (subscript.is_null())
            throw SqlError("22004", "jsonb subscript in assignment must not be null");
        path.emplace_back(subscript.as_text());
    }
    std::string target = value.is_null() ? (first_is_integer ? "[]" : "{}") : value.as_text();
    if (jsonb_is_scalar(target))
        throw SqlError("22023", "cannot replace existing key")
            .detail("The path assumes key is a composite object, but it is a scalar value.");
    std::string_view stored = new_value.is_null() ? "null" : std::string_view(new_value.as_text());
    return Datum::of_text(
        PathSetter(path, stored, kCreate | kFillGaps | kConsistentPosition).run(target));
}

FunctionTables jsonb_set_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
