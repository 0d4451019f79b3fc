// One class: every kind of path item may contain every other.
#include "sim/postgres/function/jsonpath_exec.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/function/registry.h"
#include "sim/postgres/type/jsonb.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/stack_depth.h"

namespace cdcsim::pg {
namespace {

/// A jsonb value in stored form that outlives the execution.
using Item = std::string_view;
using Items = std::vector<Item>;

using Result = PathResult;
enum class Truth : std::uint8_t { kFalse, kTrue, kUnknown };

/// pg_proc's functions of numeric.
constexpr Oid kNumericAbs = 1705, kNumericCeil = 1711, kNumericFloor = 1712, kNumericAdd = 1724,
              kNumericSub = 1725, kNumericMul = 1726, kNumericDiv = 1727, kNumericMod = 1729,
              kNumericUminus = 1771, kNumericTrunc = 1709, kNumericToFloat8 = 1746,
              kFloat8ToNumeric = 1743, kTextRegexEq = 1254;

class Executor {
  public:
    Executor(Environment& env, const JsonPath& path, Item root, std::optional<Item> vars,
             bool throws)
        : env_(env), path_(path), root_(root), current_(root), vars_(vars), lax_(path.lax),
          ignore_structure_(path.lax), throws_(throws) {
        if (vars && !jsonb_is_object(*vars))
            throw SqlError("22023", "\"vars\" argument is not an object")
                .detail("Jsonpath parameters should be encoded as key-value pairs of \"vars\" "
                        "object.");
    }

    /// `found` may be nullptr: only whether there is something is asked for.
    Result run(Items* found) {
        if (lax_ || found != nullptr) return item(*path_.root, root_, found);
        Items all;
        Result result = item(*path_.root, root_, &all);
        if (result == Result::kError) return result;
        return all.empty() ? Result::kNotFound : Result::kOk;
    }

  private:
    /// Raises the error, or reports that there is one.
    Result error(const char* sqlstate, const std::string& message) {
        if (throws_) throw SqlError(sqlstate, message);
        return Result::kError;
    }
    Result structural(const char* sqlstate, const std::string& message) {
        return ignore_structure_ ? Result::kNotFound : error(sqlstate, message);
    }

    Item keep(std::string text) { return made_.emplace_back(std::move(text)); }

    Result next(const PathItem* rest, Item value, Items* found) {
        if (rest != nullptr) return item(*rest, value, found);
        if (found != nullptr) found->push_back(value);
        return Result::kOk;
    }

    Result item(const PathItem& path, Item value, Items* found) {
        return item(path, value, found, lax_);
    }

    Result item(const PathItem& path, Item value, Items* found, bool unwrap) {
        if (++depth_ > kMaxJsonDepth / 2) throw_stack_depth();
        Result result = dispatch(path, value, found, unwrap);
        --depth_;
        return result;
    }

    Result dispatch(const PathItem& path, Item value, Items* found, bool unwrap) {
        switch (path.op) {
            case PathOp::kNull: case PathOp::kBool: case PathOp::kNumeric: case PathOp::kString:
            case PathOp::kVariable: return literal(path, found);
            case PathOp::kRoot: return next(path.next.get(), root_, found);
            case PathOp::kCurrent: return next(path.next.get(), current_, found);
            case PathOp::kKey: return key(path, value, found, unwrap);
            case PathOp::kAnyKey: return any_key(path, value, found, unwrap);
            case PathOp::kAnyArray: return any_element(path, value, found);
            case PathOp::kIndexArray: return elements(path, value, found);
            case PathOp::kAny: return any_level(path, value, found);
            case PathOp::kLast: return last(path, found);
            case PathOp::kFilter: return filter(path, value, found, unwrap);
            case PathOp::kAdd: case PathOp::kSub: case PathOp::kMul: case PathOp::kDiv:
            case PathOp::kMod: return arithmetic(path, value, found);
            case PathOp::kPlus: case PathOp::kMinus: return unary(path, value, found);
            case PathOp::kType: return next(path.next.get(), type_name(value), found);
            case PathOp::kSize: return size(path, value, found);
            case PathOp::kAbs: return numeric_method(path, value, found, unwrap, kNumericAbs);
            case PathOp::kFloor: return numeric_method(path, value, found, unwrap, kNumericFloor);
            case PathOp::kCeiling: return numeric_method(path, value, found, unwrap, kNumericCeil);
            case PathOp::kDouble: return to_double(path, value, found, unwrap);
            case PathOp::kKeyValue: return key_value(path, value, found, unwrap);
            case PathOp::kDatetime: throw NotSimulated("jsonpath's datetime()");
            default: return boolean(path, value, found);
        }
    }

