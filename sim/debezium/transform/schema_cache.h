// What transforms that change schemas share. Mirrors SchemaUtil and the caches of org.apache.kafka.connect.transforms.
#pragma once

#include <map>

#include "sim/debezium/transform/source_record.h"

namespace cdcsim::debezium {

/// Which side of a record a transform's class ($Key, $Value) works on.
using SideOf = Side SourceRecord::*;

/// The schemas that a transform has made, by those that it was given. Keeps both.
class SchemaCache {
  public:
    template <class Make>
    const connect::SchemaPtr& get(const connect::SchemaPtr& schema, const Make& make) {
        auto& made = made_[schema];
        if (!made) made = connect::share(make(*schema));
        return made;
    }

  private:
    std::map<connect::SchemaPtr, connect::SchemaPtr> made_;
};

/// SchemaUtil.copySchemaBasics: name, version, doc and parameters of `from` for a schema of another type.
connect::Schema copy_basics(const connect::Schema& from, connect::SchemaType type = connect::SchemaType::kStruct);

/// Throws NotSimulated for a value that is not null and has no schema.
void refuse_schemaless(const Side& side);

}  // namespace cdcsim::debezium
