#include "core/base/error.h"
#include "sim/postgres/function/environment.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/type_info.h"

namespace cdcsim::pg {
namespace {

const TypeOps& ops_of(Environment& env, const TypeInfo& type) {
    if (type.ops == nullptr) throw NotSimulated("type " + format_type(env, type.oid));
    return *type.ops;
}

}  // namespace

std::string output_text(Environment& env, Oid type, const Datum& value) {
    const TypeInfo& info = base_type(env, env.type(type));
    std::string out;
    ops_of(env, info).output(env, info, value, out);
    return out;
}

Datum input_text(Environment& env, Oid type, std::string_view text, std::int32_t typmod) {
    const TypeInfo* info = &env.type(type);
    // A domain's typmod is its own; its constraints are the caller's business (check_domain).
    for (; info->typtype == 'd'; info = &env.type(info->base))
        if (info->base_typmod >= 0) typmod = info->base_typmod;
    return ops_of(env, *info).input(env, *info, text, typmod);
}

}  // namespace cdcsim::pg
