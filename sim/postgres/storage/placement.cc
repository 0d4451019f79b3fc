#include "sim/postgres/storage/placement.h"

#include <algorithm>

#include "core/base/error.h"

namespace cdcsim::pg {
namespace {

constexpr int kLinePointer = 4;
constexpr std::size_t kMaxLines = 291;  // MaxHeapTuplesPerPage
/// Pages may be pruned when less than a tenth is free.
constexpr int kMinFree = kPageSize / 10;
/// A page is as good as empty with this much free space.
constexpr int kNearlyEmpty = kMaxTupleSize - static_cast<int>(kMaxLines) / 8 * kLinePointer;

std::int64_t make_rid(std::uint32_t block, std::uint16_t line) {
    return static_cast<std::int64_t>(block) << 16 | line;
}

}  // namespace

int Placement::heap_free_space(const Page& page) {
    int space = page.upper - page.lower() - kLinePointer;
    if (space <= 0) return 0;
    if (page.items.size() < kMaxLines) return space;
    bool has_free_line =
        page.free_lines_hint && std::ranges::any_of(page.items, [](const Item& item) {
            return item.state == State::kUnused;
        });
    return has_free_line ? space : 0;
}

/// PageAddItem: the first unused line pointer if there is known to be one, else a new one.
std::uint16_t Placement::add_item(Page& page, int length) {
    auto item = page.items.end();
    if (page.free_lines_hint) {
        item = std::ranges::find(page.items, State::kUnused, &Item::state);
        if (item == page.items.end()) page.free_lines_hint = false;
    }
    if (item == page.items.end()) item = page.items.insert(item, Item{});
    *item = Item{};
    item->state = State::kNormal;
    item->length = static_cast<std::uint16_t>(max_align(length));
    page.upper -= item->length;
    CDCSIM_CHECK(page.lower() <= page.upper);
    return static_cast<std::uint16_t>(item - page.items.begin() + 1);
}

std::uint32_t Placement::find_page(int length) {
    int wanted = max_align(length);
    wanted = wanted + kept_free_ > kNearlyEmpty ? std::max(wanted, kNearlyEmpty) : wanted + kept_free_;
    std::uint32_t block = target_;
    if (block == kNoPage && !pages_.empty()) block = page_count() - 1;
    while (block != kNoPage) {
        int available = heap_free_space(pages_[block]);
        if (wanted <= available) return target_ = block;
        auto other = map_.record_and_search(block, available, wanted);
        block = other && *other < page_count() ? *other : kNoPage;
    }
    pages_.emplace_back();
    return target_ = page_count() - 1;
}

std::int64_t Placement::insert(int length) {
    std::uint32_t block = find_page(length);
    return make_rid(block, add_item(pages_[block], length));
}

std::int64_t Placement::update(std::int64_t old_rid, int length, bool hot_allowed) {
    auto block = static_cast<std::uint32_t>(old_rid >> 16);
    if (max_align(length) > heap_free_space(pages_[block])) {
        std::uint32_t other = find_page(length);
        if (other != block) {
            pages_[block].full_hint = true;
            return make_rid(other, add_item(pages_[other], length));
        }
    }
    std::uint16_t line = add_item(pages_[block], length);
    if (hot_allowed) {
        pages_[block].items[line - 1U].heap_only = true;
        item_of(old_rid).hot_updated = true;
        item_of(old_rid).next = line;
        pages_[block].roots.clear();
    }
    return make_rid(block, line);
}

const std::uint64_t* Placement::death_of(const Page& page, std::uint16_t line) {
    auto it = std::ranges::find(page.deaths, line, &std::pair<std::uint16_t, std::uint64_t>::first);
    return it == page.deaths.end() ? nullptr : &it->second;
}

void Placement::note_prunable(std::uint64_t& hint, std::uint64_t died) {
    if (hint == 0 || died < hint) hint = died;
}

void Placement::kill(std::int64_t rid, std::uint64_t died) {
    Page& page = page_of(rid);
    page.deaths.emplace_back(static_cast<std::uint16_t>(rid & 0xFFFF), died);
    note_prunable(page.prune_hint, died);
    prunable_.insert(static_cast<std::uint32_t>(rid >> 16));
}

void Placement::undo_kill(std::int64_t rid) {
    std::erase_if(page_of(rid).deaths, [&](const auto& death) {
        return death.first == static_cast<std::uint16_t>(rid & 0xFFFF);
    });
    item_of(rid).hot_updated = false;
    page_of(rid).roots.clear();
}

std::int64_t Placement::root_of(std::int64_t rid) {
    if (!item_of(rid).heap_only) return rid;
    Page& page = page_of(rid);
    if (page.roots.empty()) {
        page.roots.resize(page.items.size());
        for (std::size_t root = 0; root < page.items.size(); ++root) {
            const Item* item = &page.items[root];
            if (item->heap_only) continue;
            while (item->state == State::kRedirect ||
                   (item->state == State::kNormal && item->hot_updated)) {
                page.roots[item->next - 1U] = static_cast<std::uint16_t>(root + 1);
                item = &page.items[item->next - 1U];
            }
        }
    }
    auto line = static_cast<std::size_t>(rid & 0xFFFF);
    CDCSIM_CHECK(line <= page.roots.size());
    return (rid & ~std::int64_t{0xFFFF}) | page.roots[line - 1];
}

void Placement::undo_insert(std::int64_t rid) {
    item_of(rid).aborted = true;
    item_of(rid).hot_updated = false;
}

/// heap_prune_chain: dead versions at the start of a HOT chain go, its root line pointer then
/// redirects to the first that stays, or is dead itself.
void Placement::prune_chain(const Page& page, std::uint16_t root, std::uint64_t horizon,
                            PruneResult& result) {
    auto is_dead = [&](std::uint16_t line) {
        const std::uint64_t* died = death_of(page, line);
        return page.items[line - 1U].aborted || (died != nullptr && *died <= horizon);
    };
    const Item& root_item = page.items[root - 1U];
    if (root_item.state == State::kNormal && root_item.heap_only) {
        if (is_dead(root) && !root_item.hot_updated) {
            result.unused.push_back(root);
            result.marked[root] = true;
        }
        return;
    }
    std::vector<std::uint16_t> chain;
    std::uint16_t line = root, latest_dead = 0;
    for (;;) {
        if (line > page.items.size() || result.marked[line]) break;
        const Item& item = page.items[line - 1U];
        if (item.state == State::kUnused || item.state == State::kDead) break;
        if (item.state == State::kRedirect) {
            if (!chain.empty()) break;
            chain.push_back(line);
            line = item.next;
            continue;
        }
        chain.push_back(line);
        if (!is_dead(line)) {
            if (const auto* died = death_of(page, line)) note_prunable(result.hint, *died);
            break;
        }
        latest_dead = line;
        if (!item.hot_updated) break;
        line = item.next;
    }
    if (latest_dead == 0) {
        if (chain.size() < 2 && root_item.state == State::kRedirect) {
            result.dead.push_back(root);
            result.marked[root] = true;
        }
        return;
    }
    std::size_t i = 1;
    for (; i < chain.size() && chain[i - 1] != latest_dead; ++i) {
        result.unused.push_back(chain[i]);
        result.marked[chain[i]] = true;
    }
    result.marked[root] = true;
    if (i >= chain.size()) {
        result.dead.push_back(root);
    } else {
        result.redirects.emplace_back(root, chain[i]);
        result.marked[chain[i]] = true;
    }
}

/// heap_page_prune_execute and PageRepairFragmentation.
void Placement::apply(Page& page, const PruneResult& result) {
    auto forget = [&](std::uint16_t line) {
        std::erase_if(page.deaths, [&](const auto& death) { return death.first == line; });
    };
    for (auto [line, target] : result.redirects) {
        page.items[line - 1U] = Item{.state = State::kRedirect, .next = target};
        forget(line);
    }
    for (std::uint16_t line : result.dead) {
        page.items[line - 1U] = Item{.state = State::kDead};
        forget(line);
    }
    for (std::uint16_t line : result.unused) {
        page.items[line - 1U] = Item{};
        forget(line);
    }
    while (!page.items.empty() && page.items.back().state == State::kUnused) page.items.pop_back();
    page.roots.clear();
    page.upper = kPageSize;
    page.free_lines_hint = false;
    for (const Item& item : page.items) {
        if (item.state == State::kNormal) page.upper -= item.length;
        if (item.state == State::kUnused) page.free_lines_hint = true;
    }
}

void Placement::prune(std::uint32_t block, std::uint64_t horizon,
                      std::vector<std::int64_t>& gone) {
    Page& page = pages_[block];
    PruneResult result;
    result.marked.resize(page.items.size() + 2);
    for (std::uint16_t line = 1; line <= page.items.size(); ++line) {
        State state = page.items[line - 1U].state;
        if (result.marked[line] || state == State::kUnused || state == State::kDead) continue;
        prune_chain(page, line, horizon, result);
    }
    auto was_normal = [&](std::uint16_t line) {
        return page.items[line - 1U].state == State::kNormal;
    };
    for (auto [line, target] : result.redirects) {
        if (was_normal(line)) gone.push_back(make_rid(block, line));
    }
    for (std::uint16_t line : result.dead) {
        if (was_normal(line)) gone.push_back(make_rid(block, line));
    }
    for (std::uint16_t line : result.unused) gone.push_back(make_rid(block, line));
    if (!result.redirects.empty() || !result.dead.empty() || !result.unused.empty()) {
        apply(page, result);
    }
    page.prune_hint = result.hint;
    page.full_hint = false;
    if (page.prune_hint == 0) prunable_.erase(block);
}

bool Placement::wants_prune(std::uint32_t block, std::uint64_t horizon) const {
    const Page& page = pages_[block];
    if (page.prune_hint == 0 || page.prune_hint > horizon) return false;
    return page.full_hint || heap_free_space(page) < std::max(kMinFree, kept_free_);
}

void Placement::prune_if_needed(std::uint32_t block, std::uint64_t horizon,
                                std::vector<std::int64_t>& gone) {
    if (wants_prune(block, horizon)) prune(block, horizon, gone);
}

void Placement::prune_all(std::uint64_t horizon, std::vector<std::int64_t>& gone) {
    std::vector<std::uint32_t> blocks(prunable_.begin(), prunable_.end());
    for (std::uint32_t block : blocks) prune_if_needed(block, horizon, gone);
}

bool Placement::is_clean() const {
    return std::ranges::all_of(pages_, [](const Page& page) {
        bool normal = std::ranges::all_of(page.items, [](const Item& item) { return item.state == State::kNormal && !item.heap_only && !item.aborted; });
        return normal && page.deaths.empty();
    });
}

}  // namespace cdcsim::pg
