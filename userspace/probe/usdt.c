// SPDX-License-Identifier: Apache-2.0
#include "probe/usdt.h"

#include <stdlib.h>
#include <sys/reg.h>

#include "probe/elf.h"

#define NOTE_STAPSDT 3
/* A note takes some 80 bytes, and the largest programs have a few thousand. */
#define NOTES_MAX (4u << 20)

/* ---- arguments ---- */

static const struct {
	struct str names[4]; /* of 8, 4, 2 and 1 bytes */
	u8 number;
} registers[] = {
	{{STR("rax"), STR("eax"), STR("ax"), STR("al")}, RAX},
	{{STR("rbx"), STR("ebx"), STR("bx"), STR("bl")}, RBX},
	{{STR("rcx"), STR("ecx"), STR("cx"), STR("cl")}, RCX},
	{{STR("rdx"), STR("edx"), STR("dx"), STR("dl")}, RDX},
	{{STR("rsi"), STR("esi"), STR("si"), STR("sil")}, RSI},
	{{STR("rdi"), STR("edi"), STR("di"), STR("dil")}, RDI},
	{{STR("rbp"), STR("ebp"), STR("bp"), STR("bpl")}, RBP},
	{{STR("rsp"), STR("esp"), STR("sp"), STR("spl")}, RSP},
	{{STR("r8"), STR("r8d"), STR("r8w"), STR("r8b")}, R8},
	{{STR("r9"), STR("r9d"), STR("r9w"), STR("r9b")}, R9},
	{{STR("r10"), STR("r10d"), STR("r10w"), STR("r10b")}, R10},
	{{STR("r11"), STR("r11d"), STR("r11w"), STR("r11b")}, R11},
	{{STR("r12"), STR("r12d"), STR("r12w"), STR("r12b")}, R12},
	{{STR("r13"), STR("r13d"), STR("r13w"), STR("r13b")}, R13},
	{{STR("r14"), STR("r14d"), STR("r14w"), STR("r14b")}, R14},
	{{STR("r15"), STR("r15d"), STR("r15w"), STR("r15b")}, R15},
};

/* Each of these takes what it knows from the front of *text, or says false. */

static bool take_char(struct str *text, char c)
{
	if (!text->len || text->p[0] != c)
		return false;
	*text = str_sub(*text, 1, text->len);
	return true;
}

/* Decimal or 0x..., maybe negative; up to 64 bits. */
static bool take_number(struct str *text, s64 *out)
{
	char digits[32], *end;
	size_t len = text->len < sizeof(digits) ? text->len : sizeof(digits) - 1;
	bool negative = len && text->p[0] == '-';

	memcpy(digits, text->p, len);
	digits[len] = '\0';
	if (digits[negative] < '0' || digits[negative] > '9')
		return false;
	*out = (s64)strtoull(digits, &end, 0);
	*text = str_sub(*text, (size_t)(end - digits), text->len);
	return true;
}

static bool take_register(struct str *text, u8 *out)
{
	struct str rest = *text, name;
	size_t len = 0;

	if (!take_char(&rest, '%'))
		return false;
	while (len < rest.len && rest.p[len] != ',' && rest.p[len] != ')')
		len++;
	name = str_sub(rest, 0, len);
	for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
		for (size_t j = 0; j < ARRAY_SIZE(registers[i].names); j++)
			if (str_eq(registers[i].names[j], name)) {
				*out = registers[i].number;
				*text = str_sub(rest, len, rest.len);
				return true;
			}
	return false;
}

static bool take_scale(struct str *text, u8 *shift)
{
	s64 scale = 1;

	if (take_char(text, ',') && !take_number(text, &scale))
		return false;
	for (*shift = 0; *shift < 4; (*shift)++)
		if (scale == 1 << *shift)
			return true;
	return false;
}

/* VALUE(%BASE,%INDEX,SCALE), of which much may be missing. */
static bool take_memory(struct str *text, struct usdt_arg *arg)
{
	take_number(text, &arg->value);
	if (!take_char(text, '('))
		return false;
	take_register(text, &arg->base);
	if (take_char(text, ',') &&
	    (!take_register(text, &arg->index) || !take_scale(text, &arg->shift)))
		return false;
	arg->kind = USDT_ARG_MEMORY;
	return take_char(text, ')') &&
	       (arg->base != USDT_NO_REGISTER || arg->index != USDT_NO_REGISTER);
}

static bool take_operand(struct str *text, struct usdt_arg *arg)
{
	arg->kind = USDT_ARG_VALUE;
	if (take_char(text, '$'))
		return take_number(text, &arg->value);
	if (take_register(text, &arg->base))
		return true;
	return take_memory(text, arg);
}

