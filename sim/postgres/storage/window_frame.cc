// framed: window functions over frames that SQLite cannot say (RANGE with an offset, offsets that are
// not constants). SQLite gives the whole partition, then asks for one value for each of its rows, in
// their order. Mirrors nodeWindowAgg.c's update_frameheadpos and update_frametailpos.
#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.h"
#include "sim/postgres/storage/execution.h"
#include "sim/postgres/type/oids.h"

namespace cdcsim::pg {
namespace {

struct Row {
    std::vector<Datum> keys, args;
    bool is_skipped = false;    ///< by FILTER, or a NULL that the aggregate ignores
    std::size_t group = 0;      ///< of peers
};

struct Span {
    std::size_t begin = 0, end = 0;
};

/// The rows of one partition.
class Partition {
  public:
    Partition(Execution& execution, const CompiledFrame& frame) : execution_(execution), frame_(frame) {}

    Execution& execution() { return execution_; }
    const CompiledFrame& frame() const { return frame_; }

    void add(sqlite3_value** values) {
        const CompiledAggregate& aggregate = frame_.aggregate;
        if (rows_.empty()) {
            start_offset_ = read_offset(values[2], frame_.start_offset);
            end_offset_ = read_offset(values[3], frame_.end_offset);
        }
        values += 4;
        Row row;
        for (const CompiledKey& key : frame_.keys) row.keys.push_back(read_value(*values++, key.codec));
        for (const ColumnCodec& codec : aggregate.arg_codecs) row.args.push_back(read_value(*values++, codec));
        const bool skips_nulls = aggregate.row != nullptr && aggregate.row->skips_nulls;
        row.is_skipped = skips_nulls && std::ranges::any_of(row.args, &Datum::is_null);
        if (aggregate.has_filter) row.is_skipped = row.is_skipped || sqlite3_value_int(*values) == 0;
        if (!rows_.empty()) row.group = rows_.back().group + (are_peers(rows_.back(), row) ? 0 : 1);
        if (rows_.empty() || row.group != rows_.back().group) groups_.push_back(rows_.size());
        rows_.push_back(std::move(row));
    }

    /// Of the next row.
    Datum next() {
        CDCSIM_CHECK(current_ < rows_.size());
        const std::size_t begin = head(), end = std::max(begin, tail());
        Datum result = frame_.pick == CompiledFrame::Pick::kAggregate ? aggregate({begin, end}) : pick({begin, end});
        ++current_;
        return result;
    }

  private:
    static Datum read_offset(sqlite3_value* value, const CompiledFrame::Offset& offset) {
        return offset.type == kInvalidOid ? Datum() : read_value(value, offset.codec);
    }

    bool are_peers(const Row& a, const Row& b) const {
        for (std::size_t i = 0; i < frame_.keys.size(); ++i) {
            if (a.keys[i].is_null() != b.keys[i].is_null()) return false;
            if (!a.keys[i].is_null() && compare_values(execution_.host(), frame_.keys[i].type, a.keys[i], b.keys[i]) != 0) return false;
        }
        return true;
    }

    std::size_t group_begin(std::size_t group) const { return group < groups_.size() ? groups_[group] : rows_.size(); }

    /// Position `current` moved by an offset of ROWS or GROUPS; nothing: before the first.
    static std::optional<std::size_t> moved(std::size_t current, const Datum& offset, bool is_back) {
        const auto count = static_cast<std::uint64_t>(offset.as_int());
        if (!is_back) return current + count;
        if (count > current) return std::nullopt;
        return current - count;
    }

    std::size_t head() {
        const bool is_back = frame_.start == FrameBound::kPreceding;
        const std::size_t group = rows_[current_].group;
        if (frame_.start == FrameBound::kUnboundedPreceding) return 0;
        if (frame_.start == FrameBound::kCurrentRow) return frame_.mode == FrameMode::kRows ? current_ : group_begin(group);
        if (frame_.mode == FrameMode::kRows) return std::min(moved(current_, start_offset_, is_back).value_or(0), rows_.size());
        if (frame_.mode == FrameMode::kGroups) return group_begin(moved(group, start_offset_, is_back).value_or(0));
        while (head_ < rows_.size() && !starts_at(rows_[head_], is_back)) ++head_;
        return head_;
    }

    std::size_t tail() {
        const bool is_back = frame_.end == FrameBound::kPreceding;
        const std::size_t group = rows_[current_].group;
        if (frame_.end == FrameBound::kUnboundedFollowing) return rows_.size();
        if (frame_.end == FrameBound::kCurrentRow) return frame_.mode == FrameMode::kRows ? current_ + 1 : group_begin(group + 1);
        if (frame_.mode == FrameMode::kRange) {
            while (tail_ < rows_.size() && !ends_before(rows_[tail_], is_back)) ++tail_;
            return tail_;
        }
        const bool is_rows = frame_.mode == FrameMode::kRows;
        const std::optional<std::size_t> last = moved(is_rows ? current_ : group, end_offset_, is_back);
        if (!last) return 0;
        return is_rows ? std::min(*last, rows_.size() - 1) + 1 : group_begin(std::min(*last, groups_.size()) + 1);
    }

