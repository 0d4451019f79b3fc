// ExtractNewRecordState ("unwrap"): a row event becomes the row itself. Mirrors
// io.debezium.transforms.ExtractNewRecordState with its DefaultDeleteHandlingStrategy.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/connect/schema.h"
#include "sim/debezium/connector_options.h"

namespace cdcsim::debezium {

struct Unwrap {
    enum class DeleteMode {
        kDrop,
        kTombstone,
        kRewrite,
        kRewriteWithTombstone,
        kDeleteToTombstone
    };
    /// A field of the envelope, its source or its transaction, under a new name.
    struct FieldReference {
        std::string parent;  ///< "", "source" or "transaction"
        std::string field;
        std::string new_name;
    };
    DeleteMode delete_mode = DeleteMode::kTombstone;
    std::vector<FieldReference> fields, headers;
    std::string route_by_field;  ///< whose value is the topic's name; "": none

    bool rewrites() const {
        return delete_mode == DeleteMode::kRewrite ||
               delete_mode == DeleteMode::kRewriteWithTombstone;
    }
    /// The value's schema once `row` (a table's Value struct) has its additional fields.
    connect::Schema value_schema(const connect::Schema& row) const;
};

constexpr std::string_view kUnwrapClass = "io.debezium.transforms.ExtractNewRecordState";

/// The one of `transforms` that is of this class, if any. Throws NotSimulated for what it asks for and is not built.
std::optional<Unwrap> read_unwrap(const ConfigMap& config);

}  // namespace cdcsim::debezium
