#include "sim/postgres/function/environment.h"

#include "core/base/error.h"

namespace cdcsim::pg {

const TypeInfo& Environment::type(Oid oid) {
    const TypeInfo* found = find_type(oid);
    if (found == nullptr) throw NotSimulated("a value of a type that has been dropped");
    return *found;
}

Datum Environment::check_domain(Oid, Datum) { throw NotSimulated("a domain's constraints here"); }

}  // namespace cdcsim::pg
