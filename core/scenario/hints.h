// One hint for an expectation that did not hold: what is usually behind it.
#pragma once

#include <string>
#include <string_view>

#include "core/diff/decoded.h"
#include "core/scenario/pattern.h"

namespace cdcsim::scenario {

/// What is known about the failure. Unknown parts stay empty.
struct HintFacts {
    const Mismatch* mismatch = nullptr;
    const diff::DecodedRecord* record = nullptr;  ///< the record that did not match, or the extra one
    const Node* missing = nullptr;                ///< a pattern without a record
    bool extra = false;                           ///< `record` is one too many
    bool no_topic = false;
};

/// The first hint of the table that applies, or "".
std::string hint(const HintFacts& facts);

}  // namespace cdcsim::scenario
