// String functions: lengths, parts, padding, trimming, case, search and replace (varlena.c,
// oracle_compat.c).
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/utf8.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/ctype.h"
#include "sim/postgres/type/text.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// Largest palloc (MaxAllocSize); a longer result is an error in PostgreSQL.
constexpr std::int64_t kMaxAllocation = 0x3FFFFFFF;
constexpr std::int64_t kHeaderBytes = 4;
constexpr std::int64_t kMaxCharacterBytes = 4;

Datum text(std::string_view value) { return Datum::of_text(value); }

std::int64_t length_of(std::string_view value) {
    return static_cast<std::int64_t>(utf8::count(value));
}

/// The characters [first, last) of `value`, 0-based; bounds outside are clipped.
std::string_view characters(std::string_view value, std::int64_t first, std::int64_t last) {
    first = std::max<std::int64_t>(first, 0);
    if (last <= first) return {};
    const std::size_t begin = utf8::offset(value, static_cast<std::size_t>(first));
    value.remove_prefix(begin);
    return value.substr(0, utf8::offset(value, static_cast<std::size_t>(last - first)));
}

[[noreturn]] void negative_length() {
    throw SqlError("22011", "negative substring length not allowed");
}

Datum textlen(CallContext&, Args args) { return Datum::of_int(length_of(args[0].as_text())); }

Datum bpcharlen(CallContext&, Args args) {
    return Datum::of_int(length_of(without_blanks(args[0].as_text())));
}

Datum textoctetlen(CallContext&, Args args) {
    return Datum::of_int(static_cast<std::int64_t>(args[0].as_text().size()));
}

Datum text_bit_length(CallContext&, Args args) {
    return Datum::of_int(static_cast<std::int64_t>(args[0].as_text().size()) * 8);
}

Datum textcat(CallContext&, Args args) {
    std::string out;
    out.reserve(args[0].as_text().size() + args[1].as_text().size());
    out += args[0].as_text();
    out += args[1].as_text();
    return Datum::of_text(std::move(out));
}

Datum text_substr(CallContext&, Args args) {
    const std::int64_t start = args[1].as_int(), length = args[2].as_int();
    if (length < 0) negative_length();
    return text(characters(args[0].as_text(), start - 1, start - 1 + length));
}

Datum text_substr_no_len(CallContext&, Args args) {
    const std::string_view value = args[0].as_text();
    return text(characters(value, args[1].as_int() - 1, static_cast<std::int64_t>(value.size())));
}

Datum overlay(std::string_view value, std::string_view with, std::int64_t start,
              std::int64_t length) {
    if (start <= 0) negative_length();
    if (start + length > 2147483647) throw SqlError("22003", "integer out of range");
    std::string out(characters(value, 0, start - 1));
    out += with;
    out += characters(value, start + length - 1, static_cast<std::int64_t>(value.size()));
    return Datum::of_text(std::move(out));
}

Datum textoverlay(CallContext&, Args args) {
    return overlay(args[0].as_text(), args[1].as_text(), args[2].as_int(), args[3].as_int());
}

Datum textoverlay_no_len(CallContext&, Args args) {
    const std::string& with = args[1].as_text();
    return overlay(args[0].as_text(), with, args[2].as_int(), length_of(with));
}

Datum text_left(CallContext&, Args args) {
    const std::string& value = args[0].as_text();
    const std::int64_t count = args[1].as_int();
    return text(characters(value, 0, count < 0 ? length_of(value) + count : count));
}

Datum text_right(CallContext&, Args args) {
    const std::string& value = args[0].as_text();
    const std::int64_t count = args[1].as_int();
    const std::int64_t skipped = count < 0 ? -count : length_of(value) - count;
    return text(characters(value, skipped, static_cast<std::int64_t>(value.size())));
}

/// The characters that lpad and rpad add, and how many of `value` they keep.
struct Padding {
    std::string_view kept;
    std::string fill;
};

