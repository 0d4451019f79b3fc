// Makes a differing scenario smaller. Each round tries all small steps at once, as the members of one
// batch, then joins those that keep the difference.
#include <algorithm>
#include <optional>
#include <set>

#include "tools/cdcsim/explore_live.h"

namespace cdcsim::cli {

namespace {

using explore::ConnectorOptions;
using explore::Piece;
using explore::Statements;
using explore::Streamed;

constexpr std::size_t kBatch = 40;
constexpr std::size_t kSimplerForEach = 6;  // of one statement in one round

/// What is taken out of a scenario, or put in its place. Statements are numbered through both parts.
struct Edit {
    std::set<std::size_t> removed;
    std::set<std::string> tags;
    std::map<std::size_t, Piece> replaced;

    void add(const Edit& other) {
        removed.insert(other.removed.begin(), other.removed.end());
        tags.insert(other.tags.begin(), other.tags.end());
        replaced.insert(other.replaced.begin(), other.replaced.end());
    }
};

std::size_t size_of(const Streamed& scenario) {
    std::size_t out = 0;
    for (const Statements* part : {&scenario.before, &scenario.after}) {
        for (const Piece& piece : *part) out += explore::render(piece).size() + 1;
    }
    return out;
}

/// nullopt: a statement would lose what it cannot be without.
std::optional<Streamed> edited(const Streamed& base, const Edit& edit) {
    Streamed out = base;
    out.before.clear();
    out.after.clear();
    std::size_t number = 0;
    for (const auto& [from, to] : {std::pair(&base.before, &out.before), std::pair(&base.after, &out.after)}) {
        for (const Piece& piece : *from) {
            const std::size_t at = number++;
            if (edit.removed.count(at) > 0) continue;
            const auto replaced = edit.replaced.find(at);
            Piece& added = to->emplace_back(replaced == edit.replaced.end() ? piece : replaced->second);
            for (const std::string& tag : edit.tags) {
                if (!explore::without_tag(added, tag)) return std::nullopt;
            }
        }
    }
    return out;
}

class Shrinking {
  public:
    Shrinking(Shrunk found, const live::StackOptions& stack, std::size_t batches) : best_(std::move(found)), signature_(best_.difference.signature()), stack_(stack), batches_(batches) {}

    Shrunk run() {
        while (batches_ > 0 && (round(removals()) || round(simplifications()))) {}
        drop_options();
        without_schema();
        return std::move(best_);
    }

  private:
    /// Parts of all sizes, then columns.
    std::vector<Edit> removals() const {
        const std::size_t count = best_.scenario.before.size() + best_.scenario.after.size();
        std::vector<Edit> out;
        for (std::size_t size = count / 2; size > 0; size /= 2) {
            for (std::size_t begin = 0; begin < count; begin += size) {
                Edit& edit = out.emplace_back();
                for (std::size_t i = begin; i < std::min(begin + size, count); ++i) edit.removed.insert(i);
            }
        }
        Statements all = best_.scenario.before;
        all.insert(all.end(), best_.scenario.after.begin(), best_.scenario.after.end());
        for (const std::string& tag : explore::tags_of(all)) out.emplace_back().tags.insert(tag);
        return out;
    }

    std::vector<Edit> simplifications() const {
        std::vector<Edit> out;
        std::size_t number = 0;
        for (const Statements* part : {&best_.scenario.before, &best_.scenario.after}) {
            for (const Piece& piece : *part) {
                const std::size_t size = explore::render(piece).size();
                std::vector<Piece> smaller = explore::simpler(piece);
                std::erase_if(smaller, [&](const Piece& other) { return explore::render(other).size() >= size; });
                std::stable_sort(smaller.begin(), smaller.end(), [](const Piece& a, const Piece& b) { return explore::render(a).size() < explore::render(b).size(); });
                if (smaller.size() > kSimplerForEach) smaller.resize(kSimplerForEach);
                for (Piece& other : smaller) out.emplace_back().replaced.emplace(number, std::move(other));
                ++number;
            }
        }
        return out;
    }

    /// Whether one of these edits, or several together, left something smaller that differs.
    bool round(const std::vector<Edit>& edits) {
        const Streamed base = best_.scenario;
        const std::size_t before = size_of(base);
        std::vector<Edit> good = try_edits(base, edits);
        std::vector<Edit> joined;
        for (std::size_t count = good.size(); count > 1; count /= 2) {
            Edit all;
            for (std::size_t i = 0; i < count; ++i) all.add(good[i]);
            joined.push_back(all);
        }
        if (!joined.empty()) try_edits(base, joined);
        return size_of(best_.scenario) < before;
    }

