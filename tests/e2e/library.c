// SPDX-License-Identifier: Apache-2.0
/* What tests/e2e/worker.c loads at its first request. */
#include <stdlib.h>

#include "sdt.h"

int library_double(int n);

static int (*volatile identity)(int n) = abs;

int library_double(int n)
{
	int same = identity(n);

	SDT_PROBE("library", "double", "0", "-4@%0", "nor"(n));
	return same + n;
}
