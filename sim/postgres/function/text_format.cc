// concat, concat_ws, format, num_nulls, the quoting functions and || with a value that is not text
// (varlena.c, quote.c).
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/quote.h"
#include "sim/postgres/type/text.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// What `value::text` gives: the types that have a cast function of their own differ from output.
std::string cast_to_text(Environment& env, Oid type, const Datum& value) {
    const TypeInfo& base = base_type(env, env.type(type));
    std::string out;
    if (base.oid == oid::kBool) return value.as_bool() ? "true" : "false";
    base.ops->output(env, base, value, out);
    if (base.oid == oid::kBpchar) return std::string(without_blanks(out));
    if (base.oid == oid::kInet && out.find('/') == std::string::npos) {
        out += out.find(':') == std::string::npos ? "/32" : "/128";
    }
    return out;
}

/// The values of a VARIADIC "any" parameter from `first` on: the arguments, or an array's elements.
struct VariadicValues {
    bool is_null = false;  ///< VARIADIC NULL
    std::vector<Datum> values;
    std::vector<Oid> types;

    VariadicValues(CallContext& call, Args args, std::size_t first) {
        if (!call.variadic) {
            values.assign(args.begin() + static_cast<std::ptrdiff_t>(first), args.end());
            types.assign(call.arg_types.begin() + static_cast<std::ptrdiff_t>(first),
                         call.arg_types.end());
            return;
        }
        is_null = args[first].is_null();
        if (is_null) return;
        const Oid array = call.arg_types[first];
        values = read_array(call.env, array, args[first].as_text()).elements;
        types.assign(values.size(), array_element_type(call.env, array));
    }
};

Datum join(CallContext& call, const VariadicValues& items, std::string_view separator) {
    std::string out;
    bool first = true;
    for (std::size_t i = 0; i < items.values.size(); ++i) {
        if (items.values[i].is_null()) continue;
        if (!first) out += separator;
        first = false;
        out += output_text(call.env, items.types[i], items.values[i]);
    }
    return Datum::of_text(std::move(out));
}

Datum text_concat(CallContext& call, Args args) {
    const VariadicValues items(call, args, 0);
    return items.is_null ? Datum() : join(call, items, "");
}

Datum text_concat_ws(CallContext& call, Args args) {
    if (args[0].is_null()) return {};
    const VariadicValues items(call, args, 1);
    return items.is_null ? Datum() : join(call, items, args[0].as_text());
}

/// num_nulls and num_nonnulls; NULL for VARIADIC NULL.
template <bool nulls>
Datum count_nulls(CallContext& call, Args args) {
    const VariadicValues items(call, args, 0);
    if (items.is_null) return {};
    return Datum::of_int(std::ranges::count_if(
        items.values, [](const Datum& value) { return value.is_null() == nulls; }));
}

Datum textanycat(CallContext& call, Args args) {
    return Datum::of_text(args[0].as_text() +
                          cast_to_text(call.env, call.arg_types[1], args[1]));
}

Datum anytextcat(CallContext& call, Args args) {
    return Datum::of_text(cast_to_text(call.env, call.arg_types[0], args[0]) +
                          args[1].as_text());
}

Datum quote_ident(CallContext&, Args args) {
    return Datum::of_text(quote_identifier(args[0].as_text()));
}

Datum quote_literal_text(CallContext&, Args args) {
    return Datum::of_text(quote_literal(args[0].as_text()));
}

Datum quote_nullable(CallContext& call, Args args) {
    return args[0].is_null() ? Datum::of_text("NULL") : quote_literal_text(call, args);
}

Datum quote_literal_any(CallContext& call, Args args) {
    return Datum::of_text(quote_literal(cast_to_text(call.env, call.arg_types[0], args[0])));
}

Datum quote_nullable_any(CallContext& call, Args args) {
    return args[0].is_null() ? Datum::of_text("NULL") : quote_literal_any(call, args);
}

// format(): one specifier is %[n$][-][width|*|*n$]type.

struct FormatSpecifier {
    int argument = -1;        ///< n$, or -1: the next one
    int width_argument = -1;  ///< *n$; 0: the next one; -1: none
    bool left = false;
    int width = 0;
    char type = 0;
};

/// Reads the specifiers of one format string.
class FormatScanner {
  public:
    explicit FormatScanner(std::string_view text) : text_(text) {}

    /// Appends literal text up to the next specifier; false at the end.
    bool next(std::string& out, FormatSpecifier& specifier) {
        while (at_ < text_.size()) {
            if (text_[at_] != '%') {
                out += text_[at_++];
                continue;
            }
            advance();
            if (text_[at_] != '%') {
                specifier = parse();
                return true;
            }
            out += text_[at_++];
        }
        return false;
    }

  private:
    void advance() {
        if (++at_ < text_.size()) return;
        throw SqlError("22023", "unterminated format() type specifier")
            .hint("For a single \"%\" use \"%%\".");
    }

