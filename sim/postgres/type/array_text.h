// The braces syntax of array literals, independent of element types. Mirrors array_in's ArrayCount
// and ReadArrayStr, quirks included.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sim/postgres/type/array.h"

namespace cdcsim::pg {

/// One element as written: its text without quotes and escapes, or NULL.
using ArrayItemReader = std::function<Datum(bool is_null, std::string_view text)>;

/// Splits `text`; `read` makes each element. Throws 22P02, 2202E, 54000.
ArrayValue split_array(std::string_view text, char delimiter, const ArrayItemReader& read);

/// Appends an element's text, quoted if it needs quotes.
void append_array_item(std::string_view item, char delimiter, std::string& out);

/// Writes dimensions and braces; `write_item` appends element i (NULL and quotes included).
void join_array(const ArrayValue& value, char delimiter,
                const std::function<void(std::size_t index, std::string& out)>& write_item,
                std::string& out);

}  // namespace cdcsim::pg
