// libpg_query 15-4.0.0 writes every Integer that is not positive as {}: -44 looks like 0. The sign
// and the digits are read again from the statement's text.
#pragma once

#include <string>
#include <string_view>

namespace cdcsim::pg {

/// True if the parse tree `json` has an Integer without a value: it was 0 or negative.
bool has_unwritten_integer(std::string_view json);

/// `json` with the negative ones of A_Const and DefElem (INCREMENT BY -1) put back. `text` is what
/// was parsed; the tree's locations are byte offsets into it.
std::string restore_negative_integers(std::string_view text, std::string_view json);

}  // namespace cdcsim::pg
