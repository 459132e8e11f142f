// SPDX-License-Identifier: Apache-2.0
/* What tests/e2e/worker.c loads at its first request. */
#include <stdlib.h>

int library_double(int n);

static int (*volatile identity)(int n) = abs;

int library_double(int n)
{
	return identity(n) + n;
}
