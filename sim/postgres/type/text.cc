#include "sim/postgres/type/text.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

bool all_blank(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c == ' '; });
}

/// The part of `text` that fits into `limit` characters.
std::string_view fit(std::string_view text, std::size_t limit, Overflow overflow,
                     std::string_view type_name) {
    if (text.size() <= limit) return text;
    const std::size_t end = utf8::offset(text, limit);
    if (overflow == Overflow::kError && !all_blank(text.substr(end))) {
        throw SqlError("22001", "value too long for type " + std::string(type_name) + "(" +
                                    std::to_string(limit) + ")");
    }
    return text.substr(0, end);
}

Datum text_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(text);
}

void text_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

int text_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_text().compare(b.as_text());
}

Datum varchar_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    return Datum::of_text(coerce_varchar(text, typmod, Overflow::kError));
}

Datum bpchar_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t typmod) {
    return Datum::of_text(coerce_bpchar(text, typmod, Overflow::kError));
}

int bpchar_compare(const Datum& a, const Datum& b) noexcept {
    return without_blanks(a.as_text()).compare(without_blanks(b.as_text()));
}

Datum name_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_text(clip_name(text));
}

/// A name is stored in 64 bytes, padded with zeros.
void name_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    const std::string& name = value.as_text();
    out += name;
    out.append(kMaxNameLength + 1 - name.size(), '\0');
}

Datum char_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return Datum::of_int(parse_char(text));
}

void char_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    append_char(out, static_cast<std::uint8_t>(value.as_int()));
}

int char_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int();
}

Datum void_input(Environment&, const TypeInfo&, std::string_view, std::int32_t) {
    return Datum::of_text("");
}

Datum node_tree_input(Environment&, const TypeInfo& type, std::string_view, std::int32_t) {
    throw SqlError("0A000", "cannot accept a value of type " + type.name);
}

constexpr Oid kPgNodeTree = 194;

constexpr TypeOps kTypes[] = {
    {oid::kChar, char_input, char_output, char_compare, nullptr, true},
    {oid::kName, name_input, text_output, text_compare, name_to_disk, true},
    {oid::kText, text_input, text_output, text_compare, nullptr, true},
    {kPgNodeTree, node_tree_input, text_output, nullptr, nullptr, false},
    {oid::kUnknown, text_input, text_output, nullptr, nullptr, false},
    {oid::kBpchar, bpchar_input, text_output, bpchar_compare, nullptr, false},
    {oid::kVarchar, varchar_input, text_output, text_compare, nullptr, true},
    {oid::kRefcursor, text_input, text_output, nullptr, nullptr, false},
    {oid::kCstring, text_input, text_output, nullptr, nullptr, false},
    {oid::kVoid, void_input, text_output, nullptr, nullptr, false},
};
static_assert(std::ranges::is_sorted(kTypes, {}, &TypeOps::oid));

}  // namespace

std::string coerce_varchar(std::string_view text, std::int32_t typmod, Overflow overflow) {
    if (typmod < 4) return std::string(text);
    return std::string(
        fit(text, static_cast<std::size_t>(typmod - 4), overflow, "character varying"));
}

std::string coerce_bpchar(std::string_view text, std::int32_t typmod, Overflow overflow) {
    if (typmod < 4) return std::string(text);
    const auto limit = static_cast<std::size_t>(typmod - 4);
    std::string out(fit(text, limit, overflow, "character"));
    const std::size_t length = utf8::count(out);
    if (length < limit) out.append(limit - length, ' ');
    return out;
}

std::string_view without_blanks(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

std::string_view clip_name(std::string_view text) {
    if (text.size() <= kMaxNameLength) return text;
    std::size_t end = 0;
    while (end + utf8::length_of(text[end]) <= kMaxNameLength) end += utf8::length_of(text[end]);
    return text.substr(0, end);
}

std::uint8_t parse_char(std::string_view text) {
    if (text.empty()) return 0;
    auto digit = [&](std::size_t i, char last) { return text[i] >= '0' && text[i] <= last; };
    if (text.size() == 4 && text[0] == '\\' && digit(1, '3') && digit(2, '7') && digit(3, '7')) {
        return static_cast<std::uint8_t>((text[1] - '0') * 64 + (text[2] - '0') * 8 +
                                         (text[3] - '0'));
    }
    return static_cast<std::uint8_t>(text[0]);
}

void append_char(std::string& out, std::uint8_t value) {
    if (value >= 128) {
        out += '\\';
        out += static_cast<char>('0' + (value >> 6));
        out += static_cast<char>('0' + (value >> 3 & 7));
        out += static_cast<char>('0' + (value & 7));
    } else if (value != 0) {
        out += static_cast<char>(value);
    }
}

FunctionTables text_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