    Result literal(const PathItem& path, Items* found) {
        bool idle = path.next == nullptr && found == nullptr;
        if (idle && path.op != PathOp::kVariable) return Result::kOk;
        return next(path.next.get(), literal_value(path), found);
    }

    Item literal_value(const PathItem& path) {
        switch (path.op) {
            case PathOp::kNull: return "null";
            case PathOp::kString: {
                std::string quoted;
                append_json_string(path.text, quoted);
                return keep(std::move(quoted));
            }
            case PathOp::kVariable: {
                std::optional<Item> value;
                if (vars_) value = jsonb_find_key(*vars_, path.text);
                if (!value)
                    throw SqlError("42704",
                                   "could not find jsonpath variable \"" + path.text + "\"");
                return *value;
            }
            default: return path.text;
        }
    }

    /// The path applied to each element of an array.
    Result unwrapped(const PathItem* path, Item array, Items* found, bool unwrap_elements) {
        return descend(path, array, found, 1, 1, 1, false, unwrap_elements);
    }

    /// The members at levels first..last below `container`.
    Result descend(const PathItem* path, Item container, Items* found, std::uint32_t level,
                   std::uint32_t first, std::uint32_t last_level, bool ignore_structure,
                   bool unwrap_next) {
        Result result = Result::kNotFound;
        if (level > last_level) return result;
        JsonbReader reader(container);
        bool object = jsonb_is_object(container);
        Item name, value;
        while (object ? reader.next_pair(name, value) : reader.next_element(value)) {
            bool leaves = first == kPathLast && last_level == kPathLast && jsonb_is_scalar(value);
            if (level >= first || leaves) {
                if (path != nullptr) {
                    bool saved = ignore_structure_;
                    if (ignore_structure) ignore_structure_ = true;
                    result = item(*path, value, found, unwrap_next);
                    ignore_structure_ = saved;
                    if (result == Result::kError) return result;
                    if (result == Result::kOk && found == nullptr) return result;
                } else if (found != nullptr) {
                    found->push_back(value);
                } else {
                    return Result::kOk;
                }
            }
            if (level < last_level && !jsonb_is_scalar(value)) {
                result = descend(path, value, found, level + 1, first, last_level,
                                 ignore_structure, unwrap_next);
                if (result == Result::kError) return result;
                if (result == Result::kOk && found == nullptr) return result;
            }
        }
        return result;
    }

    Result key(const PathItem& path, Item value, Items* found, bool unwrap) {
        if (jsonb_is_object(value)) {
            std::optional<Item> member = jsonb_find_key(value, path.text);
            if (member) return next(path.next.get(), *member, found);
            return structural("2203A", "JSON object does not contain key \"" + path.text + "\"");
        }
        if (unwrap && jsonb_is_array(value)) return unwrapped(&path, value, found, false);
        return structural("2203A", "jsonpath member accessor can only be applied to an object");
    }

    Result any_key(const PathItem& path, Item value, Items* found, bool unwrap) {
        if (jsonb_is_object(value)) return unwrapped(path.next.get(), value, found, lax_);
        if (unwrap && jsonb_is_array(value)) return unwrapped(&path, value, found, false);
        return structural("2203C",
                          "jsonpath wildcard member accessor can only be applied to an object");
    }

    Result any_element(const PathItem& path, Item value, Items* found) {
        if (jsonb_is_array(value)) return unwrapped(path.next.get(), value, found, lax_);
        if (lax_) return next(path.next.get(), value, found);
        return structural("22039",
                          "jsonpath wildcard array accessor can only be applied to an array");
    }