static struct usdt_arg parse_arg(struct str text)
{
	const struct usdt_arg unknown = {.base = USDT_NO_REGISTER, .index = USDT_NO_REGISTER};
	struct usdt_arg arg = unknown;
	s64 size;

	if (!take_number(&text, &size))
		return unknown;
	arg.is_float = take_char(&text, 'f');
	if (!take_char(&text, '@'))
		return unknown;
	arg.is_signed = size < 0;
	size = arg.is_signed ? -size : size;
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return unknown;
	arg.size = (u8)size;
	return take_operand(&text, &arg) && !text.len ? arg : unknown;
}

u32 usdt_args_parse(struct str text, struct usdt_arg *args, u32 max)
{
	u32 cnt = 0;

	for (text = str_trim(text); text.len; text = str_trim(text)) {
		ssize_t blank = str_find(text, ' ', 0);
		size_t len = blank < 0 ? text.len : (size_t)blank;

		if (cnt < max)
			args[cnt] = parse_arg(str_sub(text, 0, len));
		cnt++;
		text = str_sub(text, len, text.len);
	}
	return cnt;
}

/* ---- notes ---- */

struct reading {
	const struct binary *binary;
	const Elf64_Shdr *base; /* .stapsdt.base, NULL: there is none */
	u32 bad;
	void (*fn)(void *owner, const struct usdt_probe *probe);
	void *owner;
};

/* Where in the file an address is that a segment with these rights holds; 0: nowhere. */
static u64 offset_of(const struct elf *elf, u64 address, u32 rights)
{
	for (u32 i = 0; i < elf->segment_cnt; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & rights) == rights &&
		    address >= segment->p_vaddr && address - segment->p_vaddr < segment->p_filesz)
			return segment->p_offset + (address - segment->p_vaddr);
	}
	return 0;
}

/* What sdt.h puts there: goes on to the next instruction, whatever the kernel makes of it. */
static bool is_nop(const struct binary *binary, u64 offset)
{
	static const u8 nop5[] = {0x0f, 0x1f, 0x44, 0x00, 0x00};
	u8 code[sizeof(nop5)];
	ssize_t n = binary__code(binary, offset, code, sizeof(code));

	return n > 0 &&
	       (code[0] == 0x90 || (n == sizeof(nop5) && !memcmp(code, nop5, sizeof(nop5))));
}

/* Up to a NUL, which goes, too. */
static bool take_text(struct str *rest, struct str *out)
{
	ssize_t end = str_find(*rest, '\0', 0);

	if (end < 0)
		return false;
	*out = str_sub(*rest, 0, (size_t)end);
	*rest = str_sub(*rest, (size_t)end + 1, rest->len);
	return true;
}

static bool read_probe(const struct reading *reading, struct str text, struct usdt_probe *out)
{
	const struct elf *elf = binary__elf(reading->binary);
	u64 at[3], moved;

	if (text.len < sizeof(at))
		return false;
	memcpy(at, text.p, sizeof(at));
	text = str_sub(text, sizeof(at), text.len);
	if (!take_text(&text, &out->provider) || !take_text(&text, &out->name) ||
	    !take_text(&text, &out->args) || !out->provider.len || !out->name.len)
		return false;
	moved = reading->base && at[1] ? reading->base->sh_addr - at[1] : 0;
	out->offset = offset_of(elf, at[0] + moved, PF_X);
	out->semaphore = at[2] ? offset_of(elf, at[2] + moved, PF_W) : 0;
	return out->offset && (!at[2] || out->semaphore) && is_nop(reading->binary, out->offset);
}

static bool on_note(void *owner, struct str name, u32 type, struct str text)
{
	struct reading *reading = owner;
	struct usdt_probe probe;

	if (type != NOTE_STAPSDT || !str_eq(name, STR("stapsdt")))
		return true;
	if (read_probe(reading, text, &probe))
		reading->fn(reading->owner, &probe);
	else
		reading->bad++;
	return true;
}

u32 usdt_each(const struct binary *binary, void (*fn)(void *owner, const struct usdt_probe *probe),
	      void *owner)
{
	struct elf_sections sections __cleanup(elf_sections__free) = {0};
	struct reading reading = {.binary = binary, .fn = fn, .owner = owner};
	const struct elf *elf = binary__elf(binary);
	const Elf64_Shdr *notes;
	char *bytes;

	if (elf_sections__load(&sections, elf))
		return 0;
	notes = elf_sections__named(&sections, STR(".note.stapsdt"));
	if (!notes || notes->sh_size > NOTES_MAX)
		return notes ? 1 : 0;
	reading.base = elf_sections__named(&sections, STR(".stapsdt.base"));
	bytes = elf__load(elf, notes->sh_offset, notes->sh_size);
	if (!bytes)
		return 1;
	elf_read_notes((struct str){bytes, notes->sh_size}, 4, on_note, &reading);
	free(bytes);
	return reading.bad;
}
