// Comparison operators, ordering functions, larger and smaller of text and the small types
// (varlena.c, varchar.c, name.c, char.c, varbit.c, uuid.c, enum.c, oid.c).
#include <algorithm>
#include <functional>

#include "sim/postgres/function/function_tables.h"
#include "sim/postgres/type/oidvector.h"
#include "sim/postgres/type/bit.h"
#include "sim/postgres/type/text.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

// Comparisons of two non-NULL values; the functions below are made of them.

/// strcoll in C.UTF-8, which is strcmp: the end of the text counts as byte 0.
int collate(std::string_view a, std::string_view b) {
    const auto [l, r] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    auto byte = [](auto at, auto end) { return at == end ? 0 : static_cast<unsigned char>(*at); };
    return byte(l, a.end()) - byte(r, b.end());
}

/// memcmp over the common length, then the shorter one first.
int bytes(std::string_view a, std::string_view b) {
    const auto [l, r] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    if (l == a.end() || r == b.end()) return a.size() < b.size() ? -1 : a.size() > b.size();
    return static_cast<unsigned char>(*l) - static_cast<unsigned char>(*r);
}

int by_collation(const Datum& a, const Datum& b) { return collate(a.as_text(), b.as_text()); }
int by_bytes(const Datum& a, const Datum& b) { return bytes(a.as_text(), b.as_text()); }
int by_padded(const Datum& a, const Datum& b) {
    return collate(without_blanks(a.as_text()), without_blanks(b.as_text()));
}
int by_padded_bytes(const Datum& a, const Datum& b) {
    return bytes(without_blanks(a.as_text()), without_blanks(b.as_text()));
}
int by_char(const Datum& a, const Datum& b) {
    return static_cast<int>(a.as_int()) - static_cast<int>(b.as_int());
}
int by_label(const Datum& a, const Datum& b) {
    return a.as_float() < b.as_float() ? -1 : a.as_float() > b.as_float();
}
int by_oids(const Datum& a, const Datum& b) {
    return compare_oidvectors(a.as_text(), b.as_text());
}
int by_bits(const Datum& a, const Datum& b) {
    const std::string packed_a = pack_bits(a.as_text()), packed_b = pack_bits(b.as_text());
    const std::size_t common = std::min(packed_a.size(), packed_b.size());
    const int order = bytes(std::string_view(packed_a).substr(0, common),
                            std::string_view(packed_b).substr(0, common));
    if (order != 0) return order;
    return a.as_text().size() < b.as_text().size() ? -1 : a.as_text().size() > b.as_text().size();
}

using Comparison = int (*)(const Datum&, const Datum&);

template <Comparison compare, typename Test>
Datum test(CallContext&, Args args) {
    return Datum::of_bool(Test{}(compare(args[0], args[1]), 0));
}
template <Comparison compare>
Datum order(CallContext&, Args args) {
    return Datum::of_int(compare(args[0], args[1]));
}
template <Comparison compare>
Datum larger(CallContext&, Args args) {
    return compare(args[0], args[1]) > 0 ? args[0] : args[1];
}
template <Comparison compare>
Datum smaller(CallContext&, Args args) {
    return compare(args[0], args[1]) < 0 ? args[0] : args[1];
}
/// bpchar's larger and smaller keep the first of two equal ones, which may differ in blanks.
template <Comparison compare>
Datum larger_or_first(CallContext&, Args args) {
    return compare(args[0], args[1]) >= 0 ? args[0] : args[1];
}
template <Comparison compare>
Datum smaller_or_first(CallContext&, Args args) {
    return compare(args[0], args[1]) <= 0 ? args[0] : args[1];
}

using Eq = std::equal_to<>;
using Ne = std::not_equal_to<>;
using Lt = std::less<>;
using Le = std::less_equal<>;
using Gt = std::greater<>;
using Ge = std::greater_equal<>;

Datum text_starts_with(CallContext&, Args args) {
    return Datum::of_bool(args[0].as_text().starts_with(args[1].as_text()));
}

