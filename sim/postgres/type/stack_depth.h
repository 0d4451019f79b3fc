// PostgreSQL's max_stack_depth (2048kB), as the depth of nesting that fits into it.
#pragma once

namespace cdcsim::pg {

/// The stack of the real server in parts; what a level of recursion takes of it was measured by
/// counting the levels that fit: 828 of a PL/pgSQL function that calls itself in an expression, 847
/// of one that does in a query, 7258 of an SQL function.
inline constexpr int kStackUnits = 7'500'000;

/// 54001 `stack depth limit exceeded`.
[[noreturn]] void throw_stack_depth();

}  // namespace cdcsim::pg
