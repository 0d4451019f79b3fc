// Mirrors guc.c's push_old_value and AtEOXact_GUC.
#include "sim/postgres/executor/setting_stack.h"

namespace cdcsim::pg {
namespace {

/// A custom setting that nobody has named yet is empty.
std::string value_of(const SettingValues& values, const std::string& name) {
    auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
}

}  // namespace

void SettingStack::set_given(const std::string& name, bool given) {
    if (given) {
        given_.insert(name);
    } else {
        given_.erase(name);
    }
}

void SettingStack::remember(const std::string& name, SettingAction action, const SettingValues& values) {
    if (level_ == 0) return;
    Entries& entries = entries_[name];
    if (entries.empty() || entries.back().level < level_) {
        const State state = action == SettingAction::kSet ? State::kSet : action == SettingAction::kLocal ? State::kLocal : State::kSave;
        entries.push_back({level_, state, value_of(values, name), given(name), {}});
        return;
    }
    Entry& entry = entries.back();
    if (action == SettingAction::kSet) {
        // Overrides everything before it at this level, a SET clause too.
        entry.state = State::kSet;
    } else if (action == SettingAction::kLocal && entry.state == State::kSet) {
        entry.masked = value_of(values, name);
        entry.state = State::kSetLocal;
    }
}

/// What a level that is kept has done becomes the doing of the level around it.
void SettingStack::merge(const Entry& from, Entry& into) {
    if (from.state == State::kSet) {
        into.state = State::kSet;
    } else if (from.state == State::kSetLocal) {
        into.masked = from.masked;
        into.state = State::kSetLocal;
    } else if (into.state == State::kSet) {
        into.masked = from.prior;
        into.state = State::kSetLocal;
    }
}

bool SettingStack::unwind(const std::string& name, Entries& entries, int level, bool keep, SettingValues& values) {
    bool changed = false;
    auto put_back = [&](const std::string& value, bool was_given) {
        changed = changed || value_of(values, name) != value;
        values.set(name, value);
        set_given(name, was_given);
    };
    while (!entries.empty() && entries.back().level >= level) {
        Entry& entry = entries.back();
        if (!keep || entry.state == State::kSave || (entry.level == 1 && entry.state == State::kLocal)) {
            put_back(entry.prior, entry.prior_given);
        } else if (entry.level == 1) {
            if (entry.state == State::kSetLocal) put_back(entry.masked, true);
        } else if (entries.size() == 1 || entries[entries.size() - 2].level < entry.level - 1) {
            --entry.level;
            continue;
        } else {
            merge(entry, entries[entries.size() - 2]);
        }
        entries.pop_back();
    }
    return changed;
}

bool SettingStack::leave(int level, bool keep, SettingValues& values) {
    level_ = level - 1;
    bool changed = false;
    for (auto one = entries_.begin(); one != entries_.end();) {
        changed = unwind(one->first, one->second, level, keep, values) || changed;
        one = one->second.empty() ? entries_.erase(one) : std::next(one);
    }
    return changed;
}

}  // namespace cdcsim::pg
