#include "sim/postgres/executor/operator_class.h"

#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct OperatorClassRow {
    std::string_view method, name;
    Oid type;
    bool is_default;
};
constexpr OperatorClassRow kClasses[] = {
#include "sim/postgres/catalog/data/pg_opclass.inc"
};

/// IsBinaryCoercible, of a type that is no domain.
bool takes(const OperatorClassRow& row, const TypeInfo& type) {
    if (row.type == type.oid) return true;
    switch (row.type) {
        case oid::kAnyarray: return type.is_array();
        case oid::kAnyenum: return type.typtype == 'e';
        case oid::kAnyrange: return type.typtype == 'r';
        case oid::kAnymultirange: return type.typtype == 'm';
        case oid::kRecord: return type.typtype == 'c';
        default: break;
    }
    const CastRow* cast = find_cast(type.oid, row.type);
    return cast != nullptr && cast->method == 'b' && cast->context == 'i';
}

/// GetDefaultOpClass.
bool has_default(Backend& backend, std::string_view method, const TypeInfo& type) {
    int preferred = 0, compatible = 0;
    for (const OperatorClassRow& row : kClasses) {
        if (row.method != method || !row.is_default || !takes(row, type)) continue;
        if (row.type == type.oid) return true;
        const TypeInfo& other = backend.type(row.type);
        (other.category == type.category && other.preferred ? preferred : compatible)++;
    }
    return preferred == 1 || (preferred == 0 && compatible == 1);
}

}  // namespace

void require_operator_class(Backend& backend, std::string_view method, const std::vector<std::string>& names, Oid type) {
    const TypeInfo* base = &backend.type(type);
    while (base->typtype == 'd') base = &backend.type(base->base);
    if (names.empty()) {
        if (has_default(backend, method, *base)) return;
        throw SqlError("42704", fmt::format("data type {} has no default operator class for access method \"{}\"", format_type(backend, type), method))
            .hint("You must specify an operator class for the index or define a default operator class for the data type.");
    }
    const bool is_built_in = names.size() == 1 || require_schema(names[0], backend).oid == schema_oid::kPgCatalog;
    const auto* row = std::ranges::find_if(kClasses, [&](const OperatorClassRow& one) { return is_built_in && one.method == method && one.name == names.back(); });
    const std::string name = fmt::format("{}", fmt::join(names, "."));
    if (row == std::end(kClasses)) throw SqlError("42704", fmt::format("operator class \"{}\" does not exist for access method \"{}\"", name, method));
    if (!takes(*row, *base)) throw SqlError("42804", fmt::format("operator class \"{}\" does not accept data type {}", name, format_type(backend, type)));
}

}  // namespace cdcsim::pg
