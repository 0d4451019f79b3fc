#include "sim/postgres/catalog/system_relations.h"

namespace cdcsim::pg {

const std::vector<RelationPtr>& system_relations() {
    static const std::vector<RelationPtr> relations;
    return relations;
}

}  // namespace cdcsim::pg
