// Which types stand for any type in a function's declaration, and for what they stand in a call.
#pragma once

#include <span>
#include <vector>

#include "core/base/ids.h"
#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {

struct Function;

bool is_polymorphic(Oid type);

/// The types of all parameters in a call whose input arguments are of types `actual`: polymorphic ones resolved, RECORD ones
/// those of their arguments. Empty: they are as declared.
std::vector<Oid> resolved_types(Environment& env, const Function& function, std::span<const Oid> actual);

/// What comes out of such a call by OUT, INOUT and TABLE parameters. `actual` empty: as declared.
RowType out_columns(Environment& env, const Function& function, std::span<const Oid> actual);

}  // namespace cdcsim::pg
