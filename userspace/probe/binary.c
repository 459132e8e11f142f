// SPDX-License-Identifier: Apache-2.0
#include "probe/binary.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "model/arena.h"
#include "probe/danger.h"
#include "probe/elf.h"
#include "probe/source.h"

/* What large programs have, and what is read in a second. */
#define SYMBOLS_MAX 1000000
/* Mangled names may be long; a glob on one is shorter. */
#define SYMBOL_NAME_MAX 1024
#define HANDLERS_MAX	4096

struct symbol {
	struct binary_function function; /* its name points into the symbols' */
	u32 rank;			 /* of several at an address the lowest tells */
};

/* Held only while they are looked at: a program's may take a hundred MiB. */
struct symbols {
	struct symbol *table; /* owned */
	u32 cnt;
	char *names; /* owned */
	u64 names_len;
	bool exported; /* they are those of .dynsym */
	struct danger danger;
};

struct binary {
	struct elf elf;
	struct binary_id id;
	bool is_go;
	struct danger danger;
	struct str handlers;
	struct arena mem;      /* of handlers and files */
	struct source *source; /* NULL: not opened yet, or nothing to open */
	bool source_tried;
};

static bool on_note(void *owner, struct str name, u32 type, struct str text)
{
	struct binary *binary = owner;
	struct binary_id *id = &binary->id;

	if (str_eq(name, STR("GNU")) && type == NT_GNU_BUILD_ID && text.len <= BUILD_ID_MAX) {
		memcpy(id->build_id, text.p, text.len);
		id->build_id_len = (u32)text.len;
	} else if (str_eq(name, STR("Go"))) {
		binary->is_go = true;
	} else if (str_eq(name, STR("otel-ebpf")) && type == 1 && text.len <= HANDLERS_MAX) {
		binary->handlers =
			arena__dup(&binary->mem, str_sub(text, 0, strnlen(text.p, text.len)));
	}
	return true;
}

/* The segment whose bytes in the file, or in memory, hold this place. NULL: none that is
 * executable. */
static const Elf64_Phdr *find_segment(const struct binary *binary, u64 offset, u64 address,
				      bool by_address)
{
	for (u32 i = 0; i < binary->elf.segment_cnt; i++) {
		const Elf64_Phdr *segment = &binary->elf.segments[i];
		u64 from = by_address ? segment->p_vaddr : segment->p_offset;
		u64 at = by_address ? address : offset;

		if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && at >= from &&
		    at - from < segment->p_filesz)
			return segment;
	}
	return NULL;
}

static int binary__init(struct binary *binary, const char *path)
{
	struct elf_sections sections __cleanup(elf_sections__free) = {0};
	struct stat status;
	bool executable = false;
	int err = elf__open(&binary->elf, path);

	if (err)
		return err;
	if (fstat(binary->elf.fd, &status))
		return -errno;
	binary->id.dev = status.st_dev;
	binary->id.ino = status.st_ino;
	binary->id.size = (u64)status.st_size;
	binary->id.written =
		(u64)status.st_mtim.tv_sec * NSEC_PER_SEC + (u64)status.st_mtim.tv_nsec;
	for (u32 i = 0; i < binary->elf.segment_cnt; i++) {
		const Elf64_Phdr *segment = &binary->elf.segments[i];

		executable |=
			segment->p_type == PT_LOAD && segment->p_flags & PF_X && segment->p_filesz;
	}
	if (!executable)
		return -ENOEXEC;
	elf__notes(&binary->elf, on_note, binary);
	if (!elf_sections__load(&sections, &binary->elf))
		binary->is_go |= elf_sections__named(&sections, STR(".go.buildinfo")) ||
				 elf_sections__named(&sections, STR(".gopclntab"));
	return 0;
}

