#include "sim/postgres/storage/sqlite.h"

#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "sim/postgres/type/oids.h"
#include "sim/postgres/type/type_info.h"
#include "sim/postgres/function/environment.h"

namespace cdcsim::pg {
namespace {

constexpr std::string_view kNan = "NaN";

/// `text` as a Datum of a column with this codec.
Datum text_datum(const char* text, int size, ColumnCodec codec) {
    if (codec.real) return Datum::of_float(std::numeric_limits<double>::quiet_NaN());
    return Datum::of_text(std::string_view(text, static_cast<std::size_t>(size)));
}

}  // namespace

ColumnCodec codec_of(Environment& env, Oid type) {
    const TypeInfo* info = env.find_type(type);
    while (info != nullptr && info->typtype == 'd') info = env.find_type(info->base);
    Oid base = info != nullptr ? info->oid : type;
    return {.blob = base == oid::kBytea || base == oid::kUuid,
            .real = base == oid::kFloat4 || base == oid::kFloat8};
}

/// Limits of SQLite that PostgreSQL does not have.
struct Limit {
    std::string_view message, refusal;
};
constexpr Limit kLimits[] = {
    {"too many terms in compound SELECT", "a set operation of more than 500 SELECTs"},
    {"at most 64 tables in a join", "a join of more than 64 relations"},
    {"too many FROM clause terms", "a query of more than 200 relations"},
    {"parser stack overflow", "a query with so many nested joins or subqueries"},
    {"Expression tree is too large", "a query with an expression of more than 1,000 levels at this place"},
    {"too many columns", "a query with more than 2,000 columns at this place"},
    {"too many terms in", "ORDER BY or GROUP BY of more than 2,000 terms"},
    {"too many SQL variables", "a query with more than 250,000 constants at this place"},
    {"too many references to", "a query that names a relation more than 65,535 times"},
    {"too many arguments on function", "a query with more than 127 columns at this place"},
};

void throw_sqlite_error(sqlite3* db, std::string_view sql) {
    std::string_view message = sqlite3_errmsg(db);
    for (const Limit& limit : kLimits) {
        if (message.starts_with(limit.message)) throw NotSimulated(std::string(limit.refusal));
    }
    throw InternalError(__FILE__, __LINE__,
                        std::string("SQLite: ") + sqlite3_errmsg(db) + " in " + std::string(sql));
}

void execute_sql(sqlite3* db, const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        throw_sqlite_error(db, sql);
    }
}

Statement::Statement(sqlite3* db, std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (rc != SQLITE_OK) throw_sqlite_error(db, sql);
    handle_.reset(statement);
}

void Statement::bind_int(int index, std::int64_t value) {
    sqlite3_bind_int64(handle_.get(), index, value);
}

void Statement::bind(int index, const Datum& value, ColumnCodec codec) {
    bind_value(index, value, codec, SQLITE_TRANSIENT);
}

void Statement::bind_lasting(int index, const Datum& value, ColumnCodec codec) {
    bind_value(index, value, codec, SQLITE_STATIC);
}

void Statement::bind_value(int index, const Datum& value, ColumnCodec codec, sqlite3_destructor_type owner) {
    sqlite3_stmt* statement = handle_.get();
    switch (value.kind()) {
        case Datum::Kind::kNull: sqlite3_bind_null(statement, index); break;
        case Datum::Kind::kInt: sqlite3_bind_int64(statement, index, value.as_int()); break;
        case Datum::Kind::kFloat:
            if (std::isnan(value.as_float())) {
                sqlite3_bind_text(statement, index, kNan.data(), 3, SQLITE_STATIC);
            } else {
                sqlite3_bind_double(statement, index, value.as_float());
            }
            break;
        case Datum::Kind::kText: {
            const std::string& text = value.as_text();
            if (codec.blob) {
                sqlite3_bind_blob64(statement, index, text.data(), text.size(), owner);
            } else {
                sqlite3_bind_text64(statement, index, text.data(), text.size(), owner,
                                    SQLITE_UTF8);
            }
        }
    }
}

bool Statement::step() {
    int rc = sqlite3_step(handle_.get());
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_DONE) return false;
    throw_sqlite_error(sqlite3_db_handle(handle_.get()), sqlite3_sql(handle_.get()));
}

Datum Statement::column(int index, ColumnCodec codec) const {
    sqlite3_stmt* statement = handle_.get();
    switch (sqlite3_column_type(statement, index)) {
        case SQLITE_INTEGER: return Datum::of_int(sqlite3_column_int64(statement, index));
        case SQLITE_FLOAT: return Datum::of_float(sqlite3_column_double(statement, index));
        case SQLITE_TEXT: {
            const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
            return text_datum(text, sqlite3_column_bytes(statement, index), codec);
        }
        case SQLITE_BLOB: {
            const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, index));
            int size = sqlite3_column_bytes(statement, index);
            return Datum::of_text(std::string_view(size == 0 ? "" : data,
                                                   static_cast<std::size_t>(size)));
        }
        default: return {};
    }
}

Datum read_value(sqlite3_value* value, ColumnCodec codec) {
    switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER: return Datum::of_int(sqlite3_value_int64(value));
        case SQLITE_FLOAT: return Datum::of_float(sqlite3_value_double(value));
        case SQLITE_TEXT: {
            const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
            return text_datum(text, sqlite3_value_bytes(value), codec);
        }
        case SQLITE_BLOB: {
            const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
            int size = sqlite3_value_bytes(value);
            return Datum::of_text(std::string_view(size == 0 ? "" : data,
                                                   static_cast<std::size_t>(size)));
        }
        default: return {};
    }
}

void write_result(sqlite3_context* context, const Datum& value, ColumnCodec codec) {
    switch (value.kind()) {
        case Datum::Kind::kNull: sqlite3_result_null(context); break;
        case Datum::Kind::kInt: sqlite3_result_int64(context, value.as_int()); break;
        case Datum::Kind::kFloat:
            if (std::isnan(value.as_float())) {
                sqlite3_result_text(context, kNan.data(), 3, SQLITE_STATIC);
            } else {
                sqlite3_result_double(context, value.as_float());
            }
            break;
        case Datum::Kind::kText: {
            const std::string& text = value.as_text();
            if (codec.blob) {
                sqlite3_result_blob64(context, text.data(), text.size(), SQLITE_TRANSIENT);
            } else {
                sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT,
                                      SQLITE_UTF8);
            }
        }
    }
}

Statement StatementCache::take(sqlite3* db, const std::string& sql) {
    auto it = idle_.find(sql);
    if (it == idle_.end() || it->second.empty()) return Statement(db, sql);
    Statement statement = std::move(it->second.back());
    it->second.pop_back();
    return statement;
}

void StatementCache::put(const std::string& sql, Statement statement) {
    idle_[sql].push_back(std::move(statement));
}

}  // namespace cdcsim::pg
