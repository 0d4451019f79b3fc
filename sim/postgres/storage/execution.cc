#include "sim/postgres/storage/execution.h"

#include <algorithm>
#include <bit>

#include "core/base/error.h"
#include "sim/postgres/planner/group_planner.h"
#include "sim/postgres/planner/hash_key.h"

namespace cdcsim::pg {

RowBuffer::RowBuffer(const RowInputs& inputs) : rows_(inputs.widths.size()) {
    std::size_t total = 0;
    for (int width : inputs.widths) {
        offsets_.push_back(total);
        total += static_cast<std::size_t>(width);
    }
    columns_.resize(total);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        rows_[i].columns = {columns_.data() + offsets_[i],
                            static_cast<std::size_t>(inputs.widths[i])};
    }
}

std::span<const EvalRow> RowBuffer::fill(const RowInputs& inputs, sqlite3_value** values) {
    for (const VarInput& var : inputs.vars) {
        sqlite3_value* value = *values++;
        auto index = static_cast<std::size_t>(var.rt_index - 1);
        EvalRow& row = rows_[index];
        auto number = [&] { return static_cast<std::uint32_t>(sqlite3_value_int64(value)); };
        switch (var.attno) {
            case 0: row.is_null_extended = sqlite3_value_type(value) == SQLITE_NULL; break;
            case -1: row.rid = sqlite3_value_int64(value); break;
            case -2: row.xmin = Xid{number()}; break;
            case -6: row.table = number(); break;
            default:
                columns_[offsets_[index] + static_cast<std::size_t>(var.attno - 1)] =
                    read_value(value, var.codec);
        }
        // A system column of a row that an outer join did not find is NULL.
        if (var.attno < 0) row.is_null_extended = sqlite3_value_type(value) == SQLITE_NULL;
    }
    return rows_;
}

Execution::Execution(SqliteDatabase& database, const Program& program, Host& host,
                     const Snapshot& snapshot, ParamSource* params, const EvalContext* outer,
                     CteScope* ctes)
    : database_(database),
      program_(program),
      host_(host),
      scopes_(program.blocks.size()),
      buffers_(program.expressions.size()),
      source_buffers_(program.sources.size()) {
    levels_.reserve(program.blocks.size());  // levels point to each other
    for (std::size_t i = 0; i < program.blocks.size(); ++i) {
        const ProgramBlock& block = program.blocks[i];
        levels_.push_back({.host = host,
                           .snapshot = snapshot,
                           .params = params,
                           .outer = block.parent < 0 ? outer : &level(block.parent),
                           .subplans = &subplans_});
        if (i == 0 && ctes != nullptr) {
            levels_[i].ctes = ctes;
        } else if (!block.query->ctes.empty()) {
            scopes_[i] = std::make_unique<CteScope>(*block.query, levels_[i]);
        }
    }
    auto& slots = database.executions;
    auto free_slot = std::ranges::find(slots, nullptr);
    if (free_slot == slots.end()) free_slot = slots.insert(free_slot, nullptr);
    *free_slot = this;
    number_ = static_cast<int>(free_slot - slots.begin());
}

Execution::~Execution() { database_.executions[static_cast<std::size_t>(number_)] = nullptr; }

Execution& execution_of(SqliteDatabase& database, sqlite3_value* number) {
    return *database.executions[static_cast<std::size_t>(sqlite3_value_int(number))];
}

Datum Execution::evaluate_expression(int number, sqlite3_value** values) {
    const CompiledExpr& compiled = program_.expressions[static_cast<std::size_t>(number)];
    auto& buffer = buffers_[static_cast<std::size_t>(number)];
    if (!buffer) buffer = std::make_unique<RowBuffer>(compiled.inputs);
    EvalContext context = level(compiled.block);
    context.rows = buffer->fill(compiled.inputs, values);
    return evaluate(*compiled.expr, context);
}

RowBuffer& Execution::source_buffer(int number) {
    auto& buffer = source_buffers_[static_cast<std::size_t>(number)];
    // A fresh one each time: a cursor that still runs keeps the old one's values in its rows.
    buffer = std::make_unique<RowBuffer>(
        program_.sources[static_cast<std::size_t>(number)].inputs);
    return *buffer;
}

