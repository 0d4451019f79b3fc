#include "sim/postgres/type/enum.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {

namespace {

Datum enum_input(Environment& env, const TypeInfo& type, std::string_view text, std::int32_t) {
    auto it = std::ranges::find(type.labels, text, &EnumLabel::label);
    if (it != type.labels.end()) return Datum::of_float(it->sort_order);
    throw SqlError("22P02", "invalid input value for enum " + format_type(env, type.oid) + ": \"" +
                                std::string(text) + "\"");
}

void enum_output(Environment&, const TypeInfo& type, const Datum& value, std::string& out) {
    out += enum_label(type, value).label;
}

int enum_compare(const Datum& a, const Datum& b) noexcept {
    return a.as_float() < b.as_float() ? -1 : a.as_float() > b.as_float();
}

constexpr TypeOps kEnum = {kInvalidOid, enum_input, enum_output, enum_compare, nullptr, true};

}  // namespace

const TypeOps& enum_type_ops() { return kEnum; }

const EnumLabel& enum_label(const TypeInfo& type, const Datum& value) {
    auto it = std::ranges::lower_bound(type.labels, value.as_float(), {}, &EnumLabel::sort_order);
    CDCSIM_CHECK(it != type.labels.end() && it->sort_order == value.as_float());
    return *it;
}

}  // namespace cdcsim::pg
