// What is executed: the tutorial's table, and texts of statements whose literals all differ.
#pragma once

#include <cstddef>
#include <string>

namespace cdcsim::benchmark {

/// The table of scenarios/tutorial, as PostgreSQL and SQLite both take it.
extern const char* const kCreateTable;
/// The trigger of the chapter change_info, with the column that it fills. PostgreSQL only.
std::string change_info_trigger();

/// A single-row INSERT with 12 columns.
std::string insert_text(std::size_t number);
/// INSERT ... SELECT of `rows` rows; PostgreSQL's and SQLite's ways to count.
std::string insert_select_text(std::size_t rows);
std::string insert_select_text_sqlite(std::size_t rows);
/// UPDATE of one row by its key, of `rows` that are there.
std::string update_text(std::size_t number, std::size_t rows);

}  // namespace cdcsim::benchmark