std::uint32_t Execution::hash_of(int number, sqlite3_value** values) {
    std::uint32_t hash = 0;
    for (const CompiledKey& key : program_.hash_tables[static_cast<std::size_t>(number)].keys) {
        Datum value = read_value(*values++, key.codec);
        hash = std::rotl(hash, 1);
        hash ^= hash_key(host_, key.type, value);
    }
    return hash;
}

int Execution::new_hash_table(int number) {
    double expected = program_.hash_tables[static_cast<std::size_t>(number)].expected;
    hash_tables_.push_back({.expected = expected, .has_repeats = false, .hashes = {}, .ranks = {}});
    return static_cast<int>(hash_tables_.size()) - 1;
}

void Execution::add_group(int number, std::int64_t rows, std::uint32_t hash) {
    HashTable& table = hash_tables_[static_cast<std::size_t>(number)];
    table.hashes.push_back(murmur_hash(hash));
    table.has_repeats = table.has_repeats || rows > 1;
}

std::uint32_t Execution::group_rank(int number, std::size_t group) {
    HashTable& table = hash_tables_[static_cast<std::size_t>(number)];
    if (table.ranks.empty()) table.ranks = hash_table_ranks(table.hashes, table.expected, table.has_repeats);
    return table.ranks[group];
}

int Execution::new_sort_table(int number) {
    SortTable& table = sort_tables_.emplace_back();
    table.number = number;
    table.keys.width = program_.sort_tables[static_cast<std::size_t>(number)].keys.size();
    return static_cast<int>(sort_tables_.size()) - 1;
}

void Execution::add_sorted(int number, sqlite3_value** values) {
    SortTable& table = sort_tables_[static_cast<std::size_t>(number)];
    table.rows.push_back(reinterpret_cast<const char*>(sqlite3_value_text(*values++)));
    for (const CompiledKey& key : program_.sort_tables[static_cast<std::size_t>(table.number)].keys) {
        table.keys.values.push_back(read_value(*values++, key.codec));
    }
}

Execution::SortTable& Execution::ranked_table(int number) {
    SortTable& table = sort_tables_[static_cast<std::size_t>(number)];
    if (!table.ranks.empty()) return table;
    CompiledSort sort;
    for (const CompiledKey& key : program_.sort_tables[static_cast<std::size_t>(table.number)].keys) {
        sort.keys.push_back({.column = sort.keys.size(), .type = key.type, .descending = key.descending, .nulls_first = key.nulls_first});
    }
    std::int64_t anchor = -1;
    for (std::uint32_t row : sort_rows(host_, sort, table.keys, -1, 0)) {
        const auto keys = std::span(table.keys.values).subspan(row * table.keys.width, table.keys.width);
        if (std::ranges::none_of(keys, [](const Datum& key) { return key.is_null(); })) anchor = row;
        table.ranks[table.rows[row]] = static_cast<std::uint32_t>(table.anchors.size());
        table.anchors.push_back(anchor);
    }
    return table;
}

std::uint32_t Execution::sort_rank(int number, std::string_view name) { return ranked_table(number).ranks.find(name)->second; }

const Datum& Execution::merge_key(int number, std::string_view name, std::size_t key) {
    static const Datum kNull;
    const SortTable& table = ranked_table(number);
    const std::int64_t anchor = table.anchors[table.ranks.find(name)->second];
    return anchor < 0 ? kNull : table.keys.values[static_cast<std::size_t>(anchor) * table.keys.width + key];
}

const CompiledKey& Execution::sort_key(int number, std::size_t key) const {
    const SortTable& table = sort_tables_[static_cast<std::size_t>(number)];
    return program_.sort_tables[static_cast<std::size_t>(table.number)].keys[key];
}

namespace {

/// RANGE's offsets are of any type: the function that compares with them refuses negative ones.
void check_frame_offset(const Parameter& parameter, const Datum& value) {
    std::string text = parameter.kind == Parameter::Kind::kFrameStart ? "frame starting offset" : "frame ending offset";
    if (value.is_null()) throw SqlError("22004", text + " must not be null");
    const bool is_count = !parameter.is_range_offset;
    if (is_count && value.as_int() < 0) throw SqlError("22013", text + " must not be negative");
}

}  // namespace

