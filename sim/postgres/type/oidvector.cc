#include "sim/postgres/type/oidvector.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include "core/base/error.h"
#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {

namespace {

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// What one element may be, and how the errors call it.
struct ElementKind {
    std::string_view type_name;
    std::int64_t least, greatest;
    Oid type;
};
constexpr ElementKind kOidElement = {"oid", -2147483648LL, 4294967295LL, oid::kOid};
constexpr ElementKind kInt2Element = {"smallint", -32768, 32767, oid::kInt2};

/// Parses one number at the front of `text` and removes it.
std::int64_t take_number(std::string_view& text, const ElementKind& kind) {
    const std::string_view shown = text;
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec == std::errc::invalid_argument) {
        throw SqlError("22P02", "invalid input syntax for type " + std::string(kind.type_name) +
                                    ": \"" + std::string(shown) + "\"");
    }
    const bool overflow = parsed.ec == std::errc::result_out_of_range;
    if (overflow || value < kind.least || value > kind.greatest) {
        throw SqlError("22003", "value \"" + std::string(shown) + "\" is out of range for type " +
                                    std::string(kind.type_name));
    }
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    return value;
}

Datum vector_input(std::string_view text, const ElementKind& kind) {
    std::string out;
    while (true) {
        while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
        if (text.empty()) return Datum::of_text(std::move(out));
        std::int64_t value = take_number(text, kind);
        if (kind.type == oid::kOid) value &= 0xFFFFFFFFLL;  // -1 is 4294967295
        if (!out.empty()) out += ' ';
        out += std::to_string(value);
    }
}

Datum oidvector_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return vector_input(text, kOidElement);
}

Datum int2vector_input(Environment&, const TypeInfo&, std::string_view text, std::int32_t) {
    return vector_input(text, kInt2Element);
}

void vector_output(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    out += value.as_text();
}

int oidvector_compare(const Datum& a, const Datum& b) noexcept {
    return compare_oidvectors(a.as_text(), b.as_text());
}

void put_little_endian(std::string& out, std::int64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 255);
}

/// An array of one dimension with lower bound 0: ndim, data offset 0, element type, dimension,
/// lower bound, the elements.
void vector_to_disk(const Datum& value, std::string& out, Oid element, unsigned bytes) {
    const auto elements = vector_elements(value.as_text());
    const auto size = static_cast<std::int64_t>(elements.size());
    const std::int64_t header[] = {1, 0, static_cast<std::int64_t>(element), size, 0};
    for (std::int64_t word : header) put_little_endian(out, word, 4);
    for (std::int64_t number : elements) put_little_endian(out, number, bytes);
}

void oidvector_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    vector_to_disk(value, out, oid::kOid, 4);
}

void int2vector_to_disk(Environment&, const TypeInfo&, const Datum& value, std::string& out) {
    vector_to_disk(value, out, oid::kInt2, 2);
}

constexpr TypeOps kTypes[] = {
    {oid::kInt2vector, int2vector_input, vector_output, nullptr, int2vector_to_disk, false},
    {oid::kOidvector, oidvector_input, vector_output, oidvector_compare, oidvector_to_disk, false},
};

}  // namespace

std::vector<std::int64_t> vector_elements(std::string_view canonical) {
    std::vector<std::int64_t> elements;
    const char* at = canonical.data();
    const char* const end = at + canonical.size();
    while (at != end) {
        std::int64_t value = 0;
        at = std::from_chars(at, end, value).ptr;
        elements.push_back(value);
        if (at != end) ++at;
    }
    return elements;
}

int compare_oidvectors(std::string_view a, std::string_view b) noexcept {
    const auto left = vector_elements(a);
    const auto right = vector_elements(b);
    if (left.size() != right.size()) return left.size() < right.size() ? -1 : 1;
    const auto [l, r] = std::ranges::mismatch(left, right);
    if (l == left.end()) return 0;
    return *l < *r ? -1 : 1;
}

FunctionTables oidvector_type_tables() { return {.types = kTypes}; }

}  // namespace cdcsim::pg