constexpr ScalarRow kScalars[] = {
    {"bitcmp", order<by_bits>},
    {"biteq", test<by_bytes, Eq>},
    {"bitge", test<by_bytes, Ge>},
    {"bitgt", test<by_bytes, Gt>},
    {"bitle", test<by_bytes, Le>},
    {"bitlt", test<by_bytes, Lt>},
    {"bitne", test<by_bytes, Ne>},
    {"bpchar_larger", larger_or_first<by_padded>},
    {"bpchar_pattern_ge", test<by_padded, Ge>},
    {"bpchar_pattern_gt", test<by_padded, Gt>},
    {"bpchar_pattern_le", test<by_padded, Le>},
    {"bpchar_pattern_lt", test<by_padded, Lt>},
    {"bpchar_smaller", smaller_or_first<by_padded>},
    {"bpcharcmp", order<by_padded>},
    {"bpchareq", test<by_padded, Eq>},
    {"bpcharge", test<by_padded, Ge>},
    {"bpchargt", test<by_padded, Gt>},
    {"bpcharle", test<by_padded, Le>},
    {"bpcharlt", test<by_padded, Lt>},
    {"bpcharne", test<by_padded, Ne>},
    {"btbpchar_pattern_cmp", order<by_padded_bytes>},
    {"btcharcmp", order<by_char>},
    {"btnamecmp", order<by_collation>},
    {"btnametextcmp", order<by_bytes>},
    {"btoidvectorcmp", order<by_oids>},
    {"bttext_pattern_cmp", order<by_bytes>},
    {"bttextcmp", order<by_collation>},
    {"bttextnamecmp", order<by_bytes>},
    {"byteacmp", order<by_bytes>},
    {"byteaeq", test<by_bytes, Eq>},
    {"byteage", test<by_bytes, Ge>},
    {"byteagt", test<by_bytes, Gt>},
    {"byteale", test<by_bytes, Le>},
    {"bytealt", test<by_bytes, Lt>},
    {"byteane", test<by_bytes, Ne>},
    {"chareq", test<by_char, Eq>},
    {"charge", test<by_char, Ge>},
    {"chargt", test<by_char, Gt>},
    {"charle", test<by_char, Le>},
    {"charlt", test<by_char, Lt>},
    {"charne", test<by_char, Ne>},
    {"enum_cmp", order<by_label>},
    {"enum_eq", test<by_label, Eq>},
    {"enum_ge", test<by_label, Ge>},
    {"enum_gt", test<by_label, Gt>},
    {"enum_larger", larger<by_label>},
    {"enum_le", test<by_label, Le>},
    {"enum_lt", test<by_label, Lt>},
    {"enum_ne", test<by_label, Ne>},
    {"enum_smaller", smaller<by_label>},
    {"nameeq", test<by_bytes, Eq>},
    {"nameeqtext", test<by_bytes, Eq>},
    {"namege", test<by_bytes, Ge>},
    {"namegetext", test<by_bytes, Ge>},
    {"namegt", test<by_bytes, Gt>},
    {"namegttext", test<by_bytes, Gt>},
    {"namele", test<by_bytes, Le>},
    {"nameletext", test<by_bytes, Le>},
    {"namelt", test<by_bytes, Lt>},
    {"namelttext", test<by_bytes, Lt>},
    {"namene", test<by_bytes, Ne>},
    {"namenetext", test<by_bytes, Ne>},
    {"oidvectoreq", test<by_oids, Eq>},
    {"oidvectorge", test<by_oids, Ge>},
    {"oidvectorgt", test<by_oids, Gt>},
    {"oidvectorle", test<by_oids, Le>},
    {"oidvectorlt", test<by_oids, Lt>},
    {"oidvectorne", test<by_oids, Ne>},
    {"text_ge", test<by_bytes, Ge>},
    {"text_gt", test<by_bytes, Gt>},
    {"text_larger", larger<by_bytes>},
    {"text_le", test<by_bytes, Le>},
    {"text_lt", test<by_bytes, Lt>},
    {"text_pattern_ge", test<by_bytes, Ge>},
    {"text_pattern_gt", test<by_bytes, Gt>},
    {"text_pattern_le", test<by_bytes, Le>},
    {"text_pattern_lt", test<by_bytes, Lt>},
    {"text_smaller", smaller<by_bytes>},
    {"text_starts_with", text_starts_with},
    {"texteq", test<by_bytes, Eq>},
    {"texteqname", test<by_bytes, Eq>},
    {"textgename", test<by_bytes, Ge>},
    {"textgtname", test<by_bytes, Gt>},
    {"textlename", test<by_bytes, Le>},
    {"textltname", test<by_bytes, Lt>},
    {"textne", test<by_bytes, Ne>},
    {"textnename", test<by_bytes, Ne>},
    {"uuid_cmp", order<by_bytes>},
    {"uuid_eq", test<by_bytes, Eq>},
    {"uuid_ge", test<by_bytes, Ge>},
    {"uuid_gt", test<by_bytes, Gt>},
    {"uuid_le", test<by_bytes, Le>},
    {"uuid_lt", test<by_bytes, Lt>},
    {"uuid_ne", test<by_bytes, Ne>},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables text_compare_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
