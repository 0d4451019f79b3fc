#include "tools/live/explore/generate.h"

#include <array>

#include "tools/live/explore/generate_internal.h"

namespace cdcsim::explore {

namespace {

struct StatementRow {
    void (Generator::*make)();
    unsigned weight;
    /// A table that is altered after its rows, in one transaction: the server's invalidations race
    /// with its decoding, so that the rows are described as before or as after.
    bool alters = false;
};

constexpr auto kStatements = std::to_array<StatementRow>({
    {&Generator::insert, 22},           {&Generator::update, 16},        {&Generator::select_columns, 12},
    {&Generator::select_constants, 12}, {&Generator::transaction, 12},   {&Generator::remove, 6},
    {&Generator::update_key, 4},        {&Generator::insert_select, 4},  {&Generator::insert_on_conflict, 5},
    {&Generator::update_from, 3},       {&Generator::remove_using, 2},   {&Generator::data_modifying_cte, 2},
    {&Generator::truncate, 1},          {&Generator::select_aggregate, 5}, {&Generator::select_group, 4},
    {&Generator::select_window, 4},     {&Generator::select_join, 4},    {&Generator::select_set, 2},
    {&Generator::select_whole_row, 3},  {&Generator::select_sublink, 3}, {&Generator::alter_table, 6},
    {&Generator::replica_identity, 1},  {&Generator::create_index, 1},   {&Generator::create_trigger, 2},
    {&Generator::merge, 4},             {&Generator::do_block, 2},       {&Generator::change_view, 3},
    {&Generator::switch_trigger, 1},    {&Generator::change_key, 1},     {&Generator::rename_table, 1},
    {&Generator::create_table_as, 1},   {&Generator::comment, 1},        {&Generator::add_label, 1},
});

constexpr auto kStreamed = std::to_array<StatementRow>({
    {&Generator::insert, 24},            {&Generator::update, 20},          {&Generator::transaction, 16},
    {&Generator::remove, 8},             {&Generator::update_key, 7},       {&Generator::insert_select, 4},
    {&Generator::insert_on_conflict, 6}, {&Generator::update_from, 3},      {&Generator::remove_using, 2},
    {&Generator::data_modifying_cte, 2}, {&Generator::truncate, 2},         {&Generator::select_columns, 1},
    {&Generator::alter_table, 6, true},        {&Generator::replica_identity, 3, true}, {&Generator::create_index, 1, true},
    {&Generator::create_trigger, 2, true},     {&Generator::store_out_of_line, 4}, {&Generator::update_beside, 3},
    {&Generator::merge, 5},              {&Generator::do_block, 3},         {&Generator::change_view, 3},
    {&Generator::emit_message, 2},             {&Generator::switch_trigger, 1, true},   {&Generator::change_key, 2, true},
    {&Generator::rename_table, 1, true},       {&Generator::create_table_as, 1, true},  {&Generator::comment, 1, true},
    {&Generator::add_label, 1, true},
});

}  // namespace

void Generator::create_what_snapshots_see() {
    create_tables();
    if (random_.percent(50)) create_trigger();
    if (random_.percent(25)) create_trigger();
    for (std::size_t i = 0; i < tables_.size() + 1; ++i) insert();
}

Statements Generator::run() {
    create_what_snapshots_see();
    const std::size_t count = 10 + random_.below(20);
    for (std::size_t i = 0; i < count; ++i) {
        (this->*random_.weighted(std::span<const StatementRow>(kStatements)).make)();
        if (i % 8 == 7) show_tables();
    }
    end_transaction();
    show_tables();
    return std::move(out_);
}

Streamed Generator::run_streamed() {
    const auto some = [&](std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const StatementRow& row = random_.weighted(std::span<const StatementRow>(kStreamed));
            if (row.alters && has_written_) end_transaction();
            (this->*row.make)();
            has_written_ = in_transaction_ && (has_written_ || (!row.alters && row.make != &Generator::transaction));
        }
        end_transaction();
    };
    Streamed out;
    create_what_snapshots_see();
    some(random_.below(8));
    out.before = std::move(out_);
    out_.clear();
    some(8 + random_.below(16));
    show_tables();
    out.after = std::move(out_);
    return out;
}

void Generator::end_transaction() {
    if (in_transaction_) add(random_.percent(80) ? "COMMIT" : "ROLLBACK");
    in_transaction_ = has_written_ = false;
}

void Generator::transaction() {
    if (!in_transaction_) {
        add(random_.percent(90) ? "BEGIN" : "START TRANSACTION");
        in_transaction_ = true;
        savepoints_ = 0;
        return;
    }
    const std::string name = "s" + std::to_string(savepoints_);
    switch (random_.below(savepoints_ > 0 ? 6 : 4)) {
        case 0:
        case 1: add(random_.percent(75) ? "COMMIT" : "ROLLBACK"); in_transaction_ = false; break;
        case 2:
        case 3: add("SAVEPOINT s" + std::to_string(++savepoints_)); break;
        case 4: add("ROLLBACK TO SAVEPOINT " + name); break;
        default: add("RELEASE SAVEPOINT " + name); --savepoints_; break;
    }
}

// The rows in the order of their ctids: later events follow it.
void Generator::show_tables() {
    for (const TableModel& table : tables_) add("SELECT ctid, * FROM " + table.name);
    if (has_audit_) add("SELECT ctid, id, op, tab, old_row, new_row FROM audit");
}

Statements generate_script(std::uint64_t seed, std::uint64_t index) { return Generator(Random(seed, index), Generator::Kind::kSql).run(); }

}  // namespace cdcsim::explore
