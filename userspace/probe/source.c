// SPDX-License-Identifier: Apache-2.0
#include "probe/source.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* All that is spent on one file. */
#define SPEND_MAX (2 * NSEC_PER_SEC)

struct source {
	struct elf apart; /* the file of a distribution; closed if there is none */
	Elf *file;	  /* owned, as its Dwarf */
	Dwarf *dwarf;
	u64 spent; /* ns of this thread */
	char path[PATH_MAX];
};

static u64 thread_ns(void)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

/* As large as it is in memory; U64_MAX if that cannot be told. */
static u64 unpacked_size(const struct elf *elf, const Elf64_Shdr *section)
{
	Elf64_Chdr packed;

	if (!(section->sh_flags & SHF_COMPRESSED))
		return section->sh_size;
	return elf__read(elf, section->sh_offset, &packed, sizeof(packed)) ? packed.ch_size
									   : UINT64_MAX;
}

/*
 * libdw reads all of it at once. A reference to another file would make it open any path the
 * program names, a FIFO too; of a distribution's files we believe it.
 */
static bool is_bearable(const struct elf *elf, bool trusted)
{
	struct elf_sections sections __cleanup(elf_sections__free);
	u64 left = ELF_LOAD_MAX;
	bool found = false;

	if (elf_sections__load(&sections, elf))
		return false;
	for (u32 i = 0; i < sections.cnt; i++) {
		struct str name = elf_sections__name(&sections, i);
		u64 size;

		if (str_starts(name, STR(".zdebug_")) ||
		    (!trusted && str_eq(name, STR(".gnu_debugaltlink"))))
			return false;
		if (!str_starts(name, STR(".debug_")))
			continue;
		size = unpacked_size(elf, &sections.table[i]);
		if (size > left)
			return false;
		left -= size;
		found |= str_eq(name, STR(".debug_info"));
	}
	return found;
}

static bool open_apart(struct elf *apart, const struct binary_id *id)
{
	char path[sizeof("/usr/lib/debug/.build-id/xx/.debug") + 2 * BUILD_ID_MAX];
	char *end = path + sprintf(path, "/usr/lib/debug/.build-id/");

	if (id->build_id_len < 2)
		return false;
	for (u32 i = 0; i < id->build_id_len; i++)
		end += sprintf(end, i == 1 ? "/%02x" : "%02x", id->build_id[i]);
	strcpy(end, ".debug");
	return !elf__open(apart, path);
}

static int source__init(struct source *source, const struct elf *elf, const struct binary_id *id)
{
	if (!is_bearable(elf, false)) {
		if (!open_apart(&source->apart, id) || !is_bearable(&source->apart, true))
			return -ENOENT;
		elf = &source->apart;
	}
	elf_version(EV_CURRENT);
	source->file = elf_begin(elf->fd, ELF_C_READ, NULL);
	if (source->file)
		source->dwarf = dwarf_begin_elf(source->file, DWARF_C_READ, NULL);
	return source->dwarf ? 0 : -ENOENT;
}

int source__new(struct source **out, const struct elf *elf, const struct binary_id *id)
{
	struct source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	source->apart.fd = -1;
	err = source__init(source, elf, id);
	if (err) {
		source__free(source);
		return err;
	}
	*out = source;
	return 0;
}

void source__free(struct source *source)
{
	if (!source)
		return;
	dwarf_end(source->dwarf);
	elf_end(source->file);
	elf__close(&source->apart);
	free(source);
}

struct search {
	u64 address;
	u64 deadline;
	Dwarf_Die die;
	bool found;
};

static int on_die(Dwarf_Die *die, void *owner)
{
	struct search *search = owner;
	Dwarf_Addr entry;

	if (thread_ns() > search->deadline)
		return DWARF_CB_ABORT;
	if (dwarf_entrypc(die, &entry) || entry != search->address)
		return DWARF_CB_OK;
	search->die = *die;
	search->found = true;
	return DWARF_CB_ABORT;
}

static void find_die(Dwarf *dwarf, struct search *search)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (!search->found && thread_ns() <= search->deadline &&
	       !dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL))
		if (dwarf_haspc(&die, search->address) > 0)
			dwarf_getfuncs(&die, on_die, search, 0);
}

/* A relative one is relative to where the compiler ran. */
static int absolute_path(struct source *source, Dwarf_Die *die, const char *file)
{
	Dwarf_Die unit;
	Dwarf_Attribute attr;
	const char *directory = NULL;
	int n;

	if (file[0] != '/' && dwarf_diecu(die, &unit, NULL, NULL))
		directory = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attr));
	n = snprintf(source->path, sizeof(source->path), "%s%s%s", directory ? directory : "",
		     directory ? "/" : "", file);
	return n < (int)sizeof(source->path) ? 0 : -ENOENT;
}

int source__find(struct source *source, u64 address, struct str *file, u32 *line)
{
	u64 start = thread_ns();
	struct search search = {.address = address, .deadline = start + SPEND_MAX - source->spent};
	const char *path = NULL;
	int number;

	if (source->spent >= SPEND_MAX)
		return -ENOENT;
	find_die(source->dwarf, &search);
	if (search.found && !dwarf_decl_line(&search.die, &number) && number > 0)
		path = dwarf_decl_file(&search.die);
	source->spent += thread_ns() - start;
	if (!path || absolute_path(source, &search.die, path))
		return -ENOENT;
	*file = str_from(source->path);
	*line = (u32)number;
	return 0;
}
