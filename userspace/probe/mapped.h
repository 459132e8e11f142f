// SPDX-License-Identifier: Apache-2.0
/*
 * The files whose code a process has mapped, and the one among them that maps the others: the
 * dynamic loader, which calls an empty function of its own whenever it has (un)mapped libraries, so
 * that debuggers may set a breakpoint there.
 */
#ifndef MAPPED_H
#define MAPPED_H

#include "probe/binary.h"

struct mapped {
	struct str name;  /* the file's, without its folders */
	const char *path; /* opens it, whatever has become of its name */
	u64 from, offset; /* the address it is mapped at, and from where in the file */
};

/* Borrowed for the call. fn returns false to end. */
void mapped_files(u32 tgid, bool (*fn)(void *owner, const struct mapped *mapped), void *owner);
/*
 * Opens it if it is a dynamic loader; *offset, in the file, is where it calls itself when its list
 * of libraries has changed. -ENOENT: it is none.
 */
int mapped_loader(const struct mapped *mapped, struct binary **out, u64 *offset);

#endif
