#!/bin/bash
# run_one.sh PATH-OF-SQL-SHELL FILE.sql: the answers, line by line, are those recorded beside it.
diff <("$1" "$2") "${2%.sql}.out"
