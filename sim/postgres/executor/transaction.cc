// Transactions and subtransactions of a Backend. Mirrors xact.c.
#include <algorithm>

#include <fmt/format.h>

#include "sim/postgres/executor/backend.h"
#include "sim/postgres/executor/row_locks.h"

namespace cdcsim::pg {
namespace {

/// Sizes that make LSNs advance plausibly; nothing compares them with real ones.
constexpr std::size_t kCommitRecordBytes = 46;
constexpr std::size_t kAbortRecordBytes = 40;
constexpr std::size_t kMessageHeaderBytes = 56;
constexpr std::size_t kLockRecordBytes = 54;

/// Of the settings' stack.
constexpr int kTransactionLevel = 1;

/// Whom the setting "role" names; for none, the session's user.
Oid user_of_role(const Catalog& catalog, const std::string& name, Oid session_user) {
    if (name == "none" || name.empty()) return session_user;
    const Role* role = catalog.find_role(name);
    return role == nullptr ? session_user : role->oid;
}

}  // namespace

void Backend::start_transaction() {
    CDCSIM_CHECK(!transaction_.active);
    transaction_ = Transaction();
    transaction_.active = true;
    transaction_.start = statement_start_;
    setting_stack_.enter();
    read_transaction_defaults();
    transaction_.isolation = default_isolation_;
    transaction_.read_only = default_read_only_;
}

/// What a transaction begins with, read again when a setting has changed.
void Backend::read_transaction_defaults() {
    if (settings_.shares_with(begun_with_)) return;
    default_isolation_ = setting("default_transaction_isolation");
    default_read_only_ = setting("default_transaction_read_only") == "on";
    settings_.set("transaction_isolation", default_isolation_);
    settings_.set("transaction_read_only", default_read_only_ ? "on" : "off");
    settings_.set("transaction_deferrable", setting("default_transaction_deferrable"));
    begun_with_ = settings_;
}

void Backend::begin_block() {
    if (transaction_.block) {
        send_notice("WARNING", SqlError("25001", "there is already a transaction in progress"));
        return;
    }
    transaction_.block = true;
    transaction_.implicit_block = false;
}

Xid Backend::write_xid() {
    auto assign = [&](Xid& xid) {
        if (xid.value != 0) return;
        xid = server_->allocate_xid();
        transaction_.xids.push_back(xid);
    };
    assign(transaction_.xid);
    for (SubTransaction& sub : transaction_.subs) assign(sub.xid);
    return transaction_.subs.empty() ? transaction_.xid : transaction_.subs.back().xid;
}

SubTransaction Backend::mark_here(const std::string& name, bool is_savepoint) {
    SubTransaction mark;
    mark.name = name;
    mark.is_savepoint = is_savepoint;
    mark.undo = transaction_.undo.size();
    mark.changes = transaction_.changes.size();
    mark.deferred = transaction_.deferred.size();
    mark.fired = transaction_.fired.size();
    mark.constraint_modes = transaction_.constraint_modes;
    mark.all_constraints = transaction_.all_constraints;
    mark.catalog = transaction_.catalog;
    mark.setting_level = setting_stack_.enter();
    mark.portals = portal_serial;
    mark.created_files = transaction_.created_files.size();
    mark.dropped_files = transaction_.dropped_files.size();
    mark.xids = transaction_.xids.size();
    mark.locks = transaction_.locks.size();
    mark.row_locks = transaction_.row_locks.size();
    mark.depth = transaction_.subs.size();
    mark.read_only = transaction_.read_only;
    return mark;
}

void Backend::undo_to(const SubTransaction& mark) {
    while (transaction_.undo.size() > mark.undo) {
        const Undo& undo = transaction_.undo.back();
        if (undo.kind == UndoKind::kInsert) {
            database().undo_insert(undo.file_node, undo.rid);
        } else {
            database().undo_kill(undo.file_node, undo.rid);
        }
        transaction_.undo.pop_back();
    }
    while (transaction_.created_files.size() > mark.created_files) {
        database().drop_table(transaction_.created_files.back());
        transaction_.created_files.pop_back();
    }
    transaction_.changes.resize(mark.changes);
    drop_portals_after(mark.portals);
    for (; transaction_.fired.size() > mark.fired; transaction_.fired.pop_back()) {
        transaction_.deferred[transaction_.fired.back()].fired = false;
    }
    transaction_.deferred.resize(mark.deferred);
    transaction_.constraint_modes = mark.constraint_modes;
    transaction_.all_constraints = mark.all_constraints;
    transaction_.dropped_files.resize(mark.dropped_files);
    transaction_.catalog = mark.catalog;
    const std::string role = setting("role");
    leave_settings(mark.setting_level, false);
    if (setting("role") != role) current_user_ = user_of_role(catalog(), setting("role"), session_user_);
    search_path_catalog_ = nullptr;
    set_read_only(mark.read_only);
    release_locks(mark);
}

void Backend::define_savepoint(const std::string& name) { transaction_.subs.push_back(mark_here(name, true)); }

namespace {

std::vector<SubTransaction>::iterator find_savepoint(Transaction& transaction, const std::string& name) {
    auto it = std::ranges::find_if(transaction.subs.rbegin(), transaction.subs.rend(),
                                   [&](const SubTransaction& sub) { return sub.is_savepoint && sub.name == name; });
    if (it == transaction.subs.rend()) throw SqlError("3B001", fmt::format("savepoint \"{}\" does not exist", name));
    return std::prev(it.base());
}

}  // namespace

void Backend::release_savepoint(const std::string& name) {
    auto it = find_savepoint(transaction_, name);
    set_read_only(it->read_only);
    leave_settings(it->setting_level, true);
    transaction_.subs.erase(it, transaction_.subs.end());
}

void Backend::rollback_to_savepoint(const std::string& name) {
    auto it = find_savepoint(transaction_, name);
    undo_to(*it);
    it->setting_level = setting_stack_.enter();
    it->xid = Xid{};
    transaction_.subs.erase(std::next(it), transaction_.subs.end());
    transaction_.failed = false;
}

void Backend::begin_subtransaction() { transaction_.subs.push_back(mark_here("", false)); }

void Backend::release_subtransaction() {
    set_read_only(transaction_.subs.back().read_only);
    leave_settings(transaction_.subs.back().setting_level, true);
    transaction_.subs.pop_back();
}

/// What a subtransaction has set ends with it, even when it is kept.
void Backend::set_read_only(bool read_only) {
    if (read_only == transaction_.read_only) return;
    transaction_.read_only = read_only;
    settings_.set("transaction_read_only", read_only ? "on" : "off");
}

void Backend::rollback_subtransaction() {
    undo_to(transaction_.subs.back());
    transaction_.subs.pop_back();
}

void Backend::end_block() {
    // A deferred check that fails leaves no block behind.
    transaction_.block = transaction_.failed;
    commit_transaction();
}

void Backend::commit_transaction() {
    if (transaction_.failed) return rollback_transaction();
    fire_deferred(false);
    run_on_commit_actions();
    end_portals(true);
    if (transaction_.xid.value != 0) {
        // RECORD_COMMIT: one record, whatever was done.
        LogEntry entry;
        entry.xid = transaction_.xid;
        entry.commit_lsn = server_->wal.append(kCommitRecordBytes);
        entry.end_lsn = server_->wal.position();
        entry.commit_time = server_->options.clock->now();
        entry.origin = transaction_.origin;
        if (transaction_.catalog) {
            auto merged = std::make_shared<Catalog>(*server_->catalog);
            if (server_->catalog == transaction_.catalog_base) {
                server_->catalog = transaction_.catalog;
            } else {
                merged->merge(*transaction_.catalog_base, *transaction_.catalog);
                server_->catalog = merged;
            }
        }
        entry.catalog = server_->catalog;
        if (contended_ || others_are_at_work()) keep_successors(*this);
        entry.changes = std::move(transaction_.changes);
        if (!entry.changes.empty()) server_->wal.add(std::move(entry));
        for (std::uint32_t file : transaction_.dropped_files) database().drop_table(file);
    }
    end_transaction();
}

void Backend::rollback_transaction() {
    undo_transaction();
    end_transaction();
}

void Backend::undo_transaction() {
    end_portals(false);
    // RECORD_ABORT: written if the transaction has an id, so the next record begins later.
    if (transaction_.xid.value != 0) server_->wal.append(kAbortRecordBytes);
    transaction_.xid = {};
    SubTransaction start;
    start.setting_level = kTransactionLevel;
    undo_to(start);
}

void Backend::end_transaction() {
    leave_settings(kTransactionLevel, true);
    release_locks({});
    transaction_ = Transaction();
    const Oid user = current_user_;
    // Unchanged since a transaction began: the role, too.
    if (!settings_.shares_with(begun_with_) || role_setting_.empty()) role_setting_ = setting("role");
    current_user_ = user_of_role(catalog(), role_setting_, session_user_);
    if (current_user_ != user) search_path_catalog_ = nullptr;
    trigger_queues_.clear();
    bool alone = std::ranges::none_of(server_->backends, [&](Backend* other) { return other != this && other->transaction_.active; });
    if (!alone) return;
    database().set_horizon(server_->command);
    server_->locks.successors.clear();
}

namespace {

void check_may_end_transaction(Backend& backend, std::string_view verb) {
    if (!backend.nonatomic) throw SqlError("2D000", "invalid transaction termination");
    if (!backend.transaction().subs.empty()) throw SqlError("2D000", fmt::format("cannot {} while a subtransaction is active", verb));
    if (backend.writing_loops > 0) throw SqlError("55000", "cannot perform transaction commands inside a cursor loop that is not read-only");
}

}  // namespace

void Backend::chain_transaction(bool commit, bool same_characteristics) {
    check_may_end_transaction(*this, commit ? "commit" : "roll back");
    std::size_t queues = trigger_queues_.size();
    std::string isolation = transaction_.isolation, deferrable = setting("transaction_deferrable");
    bool read_only = transaction_.read_only;
    if (commit) {
        commit_transaction();
    } else {
        rollback_transaction();
    }
    start_transaction();
    // Inside a procedure now() is not the statement's start.
    transaction_.start = server_->now();
    if (same_characteristics) {
        transaction_.isolation = isolation;
        transaction_.read_only = read_only;
        settings_.set("transaction_isolation", isolation);
        settings_.set("transaction_read_only", read_only ? "on" : "off");
        settings_.set("transaction_deferrable", deferrable);
    }
    trigger_queues_.resize(queues);
}

void Backend::commit_and_chain(bool same_characteristics) { chain_transaction(true, same_characteristics); }
void Backend::rollback_and_chain(bool same_characteristics) { chain_transaction(false, same_characteristics); }

void Backend::add_change(Change change) {
    std::size_t bytes = 64;
    if (change.after) {
        for (const Datum& value : *change.after) {
            if (value.kind() == Datum::Kind::kText) bytes += value.as_text().size();
            bytes += 8;
        }
    }
    change.lsn = server_->wal.append(bytes);
    transaction_.changes.push_back(std::move(change));
}

void Backend::log_hidden() {
    write_xid();
    server_->wal.append(kLockRecordBytes);
}

void Backend::emit_message(bool transactional, std::string prefix, std::string content, Lsn* lsn) {
    Change change;
    change.kind = ChangeKind::kMessage;
    const Lsn record = server_->wal.append(kMessageHeaderBytes + prefix.size() + content.size());
    change.lsn = server_->wal.position();  // decoding tells a message's end
    change.prefix = std::move(prefix);
    change.content = std::move(content);
    *lsn = change.lsn;
    if (transactional) {
        write_xid();
        transaction_.changes.push_back(std::move(change));
        return;
    }
    LogEntry entry;
    entry.transactional = false;
    entry.commit_lsn = record;
    entry.end_lsn = server_->wal.position();
    entry.catalog = server_->catalog;
    entry.changes.push_back(std::move(change));
    server_->wal.add(std::move(entry));
}

}  // namespace cdcsim::pg