    bool in_range(const CompiledFrame::Offset& offset, const Datum& amount, const Row& row, bool subtract, bool less) const {
        const Oid key = frame_.keys[0].type;
        const std::array types = {key, key, offset.type, oid::kBool, oid::kBool};
        const std::array args = {row.keys[0], rows_[current_].keys[0], amount, Datum::of_bool(subtract), Datum::of_bool(less)};
        CallContext call{.env = execution_.host(), .result_type = oid::kBool, .arg_types = types, .function = offset.in_range};
        return find_scalar_function(offset.in_range)(call, args).as_bool();
    }

    /// Whether a frame of RANGE begins at `row`, as none before it does.
    bool starts_at(const Row& row, bool is_back) const {
        const bool row_null = row.keys[0].is_null(), current_null = rows_[current_].keys[0].is_null();
        if (row_null || current_null) return frame_.keys[0].nulls_first ? !row_null || current_null : row_null || !current_null;
        const bool descends = frame_.keys[0].descending;
        return in_range(frame_.start_offset, start_offset_, row, is_back != descends, descends);
    }

    bool ends_before(const Row& row, bool is_back) const {
        const bool row_null = row.keys[0].is_null(), current_null = rows_[current_].keys[0].is_null();
        if (row_null || current_null) return frame_.keys[0].nulls_first ? !row_null : !current_null;
        const bool descends = frame_.keys[0].descending;
        return !in_range(frame_.end_offset, end_offset_, row, is_back != descends, !descends);
    }

    bool is_excluded(std::size_t row) const {
        switch (frame_.exclusion) {
            case FrameExclusion::kNone: return false;
            case FrameExclusion::kCurrentRow: return row == current_;
            case FrameExclusion::kGroup: return rows_[row].group == rows_[current_].group;
            case FrameExclusion::kTies: return row != current_ && rows_[row].group == rows_[current_].group;
        }
        return false;
    }

    Datum aggregate(Span span) {
        const CompiledAggregate& aggregate = frame_.aggregate;
        const bool is_same = frame_.exclusion == FrameExclusion::kNone && current_ > 0 && span.begin == last_.begin && span.end == last_.end;
        if (is_same) return last_value_;
        CallContext call{.env = execution_.host(), .result_type = aggregate.result_type, .arg_types = aggregate.arg_types, .function = aggregate.function};
        std::unique_ptr<AggregateState> state = aggregate.row->make();
        for (std::size_t i = span.begin; i < span.end; ++i) {
            if (!rows_[i].is_skipped && !is_excluded(i)) state->step(call, rows_[i].args);
        }
        last_ = span;
        last_value_ = state->result(call);
        return last_value_;
    }

    /// first_value, last_value, nth_value.
    Datum pick(Span span) const {
        std::size_t wanted = frame_.pick == CompiledFrame::Pick::kNth ? frame_.nth : 1;
        const bool is_last = frame_.pick == CompiledFrame::Pick::kLast;
        for (std::size_t i = 0; i < span.end - span.begin; ++i) {
            const std::size_t row = is_last ? span.end - 1 - i : span.begin + i;
            if (!is_excluded(row) && --wanted == 0) return rows_[row].args[0];
        }
        return Datum();
    }

    Execution& execution_;
    const CompiledFrame& frame_;
    std::vector<Row> rows_;
    std::vector<std::size_t> groups_;   ///< where they begin
    Datum start_offset_, end_offset_;
    std::size_t current_ = 0, head_ = 0, tail_ = 0;
    Span last_;
    Datum last_value_;
};

Partition** slot_of(sqlite3_context* context, bool make) {
    return static_cast<Partition**>(sqlite3_aggregate_context(context, make ? sizeof(Partition*) : 0));
}

void step(sqlite3_context* context, int, sqlite3_value** values) {
    Partition** slot = slot_of(context, true);
    auto& database = *static_cast<SqliteDatabase*>(sqlite3_user_data(context));
    Execution& execution = execution_of(database, values[0]);
    guarded(context, execution, [&] {
        if (*slot == nullptr) {
            *slot = new Partition(execution, execution.program().frames[static_cast<std::size_t>(sqlite3_value_int(values[1]))]);
        }
        (*slot)->add(values);
    });
}

void value(sqlite3_context* context) {
    Partition** slot = slot_of(context, false);
    if (slot == nullptr || *slot == nullptr) return sqlite3_result_null(context);
    guarded(context, (*slot)->execution(), [&] { write_result(context, (*slot)->next(), (*slot)->frame().aggregate.codec); });
}

void finish(sqlite3_context* context) {
    if (Partition** slot = slot_of(context, false)) delete *slot;
}

void inverse(sqlite3_context*, int, sqlite3_value**) {}

}  // namespace

void register_frames(SqliteDatabase& database) {
    sqlite3_create_window_function(database.handle(), "framed", -1, SQLITE_UTF8, &database, step, finish, value, inverse, nullptr);
}

}  // namespace cdcsim::pg
