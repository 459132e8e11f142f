// SPDX-License-Identifier: Apache-2.0
#include "proc/elf_facts.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "proc/procfs.h"

/* Sections and symbols that are looked at: Go's programs have 30, Python's interpreter 2000. */
#define SECTIONS_MAX 256
#define SYMBOLS_MAX  65536
/* Constants that are searched, on the loop: some milliseconds, once a process. */
#define CONSTANTS_MAX ((size_t)8 << 20)

struct elf {
	int fd;
	Elf64_Ehdr head;
};

static void close_elf(struct elf *elf)
{
	if (elf->fd >= 0)
		close(elf->fd);
}

static bool read_at(const struct elf *elf, u64 offset, void *out, size_t len)
{
	return offset <= INT64_MAX && pread(elf->fd, out, len, (off_t)offset) == (ssize_t)len;
}

/* name: of a file that /proc/PID shows */
static int elf__open(struct elf *elf, const char *pid, const char *name)
{
	const u16 native = 1;
	char path[128];

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	elf->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (elf->fd < 0)
		return -errno;
	if (!read_at(elf, 0, &elf->head, sizeof(elf->head)) ||
	    memcmp(elf->head.e_ident, ELFMAG, SELFMAG) ||
	    elf->head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    elf->head.e_ident[EI_DATA] != (*(const u8 *)&native ? ELFDATA2LSB : ELFDATA2MSB) ||
	    elf->head.e_shentsize != sizeof(Elf64_Shdr))
		return -ENOENT;
	return 0;
}

static bool elf__section(const struct elf *elf, u32 index, Elf64_Shdr *section)
{
	return index < elf->head.e_shnum && index < SECTIONS_MAX &&
	       read_at(elf, elf->head.e_shoff + index * sizeof(*section), section,
		       sizeof(*section));
}

/* Is it the name at this offset of a string table? */
static bool elf__name_is(const struct elf *elf, const Elf64_Shdr *names, u32 offset,
			 struct str name)
{
	char text[32];

	return name.len < sizeof(text) &&
	       read_at(elf, names->sh_offset + offset, text, name.len + 1) &&
	       !memcmp(text, name.p, name.len + 1);
}

static bool elf__section_named(const struct elf *elf, struct str name, Elf64_Shdr *section)
{
	Elf64_Shdr names;

	if (!elf__section(elf, elf->head.e_shstrndx, &names))
		return false;
	for (u32 i = 1; elf__section(elf, i, section); i++)
		if (elf__name_is(elf, &names, section->sh_name, name))
			return true;
	return false;
}

/*
 * What Go's linker writes for `go version`, since Go 1.18 in this form:
 *
 *	ff " Go buildinf:" | u8 size of a pointer | u8 flags, 2: texts follow | 16 bytes
 *	length as varint, "go1.19.8" ...
 */
int fact_go(const char *rest, struct buf *out)
{
	struct elf elf __cleanup(close_elf) = {.fd = -1};
	static const u8 magic[] = "\xff Go buildinf:";
	u8 info[32 + 1 + 127];
	Elf64_Shdr section;
	int err = elf__open(&elf, rest, "exe");

	if (err)
		return err;
	if (!elf__section_named(&elf, STR(".go.buildinfo"), &section) ||
	    !read_at(&elf, section.sh_offset, info, sizeof(info)) ||
	    memcmp(info, magic, sizeof(magic) - 1))
		return -ENOENT;
	if (!(info[15] & 2) || !info[32] || info[32] > 127 || memcmp(info + 33, "go", 2))
		return buf__str(out, STR("go"));
	return buf__append(out, info + 33, info[32]);
}

int elf_constants(const char *pid, struct buf *out)
{
	struct elf elf __cleanup(close_elf) = {.fd = -1};
	Elf64_Shdr section;
	size_t len;
	int err = elf__open(&elf, pid, "exe");

	if (err)
		return err;
	if (!elf__section_named(&elf, STR(".go.buildinfo"), &section) &&
	    !elf__section_named(&elf, STR(".rodata"), &section))
		return -ENOENT;
	len = section.sh_size < CONSTANTS_MAX ? section.sh_size : CONSTANTS_MAX;
	err = buf__reserve(out, len);
	if (err)
		return err;
	if (!read_at(&elf, section.sh_offset, out->p + out->len, len))
		return -ENOENT;
	out->len += len;
	return 0;
}

/* CPython's `const unsigned long Py_Version`, there since 3.11: 0x030b02f0 is 3.11.2. */
static bool find_py_version(const struct elf *elf, const Elf64_Shdr *symbols, u64 *version)
{
	u64 cnt = symbols->sh_size / sizeof(Elf64_Sym);
	Elf64_Shdr names, home;
	Elf64_Sym symbol;

	if (!elf__section(elf, symbols->sh_link, &names))
		return false;
	for (u64 i = 0; i < cnt && i < SYMBOLS_MAX; i++) {
		if (!read_at(elf, symbols->sh_offset + i * sizeof(symbol), &symbol, sizeof(symbol)))
			return false;
		if (symbol.st_size == sizeof(*version) &&
		    elf__name_is(elf, &names, symbol.st_name, STR("Py_Version")))
			return elf__section(elf, symbol.st_shndx, &home) &&
			       read_at(elf, symbol.st_value - home.sh_addr + home.sh_offset,
				       version, sizeof(*version));
	}
	return false;
}

static int python_of(const char *pid, const char *name, struct buf *out)
{
	struct elf elf __cleanup(close_elf) = {.fd = -1};
	Elf64_Shdr symbols;
	u64 version = 0;
	int err = elf__open(&elf, pid, name);

	if (err)
		return err;
	/* its last byte is 0xf0 of a release, else which of its candidates */
	if (!elf__section_named(&elf, STR(".dynsym"), &symbols) ||
	    !find_py_version(&elf, &symbols, &version) || version >> 32 || (version & 0xff) != 0xf0)
		return -ENOENT;
	return buf__printf(out, "%u.%u.%u", (u32)version >> 24, (u32)version >> 16 & 0xff,
			   (u32)version >> 8 & 0xff);
}

/* "map_files/START-END" of a mapping of libpython3.so; not by its path, which is the process's. */
static bool find_libpython(const char *pid, char *name, size_t size)
{
	FILE *file __cleanup(procfs_close) = procfs_open(pid, "maps");
	unsigned long start, end;
	char line[PATH_MAX + 128];

	for (int i = 0; file && i < MAPS_MAX && fgets(line, sizeof(line), file); i++) {
		const char *slash = strrchr(line, '/');

		if (slash && !strncmp(slash, "/libpython3.", 12) &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2)
			return snprintf(name, size, "map_files/%lx-%lx", start, end) > 0;
	}
	return false;
}

int fact_python(const char *rest, struct buf *out)
{
	char library[64];
	int err = python_of(rest, "exe", out);

	if (err == -ENOENT && find_libpython(rest, library, sizeof(library)))
		err = python_of(rest, library, out);
	return err;
}