int binary__open(struct binary **out, const char *path)
{
	struct binary *binary = calloc(1, sizeof(*binary));
	int err;

	if (!binary)
		return -ENOMEM;
	binary->elf.fd = -1;
	err = binary__init(binary, path);
	if (err) {
		binary__free(binary);
		return err;
	}
	*out = binary;
	return 0;
}

void binary__free(struct binary *binary)
{
	if (!binary)
		return;
	source__free(binary->source);
	elf__close(&binary->elf);
	arena__free(&binary->mem);
	free(binary);
}

int binary__fd(const struct binary *binary)
{
	return binary->elf.fd;
}

const struct elf *binary__elf(const struct binary *binary)
{
	return &binary->elf;
}

const struct binary_id *binary__id(const struct binary *binary)
{
	return &binary->id;
}

bool binary_id_eq(const struct binary_id *a, const struct binary_id *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->written == b->written && a->build_id_len == b->build_id_len &&
	       !memcmp(a->build_id, b->build_id, a->build_id_len);
}

bool binary__is_go(const struct binary *binary)
{
	return binary->is_go;
}

const char *binary__danger(const struct binary *binary, bool spares_stacks)
{
	return danger__what(&binary->danger, spares_stacks);
}

struct str binary__handlers(const struct binary *binary)
{
	return binary->handlers;
}

static void symbols__free(struct symbols *symbols)
{
	free(symbols->table);
	free(symbols->names);
}

/* What gcc has moved out of a function is jumped to, not called. */
static bool is_part(struct str name)
{
	static const struct str cold = STR(".cold");

	for (size_t i = 0; i < name.len; i++) {
		struct str rest = str_sub(name, i, name.len);

		if (str_starts(rest, cold) && (rest.len == cold.len || rest.p[cold.len] == '.'))
			return true;
	}
	return false;
}

static struct str symbol_name(const struct symbols *symbols, const Elf64_Sym *from)
{
	if (from->st_name >= symbols->names_len)
		return STR_NONE;
	return (struct str){symbols->names + from->st_name,
			    strnlen(symbols->names + from->st_name, SYMBOL_NAME_MAX)};
}

static bool read_symbol(const struct binary *binary, const struct symbols *symbols,
			const Elf64_Sym *from, struct symbol *out)
{
	static const u8 ranks[] = {[STB_LOCAL] = 2, [STB_GLOBAL] = 0, [STB_WEAK] = 1};
	u8 bind = ELF64_ST_BIND(from->st_info);
	const Elf64_Phdr *segment;
	struct str name = symbol_name(symbols, from);
	u64 into;

	if (ELF64_ST_TYPE(from->st_info) != STT_FUNC || from->st_shndx == SHN_UNDEF)
		return false;
	segment = find_segment(binary, 0, from->st_value, true);
	if (!name.len || name.len == SYMBOL_NAME_MAX || is_part(name) || !segment)
		return false;
	into = from->st_value - segment->p_vaddr;
	*out = (struct symbol){
		.function = {name, from->st_value, segment->p_offset + into, from->st_size},
		.rank = bind < ARRAY_SIZE(ranks) ? ranks[bind] : 0,
	};
	if (from->st_size > segment->p_filesz - into)
		out->function.size = segment->p_filesz - into;
	return true;
}

/* By address; of those at one, the one to be told first. Names are not compared: they may be long.
 */
static int by_address(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->function.address != b->function.address)
		return a->function.address < b->function.address ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->function.name.p < b->function.name.p ? -1
						       : a->function.name.p > b->function.name.p;
}

static void symbols__sort(struct symbols *symbols)
{
	u32 kept = 0;

	qsort(symbols->table, symbols->cnt, sizeof(*symbols->table), by_address);
	for (u32 i = 0; i < symbols->cnt; i++)
		if (!kept ||
		    symbols->table[kept - 1].function.address != symbols->table[i].function.address)
			symbols->table[kept++] = symbols->table[i];
	symbols->cnt = kept;
}

