// Where row versions lie: pages, line pointers, HOT chains and pruning, as far as they decide a
// version's ctid. Mirrors hio.c, heapam.c, pruneheap.c and bufpage.c; no bytes are kept, only lengths.
// Not simulated: VACUUM, the target page that each backend remembers for
// itself (here the table remembers one).
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "sim/postgres/storage/free_space_map.h"

namespace cdcsim::pg {

inline constexpr int kPageSize = 8192;
inline constexpr int kMaxTupleSize = 8160;

constexpr int max_align(int length) { return (length + 7) & ~7; }

class Placement {
  public:
    /// What INSERT leaves free of each page: 100 less its fillfactor, in percent.
    void set_fill_factor(int percent) { kept_free_ = kPageSize * (100 - percent) / 100; }

    /// The ctid of a new tuple of `length` bytes. REQUIRES: length <= kMaxTupleSize.
    std::int64_t insert(int length);
    /// The same for a version that replaces `old_rid`. `hot_allowed`: no indexed column differs.
    std::int64_t update(std::int64_t old_rid, int length, bool hot_allowed);
    void kill(std::int64_t rid, std::uint64_t died);
    void undo_kill(std::int64_t rid);
    void undo_insert(std::int64_t rid);

    /// What a scan does to a page that it reads (heap_page_prune_opt): if the page is nearly full
    /// and holds versions that died at or before `horizon`, they go. Appends the rids whose
    /// versions are gone (those of undone inserts too).
    void prune_if_needed(std::uint32_t block, std::uint64_t horizon,
                         std::vector<std::int64_t>& gone);
    /// The same for all pages: a sequential scan.
    void prune_all(std::uint64_t horizon, std::vector<std::int64_t>& gone);

    /// Whether a page that is read now would be pruned.
    bool wants_prune(std::uint32_t block, std::uint64_t horizon) const;
    bool has_prunable_pages() const { return !prunable_.empty(); }
    /// The line pointer that index entries have for this version: where its HOT chain begins.
    std::int64_t root_of(std::int64_t rid);
    bool is_hot_updated(std::int64_t rid) { return item_of(rid).hot_updated; }

    /// True if no version has died or was undone and no line pointer is free: VACUUM would change nothing.
    bool is_clean() const;

    std::uint32_t page_count() const { return static_cast<std::uint32_t>(pages_.size()); }

  private:
    enum class State : std::uint8_t { kUnused, kNormal, kRedirect, kDead };
    struct Item {
        State state = State::kUnused;
        bool heap_only = false;
        bool hot_updated = false;
        bool aborted = false;
        std::uint16_t length = 0;   ///< max_align'ed
        std::uint16_t next = 0;     ///< line of the next HOT version, or the redirect's target
    };
    struct Page {
        std::vector<Item> items;    ///< line - 1
        int upper = kPageSize;
        bool full_hint = false;
        bool free_lines_hint = false;
        std::uint64_t prune_hint = 0;  ///< pd_prune_xid: the least `died`; 0: nothing to prune
        std::vector<std::pair<std::uint16_t, std::uint64_t>> deaths;  ///< (line, died)
        std::vector<std::uint16_t> roots;  ///< by line - 1; empty: not known
        int lower() const { return 24 + 4 * static_cast<int>(items.size()); }
    };
    struct PruneResult {
        std::vector<std::uint16_t> unused, dead;
        std::vector<std::pair<std::uint16_t, std::uint16_t>> redirects;
        std::vector<bool> marked;
        std::uint64_t hint = 0;
    };

    static int heap_free_space(const Page& page);
    static std::uint16_t add_item(Page& page, int length);
    static const std::uint64_t* death_of(const Page& page, std::uint16_t line);
    static void note_prunable(std::uint64_t& hint, std::uint64_t died);
    static void prune_chain(const Page& page, std::uint16_t root, std::uint64_t horizon,
                            PruneResult& result);
    static void apply(Page& page, const PruneResult& result);
    void prune(std::uint32_t block, std::uint64_t horizon, std::vector<std::int64_t>& gone);
    /// RelationGetBufferForTuple.
    std::uint32_t find_page(int length);
    Page& page_of(std::int64_t rid) { return pages_[static_cast<std::size_t>(rid >> 16)]; }
    Item& item_of(std::int64_t rid) {
        return page_of(rid).items[static_cast<std::size_t>((rid & 0xFFFF) - 1)];
    }

    static constexpr std::uint32_t kNoPage = ~0U;
    std::vector<Page> pages_;
    std::uint32_t target_ = kNoPage;
    int kept_free_ = 0;
    FreeSpaceMap map_;
    std::set<std::uint32_t> prunable_;  ///< pages with a prune_hint
};

}  // namespace cdcsim::pg
