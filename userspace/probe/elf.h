// SPDX-License-Identifier: Apache-2.0
/*
 * struct elf: an ELF file for x86-64, read piece by piece by offsets that are checked. Its bytes
 * are untrusted, and it may change or shrink meanwhile: it is never mapped into our memory.
 */
#ifndef PROBE_ELF_H
#define PROBE_ELF_H

#include <elf.h>

#include "base/str.h"

/* Read at once, of all the tables or all the debug information of a file. */
#define ELF_LOAD_MAX (64u << 20)

struct elf {
	int fd; /* owned */
	u64 size;
	Elf64_Ehdr head;
	Elf64_Phdr *segments; /* owned */
	u32 segment_cnt;
};

/* -ENOEXEC: not a regular file, or not ELF for x86-64. elf need not be initialised. */
int elf__open(struct elf *elf, const char *path);
/* Of one that was opened, or {.fd = -1}. */
void elf__close(struct elf *elf);

/* Reads all len bytes, or says false. */
bool elf__read(const struct elf *elf, u64 offset, void *out, size_t len);
/* A copy with a NUL behind it, to be freed; NULL if it is not there, too large, or no memory. */
char *elf__load(const struct elf *elf, u64 offset, u64 len);

/* Notes one after the other; align: 4 or 8. Returns whether fn wants more. */
bool elf_read_notes(struct str notes, u64 align,
		    bool (*fn)(void *owner, struct str name, u32 type, struct str text),
		    void *owner);
/* Those of a file's segments. fn returns false to end. Texts are borrowed for the call. */
void elf__notes(const struct elf *elf,
		bool (*fn)(void *owner, struct str name, u32 type, struct str text), void *owner);

struct elf_sections {
	Elf64_Shdr *table; /* owned */
	u32 cnt;
	char *names; /* owned */
	u64 names_len;
};

/* A file without sections has none, and that is no error. out is to be freed in any case. */
int elf_sections__load(struct elf_sections *out, const struct elf *elf);
void elf_sections__free(struct elf_sections *sections);
struct str elf_sections__name(const struct elf_sections *sections, u32 index);
/* NULL if there is none. */
const Elf64_Shdr *elf_sections__named(const struct elf_sections *sections, struct str name);
const Elf64_Shdr *elf_sections__typed(const struct elf_sections *sections, u32 type);

#endif
