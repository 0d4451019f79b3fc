// COPY ... FROM STDIN and TO STDOUT. Mirrors copyfrom.c (rows are buffered and written a page at a
// time where nothing can see the difference but error contexts and LSNs) and copyto.c.
#include <algorithm>

#include <fmt/format.h>

#include "core/base/utf8.h"
#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/copy.h"
#include "sim/postgres/executor/ddl.h"
#include "sim/postgres/executor/modify.h"
#include "sim/postgres/executor/privileges.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

constexpr std::size_t kMaxBufferedRows = 1000, kMaxBufferedBytes = 65535, kMaxShownBytes = 100;
constexpr int kBlockShift = 16;
constexpr Oid kNextval = 1574;

std::string quoted(const std::string& name) {
    std::string out = "\"";
    for (char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

/// limit_printout_length.
std::string shown(const std::string& text) {
    if (text.size() <= kMaxShownBytes) return text;
    std::size_t limit = kMaxShownBytes;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
    return text.substr(0, limit) + "...";
}

/// CopyGetAttnums: the columns named, or all that can be copied.
std::vector<const Column*> copied_columns(const Relation& relation, const std::vector<std::string>& names) {
    std::vector<const Column*> columns;
    if (names.empty()) {
        for (const Column& column : relation.columns) {
            if (!column.dropped && !column.generated) columns.push_back(&column);
        }
    }
    for (const std::string& name : names) {
        const Column* column = relation.find_column(name);
        if (column == nullptr) throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation.name));
        if (column->generated) {
            throw SqlError("42P10", fmt::format("column \"{}\" is a generated column", name)).detail("Generated columns cannot be used in COPY.");
        }
        if (std::ranges::find(columns, column) != columns.end()) throw SqlError("42701", fmt::format("column \"{}\" specified more than once", name));
        columns.push_back(column);
    }
    return columns;
}

/// FORCE_NULL (a, b) and its like: a flag for each copied column.
std::vector<bool> forced_columns(const Relation* relation, const std::vector<std::string>& copied, const std::vector<std::string>& names, std::string_view option) {
    std::vector<bool> forced(copied.size());
    for (const std::string& name : names) {
        if (relation != nullptr && relation->find_column(name) == nullptr) {
            throw SqlError("42703", fmt::format("column \"{}\" of relation \"{}\" does not exist", name, relation->name));
        }
        auto it = std::ranges::find(copied, name);
        if (it == copied.end() && relation == nullptr) throw SqlError("42703", fmt::format("column \"{}\" does not exist", name));
        if (it == copied.end()) throw SqlError("42P10", fmt::format("{} column \"{}\" not referenced by COPY", option, name));
        forced[static_cast<std::size_t>(it - copied.begin())] = true;
    }
    return forced;
}

std::vector<std::string> names_of(const std::vector<const Column*>& columns) {
    std::vector<std::string> names;
    for (const Column* column : columns) names.push_back(column->name);
    return names;
}

// FROM.

struct BufferedRow {
    Row row;
    std::uint64_t line = 0;
};

/// One COPY FROM while it runs.
struct CopyFrom {
    Modification& m;
    const CopyOptions& options;
    std::vector<const Column*> columns;
    std::vector<bool> force_not_null, force_null;
    ExprPtr where;
    CopyReader reader;
    bool single = false;                  ///< one row at a time: triggers or defaults may look
    std::vector<BufferedRow> buffer;
    std::size_t buffered_bytes = 0;
    // For CONTEXT.
    const Column* column = nullptr;
    CopyField field;
    std::uint64_t line = 0;
    bool line_is_shown = true;

    std::string context() const {
        std::string where_at = fmt::format("COPY {}, line {}", m.relation->name, line);
        if (column != nullptr && field) return fmt::format("{}, column {}: \"{}\"", where_at, column->name, shown(*field));
        if (column != nullptr) return fmt::format("{}, column {}: null input", where_at, column->name);
        return line_is_shown ? fmt::format("{}: \"{}\"", where_at, shown(reader.line())) : where_at;
    }
};

bool looks_at_rows(const Relation& relation, const std::vector<const Column*>& given) {
    constexpr int kBeforeRow = TriggerType::kRow | TriggerType::kBefore | TriggerType::kInsert;
    bool trigger = std::ranges::any_of(relation.triggers, [](const Trigger& t) { return (t.type & kBeforeRow) == kBeforeRow; });
    return trigger || std::ranges::any_of(relation.columns, [&](const Column& column) {
        bool is_given = std::ranges::any_of(given, [&](const Column* c) { return c->attno == column.attno; });
        if (column.dropped || column.generated || is_given || !column.default_expr) return false;
        return any_expression(column.default_expr->expr, [](const Expr& e) {
            return e.kind == ExprKind::kFunc && as<FuncExpr>(e).volatility == 'v' && as<FuncExpr>(e).function != kNextval;
        });
    });
}

