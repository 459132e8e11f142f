// SPDX-License-Identifier: Apache-2.0
#include "probe/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Programs have some 13, and 40 sections with debug information. */
#define SEGMENTS_MAX 128
#define SECTIONS_MAX 4096
/* A program bears a few notes of some dozens of bytes. */
#define NOTES_MAX (64u << 10)

bool elf__read(const struct elf *elf, u64 offset, void *out, size_t len)
{
	return offset <= elf->size && len <= elf->size - offset &&
	       pread(elf->fd, out, len, (off_t)offset) == (ssize_t)len;
}

char *elf__load(const struct elf *elf, u64 offset, u64 len)
{
	char *bytes;

	/* before memory is asked for */
	if (len > ELF_LOAD_MAX || offset > elf->size || len > elf->size - offset)
		return NULL;
	bytes = malloc(len + 1);
	if (!bytes)
		return NULL;
	bytes[len] = '\0';
	if (elf__read(elf, offset, bytes, len))
		return bytes;
	free(bytes);
	return NULL;
}

static int elf__read_head(struct elf *elf)
{
	const Elf64_Ehdr *head = &elf->head;
	struct stat status;

	if (fstat(elf->fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENOEXEC;
	elf->size = (u64)status.st_size;
	if (!elf__read(elf, 0, &elf->head, sizeof(elf->head)) ||
	    memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_ident[EI_CLASS] != ELFCLASS64 ||
	    head->e_ident[EI_DATA] != ELFDATA2LSB || head->e_machine != EM_X86_64 ||
	    (head->e_type != ET_EXEC && head->e_type != ET_DYN))
		return -ENOEXEC;
	return 0;
}

/* To what the file holds of them. */
static void clamp_segments(struct elf *elf)
{
	for (u32 i = 0; i < elf->segment_cnt; i++) {
		Elf64_Phdr *segment = &elf->segments[i];
		u64 left = segment->p_offset < elf->size ? elf->size - segment->p_offset : 0;

		if (segment->p_filesz > left)
			segment->p_filesz = left;
	}
}

static int elf__init(struct elf *elf, const char *path)
{
	const Elf64_Ehdr *head = &elf->head;
	int err;

	elf->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (elf->fd < 0)
		return -errno;
	err = elf__read_head(elf);
	if (err)
		return err;
	if (head->e_phentsize != sizeof(Elf64_Phdr) || head->e_phnum > SEGMENTS_MAX)
		return -ENOEXEC;
	elf->segments =
		(Elf64_Phdr *)elf__load(elf, head->e_phoff, head->e_phnum * sizeof(Elf64_Phdr));
	if (!elf->segments)
		return -ENOEXEC;
	elf->segment_cnt = head->e_phnum;
	clamp_segments(elf);
	return 0;
}

int elf__open(struct elf *elf, const char *path)
{
	int err;

	*elf = (struct elf){.fd = -1};
	err = elf__init(elf, path);
	if (err)
		elf__close(elf);
	return err;
}

void elf__close(struct elf *elf)
{
	if (elf->fd >= 0)
		close(elf->fd);
	free(elf->segments);
	*elf = (struct elf){.fd = -1};
}

/* Takes len bytes from the front, and what aligns the next: 4, or 8 in segments that say so. */
static struct str take(struct str *rest, u64 len, u64 align)
{
	struct str taken = str_sub(*rest, 0, len);

	*rest = str_sub(*rest, (len + align - 1) & ~(align - 1), rest->len);
	return taken;
}

bool elf_read_notes(struct str rest, u64 align,
		    bool (*fn)(void *owner, struct str name, u32 type, struct str text),
		    void *owner)
{
	Elf64_Nhdr note;

	while (rest.len >= sizeof(note)) {
		struct str name, text;

		memcpy(&note, rest.p, sizeof(note));
		rest = str_sub(rest, sizeof(note), rest.len);
		name = take(&rest, note.n_namesz, align);
		text = take(&rest, note.n_descsz, align);
		if (name.len < note.n_namesz || text.len < note.n_descsz)
			return true;
		/* the size counts its NUL */
		if (!fn(owner, str_sub(name, 0, strnlen(name.p, name.len)), note.n_type, text))
			return false;
	}
	return true;
}

void elf__notes(const struct elf *elf,
		bool (*fn)(void *owner, struct str name, u32 type, struct str text), void *owner)
{
	bool more = true;

	for (u32 i = 0; i < elf->segment_cnt && more; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		char *bytes;

		if (segment->p_type != PT_NOTE || segment->p_filesz > NOTES_MAX)
			continue;
		bytes = elf__load(elf, segment->p_offset, segment->p_filesz);
		if (!bytes)
			continue;
		more = elf_read_notes((struct str){bytes, segment->p_filesz},
				      segment->p_align == 8 ? 8 : 4, fn, owner);
		free(bytes);
	}
}

int elf_sections__load(struct elf_sections *out, const struct elf *elf)
{
	const Elf64_Ehdr *head = &elf->head;
	const Elf64_Shdr *names;

	*out = (struct elf_sections){0};
	if (!head->e_shoff || !head->e_shnum)
		return 0;
	if (head->e_shentsize != sizeof(Elf64_Shdr) || head->e_shnum > SECTIONS_MAX ||
	    head->e_shstrndx >= head->e_shnum)
		return -ENOEXEC;
	out->table =
		(Elf64_Shdr *)elf__load(elf, head->e_shoff, head->e_shnum * sizeof(Elf64_Shdr));
	if (!out->table)
		return -ENOEXEC;
	names = &out->table[head->e_shstrndx];
	out->names = elf__load(elf, names->sh_offset, names->sh_size);
	if (!out->names)
		return -ENOEXEC;
	out->names_len = names->sh_size;
	out->cnt = head->e_shnum;
	return 0;
}

void elf_sections__free(struct elf_sections *sections)
{
	free(sections->table);
	free(sections->names);
	*sections = (struct elf_sections){0};
}

struct str elf_sections__name(const struct elf_sections *sections, u32 index)
{
	u32 at = sections->table[index].sh_name;

	return at < sections->names_len ? str_from(sections->names + at) : STR_NONE;
}

const Elf64_Shdr *elf_sections__named(const struct elf_sections *sections, struct str name)
{
	for (u32 i = 0; i < sections->cnt; i++)
		if (str_eq(elf_sections__name(sections, i), name))
			return &sections->table[i];
	return NULL;
}

const Elf64_Shdr *elf_sections__typed(const struct elf_sections *sections, u32 type)
{
	for (u32 i = 0; i < sections->cnt; i++)
		if (sections->table[i].sh_type == type)
			return &sections->table[i];
	return NULL;
}
