#!/bin/bash
# The README's table of what is simulated is the one that the program prints.
#     support_table.sh PATH-OF-CDCSIM README
set -u
wanted=$("$1" support)
found=$(sed -n '/<!-- cdcsim support -->/,/<!-- end -->/p' "$2" | sed '1d;$d')
[ "$wanted" = "$found" ] && exit 0
echo "the table between <!-- cdcsim support --> and <!-- end --> of $2 is not what \`cdcsim support\` prints:"
diff <(echo "$found") <(echo "$wanted")
exit 1