    bool parse_digits(int& value) {
        bool found = false;
        std::int64_t number = 0;
        while (text_[at_] >= '0' && text_[at_] <= '9') {
            number = number * 10 + (text_[at_] - '0');
            if (number > 2147483647) throw SqlError("22003", "number is out of range");
            found = true;
            advance();
        }
        if (found) value = static_cast<int>(number);
        return found;
    }

    static void check_position(int position) {
        if (position != 0) return;
        throw SqlError("22023",
                       "format specifies argument 0, but arguments are numbered from 1");
    }

    void parse_width(FormatSpecifier& specifier) {
        int number = 0;
        if (parse_digits(number)) {
            if (text_[at_] != '$') {
                specifier.width = number;
                return;
            }
            check_position(specifier.argument = number);
            advance();
        }
        for (; text_[at_] == '-'; advance()) specifier.left = true;
        if (text_[at_] != '*') {
            parse_digits(specifier.width);
            return;
        }
        advance();
        specifier.width_argument = 0;
        if (!parse_digits(number)) return;
        if (text_[at_] != '$') {
            throw SqlError("22023", "width argument position must be ended by \"$\"");
        }
        check_position(specifier.width_argument = number);
        advance();
    }

    FormatSpecifier parse() {
        FormatSpecifier specifier;
        parse_width(specifier);
        specifier.type = text_[at_];
        if (specifier.type != 's' && specifier.type != 'I' && specifier.type != 'L') {
            const std::string_view shown = text_.substr(at_, utf8::length_of(text_[at_]));
            throw SqlError("22023", "unrecognized format() type specifier \"" +
                                        std::string(shown) + "\"")
                .hint("For a single \"%\" use \"%%\".");
        }
        ++at_;
        return specifier;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

/// The integer that a value gives as a width.
std::int64_t width_of(Environment& env, Oid type, const Datum& value) {
    if (value.is_null()) return 0;
    if (type == oid::kInt4 || type == oid::kInt2) return value.as_int();
    return input_text(env, oid::kInt4, output_text(env, type, value)).as_int();
}

void append_padded(std::string& out, std::string_view text, std::int64_t width, bool left) {
    if (width == -2147483648LL) throw SqlError("22003", "number is out of range");
    if (width < 0) {
        left = true;
        width = -width;
    }
    const auto length = static_cast<std::int64_t>(utf8::count(text));
    const auto blanks = static_cast<std::size_t>(std::max<std::int64_t>(width - length, 0));
    if (!left) out.append(blanks, ' ');
    out += text;
    if (left) out.append(blanks, ' ');
}

std::string format_value(CallContext& call, char conversion, Oid type, const Datum& value) {
    if (value.is_null()) {
        if (conversion == 'I') {
            throw SqlError("22004", "null values cannot be formatted as an SQL identifier");
        }
        return conversion == 'L' ? "NULL" : "";
    }
    std::string text = output_text(call.env, type, value);
    if (conversion == 'I') return quote_identifier(text);
    return conversion == 'L' ? quote_literal(text) : text;
}

Datum text_format(CallContext& call, Args args) {
    if (args[0].is_null()) return {};
    const VariadicValues items = args.size() > 1 ? VariadicValues(call, args, 1)
                                                 : VariadicValues(call, args.first(0), 0);
    // Arguments are numbered from 1; `next` is the one that a specifier without n$ takes.
    int next = 1;
    auto take = [&](int position) {
        if (position > 0) next = position;
        if (static_cast<std::size_t>(next) > items.values.size()) {
            throw SqlError("22023", "too few arguments for format()");
        }
        return static_cast<std::size_t>(next++ - 1);
    };
    std::string out;
    FormatScanner scanner(args[0].as_text());
    for (FormatSpecifier specifier; scanner.next(out, specifier);) {
        std::int64_t width = specifier.width;
        if (specifier.width_argument >= 0) {
            const std::size_t i = take(specifier.width_argument);
            width = width_of(call.env, items.types[i], items.values[i]);
        }
        const std::size_t i = take(specifier.argument);
        append_padded(out, format_value(call, specifier.type, items.types[i], items.values[i]),
                      width, specifier.left);
    }
    return Datum::of_text(std::move(out));
}

constexpr ScalarRow kScalars[] = {
    {"#1285", quote_literal_any},
    {"#1290", quote_nullable_any},
    {"#2003", textanycat},
    {"#2004", anytextcat},
    {"pg_num_nonnulls", count_nulls<false>},
    {"pg_num_nulls", count_nulls<true>},
    {"quote_ident", quote_ident},
    {"quote_literal", quote_literal_text},
    {"quote_nullable", quote_nullable},
    {"text_concat", text_concat},
    {"text_concat_ws", text_concat_ws},
    {"text_format", text_format},
    {"text_format_nv", text_format},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables text_format_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
