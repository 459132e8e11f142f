// SPDX-License-Identifier: Apache-2.0
/*
 * Where functions were declared: by the DWARF of their program, or of the file that a distribution
 * keeps apart for it, found by its build id.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "probe/binary.h"
#include "probe/elf.h"

struct source;

/* elf is borrowed for life. -ENOENT: there is nothing to find, or more than we are ready to read.
 */
int source__new(struct source **out, const struct elf *elf, const struct binary_id *id);
/* NULL is fine. */
void source__free(struct source *source);
/* 0, or -ENOENT. file is borrowed until __free(). */
int source__find(struct source *source, u64 address, struct str *file, u32 *line);

#endif
