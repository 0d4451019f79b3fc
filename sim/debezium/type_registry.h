// The database's types as the connector knows them, read once at the task's start and completed
// on demand. Mirrors io.debezium.connector.postgresql.TypeRegistry and pgjdbc's TypeInfoCache.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/pgoutput/replication_source.h"

namespace cdcsim::debezium {

/// Types whose numbers the connector knows by heart (pg_type.dat).
namespace oid {
inline constexpr Oid kBool = 16, kBytea = 17, kChar = 18, kName = 19, kInt8 = 20, kInt2 = 21,
                     kInt4 = 23, kText = 25, kOid = 26, kJson = 114, kXml = 142, kPoint = 600,
                     kLseg = 601, kPath = 602, kBox = 603, kPolygon = 604, kLine = 628, kCidr = 650,
                     kFloat4 = 700, kFloat8 = 701, kCircle = 718, kMacaddr8 = 774, kMoney = 790,
                     kMacaddr = 829, kInet = 869, kBpchar = 1042, kVarchar = 1043, kDate = 1082,
                     kTime = 1083, kTimestamp = 1114, kTimestamptz = 1184, kInterval = 1186,
                     kTimetz = 1266, kBit = 1560, kVarbit = 1562, kNumeric = 1700,
                     kRefcursor = 1790, kUuid = 2950, kTsvector = 3614, kJsonb = 3802,
                     kInt4range = 3904, kNumrange = 3906, kTsrange = 3908, kTstzrange = 3910,
                     kDaterange = 3912, kInt8range = 3926;
}

struct TypeInfo {
    Oid oid = kInvalidOid;
    std::string name, schema;
    Oid element = kInvalidOid;  ///< of an array, else 0
    Oid base = kInvalidOid;     ///< of a domain, else 0
    std::int32_t typmod = -1;   ///< of a domain
    bool is_enum = false;
    std::vector<std::string> labels;
};

class TypeRegistry {
  public:
    /// Reads all types. Throws TaskFailure for what kills the real task (a domain over an enum).
    explicit TypeRegistry(SqlConnection& connection);

    /// The type, asked of the server if it is not known yet; an unknown OID gives a nameless one.
    const TypeInfo& get(Oid oid, SqlConnection& connection);
    /// The type if it is known.
    const TypeInfo* find(Oid oid) const;
    /// A domain's base type at the end of the chain.
    const TypeInfo& root(Oid oid, SqlConnection& connection);

    /// pgjdbc's TYPE_NAME: quoted with its schema when that is not on the search path.
    std::string jdbc_name(const TypeInfo& type) const;

    /// PostgresType.getDefaultLength/getDefaultScale.
    int default_length(const TypeInfo& type, SqlConnection& connection);
    int default_scale(const TypeInfo& type, SqlConnection& connection);

  private:
    void add_rows(const QueryResult& types, const QueryResult& labels);
    std::map<Oid, TypeInfo> types_;
    std::string user_;
};

/// TypeInfoCache.getPrecision, getScale and getDisplaySize; an array type counts as its element's.
int jdbc_precision(const TypeInfo& type, std::int32_t typmod);
int jdbc_scale(const TypeInfo& type, std::int32_t typmod);
int jdbc_display_size(const TypeInfo& type, std::int32_t typmod);

/// What kills a task: the first line of Connect's trace.
class TaskFailure : public std::exception {
  public:
    /// Who fails: the change event producer, or the pipeline behind it (transforms, converters).
    enum class Place { kProducer, kPipeline };
    explicit TaskFailure(std::string trace, Place place = Place::kProducer)
        : trace_(std::move(trace)), place_(place) {}
    Place place() const { return place_; }
    const char* what() const noexcept override { return trace_.c_str(); }

  private:
    std::string trace_;
    Place place_;
};

}  // namespace cdcsim::debezium
