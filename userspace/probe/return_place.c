// SPDX-License-Identifier: Apache-2.0
#include "probe/return_place.h"

#include <errno.h>
#include <stdio.h>

#include "probe/insn.h"
#include "probe/mapped.h"

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

int return_place_choose(struct str code)
{
	struct str behind = str_sub(code, RETURN_PLACE_BEFORE, RETURN_PLACE_BEHIND);
	struct insn_reader *reader;
	struct insn insn = {.goes_on = true};
	int err;

	if (!behind.len || !ends_in_call((const u8 *)behind.p))
		return -EINVAL;
	err = insn_reader__new(&reader, behind, kernel_running());
	if (err)
		return err;
	do {
		err = insn.goes_on && !insn.moves_stack && insn_reader__next(reader, &insn) > 0
			      ? 0
			      : -ENOTSUP;
	} while (!err && insn.way < INSN_EMULATED);
	insn_reader__free(reader);
	return err ? err : (int)insn.at;
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

static int choose(struct return_place *place, u64 offset)
{
	u8 bytes[RETURN_PLACE_BEFORE + RETURN_PLACE_BEHIND];
	ssize_t n = offset < RETURN_PLACE_BEFORE
			    ? -EINVAL
			    : binary__code(place->binary, offset - RETURN_PLACE_BEFORE, bytes,
					   sizeof(bytes));
	int behind = n < 0 ? (int)n : return_place_choose((struct str){(char *)bytes, (size_t)n});

	place->offset = offset + (u64)behind;
	return behind < 0 ? behind : 0;
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