    Result any_level(const PathItem& path, Item value, Items* found) {
        Result result = Result::kNotFound;
        if (path.first == 0) {
            bool saved = ignore_structure_;
            ignore_structure_ = true;
            result = next(path.next.get(), value, found);
            ignore_structure_ = saved;
            if (result == Result::kOk && found == nullptr) return result;
        }
        if (jsonb_is_scalar(value)) return result;
        return descend(path.next.get(), value, found, 1, path.first, path.last, true, lax_);
    }

    /// A number from 0 that a subscript's expression gives.
    Result index_of(const PathItem& path, Item value, std::int64_t& index) {
        Items found;
        Result result = item(path, value, &found);
        if (result == Result::kError) return result;
        if (found.size() != 1 || jsonb_kind(found[0]) != JsonbKind::kNumeric)
            return error("22033", "jsonpath array subscript is not a single numeric value");
        Datum whole = call(kNumericTrunc, oid::kNumeric, {Datum::of_text(found[0]),
                                                          Datum::of_int(0)});
        const std::string& text = whole.as_text();
        bool small = text.size() < 12;
        index = small ? std::stoll(text) : 0;
        if (!small || index < std::numeric_limits<std::int32_t>::min() ||
            index > std::numeric_limits<std::int32_t>::max())
            return error("22033", "jsonpath array subscript is out of integer range");
        return Result::kOk;
    }

    Result elements(const PathItem& path, Item value, Items* found) {
        if (!jsonb_is_array(value) && !lax_)
            return structural("22039", "jsonpath array accessor can only be applied to an array");
        std::int64_t saved = array_size_;
        std::int64_t size = jsonb_is_array(value) ? jsonb_count(value) : 1;
        array_size_ = size;
        Result result = Result::kNotFound;
        for (const PathItem::Subscript& range : path.subscripts) {
            std::int64_t from = 0, to = 0;
            result = index_of(*range.from, value, from);
            if (result == Result::kError) break;
            to = from;
            if (range.to) result = index_of(*range.to, value, to);
            if (result == Result::kError) break;
            if (!ignore_structure_ && (from < 0 || from > to || to >= size)) {
                result = error("22033", "jsonpath array subscript is out of bounds");
                break;
            }
            result = range_elements(path, value, std::max<std::int64_t>(from, 0),
                                    std::min(to, size - 1), found);
            if (result == Result::kError || (result == Result::kOk && found == nullptr)) break;
        }
        array_size_ = saved;
        return result;
    }

    Result range_elements(const PathItem& path, Item value, std::int64_t from, std::int64_t to,
                          Items* found) {
        Result result = Result::kNotFound;
        for (std::int64_t i = from; i <= to; ++i) {
            std::optional<Item> element = value;
            if (jsonb_is_array(value)) element = jsonb_find_index(value, i);
            if (!element) continue;
            if (path.next == nullptr && found == nullptr) return Result::kOk;
            result = next(path.next.get(), *element, found);
            if (result == Result::kError || (result == Result::kOk && found == nullptr)) break;
        }
        return result;
    }

    Result last(const PathItem& path, Items* found) {
        if (path.next == nullptr && found == nullptr) return Result::kOk;
        return next(path.next.get(), keep(std::to_string(array_size_ - 1)), found);
    }

    Result filter(const PathItem& path, Item value, Items* found, bool unwrap) {
        if (unwrap && jsonb_is_array(value)) return unwrapped(&path, value, found, false);
        Item saved = current_;
        current_ = value;
        Truth truth = test(*path.left, value);
        current_ = saved;
        if (truth != Truth::kTrue) return Result::kNotFound;
        return next(path.next.get(), value, found);
    }

    Result boolean(const PathItem& path, Item value, Items* found) {
        Truth truth = test(path, value);
        if (path.next == nullptr && found == nullptr) return Result::kOk;
        Item result = truth == Truth::kUnknown ? "null" : truth == Truth::kTrue ? "true" : "false";
        return next(path.next.get(), result, found);
    }