/* 0 of a file without symbols. */
static int symbols__load(struct symbols *symbols, const struct binary *binary)
{
	struct elf_sections sections __cleanup(elf_sections__free);
	const Elf64_Shdr *from, *names;
	Elf64_Sym *raw;
	u64 cnt;
	int err = elf_sections__load(&sections, &binary->elf);

	if (err)
		return err;
	from = elf_sections__typed(&sections, SHT_SYMTAB);
	if (!from)
		from = elf_sections__typed(&sections, SHT_DYNSYM);
	if (!from) {
		danger__search(&symbols->danger, &binary->elf);
		return 0;
	}
	symbols->exported = from->sh_type == SHT_DYNSYM;
	cnt = from->sh_size / sizeof(Elf64_Sym);
	if (cnt > SYMBOLS_MAX)
		return -EFBIG;
	if (from->sh_link >= sections.cnt)
		return -ENOEXEC;
	names = &sections.table[from->sh_link];
	symbols->names = elf__load(&binary->elf, names->sh_offset, names->sh_size);
	raw = (Elf64_Sym *)elf__load(&binary->elf, from->sh_offset, cnt * sizeof(*raw));
	symbols->table = calloc(cnt + 1, sizeof(*symbols->table));
	if (symbols->names && raw && symbols->table) {
		symbols->names_len = names->sh_size;
		for (u64 i = 0; i < cnt; i++) {
			danger__symbol(&symbols->danger, symbol_name(symbols, &raw[i]),
				       raw[i].st_shndx != SHN_UNDEF, symbols->exported);
			symbols->cnt += read_symbol(binary, symbols, &raw[i],
						    &symbols->table[symbols->cnt]);
		}
		symbols__sort(symbols);
	} else {
		err = -ENOEXEC;
	}
	free(raw);
	return err;
}

int binary__functions(struct binary *binary,
		      bool (*fn)(void *owner, const struct binary_function *function), void *owner)
{
	struct symbols symbols __cleanup(symbols__free) = {0};
	int err = symbols__load(&symbols, binary);
	u32 i = 0;

	if (err)
		return err;
	binary->danger = symbols.danger;
	while (i < symbols.cnt && fn(owner, &symbols.table[i++].function))
		;
	/* of hundreds of files at once it would be too much */
	source__free(binary->source);
	binary->source = NULL;
	binary->source_tried = false;
	return (int)i;
}

int binary__function_at(struct binary *binary, u64 offset, struct binary_function *out)
{
	struct symbols symbols __cleanup(symbols__free) = {0};
	const Elf64_Phdr *segment = find_segment(binary, offset, 0, false);
	int err = symbols__load(&symbols, binary);

	if (!segment)
		return -ENOENT;
	*out = (struct binary_function){.address = segment->p_vaddr + (offset - segment->p_offset),
					.offset = offset};
	for (u32 i = 0; i < symbols.cnt && !err; i++) {
		const struct binary_function *function = &symbols.table[i].function;

		if (offset == function->offset ||
		    (offset > function->offset && offset - function->offset < function->size)) {
			*out = *function;
			out->name = arena__dup(&binary->mem, function->name);
			break;
		}
	}
	return 0;
}

ssize_t binary__code(const struct binary *binary, u64 offset, u8 *out, size_t len)
{
	const Elf64_Phdr *segment = find_segment(binary, offset, 0, false);
	u64 left;

	if (!segment)
		return -ENOENT;
	left = segment->p_filesz - (offset - segment->p_offset);
	if (len > left)
		len = left;
	return elf__read(&binary->elf, offset, out, len) ? (ssize_t)len : -EIO;
}

bool binary__source(struct binary *binary, u64 address, struct str *file, u32 *line)
{
	if (!binary->source_tried && source__new(&binary->source, &binary->elf, &binary->id))
		binary->source = NULL;
	binary->source_tried = true;
	if (!binary->source || source__find(binary->source, address, file, line))
		return false;
	*file = arena__dup(&binary->mem, *file);
	return file->len;
}
