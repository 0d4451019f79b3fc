// What the generator believes its tables to be. It assumes that every statement succeeds; where one
// does not, later statements meet errors, which are compared as well.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace cdcsim::explore {

struct ColumnModel {
    std::string name;
    std::string family;
    bool key = false;        ///< of the primary key
    bool indexed = false;    ///< a condition on it may make the planner use an index
    bool generated = false;  ///< GENERATED ALWAYS AS (...) STORED
    bool identity_always = false;
    bool has_default = false;
    bool not_null = false;
    std::string references;  ///< a table's name, or ""
    std::string tag;
};

struct TableModel {
    std::string name;
    std::vector<ColumnModel> columns;
    int next_key = 1;
    int next_column = 1;
    int next_name = 1;  ///< of triggers, indexes, constraints

    std::vector<const ColumnModel*> keys() const {
        std::vector<const ColumnModel*> out;
        for (const ColumnModel& column : columns) {
            if (column.key) out.push_back(&column);
        }
        return out;
    }
};

}  // namespace cdcsim::explore
