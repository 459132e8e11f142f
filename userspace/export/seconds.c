// SPDX-License-Identifier: Apache-2.0
#include "export/seconds.h"

void print_seconds(struct buf *table, double s)
{
	if (s < 0.0009995)
		buf__printf(table, " %7.0fus", s * 1e6);
	else if (s < 0.99995)
		buf__printf(table, " %7.1fms", s * 1e3);
	else
		buf__printf(table, " %8.2fs", s);
}
