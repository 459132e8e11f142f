// SPDX-License-Identifier: Apache-2.0
/*
 * The facts of proc/facts.h that stand in the executable of a process, an ELF file of 64 bits. The
 * file is read piece by piece: it may be large, and need not be what it says it is.
 */
#ifndef ELF_FACTS_H
#define ELF_FACTS_H

#include "base/buf.h"

/* rest: TGID. 0 or negative errno. */
int fact_go(const char *rest, struct buf *out);
int fact_python(const char *rest, struct buf *out);

/*
 * No fact, but where one is sought: appends what Go's linker says of a program and its modules, or
 * the constants of any other (.rodata), up to 8 MiB. 0 or negative errno.
 */
int elf_constants(const char *pid, struct buf *out);

#endif