void check_header(CopyFrom& copy) {
    std::vector<CopyField> fields = copy.reader.fields();
    if (fields.size() != copy.columns.size()) {
        throw SqlError("22P04", fmt::format("wrong number of fields in header line: got {}, expected {}", fields.size(), copy.columns.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string& name = copy.columns[i]->name;
        if (!fields[i]) {
            throw SqlError("22P04", fmt::format("column name mismatch in header line field {}: got null value (\"{}\"), expected \"{}\"", i + 1, copy.options.null_text, name));
        }
        if (*fields[i] != name) {
            throw SqlError("22P04", fmt::format("column name mismatch in header line field {}: got \"{}\", expected \"{}\"", i + 1, *fields[i], name));
        }
    }
}

/// NextCopyFrom: the row of the current line.
Row read_row(CopyFrom& copy) {
    Backend& backend = copy.m.backend;
    std::vector<CopyField> fields = copy.reader.fields();
    // A table without columns has empty lines, which have no field.
    if (copy.columns.empty() && fields.size() == 1 && fields[0] && fields[0]->empty()) fields.clear();
    if (fields.size() > copy.columns.size()) throw SqlError("22P04", "extra data after last expected column");
    Row row(copy.m.relation->columns.size());
    std::vector<bool> given(row.size());
    for (std::size_t i = 0; i < copy.columns.size(); ++i) {
        const Column& column = *copy.columns[i];
        if (i >= fields.size()) throw SqlError("22P04", fmt::format("missing data for column \"{}\"", column.name));
        CopyField& field = fields[i];
        if (copy.force_not_null[i] && !field) field = copy.options.null_text;
        if (copy.force_null[i] && field && *field == copy.options.null_text) field.reset();
        copy.column = &column;
        copy.field = field;
        auto at = static_cast<std::size_t>(column.attno - 1);
        given[at] = true;
        if (field) {
            row[at] = input_text(backend, column.type, *field, column.typmod);
        }
        if (backend.type(column.type).typtype == 'd') row[at] = backend.check_domain(column.type, std::move(row[at]));
        copy.column = nullptr;
    }
    EvalContext context = copy.m.context();
    for (const Column& column : copy.m.relation->columns) {
        auto at = static_cast<std::size_t>(column.attno - 1);
        if (!given[at] && !column.dropped) row[at] = default_value(copy.m, column, context);
    }
    return row;
}

/// Writes the buffered rows: those of one page are one record of the log.
void flush(CopyFrom& copy) {
    Modification& m = copy.m;
    copy.line_is_shown = false;
    std::int64_t block = -1;
    Lsn page_lsn;
    for (BufferedRow& buffered : copy.buffer) {
        copy.line = buffered.line;
        auto stored = std::make_shared<RowVersion>();
        insert_version(m, std::move(buffered.row), nullptr, {}, stored);
        if (is_logged(m.backend, *m.relation)) {
            Change& change = m.backend.transaction().changes.back();
            if (stored->rid >> kBlockShift == block) {
                change.lsn = page_lsn;
            } else {
                page_lsn = change.lsn;
            }
            block = stored->rid >> kBlockShift;
        }
        check_unique(m, *stored);
        ++m.processed;
        queue_after_row(m, TriggerType::kInsert, nullptr, stored);
    }
    copy.buffer.clear();
    copy.buffered_bytes = 0;
    copy.line_is_shown = true;
}

void take_row(CopyFrom& copy, Row row) {
    Modification& m = copy.m;
    if (copy.where) {
        EvalRow source;
        source.columns = row;
        source.table = m.relation->oid;
        if (!evaluate_qual(*copy.where, m.context({&source, 1}))) return;
    }
    if (copy.single) return insert_one(m, std::move(row));
    compute_generated(m.backend, *m.relation, row, m.snapshot);
    check_row_constraints(m.backend, *m.relation, row, m.snapshot);
    copy.buffer.push_back({std::move(row), copy.reader.line_number()});
    copy.buffered_bytes += copy.reader.line().size();
    if (copy.buffer.size() >= kMaxBufferedRows || copy.buffered_bytes >= kMaxBufferedBytes) flush(copy);
}

void copy_lines(CopyFrom& copy) {
    try {
        bool header = copy.options.header != CopyHeader::kNone;
        while (true) {
            copy.line_is_shown = false;
            copy.line = copy.reader.line_number() + 1;
            bool more = copy.reader.next_line();
            if (!more) break;
            copy.line = copy.reader.line_number();
            copy.line_is_shown = true;
            if (header) {
                header = false;
                if (copy.options.header == CopyHeader::kMatch) check_header(copy);
                continue;
            }
            take_row(copy, read_row(copy));
        }
        flush(copy);
    } catch (SqlError& error) {
        error.add_context(copy.context());
        throw;
    }
}

void require_copy_target(const Relation& relation) {
    if (relation.kind == 'v') {
        bool instead = std::ranges::any_of(relation.triggers, [](const Trigger& t) { return (t.type & TriggerType::kInstead) != 0; });
        if (instead) throw NotSimulated("COPY to a view");
        throw SqlError("42809", fmt::format("cannot copy to view \"{}\"", relation.name)).hint("To enable copying to a view, provide an INSTEAD OF INSERT trigger.");
    }
    if (relation.kind == 'S') throw SqlError("42809", fmt::format("cannot copy to sequence \"{}\"", relation.name));
    if (relation.kind != 'r') throw NotSimulated("COPY to a partitioned table");
}

ExprPtr bind_copy_where(Backend& backend, const Node& node, const RelationPtr& relation) {
    if (!node) return nullptr;
    ExprScope scope;
    scope.place = "COPY FROM WHERE conditions";
    scope.items.push_back({relation->name, relation, 1});
    ExprPtr where = coerce_to_boolean(bind_expression(node, backend.bind_options(), scope), backend.bind_options(), "WHERE");
    any_expression(where, [&](const Expr& e) {
        if (e.kind != ExprKind::kVar || as<VarExpr>(e).attno <= 0) return false;
        const Column& column = relation->columns[static_cast<std::size_t>(as<VarExpr>(e).attno - 1)];
        if (!column.generated) return false;
        throw SqlError("42P10", "generated columns are not supported in COPY FROM WHERE conditions")
            .detail(fmt::format("Column \"{}\" is a generated column.", column.name));
    });
    return where;
}

ExecResult copy_from(Backend& backend, const Node& node, RelationPtr relation) {
    if (relation->is_system()) throw SqlError("42501", fmt::format("permission denied: \"{}\" is a system catalog", relation->name));
    ExprPtr where = bind_copy_where(backend, node["whereClause"], relation);
    if (backend.transaction().read_only) throw SqlError("25006", "cannot execute COPY FROM in a read-only transaction");
    require_relation_right(backend, *relation, right::kInsert);
    CopyOptions options = bind_copy_options(node.items("options"), CopyDirection::kFrom);
    std::vector<const Column*> columns = copied_columns(*relation, name_list(node.items("attlist")));
    std::vector<std::string> names = names_of(columns);
    std::vector<bool> not_null = forced_columns(relation.get(), names, options.force_not_null, "FORCE_NOT_NULL");
    std::vector<bool> null = forced_columns(relation.get(), names, options.force_null, "FORCE_NULL");
    require_copy_target(*relation);
    Query query;
    query.command = CommandKind::kInsert;
    query.result_relation = 1;
    query.range_table.emplace_back();
    query.range_table[0].relation = relation;
    query.range_table[0].alias = relation->name;
    Modification m{backend, query, relation, nullptr, backend.take_snapshot(), 0, 0, nullptr, nullptr, nullptr, nullptr};
    m.command = backend.begin_command();
    backend.write_xid();
    bool single = looks_at_rows(*relation, columns);
    // psql sends the line that ends the data too; only a quote that is left open lets it be seen.
    CopyFrom copy{m, options, std::move(columns), std::move(not_null), std::move(null), where, CopyReader(backend.copy_in() + "\\.\n", options), single, {}, 0, nullptr, {}, 0, true};
    begin_statement_triggers(m, TriggerType::kInsert);
    copy_lines(copy);
    end_statement_triggers(m, TriggerType::kInsert);
    ExecResult result = tag_only(fmt::format("COPY {}", m.processed));
    result.processed = m.processed;
    return result;
}

// TO.

std::string text_value(const CopyOptions& options, const std::string& value) {
    std::string out;
    for (char c : value) {
        constexpr std::string_view kNames = "bfnrtv", kValues = "\b\f\n\r\t\v";
        std::size_t found = kValues.find(c);
        if (found != std::string_view::npos) {
            out += '\\';
            out += kNames[found];
            continue;
        }
        if (c == '\\' || c == options.delimiter) out += '\\';
        out += c;
    }
    return out;
}

std::string csv_value(const CopyOptions& options, const std::string& value, bool force, bool only_column) {
    bool quote = force || value == options.null_text || (only_column && value == "\\.");
    quote = quote || std::ranges::any_of(value, [&](char c) { return c == options.delimiter || c == options.quote || c == '\n' || c == '\r'; });
    if (!quote) return value;
    std::string out(1, options.quote);
    for (char c : value) {
        if (c == options.quote || c == options.escape) out += options.escape;
        out += c;
    }
    return out + options.quote;
}

std::string copy_line(Backend& backend, const CopyOptions& options, const RowType& columns, const std::vector<bool>& force, std::span<const Datum> row) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) line += options.delimiter;
        if (row[i].is_null()) {
            line += options.null_text;
            continue;
        }
        std::string value = output_text(backend, columns[i].type, row[i]);
        line += options.csv ? csv_value(options, value, options.force_quote_all || force[i], columns.size() == 1) : text_value(options, value);
    }
    return line + "\n";
}