    /// All values of an expression, arrays opened in lax mode if `unwrap`.
    Result sequence(const PathItem& path, Item value, bool unwrap, Items* found) {
        if (!unwrap || !lax_) return item(path, value, found);
        Items values;
        Result result = item(path, value, &values);
        if (result == Result::kError) return result;
        for (Item each : values) {
            if (jsonb_is_array(each)) unwrapped(nullptr, each, found, false);
            else if (found != nullptr) found->push_back(each);
        }
        return Result::kOk;
    }

    Result quiet_sequence(const PathItem& path, Item value, bool unwrap, Items* found) {
        bool saved = throws_;
        throws_ = false;
        Result result = sequence(path, value, unwrap, found);
        throws_ = saved;
        return result;
    }

    Truth test(const PathItem& path, Item value) {
        switch (path.op) {
            case PathOp::kAnd: {
                Truth left = test(*path.left, value);
                if (left == Truth::kFalse) return left;
                Truth right = test(*path.right, value);
                return right == Truth::kTrue ? left : right;
            }
            case PathOp::kOr: {
                Truth left = test(*path.left, value);
                if (left == Truth::kTrue) return left;
                Truth right = test(*path.right, value);
                return right == Truth::kFalse ? left : right;
            }
            case PathOp::kNot: {
                Truth truth = test(*path.left, value);
                if (truth == Truth::kUnknown) return truth;
                return truth == Truth::kTrue ? Truth::kFalse : Truth::kTrue;
            }
            case PathOp::kIsUnknown:
                return test(*path.left, value) == Truth::kUnknown ? Truth::kTrue : Truth::kFalse;
            case PathOp::kExists: return exists(*path.left, value);
            default: return predicate(path, value);
        }
    }

    Truth exists(const PathItem& path, Item value) {
        Items all;
        Result result = quiet_sequence(path, value, false, lax_ ? nullptr : &all);
        if (result == Result::kError) return Truth::kUnknown;
        bool found = lax_ ? result == Result::kOk : !all.empty();
        return found ? Truth::kTrue : Truth::kFalse;
    }

    Truth predicate(const PathItem& path, Item value) {
        Items left, right;
        if (quiet_sequence(*path.left, value, true, &left) == Result::kError)
            return Truth::kUnknown;
        bool unwrap_right = path.op != PathOp::kStartsWith;
        if (path.right != nullptr &&
            quiet_sequence(*path.right, value, unwrap_right, &right) == Result::kError)
            return Truth::kUnknown;
        if (path.right == nullptr) right.assign(1, Item{});
        bool unknown = false, found = false;
        for (Item a : left) {
            for (Item b : right) {
                Truth truth = compare(path, a, b);
                if (truth == Truth::kUnknown) {
                    if (!lax_) return truth;
                    unknown = true;
                } else if (truth == Truth::kTrue) {
                    if (lax_) return truth;
                    found = true;
                }
            }
        }
        if (found) return Truth::kTrue;
        return unknown ? Truth::kUnknown : Truth::kFalse;
    }

    Truth compare(const PathItem& path, Item a, Item b) {
        auto truth = [](bool value) { return value ? Truth::kTrue : Truth::kFalse; };
        if (path.op == PathOp::kLikeRegex) return like_regex(path, a);
        if (path.op == PathOp::kStartsWith) {
            bool strings =
                jsonb_kind(a) == JsonbKind::kString && jsonb_kind(b) == JsonbKind::kString;
            if (!strings) return Truth::kUnknown;
            return truth(jsonb_unescape(a).starts_with(jsonb_unescape(b)));
        }
        JsonbKind kind = jsonb_kind(a);
        if (kind != jsonb_kind(b)) {
            bool null = kind == JsonbKind::kNull || jsonb_kind(b) == JsonbKind::kNull;
            if (null) return truth(path.op == PathOp::kNotEqual);
            return Truth::kUnknown;
        }
        if (kind >= JsonbKind::kArray) return Truth::kUnknown;
        int order = compare_jsonb(a, b);
        switch (path.op) {
            case PathOp::kEqual: return truth(order == 0);
            case PathOp::kNotEqual: return truth(order != 0);
            case PathOp::kLess: return truth(order < 0);
            case PathOp::kGreater: return truth(order > 0);
            case PathOp::kLessOrEqual: return truth(order <= 0);
            default: return truth(order >= 0);
        }
    }

