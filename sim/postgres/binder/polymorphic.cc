#include "sim/postgres/binder/polymorphic.h"

#include <algorithm>

#include "core/base/error.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/type/array.h"
#include "sim/postgres/type/canonical.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/range.h"

namespace cdcsim::pg {
namespace {

bool is_input(const Function& function, std::size_t i) {
    const char mode = function.arg_modes[i];
    return mode == 'i' || mode == 'b' || mode == 'v' || (mode == 'o' && function.kind == 'p');
}

bool is_compatible(Oid type) {
    return type == oid::kAnycompatible || type == oid::kAnycompatiblearray || type == oid::kAnycompatiblenonarray || type == oid::kAnycompatiblerange;
}

bool is_any_array(Oid type) { return type == oid::kAnyarray || type == oid::kAnycompatiblearray; }
bool is_any_range(Oid type) { return type == oid::kAnyrange || type == oid::kAnycompatiblerange; }

/// What anyelement and its kin stand for, or anycompatible and its kin.
struct Family {
    Oid element = kInvalidOid, array = kInvalidOid, range = kInvalidOid;

    void note(Environment& env, Oid declared, Oid actual) {
        if (is_any_array(declared)) {
            array = base_type(env, env.type(actual)).oid;
            element = array_element_type(env, actual);
        } else if (is_any_range(declared)) {
            range = base_type(env, env.type(actual)).oid;
            if (element == kInvalidOid) element = range_subtype(range);
        } else {
            element = actual;
        }
    }
    Oid resolved(Environment& env, Oid declared) const {
        const Oid made = array != kInvalidOid || element == kInvalidOid ? array : env.type(element).array;
        const Oid found = is_any_array(declared) ? made : is_any_range(declared) ? range : declared == oid::kAnymultirange ? kInvalidOid : element;
        if (found == kInvalidOid) throw NotSimulated("polymorphic ranges in functions");
        return found;
    }
};

bool is_open(Oid type) { return is_polymorphic(type) || type == oid::kRecord; }

}  // namespace

std::vector<Oid> resolved_types(Environment& env, const Function& function, std::span<const Oid> actual) {
    if (actual.empty() || (!is_polymorphic(function.result) && std::ranges::none_of(function.arg_types, is_open))) return {};
    std::vector<Oid> types = function.arg_types;
    Family any, compatible;
    std::size_t next = 0;
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (!is_input(function, i) || next >= actual.size()) continue;
        const Oid given = actual[next++];
        if (is_polymorphic(types[i])) (is_compatible(types[i]) ? compatible : any).note(env, types[i], given);
        if (is_open(types[i])) types[i] = given;
    }
    for (Oid& type : types) {
        if (is_polymorphic(type)) type = (is_compatible(type) ? compatible : any).resolved(env, type);
    }
    return types;
}

RowType out_columns(Environment& env, const Function& function, std::span<const Oid> actual) {
    const std::vector<Oid> resolved = resolved_types(env, function, actual);
    const std::vector<Oid>& types = resolved.empty() ? function.arg_types : resolved;
    RowType columns;
    for (std::size_t i = 0; i < types.size(); ++i) {
        const char mode = function.arg_modes[i];
        if (mode != 'o' && mode != 'b' && mode != 't') continue;
        std::string name = function.arg_names[i];
        if (name.empty()) name = "column" + std::to_string(columns.size() + 1);
        columns.push_back({.name = std::move(name), .type = types[i], .typmod = -1});
    }
    return columns;
}

}  // namespace cdcsim::pg
