// Functions of macaddr and macaddr8 (mac.c, mac8.c).
#include "sim/postgres/type/macaddr.h"

#include <algorithm>
#include <functional>

#include "sim/postgres/function/function_tables.h"

namespace cdcsim::pg {

namespace {

using Args = std::span<const Datum>;

/// The texts are of one length and order as their bytes do.
int compare(const Datum& a, const Datum& b) {
    const int order = a.as_text().compare(b.as_text());
    return order < 0 ? -1 : order > 0;
}

template <typename Test>
Datum test(CallContext&, Args args) {
    return Datum::of_bool(Test{}(compare(args[0], args[1]), 0));
}

Datum macaddr_cmp(CallContext&, Args args) { return Datum::of_int(compare(args[0], args[1])); }

template <typename Operation>
Datum combine(Args args, Operation operation) {
    std::string bytes = macaddr_bytes(args[0].as_text());
    const std::string other = args.size() > 1 ? macaddr_bytes(args[1].as_text()) : bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto a = static_cast<unsigned char>(bytes[i]);
        const auto b = static_cast<unsigned char>(other[i]);
        bytes[i] = static_cast<char>(static_cast<unsigned char>(operation(a, b)));
    }
    return Datum::of_text(macaddr_text(bytes));
}

Datum macaddr_and(CallContext&, Args args) { return combine(args, std::bit_and<>{}); }
Datum macaddr_or(CallContext&, Args args) { return combine(args, std::bit_or<>{}); }
Datum macaddr_not(CallContext&, Args args) {
    return combine(args, [](unsigned char a, unsigned char) { return ~a; });
}

/// Keeps the manufacturer's three bytes.
Datum macaddr_trunc(CallContext&, Args args) {
    std::string bytes = macaddr_bytes(args[0].as_text());
    std::fill(bytes.begin() + 3, bytes.end(), '\0');
    return Datum::of_text(macaddr_text(bytes));
}

Datum macaddr8_set7bit(CallContext&, Args args) {
    std::string bytes = macaddr_bytes(args[0].as_text());
    bytes[0] = static_cast<char>(static_cast<unsigned char>(bytes[0]) | 0x02U);
    return Datum::of_text(macaddr_text(bytes));
}

Datum macaddrtomacaddr8(CallContext&, Args args) {
    return Datum::of_text(macaddr_text(macaddr_bytes(args[0].as_text()).insert(3, "\xFF\xFE")));
}

Datum macaddr8tomacaddr(CallContext&, Args args) {
    std::string bytes = macaddr_bytes(args[0].as_text());
    if (bytes.substr(3, 2) != "\xFF\xFE") {
        throw SqlError("22003", "macaddr8 data out of range to convert to macaddr")
            .hint("Only addresses that have FF and FE as values in the 4th and 5th bytes from the "
                  "left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from "
                  "macaddr8 to macaddr.");
    }
    return Datum::of_text(macaddr_text(bytes.erase(3, 2)));
}

constexpr ScalarRow kScalars[] = {
    {"macaddr8_and", macaddr_and},
    {"macaddr8_cmp", macaddr_cmp},
    {"macaddr8_eq", test<std::equal_to<>>},
    {"macaddr8_ge", test<std::greater_equal<>>},
    {"macaddr8_gt", test<std::greater<>>},
    {"macaddr8_le", test<std::less_equal<>>},
    {"macaddr8_lt", test<std::less<>>},
    {"macaddr8_ne", test<std::not_equal_to<>>},
    {"macaddr8_not", macaddr_not},
    {"macaddr8_or", macaddr_or},
    {"macaddr8_set7bit", macaddr8_set7bit},
    {"macaddr8_trunc", macaddr_trunc},
    {"macaddr8tomacaddr", macaddr8tomacaddr},
    {"macaddr_and", macaddr_and},
    {"macaddr_cmp", macaddr_cmp},
    {"macaddr_eq", test<std::equal_to<>>},
    {"macaddr_ge", test<std::greater_equal<>>},
    {"macaddr_gt", test<std::greater<>>},
    {"macaddr_le", test<std::less_equal<>>},
    {"macaddr_lt", test<std::less<>>},
    {"macaddr_ne", test<std::not_equal_to<>>},
    {"macaddr_not", macaddr_not},
    {"macaddr_or", macaddr_or},
    {"macaddr_trunc", macaddr_trunc},
    {"macaddrtomacaddr8", macaddrtomacaddr8},
};
static_assert(std::ranges::is_sorted(kScalars, {}, &ScalarRow::key));

}  // namespace

FunctionTables macaddr_tables() { return {.scalars = kScalars}; }

}  // namespace cdcsim::pg