Padding pad(std::string_view value, std::int64_t length, std::string_view with) {
    length = std::max<std::int64_t>(length, 0);
    if (with.empty()) return {characters(value, 0, length), {}};
    if (length * kMaxCharacterBytes + kHeaderBytes > kMaxAllocation) {
        throw SqlError("54000", "requested length too large");
    }
    Padding padding{characters(value, 0, length), {}};
    const auto period = length_of(with);
    const std::int64_t missing = length - length_of(padding.kept);
    for (std::int64_t i = 0; i < missing / period; ++i) padding.fill += with;
    padding.fill += characters(with, 0, missing % period);
    return padding;
}

Datum lpad(CallContext&, Args args) {
    const std::string_view with = args.size() > 2 ? std::string_view(args[2].as_text()) : " ";
    Padding padding = pad(args[0].as_text(), args[1].as_int(), with);
    return Datum::of_text(std::move(padding.fill += padding.kept));
}

Datum rpad(CallContext&, Args args) {
    const std::string_view with = args.size() > 2 ? std::string_view(args[2].as_text()) : " ";
    const Padding padding = pad(args[0].as_text(), args[1].as_int(), with);
    return Datum::of_text(std::string(padding.kept) + padding.fill);
}

/// Which ends a trim function trims.
enum Ends : std::uint8_t { kLeft = 1, kRight = 2, kBoth = 3 };

std::vector<std::string_view> split_characters(std::string_view value) {
    std::vector<std::string_view> out;
    while (!value.empty()) {
        out.push_back(value.substr(0, utf8::length_of(value.front())));
        value.remove_prefix(out.back().size());
    }
    return out;
}

template <Ends ends>
Datum trim(CallContext&, Args args) {
    std::string_view value = args[0].as_text();
    const auto set = split_characters(args.size() > 1 ? std::string_view(args[1].as_text()) : " ");
    auto at_start = [&](std::string_view character) { return value.starts_with(character); };
    auto at_end = [&](std::string_view character) { return value.ends_with(character); };
    if constexpr ((ends & kLeft) != 0) {
        for (auto it = std::ranges::find_if(set, at_start); it != set.end();
             it = std::ranges::find_if(set, at_start)) {
            value.remove_prefix(it->size());
        }
    }
    if constexpr ((ends & kRight) != 0) {
        for (auto it = std::ranges::find_if(set, at_end); it != set.end();
             it = std::ranges::find_if(set, at_end)) {
            value.remove_suffix(it->size());
        }
    }
    return text(value);
}

Datum lower(CallContext&, Args args) { return Datum::of_text(lower_text(args[0].as_text())); }
Datum upper(CallContext&, Args args) { return Datum::of_text(upper_text(args[0].as_text())); }
Datum initcap(CallContext&, Args args) { return Datum::of_text(initcap_text(args[0].as_text())); }

Datum textpos(CallContext&, Args args) {
    const std::string_view value = args[0].as_text();
    const std::size_t at = value.find(args[1].as_text());
    if (at == std::string_view::npos) return Datum::of_int(0);
    return Datum::of_int(length_of(value.substr(0, at)) + 1);
}

Datum replace_text(CallContext&, Args args) {
    const std::string_view value = args[0].as_text(), from = args[1].as_text();
    if (from.empty()) return args[0];
    std::string out;
    std::size_t at = 0;
    for (std::size_t hit = value.find(from); hit != std::string_view::npos;
         hit = value.find(from, at)) {
        out += value.substr(at, hit - at);
        out += args[2].as_text();
        at = hit + from.size();
    }
    return Datum::of_text(std::move(out += value.substr(at)));
}

Datum translate(CallContext&, Args args) {
    const auto from = split_characters(args[1].as_text());
    const auto to = split_characters(args[2].as_text());
    std::string out;
    for (std::string_view character : split_characters(args[0].as_text())) {
        const auto index = static_cast<std::size_t>(std::ranges::find(from, character) - from.begin());
        if (index == from.size()) {
            out += character;
        } else if (index < to.size()) {
            out += to[index];
        }
    }
    return Datum::of_text(std::move(out));
}

