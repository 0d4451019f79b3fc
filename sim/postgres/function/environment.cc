#include "sim/postgres/function/environment.h"

#include "core/base/error.h"
#include "sim/postgres/catalog/builtin.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/format_type.h"

namespace cdcsim::pg {

const TypeInfo& Environment::type(Oid oid) {
    const TypeInfo* found = find_type(oid);
    if (found == nullptr) throw NotSimulated("a value of a type that has been dropped");
    return *found;
}

Datum Environment::check_domain(Oid, Datum) { throw NotSimulated("a domain's constraints here"); }

namespace {

/// Binary coercible (IsBinaryCoercible of parse_coerce.c, without pseudo-types).
bool fits(Environment& env, Oid from, Oid to) {
    if (from == to) return true;
    from = base_type(env, env.type(from)).oid;
    const CastRow* cast = from == to ? nullptr : find_cast(from, to);
    return from == to || (cast != nullptr && cast->method == 'b' && cast->context == 'i');
}

}  // namespace

void require_row_type(Environment& env, const RowType& given, const RowType& wanted) {
    SqlError mismatch("42804", "function return row and query-specified return row do not match");
    if (given.size() != wanted.size()) {
        throw std::move(mismatch).detail("Returned row contains " + std::to_string(given.size()) + (given.size() == 1 ? " attribute" : " attributes") +
                                         ", but query expects " + std::to_string(wanted.size()) + ".");
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (wanted[i].dropped || fits(env, given[i].type, wanted[i].type)) continue;
        throw std::move(mismatch).detail("Returned type " + format_type(env, given[i].type) + " at ordinal position " + std::to_string(i + 1) +
                                         ", but query expects " + format_type(env, wanted[i].type) + ".");
    }
}

}  // namespace cdcsim::pg
