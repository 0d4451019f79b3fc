// The generator's state and its rows of statement kinds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/live/explore/expression_maker.h"
#include "tools/live/explore/generate.h"
#include "tools/live/explore/grammar.h"
#include "tools/live/explore/random.h"
#include "tools/live/explore/streamed.h"
#include "tools/live/explore/table_model.h"

namespace cdcsim::explore {

class Generator {
  public:
    /// kStreamed is for the whole pipeline: mostly changes that succeed, little asking.
    enum class Kind { kSql, kStreamed };
    Generator(Random random, Kind kind) : random_(random), make_(random_), streamed_(kind == Kind::kStreamed) {}
    Statements run();
    Streamed run_streamed();

    // One statement of its kind each (generate_dml.cc, generate_query.cc, generate_ddl.cc).
    void insert();
    void insert_select();
    void insert_on_conflict();
    void update();
    void update_key();
    void update_from();
    void remove();
    void remove_using();
    void data_modifying_cte();
    void merge();
    void do_block();
    void change_view();
    void emit_message();
    void truncate();
    void store_out_of_line();
    void update_beside();
    void select_constants();
    void select_columns();
    void select_aggregate();
    void select_group();
    void select_window();
    void select_join();
    void select_set();
    void select_whole_row();
    void select_sublink();
    void transaction();
    void alter_table();
    void replica_identity();
    void create_index();
    void create_trigger();
    void switch_trigger();
    void change_key();
    void rename_table();
    void create_table_as();
    void comment();
    void add_label();

  private:
    void create_tables();
    void create_what_snapshots_see();
    void end_transaction();
    Piece column_definition(TableModel& table, ColumnModel& column, const TypeRow& type);
    Piece key_definition(TableModel& table);
    /// A chance that is smaller where what fails is of little use.
    bool seldom(unsigned percent) { return random_.percent(streamed_ ? (percent + 5) / 6 : percent); }
    std::string default_value(const ColumnModel& column) { return make_.constant(column.family, streamed_ && random_.percent(85) ? Constants::kPlain : Constants::kAny); }
    Constants wild_constants() { return streamed_ && random_.percent(90) ? Constants::kAny : Constants::kWithWrong; }
    void add_audit();
    void show_tables();
    void add(Piece piece) { out_.push_back(std::move(piece)); }

    TableModel& any_table() { return tables_[random_.below(tables_.size())]; }
    const TableModel* other_table(const TableModel& table);
    Scope scope_of(const TableModel& table, std::string_view prefix, bool with_indexed) const;
    std::string key_value(TableModel& table, const ColumnModel& column, bool fresh);
    std::string value_for(TableModel& table, const ColumnModel& column, bool fresh);
    Piece row_of_values(TableModel& table, const std::vector<const ColumnModel*>& columns);
    std::vector<const ColumnModel*> columns_to_insert(const TableModel& table, std::string& overriding);
    Piece insert_head(const TableModel& table, const std::vector<const ColumnModel*>& columns) const;
    Piece assignments(TableModel& table, const Scope& scope);
    Piece where(TableModel& table, const std::string& prefix);
    Piece returning(const TableModel& table);
    std::string order_by_key(const TableModel& table, const std::string& prefix) const;

    Random random_;
    ExpressionMaker make_;
    bool streamed_;
    std::vector<TableModel> tables_;
    Statements out_;
    bool has_audit_ = false;
    std::vector<TableModel> views_;  ///< simple ones, with the columns that their table had
    bool in_transaction_ = false;
    bool has_written_ = false;  ///< in this transaction
    int savepoints_ = 0;
    int next_trigger_ = 1;
    int triggers_ = 0;
};

}  // namespace cdcsim::explore
