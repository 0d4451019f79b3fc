// What a SELECT is compiled to: one text of SQLite SQL, and what its calls of our own functions mean.
// x(?1, n, ...) evaluates expressions[n] over its arguments, agg(?1, n, ...) is aggregates[n],
// rows<width>(?1, n, ...) are the rows of sources[n]. ?1 is the number of the Execution, ?2 the
// snapshot's command; further parameters are `parameters` in order.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/postgres/binder/bound_query.h"
#include "sim/postgres/catalog/objects.h"
#include "sim/postgres/executor/project_set.h"
#include "sim/postgres/executor/select.h"
#include "sim/postgres/storage/row_sort.h"
#include "sim/postgres/storage/sqlite.h"

namespace cdcsim::pg {

/// Where an argument goes: a column of the row of a range table entry. attno 0: whether there is a
/// row (NULL: the outer join found none); system columns as in VarExpr.
struct VarInput {
    int rt_index = 0;
    int attno = 0;
    ColumnCodec codec;
    std::string sql;      ///< the argument's text
};

/// The rows that an expression looks at.
struct RowInputs {
    std::vector<VarInput> vars;
    std::vector<int> widths;   ///< by rt_index - 1: columns needed
};

struct CompiledExpr {
    ExprPtr expr;
    int block = 0;
    RowInputs inputs;
    ColumnCodec codec;
};

struct CompiledKey {
    Oid type = kInvalidOid;
    bool descending = false, nulls_first = false;
    ColumnCodec codec;
};

/// agg(?1, n, args..., keys..., [filter])
struct CompiledAggregate {
    const AggregateRow* row = nullptr;
    Oid function = kInvalidOid, result_type = kInvalidOid;
    std::vector<Oid> arg_types;
    std::vector<ColumnCodec> arg_codecs;
    std::vector<CompiledKey> keys;
    bool distinct = false, has_filter = false;
    bool hypothetical = false;   ///< args: a row, then the columns that it is compared with
    bool moving_frame = false;   ///< rows leave the frame: they must be kept
    ColumnCodec codec;
};

/// framed(?1, n, start offset, end offset, keys..., arg, args of the aggregate..., [filter]): a window
/// function over a frame that SQLite cannot say.
struct CompiledFrame {
    enum class Pick : std::uint8_t { kAggregate, kFirst, kLast, kNth };
    Pick pick = Pick::kAggregate;
    std::size_t nth = 1;
    CompiledAggregate aggregate;                ///< kAggregate; else its one argument and its result
    FrameMode mode = FrameMode::kRange;
    FrameBound start = FrameBound::kUnboundedPreceding, end = FrameBound::kCurrentRow;
    FrameExclusion exclusion = FrameExclusion::kNone;
    struct Offset {
        Oid type = kInvalidOid, in_range = kInvalidOid;
        ColumnCodec codec;
    };
    Offset start_offset, end_offset;
    std::vector<CompiledKey> keys;              ///< ORDER BY
};

/// hash_bucket(?1, n, buckets, keys...), hash_table(?1, n, rows, keys...): where rows lie in a hash table.
struct CompiledHashTable {
    std::vector<CompiledKey> keys;
    double expected = 1;         ///< groups
};

/// sort_table(?1, n, rids, keys...): a side of a merge join, sorted by keys that may be equal.
struct CompiledSortTable {
    std::vector<CompiledKey> keys;
};

/// A FROM item, or the target list's set-returning functions, whose rows C++ makes.
struct RowSource {
    enum class Kind : std::uint8_t {
        kQuery, kFunctions, kValues, kTransition, kVirtual, kCte, kWorkTable, kProjectSet, kSorted };
    Kind kind = Kind::kQuery;
    int block = 0;
    RowInputs inputs;                            ///< what it refers to in this level (LATERAL)
    std::vector<ColumnCodec> codecs;             ///< of its columns
    std::shared_ptr<const SelectPlan> plan;      ///< kQuery
    const RangeTableEntry* entry = nullptr;      ///< kFunctions, kValues, kTransition, kVirtual
    std::shared_ptr<const ProjectSet> project;   ///< kProjectSet
    int cte = -1, cte_levels_up = 0;
    int sorted = -1;                             ///< kSorted: index into Program::sorted
};

struct Parameter {
    /// The last ones are offsets of a frame: not NULL, and those of ROWS and GROUPS not negative.
    enum class Kind : std::uint8_t { kValue, kExpr, kLimit, kOffset, kFrameStart, kFrameEnd };
    Kind kind = Kind::kValue;
    bool is_range_offset = false;
    Datum value;
    ExprPtr expr;
    int block = 0;
    ColumnCodec codec;
};

/// A query level inside the text. Its `parent` is the level that its levels_up 1 means; -1: the
/// levels outside of the plan.
struct ProgramBlock {
    int parent = -1;
    const Query* query = nullptr;
};

/// How a stored table is read, for what reading does to its pages.
struct TableScan {
    RelationPtr relation;
    int indexed_attno = 0;       ///< 0: sequentially
    int parameter = 0;           ///< the SQL parameter that the indexed column is compared with
    std::string entries_sql;     ///< other index scans: the blocks that their entries point to
};

/// A stage whose rows are sorted before the next one reads them: a text of its own.
struct SortedStage {
    std::string sql, sql_concurrent;
    CompiledSort sort;
    std::vector<ColumnCodec> codecs;
};

struct Program {
    std::shared_ptr<const Query> query;          ///< keeps the tree alive
    std::vector<std::shared_ptr<const Query>> kept;
    std::string sql, sql_concurrent;             ///< the latter while other writers are about
    std::vector<ProgramBlock> blocks;
    std::vector<CompiledExpr> expressions;
    std::vector<CompiledAggregate> aggregates;
    std::vector<CompiledFrame> frames;
    std::vector<CompiledHashTable> hash_tables;
    std::vector<CompiledSortTable> sort_tables;
    std::vector<RowSource> sources;
    std::vector<Parameter> parameters;           ///< ?3, ?4, ...
    std::vector<TableScan> scans;
    std::vector<ColumnCodec> outputs;            ///< of the text's columns
    std::size_t visible = 0;                     ///< so many of them come out
    std::optional<CompiledSort> sort;            ///< of the text's rows
    std::vector<SortedStage> sorted;
};

inline constexpr int kFirstParameter = 3;

}  // namespace cdcsim::pg
