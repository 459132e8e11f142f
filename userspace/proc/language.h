// SPDX-License-Identifier: Apache-2.0
/* Which language a process is written in: the one table of what can be told, and how. */
#ifndef LANGUAGE_H
#define LANGUAGE_H

#include "base/str.h"

struct language {
	struct str executable; /* its interpreter's name, a version may follow: python3.11 */
	struct str library;    /* or what the process maps: libpython3.11.so.1.0 */
	struct str key;	       /* telemetry.sdk.language */
	struct str runtime;    /* process.runtime.name; empty where there are several */
};

/* Both return a row of the table, or NULL. */
const struct language *language_of_executable(struct str name);
/* names: one a line. NULL also if they speak of several languages. */
const struct language *language_of_libraries(struct str names);
/* Of processes built by Go's linker. */
const struct language *language_go(void);

#endif
