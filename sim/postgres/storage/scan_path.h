// Which way PostgreSQL's planner reads one table: in sequence, by an index, or by a bitmap of an
// index's row pointers. The three give the rows in different orders once rows were updated: the
// heap's, the index's, and that of the line pointers where the HOT chains begin; and what an UPDATE
// or DELETE finds first, it logs first. Mirrors costsize.c, selfuncs.c (a table without statistics),
// indxpath.c and pathnode.c's add_path. Not simulated: partial indexes whose predicate is implied
// but not written in WHERE, BitmapAnd (its order is that of any bitmap), histograms of ANALYZE.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/postgres/executor/host.h"

namespace cdcsim::pg {

/// What the planner knows of a table's size.
struct TableSize {
    std::uint32_t pages = 0;        ///< now
    std::uint32_t known_pages = 0;  ///< pg_class.relpages
    double known_tuples = -1;       ///< pg_class.reltuples; -1: never counted
    bool has_children = false;
};

enum class ScanKind : std::uint8_t { kSequential, kIndex, kBitmap };

struct ScanPath {
    ScanKind kind = ScanKind::kSequential;
    const Index* index = nullptr;   ///< kIndex: whose order the rows have
    /// The conditions (of those given) that choose the index entries which are read; empty: an OR.
    std::vector<ExprPtr> boundaries;
};

struct ScanRequest {
    const Relation& relation;
    TableSize size;
    int rt_index = 0;                        ///< of the relation in `conjuncts`
    std::span<const ExprPtr> conjuncts;      ///< folded
    double limit = 0;                        ///< rows that are wanted; 0: all
};

ScanPath choose_scan(Host& host, const ScanRequest& request);

/// The same for `column = value AND ...`, as foreign keys ask.
ScanPath choose_equality_scan(Host& host, const Relation& relation, const TableSize& size,
                              std::span<const int> attnos);

}  // namespace cdcsim::pg
