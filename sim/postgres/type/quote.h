// quote_ident and quote_literal: mirrors ruleutils.c's quote_identifier and quote.c.
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// `name` as SQL text must spell it: in double quotes if it is not a plain lower-case identifier or
/// is a keyword other than an unreserved one.
std::string quote_identifier(std::string_view name);

/// "schema.name", each quoted if it must be.
std::string quote_qualified(std::string_view schema, std::string_view name);

/// `text` in single quotes; E'' if it contains a backslash.
std::string quote_literal(std::string_view text);

}  // namespace cdcsim::pg
