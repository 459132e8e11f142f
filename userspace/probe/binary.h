// SPDX-License-Identifier: Apache-2.0
/*
 * struct binary: an executable or shared library of a traced process, read once from one opened
 * file, so that what is probed is what was looked at. Its bytes are untrusted: everything is
 * checked and bounded (symbols, names, sizes).
 */
#ifndef BINARY_H
#define BINARY_H

#include "base/str.h"

struct binary;
struct elf;

#define BUILD_ID_MAX 32

/* Which file it is: replaced files, and those written over, differ in one of these. */
struct binary_id {
	u64 dev, ino;
	u64 size, written; /* unix ns */
	u8 build_id[BUILD_ID_MAX];
	u32 build_id_len; /* 0: it has none */
};

struct binary_function {
	struct str name; /* borrowed for the call */
	u64 address;	 /* in the ELF file's own address space */
	u64 offset;	 /* in the file */
	u64 size;	 /* of its code; 0 where the symbol does not say */
};

/*
 * path may be a magic link such as /proc/PID/exe or .../map_files/...; not a regular ELF file for
 * x86-64 with executable segments: -ENOEXEC. 0 or negative errno.
 */
int binary__open(struct binary **out, const char *path);
/* NULL is fine. */
void binary__free(struct binary *binary);
/* Stays open as long as the binary: attach by /proc/self/fd/N. */
int binary__fd(const struct binary *binary);
const struct elf *binary__elf(const struct binary *binary);
const struct binary_id *binary__id(const struct binary *binary);
bool binary_id_eq(const struct binary_id *a, const struct binary_id *b);
/* Go moves its stacks, so return probes crash it. */
bool binary__is_go(const struct binary *binary);

/*
 * Each function of .symtab, else of .dynsym, once per address, in the order of addresses. Returns
 * how many, or negative errno. fn returns false to end.
 */
int binary__functions(struct binary *binary,
		      bool (*fn)(void *owner, const struct binary_function *function), void *owner);
/* As danger__what(), of probe/danger.h. Known when binary__functions() was called. */
const char *binary__danger(const struct binary *binary, bool spares_stacks);
/* The function that covers this file offset; where no symbol does, one without name and size. */
int binary__function_at(struct binary *binary, u64 offset, struct binary_function *out);
/* Reads code of an executable segment; returns bytes read, at most len, or negative errno. */
ssize_t binary__code(const struct binary *binary, u64 offset, u8 *out, size_t len);
/* Where a function was declared, by DWARF. file is borrowed until __free(). False: not known. */
bool binary__source(struct binary *binary, u64 address, struct str *file, u32 *line);
/*
 * Globs of functions that handle requests, comma-separated, as the program itself tells in an ELF
 * note (owner "otel-ebpf", type 1). Empty if there is none. Borrowed until __free().
 */
struct str binary__handlers(const struct binary *binary);

#endif
