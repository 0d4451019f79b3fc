// A view's stored query reads the views below it as they were when it was made: here they are replaced by
// what CREATE OR REPLACE VIEW has made of them since. PostgreSQL's rewriter opens each view anew.
#pragma once

#include <memory>

#include "sim/postgres/binder/bound_query.h"

namespace cdcsim::pg {

struct ParseState;

/// `query` itself where nothing below has changed. Throws NotSimulated if what changed stands in WITH or in an
/// expression's subquery.
std::shared_ptr<const Query> with_current_views(ParseState& state, const std::shared_ptr<const Query>& query);

}  // namespace cdcsim::pg