Datum Execution::parameter_value(const Parameter& parameter) {
    if (parameter.kind == Parameter::Kind::kValue) return parameter.value;
    Datum value = evaluate(*parameter.expr, level(parameter.block));
    if (parameter.kind == Parameter::Kind::kExpr) return value;
    if (parameter.kind == Parameter::Kind::kFrameStart || parameter.kind == Parameter::Kind::kFrameEnd) {
        check_frame_offset(parameter, value);
        return value;
    }
    bool is_limit = parameter.kind == Parameter::Kind::kLimit;
    if (value.is_null()) return Datum::of_int(is_limit ? -1 : 0);
    if (value.as_int() < 0) {
        throw is_limit ? SqlError("2201W", "LIMIT must not be negative")
                       : SqlError("2201X", "OFFSET must not be negative");
    }
    return value;
}

void Execution::bind(Statement& statement) {
    statement.bind_int(1, number_);
    int count = sqlite3_bind_parameter_count(statement.get());
    if (count >= 2) {
        statement.bind_int(2, static_cast<std::int64_t>(level(0).snapshot.command));
    }
    int index = kFirstParameter;
    for (const Parameter& parameter : program_.parameters) {
        bound_.push_back(parameter_value(parameter));
        // Some stand only in a scan's entries_sql.
        if (index <= count) statement.bind(index, bound_.back(), parameter.codec);
        ++index;
    }
}

std::int64_t Execution::bound_count(int parameter) const {
    return parameter < 0 ? -1 : bound_[static_cast<std::size_t>(parameter)].as_int();
}

std::vector<std::vector<Datum>> Execution::sorted_rows(const SortedStage& stage) {
    const bool is_plain = level(0).snapshot.is_plain();
    RowTable table{.width = stage.codecs.size(), .values = {}};
    {
        BorrowedStatement statement(database_.statements(), database_.handle(), is_plain ? stage.sql : stage.sql_concurrent);
        const int count = sqlite3_bind_parameter_count(statement->get());
        statement->bind_int(1, number_);
        if (count >= 2) statement->bind_int(2, static_cast<std::int64_t>(level(0).snapshot.command));
        for (int i = kFirstParameter; i <= count; ++i) {
            auto index = static_cast<std::size_t>(i - kFirstParameter);
            statement->bind(i, bound_[index], program_.parameters[index].codec);
        }
        int rc;
        while ((rc = statement->raw_step()) == SQLITE_ROW) {
            for (std::size_t i = 0; i < table.width; ++i) {
                table.values.push_back(statement->column(static_cast<int>(i), stage.codecs[i]));
            }
        }
        rethrow_error();
        database_.rethrow_collation_error();
        if (rc != SQLITE_DONE) throw_sqlite_error(database_.handle(), stage.sql);
    }
    std::vector<std::vector<Datum>> rows;
    for (std::uint32_t number : sort_rows(host_, stage.sort, table, -1, 0)) {
        auto begin = table.values.begin() + static_cast<std::ptrdiff_t>(number * table.width);
        rows.emplace_back(std::make_move_iterator(begin),
                          std::make_move_iterator(begin + static_cast<std::ptrdiff_t>(table.width)));
    }
    return rows;
}

/// An index scan reads the pages that its entries point to.
void Execution::visit_entries(const TableScan& scan) {
    if (!database_.has_prunable_pages(scan.relation->file_node)) return;
    std::vector<std::uint32_t> blocks;
    {
        BorrowedStatement statement(database_.statements(), database_.handle(), scan.entries_sql);
        int count = sqlite3_bind_parameter_count(statement->get());
        for (int i = kFirstParameter; i <= count; ++i) {
            auto index = static_cast<std::size_t>(i - kFirstParameter);
            statement->bind(i, bound_[index], program_.parameters[index].codec);
        }
        while (statement->step()) {
            blocks.push_back(static_cast<std::uint32_t>(statement->column_int(0)));
        }
    }
    for (std::uint32_t block : blocks) database_.prune_block(scan.relation->file_node, block);
}

void Execution::visit_pages() {
    for (const TableScan& scan : program_.scans) {
        if (!scan.entries_sql.empty()) {
            visit_entries(scan);
        } else if (scan.indexed_attno == 0) {
            database_.prune_for_scan(scan.relation->file_node);
        } else if (scan.parameter >= kFirstParameter) {
            const Datum& value = bound_[static_cast<std::size_t>(scan.parameter - kFirstParameter)];
            if (value.is_null()) continue;
            database_.visit_index(host_, *scan.relation, {&scan.indexed_attno, 1}, {&value, 1});
        }
    }
}

void Execution::finish() {
    for (auto& scope : scopes_) {
        if (scope) scope->finish();
    }
}

}  // namespace cdcsim::pg
