// SPDX-License-Identifier: Apache-2.0
#include "probe/return_place.h"

#include <errno.h>
#include <stdio.h>

#include "probe/insn.h"
#include "probe/mapped.h"

/* Bytes of the longest call, and those behind it that are read. */
#define CALL_MAX 8
#define READ_MAX 128
/* A caller's ways meet again behind the call; that takes one. */
#define JUMPS_MAX 4

/* call relative: e8 and 4 bytes; indirect: ff /2 and up to 5 bytes more. */
static bool ends_in_call(const u8 *end)
{
	if (end[-5] == 0xe8)
		return true;
	for (int len = 2; len <= 7; len++)
		if (end[-len] == 0xff && (end[1 - len] >> 3 & 7) == 2)
			return true;
	return false;
}

/* The first instruction that the kernel emulates, if what is before it leads there; *freed grows by
 * what that takes off the stack. */
static int first_emulated(struct str code, struct insn *insn, u32 *freed)
{
	struct insn_reader *reader;
	int err = insn_reader__new(&reader, code, kernel_running());

	if (err)
		return err;
	do {
		if (insn_reader__next(reader, insn) <= 0)
			err = -ENOTSUP;
		else if (insn->way >= INSN_EMULATED)
			break;
		else if (!insn->frees && (!insn->goes_on || insn->moves_stack))
			err = -ENOTSUP;
		else
			*freed += insn->frees;
	} while (!err);
	insn_reader__free(reader);
	return err;
}

int return_place_choose(struct str code, size_t at, u32 *freed)
{
	int place = -ENOTSUP;
	u32 so_far = 0;

	if (at < CALL_MAX || at >= code.len || !ends_in_call((const u8 *)code.p + at))
		return -EINVAL;
	for (u32 i = 0; i < JUMPS_MAX; i++) {
		struct insn insn;
		s64 target;

		if (first_emulated(str_sub(code, at, READ_MAX), &insn, &so_far))
			break;
		*freed = so_far;
		place = (int)(at + insn.at);
		target = (s64)at + insn.target;
		if (!insn.jumps || insn.conditional || target < 0 || target >= (s64)code.len)
			break;
		at = (size_t)target;
	}
	return place;
}

static bool is_call(const struct insn *insn, u64 offset, u64 target)
{
	if (!target)
		return insn->calls_out;
	return insn->calls && offset + (u64)insn->target == target;
}

u32 return_places_in(struct str code, u64 offset, u64 target, struct python_return *out, u32 max)
{
	struct insn_reader *reader;
	struct insn insn;
	u32 cnt = 0;

	if (insn_reader__new(&reader, code, kernel_running()))
		return 0;
	while (cnt < max && insn_reader__next(reader, &insn) > 0) {
		u32 end = insn.at + insn.len;
		u32 freed;
		int place;

		if (!is_call(&insn, offset, target))
			continue;
		place = return_place_choose(code, end, &freed);
		if (place >= 0)
			out[cnt++] =
				(struct python_return){offset + end, offset + (u32)place, freed};
	}
	insn_reader__free(reader);
	return cnt;
}

struct search {
	u64 address;
	u64 from, offset; /* of the mapping */
	char path[80];	  /* "": none yet */
};

/* Of those that begin before it the last. */
static bool look_at(void *owner, const struct mapped *mapped)
{
	struct search *search = owner;

	if (mapped->from > search->address)
		return false;
	search->from = mapped->from;
	search->offset = mapped->offset;
	snprintf(search->path, sizeof(search->path), "%s", mapped->path);
	return true;
}

static int choose(struct return_place *out, u64 offset)
{
	u8 bytes[CALL_MAX + READ_MAX];
	u64 from = offset - CALL_MAX;
	ssize_t n =
		offset < CALL_MAX ? -EINVAL : binary__code(out->binary, from, bytes, sizeof(bytes));
	int place = n < 0 ? (int)n
			  : return_place_choose((struct str){(char *)bytes, (size_t)n}, CALL_MAX,
						&out->freed);

	out->offset = from + (u64)place;
	return place < 0 ? place : 0;
}

int return_place__find(struct return_place *out, u32 tgid, u64 address)
{
	struct search search = {.address = address};
	int err;

	mapped_files(tgid, look_at, &search);
	if (!search.path[0])
		return -ENOENT;
	err = binary__open(&out->binary, search.path);
	if (err)
		return err;
	err = choose(out, address - search.from + search.offset);
	if (err)
		return_place__free(out);
	return err;
}

void return_place__free(struct return_place *place)
{
	binary__free(place->binary);
	place->binary = NULL;
}
