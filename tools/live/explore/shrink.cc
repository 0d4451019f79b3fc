// Makes a differing script smaller: fewer statements, then fewer columns, then simpler statements,
// as long as a difference in the same field is left.
#include <algorithm>

#include "tools/live/explore/run_script.h"

namespace cdcsim::explore {

namespace {

class Shrinking {
  public:
    Shrinking(Statements script, std::string field, const Sides& sides, std::size_t budget)
        : script_(std::move(script)), field_(std::move(field)), sides_(sides), budget_(budget) {}

    Statements run() {
        try_script(script_);  // cuts off what follows the difference
        for (std::size_t size = 0; size != measure() && budget_ > 0;) {
            size = measure();
            drop_statements();
            drop_columns();
            simplify();
        }
        return std::move(script_);
    }

  private:
    std::size_t measure() const {
        std::size_t out = 0;
        for (const Piece& piece : script_) out += render(piece).size();
        return out;
    }

    bool try_script(const Statements& candidate) {
        if (budget_ == 0) return false;
        --budget_;
        const ScriptRun run = run_script(candidate, sides_);
        if (!run.difference || run.difference->mismatch.field != field_) return false;
        script_ = candidate;
        script_.resize(run.difference->statement + 1);
        return true;
    }

    void drop_statements() {
        for (std::size_t chunk = std::max<std::size_t>(script_.size() / 2, 1); chunk > 0; chunk /= 2) {
            for (std::size_t end = script_.size(); end > 0;) {
                const std::size_t begin = end > chunk ? end - chunk : 0;
                Statements candidate = script_;
                candidate.erase(candidate.begin() + static_cast<std::ptrdiff_t>(begin), candidate.begin() + static_cast<std::ptrdiff_t>(end));
                if (!candidate.empty()) try_script(candidate);
                end = std::min(begin, script_.size());
            }
        }
    }

    void drop_columns() {
        for (const std::string& tag : tags_of(script_)) {
            Statements candidate = script_;
            const bool whole = std::all_of(candidate.begin(), candidate.end(), [&](Piece& piece) { return without_tag(piece, tag); });
            if (whole) try_script(candidate);
        }
    }

    void simplify() {
        for (std::size_t i = script_.size(); i-- > 0;) {
            for (bool again = true; again && budget_ > 0;) {
                again = false;
                for (const Piece& piece : simpler(script_[i])) {
                    if (render(piece).size() >= render(script_[i]).size()) continue;
                    Statements candidate = script_;
                    candidate[i] = piece;
                    again = try_script(candidate);
                    if (again || i >= script_.size()) break;
                }
                if (i >= script_.size()) break;
            }
        }
    }

    Statements script_;
    std::string field_;
    const Sides& sides_;
    std::size_t budget_;
};

}  // namespace

Statements shrink(Statements script, const std::string& field, const Sides& sides, std::size_t budget) { return Shrinking(std::move(script), field, sides, budget).run(); }

}  // namespace cdcsim::explore
