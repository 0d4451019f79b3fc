// How a Backend waits for a lock: its statement runs on a thread, pauses, and lets the other
// sessions run. Mirrors lmgr.c, proc.c's ProcSleep and postgres.c's timeouts.
#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "sim/postgres/binder/bound_walk.h"
#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/row_locks.h"

namespace cdcsim::pg {
namespace {

/// Thrown through a waiting statement whose session is closed.
struct Abandoned {};

/// A timeout up to this is waited for: the clock jumps. Beyond, the step is left waiting.
constexpr std::int64_t kLongestTimeoutMs = 10'000;

}  // namespace

bool Backend::others_are_at_work() const {
    return std::ranges::any_of(server_->backends, [&](const Backend* other) {
        return other != this && (other->transaction_.active || !other->session_locks_.empty());
    });
}

MessageResult Backend::take_turn(const std::function<bool()>& turn) {
    bool ended = false;
    try {
        ended = turn();
    } catch (...) {
        server_->threads.give_back(std::move(thread_));
        throw;
    }
    if (!ended) {
        MessageResult result;
        result.waiting = true;
        result.waits_for = describe_wait();
        return result;
    }
    server_->threads.give_back(std::move(thread_));
    return finish_message();
}

MessageResult Backend::resume() {
    CDCSIM_CHECK(thread_ != nullptr);
    if (!is_blocked()) return take_turn([this] { return thread_->resume(); });
    MessageResult result;
    result.waiting = true;
    result.waits_for = describe_wait();
    return result;
}

void Backend::abandon() {
    if (!thread_) return;
    abandoned_ = true;
    try {
        while (!thread_->resume()) {
        }
    } catch (const Abandoned&) {
    }
    abandoned_ = false;
    server_->threads.give_back(std::move(thread_));
}

void Backend::run_on_new_stack(std::function<void()> body) {
    std::unique_ptr<SessionThread> deeper = server_->threads.take();
    SessionThread* outer = std::exchange(running_on_, deeper.get());
    struct Restore {
        Backend& backend;
        SessionThread* outer;
        std::unique_ptr<SessionThread>& deeper;
        ~Restore() {
            backend.running_on_ = outer;
            backend.server_->threads.give_back(std::move(deeper));
        }
    } restore{*this, outer, deeper};
    for (bool ended = deeper->run(std::move(body)); !ended; ended = deeper->resume()) {
        // What waits in there makes this one wait, too.
        outer->pause();
    }
}

std::string Backend::describe_wait() {
    if (!waits_) return "its turn";
    std::string text = waits_->what;
    std::vector<Backend*> holders = server_->locks.blockers(*this);
    if (!holders.empty()) {
        const std::string& label = holders.front()->label();
        text += ", held by " + (label.empty() ? fmt::format("process {}", holders.front()->pid()) : label);
    }
    return text;
}

bool Backend::is_blocked() {
    if (!waits_) return false;
    if (waits_->tag.kind != LockTag::Kind::kTransaction) return server_->locks.is_queued(*this, waits_->tag);
    Backend* owner = running_owner(*this, Xid{static_cast<std::uint32_t>(waits_->tag.number)});
    return owner != nullptr && owner != this;
}

void Backend::wait_for(LockWait wait) {
    CDCSIM_CHECK(thread_ != nullptr && !waits_);
    waits_ = std::move(wait);
    try {
        server_->locks.check_deadlock(*this);
        check_lock_timeout();
        while (is_blocked()) {
            running_on_->pause();
            if (abandoned_) throw Abandoned{};
        }
    } catch (SqlError& error) {
        if (!waits_->context.empty()) error.add_context(waits_->context);
        error.set_position(waits_->position);
        server_->locks.leave_queue(*this);
        waits_.reset();
        throw;
    } catch (...) {
        server_->locks.leave_queue(*this);
        waits_.reset();
        throw;
    }
    waits_.reset();
    database().set_host(*this);
    rebase_catalog();
}

namespace {

std::int64_t milliseconds(const std::string& value) {
    std::int64_t count = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
    std::string_view unit(end, static_cast<std::size_t>(value.data() + value.size() - end));
    return unit == "s" ? count * 1000 : unit == "min" ? count * 60'000 : unit == "h" ? count * 3'600'000 : count;
}

}  // namespace

/// Nobody gives the lock back while this step runs, so a timeout passes before anything else.
void Backend::check_lock_timeout() {
    if (!is_blocked()) return;
    std::int64_t lock = milliseconds(setting("lock_timeout")), statement = milliseconds(setting("statement_timeout"));
    bool by_lock = lock > 0 && (statement == 0 || lock <= statement);
    std::int64_t timeout = by_lock ? lock : statement;
    if (timeout == 0 || timeout > kLongestTimeoutMs) return;
    server_->options.clock->sleep(timeout * 1000);
    if (by_lock) throw SqlError("55P03", "canceling statement due to lock timeout");
    throw SqlError("57014", "canceling statement due to statement timeout");
}

namespace {

/// A query and all queries inside it.
void for_each_level(const Query& query, const QueryVisitor& visit) {
    visit(query);
    auto descend = [&](const Query& inner) { for_each_level(inner, visit); };
    std::function<void(const ExprPtr&)> look = [&](const ExprPtr& expr) {
        if (!expr) return;
        if (expr->kind == ExprKind::kSubLink) descend(*as<SubLinkExpr>(*expr).query);
        for_each_child(*expr, look);
    };
    for_each_expression(query, look, descend);
}

}  // namespace

bool Backend::lock(const LockTag& tag, LockMode mode, const std::string& what, int position) {
    for (const HeldLock& held : transaction_.locks) {
        if (held.mode == mode && held.tag == tag) return false;
    }
    bool at_once = server_->locks.acquire(*this, tag, mode);
    if (!at_once) wait_for({tag, mode, fmt::format("{} on {}", lock_mode_name(mode), what), "", position});
    transaction_.locks.push_back({tag, mode});
    return !at_once;
}

bool Backend::lock_table(const Relation& relation, LockMode mode) {
    if (relation.virtual_rows != nullptr || !keeps_locks()) return false;
    return lock({LockTag::Kind::kRelation, relation.oid, 0, 0}, mode, fmt::format("table \"{}\"", relation.name));
}

bool Backend::lock_tables(const Query& query) {
    if (!keeps_locks()) return false;
    bool waited = false;
    for_each_level(query, [&](const Query& level) {
        for (std::size_t i = 0; i < level.range_table.size(); ++i) {
            const RangeTableEntry& rte = level.range_table[i];
            if (rte.kind != RteKind::kRelation || !rte.relation) continue;
            bool is_target = static_cast<int>(i) + 1 == level.result_relation;
            LockMode mode = is_target ? LockMode::kRowExclusive : !level.row_marks.empty() ? LockMode::kRowShare : LockMode::kAccessShare;
            waited = lock_table(*rte.relation, mode) || waited;
        }
    });
    return waited;
}

bool Backend::is_in_use(const Relation& relation) const {
    if (std::ranges::find(triggered, relation.oid) != triggered.end()) return true;
    bool found = false;
    auto look = [&](const Query& query) {
        for_each_level(query, [&](const Query& level) {
            found = found || std::ranges::any_of(level.range_table, [&](const RangeTableEntry& entry) {
                return entry.kind == RteKind::kRelation && entry.relation && entry.relation->oid == relation.oid;
            });
        });
    };
    for (const auto& query : running_queries) look(*query);
    for (const auto& [name, portal] : portals) {
        if (portal.query && !portal.is_held) look(*portal.query);
    }
    return found;
}

void Backend::release_locks(const SubTransaction& mark) {
    LockManager& locks = server_->locks;
    while (transaction_.locks.size() > mark.locks) {
        HeldLock held = transaction_.locks.back();
        transaction_.locks.pop_back();
        locks.release(*this, held.tag, held.mode);
    }
    while (transaction_.row_locks.size() > mark.row_locks) {
        auto it = locks.row_locks.find(transaction_.row_locks.back());
        transaction_.row_locks.pop_back();
        if (it == locks.row_locks.end()) continue;
        auto mine = std::ranges::find(it->second.rbegin(), it->second.rend(), this, &RowLock::backend);
        if (mine != it->second.rend()) it->second.erase(std::next(mine).base());
        if (it->second.empty()) locks.row_locks.erase(it);
    }
    // The ids of the subtransactions that are rolled back run no more.
    auto outer_end = transaction_.subs.begin() + static_cast<std::ptrdiff_t>(std::min(mark.depth, transaction_.subs.size()));
    auto still_runs = [&](Xid xid) {
        return xid == transaction_.xid || std::find_if(transaction_.subs.begin(), outer_end, [&](const SubTransaction& sub) { return sub.xid == xid; }) != outer_end;
    };
    auto first = transaction_.xids.begin() + static_cast<std::ptrdiff_t>(std::min(mark.xids, transaction_.xids.size()));
    transaction_.xids.erase(std::remove_if(first, transaction_.xids.end(), [&](Xid xid) { return !still_runs(xid); }), transaction_.xids.end());
}

/// Others have committed DDL: this transaction's own changes go on top of it.
void Backend::rebase_catalog() {
    if (!transaction_.catalog || transaction_.catalog_base == server_->catalog) return;
    auto rebased = [&](const CatalogPtr& mine) {
        auto merged = std::make_shared<Catalog>(*server_->catalog);
        merged->merge(*transaction_.catalog_base, *mine);
        return merged;
    };
    for (SubTransaction& sub : transaction_.subs) {
        if (sub.catalog) sub.catalog = rebased(sub.catalog);
    }
    transaction_.catalog = rebased(transaction_.catalog);
    transaction_.catalog_base = server_->catalog;
    search_path_catalog_ = nullptr;
}

}  // namespace cdcsim::pg