    Truth like_regex(const PathItem& path, Item value) {
        if (jsonb_kind(value) != JsonbKind::kString) return Truth::kUnknown;
        Datum matches = call(kTextRegexEq, oid::kText,
                             {Datum::of_text(jsonb_unescape(value)),
                              Datum::of_text(path_regex(path.text, path.flags))});
        return matches.as_bool() ? Truth::kTrue : Truth::kFalse;
    }

    Datum call(Oid function, Oid type, std::vector<Datum> args) {
        ScalarFunction scalar = find_scalar_function(function);
        if (scalar == nullptr) throw NotSimulated("jsonpath's arithmetic");
        const std::vector<Oid> types(args.size(), type);
        CallContext context{env_, type, types, oid::kDefaultCollation, false, function};
        return scalar(context, args);
    }

    static Oid arithmetic_function(PathOp op) {
        switch (op) {
            case PathOp::kAdd: return kNumericAdd;
            case PathOp::kSub: return kNumericSub;
            case PathOp::kMul: return kNumericMul;
            case PathOp::kDiv: return kNumericDiv;
            default: return kNumericMod;
        }
    }

    static bool single_number(const Items& items) {
        return items.size() == 1 && jsonb_kind(items[0]) == JsonbKind::kNumeric;
    }

    Result arithmetic(const PathItem& path, Item value, Items* found) {
        Items left, right;
        Result result = sequence(*path.left, value, true, &left);
        if (result == Result::kError) return result;
        result = sequence(*path.right, value, true, &right);
        if (result == Result::kError) return result;
        std::string suffix = " operand of jsonpath operator " + std::string(path_op_name(path.op)) +
                             " is not a single numeric value";
        if (!single_number(left)) return error("22038", "left" + suffix);
        if (!single_number(right)) return error("22038", "right" + suffix);
        std::string number;
        try {
            number = call(arithmetic_function(path.op), oid::kNumeric,
                          {Datum::of_text(left[0]), Datum::of_text(right[0])})
                         .as_text();
        } catch (const SqlError& e) {
            if (throws_ || e.is_not_simulated()) throw;
            return Result::kError;
        }
        if (path.next == nullptr && found == nullptr) return Result::kOk;
        return next(path.next.get(), keep(std::move(number)), found);
    }

    Result unary(const PathItem& path, Item value, Items* found) {
        Items values;
        Result result = sequence(*path.left, value, true, &values);
        if (result == Result::kError) return result;
        result = Result::kNotFound;
        bool only_existence = found == nullptr && path.next == nullptr;
        for (Item each : values) {
            bool numeric = jsonb_kind(each) == JsonbKind::kNumeric;
            if (only_existence && numeric) return Result::kOk;
            if (only_existence) continue;
            if (!numeric)
                return error("2203B", "operand of unary jsonpath operator " +
                                          std::string(path_op_name(path.op)) +
                                          " is not a numeric value");
            if (path.op == PathOp::kMinus)
                each = keep(call(kNumericUminus, oid::kNumeric, {Datum::of_text(each)}).as_text());
            Result one = next(path.next.get(), each, found);
            if (one == Result::kError) return one;
            if (one != Result::kOk) continue;
            if (found == nullptr) return Result::kOk;
            result = Result::kOk;
        }
        return result;
    }

    static Item type_name(Item value) {
        switch (jsonb_kind(value)) {
            case JsonbKind::kNull: return "\"null\"";
            case JsonbKind::kString: return "\"string\"";
            case JsonbKind::kNumeric: return "\"number\"";
            case JsonbKind::kBool: return "\"boolean\"";
            case JsonbKind::kArray: return "\"array\"";
            default: return "\"object\"";
        }
    }