    /// Those that keep the difference, the smallest result first; that one becomes the best.
    std::vector<Edit> try_edits(const Streamed& base, const std::vector<Edit>& edits) {
        std::vector<std::pair<std::size_t, Edit>> good;
        for (std::size_t begin = 0; begin < edits.size() && batches_ > 0; begin += kBatch) {
            std::vector<Streamed> members;
            std::vector<const Edit*> made_by;
            for (std::size_t i = begin; i < std::min(begin + kBatch, edits.size()); ++i) {
                auto candidate = edited(base, edits[i]);
                if (!candidate || size_of(*candidate) >= size_of(base)) continue;
                candidate->schema = "s" + std::to_string(members.size());
                members.push_back(std::move(*candidate));
                made_by.push_back(&edits[i]);
            }
            for (const std::size_t kept : try_members(members)) good.emplace_back(size_of(members[kept]), *made_by[kept]);
        }
        std::stable_sort(good.begin(), good.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        std::vector<Edit> out;
        for (auto& [size, edit] : good) out.push_back(std::move(edit));
        return out;
    }

    /// The numbers of the members that differ in the same way.
    std::vector<std::size_t> try_members(const std::vector<Streamed>& members) {
        std::vector<std::size_t> out;
        const Preparation ready = prepare_quietly(members);
        if (!ready.together.empty()) run_group(ready.together, members, out);
        const bool ends_connector = best_.scenario.connector != Streamed::Fate::kStreams || signature_.starts_with("live:");
        for (std::size_t i = 0; ends_connector && i < ready.alone.size() && batches_ > 0; ++i) run_group({ready.alone[i]}, members, out);
        return out;
    }

    Preparation prepare_quietly(const std::vector<Streamed>& members) const {
        Preparation out;
        for (const Streamed& member : members) {
            try {
                Preparation one = prepare(best_.connector, {member});
                out.together.insert(out.together.end(), one.together.begin(), one.together.end());
                out.alone.insert(out.alone.end(), one.alone.begin(), one.alone.end());
            } catch (const std::exception&) {
                continue;  // the simulator's own fault is another difference
            }
        }
        return out;
    }

    void run_group(const std::vector<Streamed>& group, const std::vector<Streamed>& members, std::vector<std::size_t>& out) {
        if (batches_ == 0) return;
        --batches_;
        const BatchRun run = run_batch(best_.connector, group, stack_);
        std::set<std::size_t> seen;
        for (const BatchDifference& difference : run.differences) {
            if (difference.member >= group.size() || difference.signature() != signature_ || !seen.insert(difference.member).second) continue;
            const Streamed& kept = run.members[difference.member];
            const auto number = static_cast<std::size_t>(std::find_if(members.begin(), members.end(), [&](const Streamed& one) { return one.schema == kept.schema; }) - members.begin());
            out.push_back(number);
            if (size_of(kept) < size_of(best_.scenario)) take(kept, difference);
        }
    }

    void take(const Streamed& scenario, const BatchDifference& difference) {
        best_.scenario = scenario;
        best_.difference = difference;
        best_.difference.member = 0;
    }

    bool try_alone(const ConnectorOptions& connector, Streamed scenario) {
        const Preparation ready = prepare(connector, {scenario});
        const std::vector<Streamed>& group = ready.together.empty() ? ready.alone : ready.together;
        if (group.empty()) return false;
        const BatchRun run = run_batch(connector, group, stack_);
        for (const BatchDifference& difference : run.differences) {
            if (difference.signature() != signature_) continue;
            take(run.members[0], difference);
            best_.connector = connector;
            return true;
        }
        return false;
    }

    void drop_options() {
        if (best_.connector.empty() || try_alone({}, best_.scenario)) return;
        for (std::size_t i = best_.connector.size(); i-- > 0;) {
            if (best_.connector[i].first.starts_with("transforms.unwrap.type")) continue;
            ConnectorOptions fewer = best_.connector;
            const bool whole = fewer[i].first == "transforms";
            std::erase_if(fewer, [&](const auto& one) { return one.first == best_.connector[i].first || (whole && one.first.starts_with("transforms.")); });
            if (try_alone(fewer, best_.scenario)) i = std::min(i, best_.connector.size());
        }
    }

    void without_schema() {
        Streamed plain = best_.scenario;
        plain.schema.clear();
        try_alone(best_.connector, plain);
    }

    Shrunk best_;
    std::string signature_;
    const live::StackOptions& stack_;
    std::size_t batches_;
};

}  // namespace

Shrunk shrink_streamed(Shrunk found, const live::StackOptions& stack, std::size_t batches) { return Shrinking(std::move(found), stack, batches).run(); }

}  // namespace cdcsim::cli
