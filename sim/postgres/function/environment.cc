#include "sim/postgres/function/environment.h"

#include "core/base/error.h"

namespace cdcsim::pg {

const TypeInfo& Environment::type(Oid oid) {
    const TypeInfo* found = find_type(oid);
    CDCSIM_CHECK(found != nullptr);
    return *found;
}

Datum Environment::check_domain(Oid, Datum) { throw NotSimulated("a domain's constraints here"); }

}  // namespace cdcsim::pg
