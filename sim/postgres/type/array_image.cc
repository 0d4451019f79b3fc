#include "sim/postgres/type/array_image.h"

#include <bit>
#include <cstring>

#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr std::size_t kLengthWord = 4;

void append_int(std::string& out, std::uint64_t value, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::size_t alignment(char align) {
    switch (align) {
        case 's': return 2;
        case 'i': return 4;
        case 'd': return 8;
        default: return 1;
    }
}

/// `origin` is where the value's first byte (its length word) lies relative to out[0], negated.
void pad(std::string& out, std::size_t start, std::size_t align) {
    std::size_t length = out.size() - start + kLengthWord;
    out.append((align - length % align) % align, '\0');
}

void append_by_value(const TypeInfo& type, const Datum& value, std::string& out) {
    std::uint64_t bits = 0;
    if (value.kind() == Datum::Kind::kInt) {
        bits = static_cast<std::uint64_t>(value.as_int());
    } else if (type.oid == oid::kFloat4) {
        bits = std::bit_cast<std::uint32_t>(static_cast<float>(value.as_float()));
    } else if (type.typtype == 'e') {
        for (const EnumLabel& label : type.labels)
            if (label.sort_order == value.as_float()) bits = label.oid;
    } else {
        bits = std::bit_cast<std::uint64_t>(value.as_float());
    }
    append_int(out, bits, static_cast<std::size_t>(type.length));
}

void append_payload(Environment& env, const TypeInfo& type, const Datum& value, std::string& out) {
    if (type.ops != nullptr && type.ops->to_disk != nullptr)
        type.ops->to_disk(env, type, value, out);
    else
        out += value.as_text();
}

enum class Header { kFull, kPacked };

/// One element or attribute at its place: aligned in front by the caller.
void append_value(Environment& env, const TypeInfo& type, const Datum& value, Header header,
                  std::size_t start, std::string& out) {
    if (type.by_value) {
        pad(out, start, alignment(type.align));
        append_by_value(type, value, out);
        return;
    }
    if (type.length != -1) {
        pad(out, start, alignment(type.align));
        std::size_t at = out.size();
        append_payload(env, type, value, out);
        if (type.length > 0) out.resize(at + static_cast<std::size_t>(type.length));
        else out += '\0';
        return;
    }
    std::string payload;
    append_payload(env, type, value, payload);
    if (header == Header::kPacked && type.storage != 'p' && payload.size() + 1 <= 127) {
        out += static_cast<char>((payload.size() + 1) << 1 | 1);
    } else {
        pad(out, start, alignment(type.align));
        append_int(out, (payload.size() + kLengthWord) << 2, kLengthWord);
    }
    out += payload;
}

void append_null_bitmap(std::span<const Datum> values, std::string& out) {
    for (std::size_t i = 0; i < values.size(); i += 8) {
        unsigned byte = 0;
        for (std::size_t j = i; j < values.size() && j < i + 8; ++j)
            if (!values[j].is_null()) byte |= 1U << (j - i);
        out += static_cast<char>(byte);
    }
}

bool any_null(std::span<const Datum> values) {
    for (const Datum& value : values)
        if (value.is_null()) return true;
    return false;
}

}  // namespace

void array_to_disk(Environment& env, const TypeInfo& type, const Datum& datum, std::string& out) {
    ArrayValue value = read_array(env, type.oid, datum.as_text());
    const TypeInfo& element = env.type(array_element_type(env, type.oid));
    const TypeInfo& base = base_type(env, element);
    std::size_t start = out.size();
    bool nulls = any_null(value.elements);
    std::size_t ndim = static_cast<std::size_t>(value.ndim);
    std::size_t overhead = 16 + 8 * ndim + (nulls ? (value.elements.size() + 7) / 8 : 0);
    append_int(out, ndim, 4);
    append_int(out, nulls ? (overhead + 7) / 8 * 8 : 0, 4);
    append_int(out, element.oid, 4);
    for (std::size_t i = 0; i < ndim; ++i)
        append_int(out, static_cast<std::uint32_t>(value.dims[i]), 4);
    for (std::size_t i = 0; i < ndim; ++i)
        append_int(out, static_cast<std::uint32_t>(value.lower[i]), 4);
    if (nulls) append_null_bitmap(value.elements, out);
    pad(out, start, 8);
    for (const Datum& item : value.elements) {
        if (item.is_null()) continue;
        append_value(env, base, item, Header::kFull, start, out);
        pad(out, start, alignment(base.align));
    }
}

void row_to_disk(Environment& env, const TypeInfo& type, const Datum& datum, std::string& out) {
    std::string_view literal;
    RowType row_type = row_type_of(env, type.oid, datum, literal);
    std::vector<Datum> fields = parse_row(env, row_type, literal);
    std::size_t start = out.size();
    bool nulls = any_null(fields);
    std::size_t offset = (23 + (nulls ? (fields.size() + 7) / 8 : 0) + 7) / 8 * 8;
    append_int(out, 0xFFFFFFFF, 4);  // datum_typmod -1
    append_int(out, type.oid, 4);
    append_int(out, 0xFFFFFFFF, 4);  // an invalid ctid
    append_int(out, 0, 2);
    append_int(out, fields.size(), 2);
    append_int(out, nulls ? 3 : 2, 2);
    append_int(out, offset, 1);
    if (nulls) append_null_bitmap(fields, out);
    pad(out, start, 8);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].is_null()) continue;
        append_value(env, base_type(env, env.type(row_type[i].type)), fields[i], Header::kPacked,
                     start, out);
    }
}

}  // namespace cdcsim::pg