    Result size(const PathItem& path, Item value, Items* found) {
        bool array = jsonb_is_array(value);
        if (!array && !lax_)
            return structural("22039",
                              "jsonpath item method .size() can only be applied to an array");
        return next(path.next.get(), keep(std::to_string(array ? jsonb_count(value) : 1)), found);
    }

    static std::string method(const PathItem& path) {
        return "jsonpath item method ." + std::string(path_op_name(path.op)) + "()";
    }

    Result numeric_method(const PathItem& path, Item value, Items* found, bool unwrap,
                          Oid function) {
        if (unwrap && jsonb_is_array(value)) return unwrapped(&path, value, found, false);
        if (jsonb_kind(value) != JsonbKind::kNumeric)
            return error("22036", method(path) + " can only be applied to a numeric value");
        Datum number = call(function, oid::kNumeric, {Datum::of_text(value)});
        if (path.next == nullptr && found == nullptr) return Result::kOk;
        return next(path.next.get(), keep(number.as_text()), found);
    }

    Result to_double(const PathItem& path, Item value, Items* found, bool unwrap) {
        if (unwrap && jsonb_is_array(value)) return unwrapped(&path, value, found, false);
        JsonbKind kind = jsonb_kind(value);
        if (kind != JsonbKind::kNumeric && kind != JsonbKind::kString)
            return error("22036",
                         method(path) + " can only be applied to a string or numeric value");
        bool numeric = kind == JsonbKind::kNumeric;
        try {
            std::string text = numeric ? std::string(value) : jsonb_unescape(value);
            Datum number = input_text(env_, oid::kFloat8, text);
            if (!numeric) {
                bool finite = number.as_float() - number.as_float() == 0;
                if (!finite) throw SqlError("22023", "");
                value = keep(call(kFloat8ToNumeric, oid::kFloat8, {number}).as_text());
            }
        } catch (const SqlError& e) {
            if (e.is_not_simulated()) throw;
            if (numeric)
                return error("22036", "numeric argument of " + method(path) +
                                          " is out of range for type double precision");
            return error("22036", "string argument of " + method(path) +
                                      " is not a valid representation of a double precision "
                                      "number");
        }
        return next(path.next.get(), value, found);
    }

    /// The id that keyvalue() gives is the object's place in the binary form: known for the root.
    Result key_value(const PathItem& path, Item value, Items* found, bool unwrap) {
        if (unwrap && jsonb_is_array(value)) return unwrapped(&path, value, found, false);
        if (!jsonb_is_object(value))
            return error("2203C", method(path) + " can only be applied to an object");
        if (value == "{}") return Result::kNotFound;
        if (path.next == nullptr && found == nullptr) return Result::kOk;
        if (value.data() != root_.data())
            throw NotSimulated("jsonpath's keyvalue() of an object inside another value");
        Result result = Result::kNotFound;
        JsonbReader reader(value);
        Item name, member;
        while (reader.next_pair(name, member)) {
            std::string pair = "{\"id\": 0, \"key\": ";
            pair.append(name).append(", \"value\": ").append(member).append("}");
            result = next(path.next.get(), keep(std::move(pair)), found);
            if (result == Result::kError || (result == Result::kOk && found == nullptr)) break;
        }
        return result;
    }

    Environment& env_;
    const JsonPath& path_;
    Item root_, current_;
    std::optional<Item> vars_;
    bool lax_, ignore_structure_, throws_;
    std::int64_t array_size_ = -1;
    int depth_ = 0;
    std::deque<std::string> made_;  ///< values that the execution made
};

}  // namespace

PathResult run_jsonpath(Environment& env, const JsonPath& path, const PathInput& input,
                        std::vector<std::string>* found) {
    Executor executor(env, path, input.value, input.vars, !input.silent);
    if (found == nullptr) return executor.run(nullptr);
    Items items;
    PathResult result = executor.run(&items);
    found->assign(items.begin(), items.end());
    return result;
}

}  // namespace cdcsim::pg
