// Order and containment of stored jsonb values.
#include <algorithm>
#include <vector>

#include "sim/postgres/type/jsonb.h"

namespace cdcsim::pg {
namespace {

int sign(std::ptrdiff_t value) { return value < 0 ? -1 : value > 0; }

int compare_bytes(std::string_view a, std::string_view b) { return sign(a.compare(b)); }

/// strcoll's result under the collations C and C.UTF-8 is visible in jsonb_cmp: the difference of the
/// first bytes that differ, the end counting as 0.
int difference(std::string_view a, std::string_view b) {
    std::size_t common = std::min(a.size(), b.size());
    std::size_t i = 0;
    while (i < common && a[i] == b[i]) ++i;
    auto at = [i](std::string_view text) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
    };
    return at(a) - at(b);
}

/// A numeric's text in parts.
struct Number {
    bool negative = false;
    std::string_view whole, fraction;
};

Number split_number(std::string_view text) {
    Number number;
    number.negative = text.starts_with('-');
    text.remove_prefix(number.negative);
    std::size_t point = std::min(text.find('.'), text.size());
    number.whole = text.substr(0, point);
    if (number.whole == "0") number.whole = {};
    if (point < text.size()) number.fraction = text.substr(point + 1);
    while (number.fraction.ends_with('0')) number.fraction.remove_suffix(1);
    return number;
}

int compare_numbers(std::string_view left, std::string_view right) {
    Number a = split_number(left), b = split_number(right);
    if (a.negative != b.negative) return a.negative ? -1 : 1;
    int order = sign(static_cast<std::ptrdiff_t>(a.whole.size()) -
                     static_cast<std::ptrdiff_t>(b.whole.size()));
    if (order == 0) order = compare_bytes(a.whole, b.whole);
    if (order == 0) order = compare_bytes(a.fraction, b.fraction);
    return a.negative ? -order : order;
}

int compare_strings(std::string_view a, std::string_view b) {
    bool plain = a.find('\\') == std::string_view::npos && b.find('\\') == std::string_view::npos;
    if (plain) return difference(a.substr(1, a.size() - 2), b.substr(1, b.size() - 2));
    return difference(jsonb_unescape(a), jsonb_unescape(b));
}

int compare_any(std::string_view a, std::string_view b);

int compare_scalars(JsonbKind kind, std::string_view a, std::string_view b) {
    switch (kind) {
        case JsonbKind::kString: return compare_strings(a, b);
        case JsonbKind::kNumeric: return compare_numbers(a, b);
        case JsonbKind::kBool: return (a[0] == 't') - (b[0] == 't');
        default: return 0;
    }
}

int compare_containers(std::string_view a, std::string_view b, bool object) {
    if (int order = sign(jsonb_count(a) - jsonb_count(b))) return order;
    JsonbReader left(a), right(b);
    std::string_view x, y, key_x, key_y;
    if (!object) {
        while (left.next_element(x) && right.next_element(y))
            if (int order = compare_any(x, y)) return order;
        return 0;
    }
    while (left.next_pair(key_x, x) && right.next_pair(key_y, y)) {
        if (int order = compare_strings(key_x, key_y)) return order;
        if (int order = compare_any(x, y)) return order;
    }
    return 0;
}

int compare_any(std::string_view a, std::string_view b) {
    JsonbKind kind = jsonb_kind(a), other = jsonb_kind(b);
    if (kind != other) return kind < other ? -1 : 1;
    if (kind < JsonbKind::kArray) return compare_scalars(kind, a, b);
    return compare_containers(a, b, kind == JsonbKind::kObject);
}

bool array_has_scalar(std::string_view array, std::string_view scalar) {
    JsonbReader reader(array);
    std::string_view element;
    while (reader.next_element(element))
        if (jsonb_is_scalar(element) && jsonb_scalars_equal(element, scalar)) return true;
    return false;
}

bool contains(std::string_view a, std::string_view b);

bool array_contains(std::string_view array, std::string_view wanted) {
    JsonbReader reader(wanted);
    std::string_view want, have;
    while (reader.next_element(want)) {
        bool found = false;
        if (jsonb_is_scalar(want)) {
            found = array_has_scalar(array, want);
        } else {
            JsonbReader candidates(array);
            while (!found && candidates.next_element(have))
                found = !jsonb_is_scalar(have) && contains(have, want);
        }
        if (!found) return false;
    }
    return true;
}

/// The pairs of both are in the same order, so one pass is enough.
bool object_contains(std::string_view object, std::string_view wanted) {
    JsonbReader reader(wanted), candidates(object);
    std::string_view key, want, name, have;
    while (reader.next_pair(key, want)) {
        do {
            if (!candidates.next_pair(name, have)) return false;
        } while (name != key);
        bool scalar = jsonb_is_scalar(want);
        if (scalar != jsonb_is_scalar(have)) return false;
        if (scalar ? !jsonb_scalars_equal(have, want) : !contains(have, want)) return false;
    }
    return true;
}

/// Two containers.
bool contains(std::string_view a, std::string_view b) {
    if (jsonb_kind(a) != jsonb_kind(b)) return false;
    return jsonb_is_object(a) ? object_contains(a, b) : array_contains(a, b);
}

}  // namespace

int compare_jsonb_keys(std::string_view a, std::string_view b) {
    std::string x = jsonb_unescape(a), y = jsonb_unescape(b);
    if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
    return compare_bytes(x, y);
}

int compare_jsonb(std::string_view a, std::string_view b) noexcept {
    // At the top a scalar is an array of one element: against an array it is less, except that
    // the number of elements is looked at afterwards, so the empty array is less than any scalar.
    bool scalar_a = jsonb_is_scalar(a), scalar_b = jsonb_is_scalar(b);
    if (scalar_a && jsonb_is_array(b)) return b == "[]" ? 1 : -1;
    if (scalar_b && jsonb_is_array(a)) return a == "[]" ? -1 : 1;
    return compare_any(a, b);
}

bool jsonb_scalars_equal(std::string_view a, std::string_view b) {
    JsonbKind kind = jsonb_kind(a);
    return kind == jsonb_kind(b) && compare_scalars(kind, a, b) == 0;
}

bool jsonb_contains_value(std::string_view a, std::string_view b) {
    // A scalar at the top is an array of one element; an array may contain a scalar.
    if (jsonb_is_object(a) || jsonb_is_object(b)) return contains(a, b);
    if (jsonb_is_scalar(b))
        return jsonb_is_scalar(a) ? jsonb_scalars_equal(a, b) : array_has_scalar(a, b);
    return jsonb_is_array(a) && contains(a, b);
}

}  // namespace cdcsim::pg
