// rows<width>(?1, n, args...): an eponymous table-valued function over a RowSource. Its columns are
// c1..c<width>, slot (there is a row) and seq (its number); the arguments are hidden. Those are not, as a
// join in parentheses shows no hidden columns. One module for each of a few widths, because SQLite fixes a
// module's columns.
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "sim/postgres/storage/row_source.h"

namespace cdcsim::pg {
namespace {

constexpr int kMaxArguments = 14;
constexpr int kWidths[] = {16, 128, 1600};

struct Module {
    SqliteDatabase* database;
    int width;
};

struct Table {
    sqlite3_vtab base{};
    Module* module = nullptr;
};

struct Cursor {
    sqlite3_vtab_cursor base{};
    Execution* execution = nullptr;
    const RowSource* source = nullptr;
    std::unique_ptr<RowCursor> rows;
    std::span<const Datum> row;
    std::int64_t number = 0;
    bool at_end = true;
};

Cursor& cursor_of(sqlite3_vtab_cursor* cursor) { return *reinterpret_cast<Cursor*>(cursor); }

int connect(sqlite3* db, void* argument, int, const char* const*, sqlite3_vtab** out, char**) {
    auto* module = static_cast<Module*>(argument);
    std::string sql = "CREATE TABLE x(";
    for (int i = 1; i <= module->width; ++i) sql += "c" + std::to_string(i) + ",";
    sql += "slot,seq,execution HIDDEN,id HIDDEN";
    for (int i = 1; i <= kMaxArguments; ++i) sql += ",a" + std::to_string(i) + " HIDDEN";
    int rc = sqlite3_declare_vtab(db, (sql + ")").c_str());
    if (rc != SQLITE_OK) return rc;
    auto* table = new Table;
    table->module = module;
    *out = &table->base;
    return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
    delete reinterpret_cast<Table*>(table);
    return SQLITE_OK;
}

/// Every hidden column must be given; then the arguments come in order of the columns.
int best_index(sqlite3_vtab* base, sqlite3_index_info* info) {
    const int first_argument = reinterpret_cast<Table*>(base)->module->width + 2;
    int highest = -1;
    for (int i = 0; i < info->nConstraint; ++i) {
        const auto& constraint = info->aConstraint[i];
        if (constraint.iColumn < first_argument) continue;
        if (constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) return SQLITE_CONSTRAINT;
        if (!constraint.usable) return SQLITE_CONSTRAINT;
        int argument = constraint.iColumn - first_argument;
        highest = std::max(highest, argument);
        info->aConstraintUsage[i].argvIndex = argument + 1;
        info->aConstraintUsage[i].omit = 1;
    }
    if (highest < 1) return SQLITE_CONSTRAINT;
    info->estimatedCost = 1000;
    info->estimatedRows = 1000;
    return SQLITE_OK;
}

int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
    *out = &(new Cursor)->base;
    return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
    delete &cursor_of(cursor);
    return SQLITE_OK;
}

int advance(Cursor& cursor) {
    try {
        cursor.at_end = !cursor.rows->next(cursor.row);
        ++cursor.number;
        return SQLITE_OK;
    } catch (...) {
        cursor.execution->keep_error(std::current_exception());
        return SQLITE_ERROR;
    }
}

/// The arguments after slot and id, out of their bundles.
std::vector<sqlite3_value*> unpacked(sqlite3_value** values, int count) {
    std::vector<sqlite3_value*> all;
    for (sqlite3_value* value : std::span(values, static_cast<std::size_t>(count)).subspan(2)) {
        auto* bundle = static_cast<Bundle*>(sqlite3_value_pointer(value, Bundle::kType));
        if (bundle == nullptr) {
            all.push_back(value);
        } else {
            all.insert(all.end(), bundle->values.begin(), bundle->values.end());
        }
    }
    return all;
}

int filter(sqlite3_vtab_cursor* base, int, const char*, int count, sqlite3_value** values) {
    Cursor& cursor = cursor_of(base);
    auto& database = *reinterpret_cast<Table*>(base->pVtab)->module->database;
    cursor.execution = &execution_of(database, values[0]);
    cursor.number = 0;
    try {
        int source = sqlite3_value_int(values[1]);
        cursor.source = &cursor.execution->program().sources[static_cast<std::size_t>(source)];
        cursor.rows = open_source(*cursor.execution, source, unpacked(values, count).data());
    } catch (...) {
        cursor.execution->keep_error(std::current_exception());
        return SQLITE_ERROR;
    }
    return advance(cursor);
}

int next(sqlite3_vtab_cursor* cursor) { return advance(cursor_of(cursor)); }
int eof(sqlite3_vtab_cursor* cursor) { return cursor_of(cursor).at_end; }

int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
    Cursor& cursor = cursor_of(base);
    const int width = reinterpret_cast<Table*>(base->pVtab)->module->width;
    auto i = static_cast<std::size_t>(index);
    if (i < cursor.row.size()) {
        write_result(context, cursor.row[i],
                     i < cursor.source->codecs.size() ? cursor.source->codecs[i] : ColumnCodec{});
    } else if (index == width) {
        sqlite3_result_int(context, 1);
    } else if (index == width + 1) {
        sqlite3_result_int64(context, cursor.number);
    }
    return SQLITE_OK;
}

int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
    *out = cursor_of(cursor).number;
    return SQLITE_OK;
}

constexpr sqlite3_module make_module() {
    sqlite3_module module{};
    module.xConnect = connect;
    module.xBestIndex = best_index;
    module.xDisconnect = disconnect;
    module.xOpen = open_cursor;
    module.xClose = close_cursor;
    module.xFilter = filter;
    module.xNext = next;
    module.xEof = eof;
    module.xColumn = column;
    module.xRowid = rowid;
    return module;
}
constexpr sqlite3_module kModule = make_module();

}  // namespace

int rows_table_width(std::size_t columns) {
    for (int width : kWidths) {
        if (columns <= static_cast<std::size_t>(width)) return width;
    }
    throw NotSimulated("a FROM item with more than 1600 columns");
}

void register_rows_table(SqliteDatabase& database) {
    for (int width : kWidths) {
        auto destroy = [](void* module) { delete static_cast<Module*>(module); };
        sqlite3_create_module_v2(database.handle(), ("rows" + std::to_string(width)).c_str(),
                                 &kModule, new Module{&database, width}, destroy);
    }
}

}  // namespace cdcsim::pg