Datum repeat(CallContext&, Args args) {
    const std::string& value = args[0].as_text();
    const std::int64_t count = std::max<std::int64_t>(args[1].as_int(), 0);
    const std::int64_t size = static_cast<std::int64_t>(value.size()) * count;
    if (size + kHeaderBytes > kMaxAllocation) {
        throw SqlError("54000", "requested length too large");
    }
    std::string out;
    out.reserve(static_cast<std::size_t>(size));
    if (!value.empty()) {
        for (std::int64_t i = 0; i < count; ++i) out += value;
    }
    return Datum::of_text(std::move(out));
}

Datum text_reverse(CallContext&, Args args) {
    const auto parts = split_characters(args[0].as_text());
    std::string out;
    out.reserve(args[0].as_text().size());
    for (auto it = parts.rbegin(); it != parts.rend(); ++it) out += *it;
    return Datum::of_text(std::move(out));
}

std::vector<std::string_view> split_fields(std::string_view value, std::string_view separator) {
    std::vector<std::string_view> fields;
    for (std::size_t hit = value.find(separator); hit != std::string_view::npos;
         hit = value.find(separator)) {
        fields.push_back(value.substr(0, hit));
        value.remove_prefix(hit + separator.size());
    }
    fields.push_back(value);
    return fields;
}

Datum split_part(CallContext&, Args args) {
    const std::string& value = args[0].as_text();
    const std::string& separator = args[1].as_text();
    std::int64_t number = args[2].as_int();
    if (number == 0) throw SqlError("22023", "field position must not be zero");
    if (value.empty()) return text("");
    if (separator.empty()) return number == 1 || number == -1 ? args[0] : text("");
    const auto fields = split_fields(value, separator);
    const auto count = static_cast<std::int64_t>(fields.size());
    if (number < 0) number += count + 1;
    if (number < 1 || number > count) return text("");
    return text(fields[static_cast<std::size_t>(number - 1)]);
}

/// string_to_table(text, separator, null_string): a NULL separator splits into characters.
void text_to_table_null(CallContext&, Args args, const RowSink& emit) {
    if (args[0].is_null() || args[0].as_text().empty()) return;
    const std::string& value = args[0].as_text();
    std::vector<std::string_view> fields{value};
    if (args[1].is_null()) {
        fields = split_characters(value);
    } else if (!args[1].as_text().empty()) {
        fields = split_fields(value, args[1].as_text());
    }
    const bool has_null = args.size() > 2 && !args[2].is_null();
    for (std::string_view field : fields) {
        const Datum row[] = {has_null && field == args[2].as_text() ? Datum() : text(field)};
        if (!emit(row)) return;
    }
}

constexpr ScalarRow kScalars[] = {
    {"#1811", text_bit_length},
    {"#879", lpad},
    {"#880", rpad},
    {"bpcharlen", bpcharlen},
    {"bpcharoctetlen", textoctetlen},
    {"btrim", trim<kBoth>},
    {"btrim1", trim<kBoth>},
    {"initcap", initcap},
    {"lower", lower},
    {"lpad", lpad},
    {"ltrim", trim<kLeft>},
    {"ltrim1", trim<kLeft>},
    {"repeat", repeat},
    {"replace_text", replace_text},
    {"rpad", rpad},
    {"rtrim", trim<kRight>},
    {"rtrim1", trim<kRight>},
    {"split_part", split_part},
    {"text_left", text_left},
    {"text_reverse", text_reverse},
    {"text_right", text_right},
    {"text_substr", text_substr},
    {"text_substr_no_len", text_substr_no_len},
    {"textcat", textcat},
    {"textlen", textlen},
    {"textoctetlen", textoctetlen},
    {"textoverlay", textoverlay},
    {"textoverlay_no_len", textoverlay_no_len},
    {"textpos", textpos},
    {"translate", translate},
    {"upper", upper},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

constexpr SetRow kSets[] = {
    {"text_to_table", text_to_table_null},
    {"text_to_table_null", text_to_table_null},
};

}  // namespace

FunctionTables text_string_tables() { return {.scalars = kScalars, .sets = kSets}; }

}  // namespace cdcsim::pg
