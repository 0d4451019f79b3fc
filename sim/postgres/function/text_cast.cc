// Length coercions and casts of the text types (varchar.c, char.c, name.c).
#include <algorithm>

#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/text.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

Overflow overflow_of(const Datum& is_explicit) {
    return is_explicit.as_bool() ? Overflow::kTruncate : Overflow::kError;
}

/// varchar(varchar, typmod, explicit)
Datum varchar(CallContext&, Args args) {
    const auto typmod = static_cast<std::int32_t>(args[1].as_int());
    return Datum::of_text(coerce_varchar(args[0].as_text(), typmod, overflow_of(args[2])));
}

/// bpchar(bpchar, typmod, explicit)
Datum bpchar(CallContext&, Args args) {
    const auto typmod = static_cast<std::int32_t>(args[1].as_int());
    return Datum::of_text(coerce_bpchar(args[0].as_text(), typmod, overflow_of(args[2])));
}

/// text(bpchar): the blanks at the end go.
Datum bpchar_text(CallContext&, Args args) {
    return Datum::of_text(without_blanks(args[0].as_text()));
}

Datum bpchar_name(CallContext&, Args args) {
    return Datum::of_text(without_blanks(clip_name(args[0].as_text())));
}

Datum text_name(CallContext&, Args args) { return Datum::of_text(clip_name(args[0].as_text())); }
Datum name_text(CallContext&, Args args) { return args[0]; }
Datum name_bpchar(CallContext&, Args args) { return args[0]; }

Datum char_text_form(CallContext&, Args args) {
    std::string out;
    append_char(out, static_cast<std::uint8_t>(args[0].as_int()));
    return Datum::of_text(std::move(out));
}

/// Unlike the cast to text this one takes the byte as it is, which above 127 is not valid UTF-8.
Datum char_bpchar(CallContext& call, Args args) {
    if (args[0].as_int() > 127) throw NotSimulated("a \"char\" above 127 cast to bpchar");
    return char_text_form(call, args);
}

Datum text_char(CallContext&, Args args) { return Datum::of_int(parse_char(args[0].as_text())); }

Datum i4tochar(CallContext&, Args args) {
    const std::int64_t value = args[0].as_int();
    if (value < -128 || value > 127) throw SqlError("22003", "\"char\" out of range");
    return Datum::of_int(value & 255);
}

Datum chartoi4(CallContext&, Args args) {
    const std::int64_t byte = args[0].as_int();
    return Datum::of_int(byte < 128 ? byte : byte - 256);
}

Datum nameconcatoid(CallContext&, Args args) {
    const std::string suffix = '_' + std::to_string(args[1].as_int());
    std::string_view name = args[0].as_text();
    if (name.size() + suffix.size() > kMaxNameLength) {
        std::size_t end = 0;
        const std::size_t room = kMaxNameLength - suffix.size();
        while (end + utf8::length_of(name[end]) <= room) end += utf8::length_of(name[end]);
        name = name.substr(0, end);
    }
    return Datum::of_text(std::string(name) + suffix);
}

constexpr ScalarRow kScalars[] = {
    {"#401", bpchar_text},
    {"#944", text_char},
    {"#946", char_text_form},
    {"bpchar", bpchar},
    {"bpchar_name", bpchar_name},
    {"char_bpchar", char_bpchar},
    {"chartoi4", chartoi4},
    {"i4tochar", i4tochar},
    {"name_bpchar", name_bpchar},
    {"name_text", name_text},
    {"nameconcatoid", nameconcatoid},
    {"text_name", text_name},
    {"varchar", varchar},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables text_cast_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