void require_copy_source(const Relation& relation) {
    auto refuse = [&](std::string_view kind, std::string hint) {
        throw SqlError("42809", fmt::format("cannot copy from {} \"{}\"", kind, relation.name)).hint(std::move(hint));
    };
    constexpr const char* kTryQuery = "Try the COPY (SELECT ...) TO variant.";
    if (relation.kind == 'v') refuse("view", kTryQuery);
    if (relation.kind == 'p') refuse("partitioned table", kTryQuery);
    if (relation.kind == 'S') refuse("sequence", "");
}

/// The query of COPY t (a, b) TO: SELECT a, b FROM ONLY t.
std::string table_query(const Relation& relation, const std::vector<std::string>& names) {
    std::string text = "SELECT ";
    for (std::size_t i = 0; i < names.size(); ++i) text += (i > 0 ? ", " : "") + quoted(names[i]);
    return text + " FROM ONLY " + quoted(relation.schema_name) + "." + quoted(relation.name);
}

ExecResult copy_to(Backend& backend, const Node& node, const RelationPtr& relation) {
    CopyOptions options = bind_copy_options(node.items("options"), CopyDirection::kTo);
    std::shared_ptr<const Query> query;
    if (relation) {
        std::vector<std::string> names = names_of(copied_columns(*relation, name_list(node.items("attlist"))));
        require_copy_source(*relation);
        ParseTree tree = parse_sql(table_query(*relation, names));
        query = bind_query(tree.statements()[0].node, backend.bind_options());
    } else {
        Node source = node["query"];
        if (source.is("SelectStmt") && source.has("intoClause")) throw SqlError("0A000", "COPY (SELECT INTO) is not supported");
        query = bind_query(source, backend.bind_options());
        if (query->command != CommandKind::kSelect && !query->has_returning) throw SqlError("0A000", "COPY query must have a RETURNING clause");
    }
    const auto& targets = query->command == CommandKind::kSelect ? query->targets : query->returning;
    std::vector<std::string> names;
    for (const TargetEntry& target : targets) {
        if (!target.junk) names.push_back(target.name);
    }
    std::vector<bool> force = forced_columns(relation.get(), names, options.force_quote, "FORCE_QUOTE");
    std::vector<std::vector<Datum>> rows;
    ExecResult done = backend.run_query(query, {}, nullptr, [&](std::span<const Datum> row) {
        rows.emplace_back(row.begin(), row.end());
        return true;
    });
    std::string out;
    if (options.header != CopyHeader::kNone) {
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (i > 0) out += options.delimiter;
            out += options.csv ? csv_value(options, names[i], false, names.size() == 1) : text_value(options, names[i]);
        }
        out += '\n';
    }
    for (const auto& row : rows) out += copy_line(backend, options, done.columns, force, row);
    ExecResult result = tag_only(fmt::format("COPY {}", rows.size()));
    result.copy_out = std::move(out);
    result.order_unspecified = done.order_unspecified;
    return result;
}

}  // namespace

ExecResult copy_data(Backend& backend, const Command& command, const RowSink&) {
    const Node& node = command.node;
    bool from = node.flag("is_from");
    if (node.has("filename")) throw NotSimulated(node.flag("is_program") ? "COPY from or to a program" : "COPY from or to a file of the server");
    if (!command.top_level) throw SqlError("0A000", "cannot COPY to/from client in PL/pgSQL");
    RelationPtr relation;
    if (Node range_var = node["relation"]) {
        relation = open_relation(backend, range_var);
        relation = backend.lock_relation(relation, from ? "RowExclusiveLock" : "AccessShareLock", -1);
        if (!relation) relation = open_relation(backend, range_var);
    }
    return from ? copy_from(backend, node, relation) : copy_to(backend, node, relation);
}

}  // namespace cdcsim::pg
