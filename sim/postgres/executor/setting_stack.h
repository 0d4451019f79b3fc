// What settings return to when a function with SET clauses, a subtransaction or the transaction ends.
// Mirrors guc.c's GucStack: push_old_value and AtEOXact_GUC.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/postgres/executor/transaction.h"

namespace cdcsim::pg {

/// SET, SET LOCAL, and a function's SET clause.
enum class SettingAction { kSet, kLocal, kSave };

/// Levels nest: 1 is the transaction, each subtransaction and each call of a function with SET clauses is one more.
class SettingStack {
  public:
    int enter() { return ++level_; }

    /// To be called before `name` changes in `values` by `action`, at the level of now; outside of all it does nothing.
    void remember(const std::string& name, SettingAction action, const SettingValues& values);

    /// Ends `level` and those inside it. What is kept goes over to the level around it; the rest returns to what it was.
    /// True if a value was put back.
    bool leave(int level, bool keep, SettingValues& values);

    /// By SET, as opposed to its default: RESET ALL passes over a setting that has its default.
    bool given(const std::string& name) const { return given_.contains(name); }
    void set_given(const std::string& name, bool given);

  private:
    /// What was done at a level, the weakest and the strongest of its actions.
    enum class State { kSave, kSet, kLocal, kSetLocal };
    struct Entry {
        int level = 0;
        State state = State::kSet;
        std::string prior;       ///< of before the level
        bool prior_given = false;
        std::string masked;      ///< kSetLocal: what SET has given, and SET LOCAL hides
    };
    using Entries = std::vector<Entry>;
    static void merge(const Entry& from, Entry& into);
    bool unwind(const std::string& name, Entries& entries, int level, bool keep, SettingValues& values);

    int level_ = 0;
    std::map<std::string, Entries> entries_;
    std::set<std::string> given_;
};

}  // namespace cdcsim::pg
