// SPDX-License-Identifier: Apache-2.0
/*
 *	endbr64			stepped
 *	push %rbp		emulated: the site
 *	mov  %rsp,%rbp		the return address is out of reach from here on
 *	...
 *	call g			the window ends with it
 *	jne  2b			goes back: not into the window, so it is no harm
 *
 * The window is what every call passes first: up to and with the first jump or call, or what we
 * know too little of. Then the whole function is read for jumps into the window. Where not all of
 * them can be seen, only what no loop begins with is left to choose from.
 */
#include "probe/site.h"

#include <errno.h>

#include "probe/insn.h"

/* A prologue is six pushes, the frame, and what the compiler has mixed in. */
#define WINDOW_MAX 32

struct candidate {
	struct insn insn;
	bool returns;
	u8 spoilt;  /* bits of arguments that may not be in their registers */
	bool again; /* runs more than once a call */
};

struct window {
	struct candidate candidates[WINDOW_MAX];
	u32 cnt;
	bool closed;
	bool moved; /* the stack */
	u8 spoilt;
	bool unseen; /* jumps may come from what we cannot see */
};

static void window__add(struct window *window, const struct insn *insn)
{
	if (window->closed)
		return;
	window->candidates[window->cnt++] = (struct candidate){
		.insn = *insn, .returns = !window->moved, .spoilt = window->spoilt};
	window->moved |= insn->moves_stack;
	window->spoilt |= insn->spoils;
	window->closed = !insn->goes_on || window->cnt == WINDOW_MAX;
}

/* The window has no branches: a jump into it runs what it leads to and all that follows. */
static bool runs_again(const struct insn *jump, const struct insn *insn)
{
	/* a call of the function by itself is a call like others */
	if (jump->calls && !jump->target)
		return false;
	return jump->target >= 0 && jump->target < (s64)insn->at + insn->len;
}

static void window__note_jump(struct window *window, const struct insn *insn, size_t len)
{
	window->unseen |= insn->astray;
	if (!insn->jumps && !insn->calls)
		return;
	/* to the function's cold half, which may come back anywhere */
	window->unseen |= insn->conditional && (insn->target < 0 || insn->target >= (s64)len);
	for (u32 i = 0; i < window->cnt; i++)
		window->candidates[i].again |= runs_again(insn, &window->candidates[i].insn);
}

/* The window ends with the first jump, so that no jump into it has been read before it is full. */
static int window__read(struct window *window, struct str code)
{
	struct insn_reader *reader;
	struct insn insn;
	int err = insn_reader__new(&reader, code, kernel_running());

	if (err)
		return err;
	while ((err = insn_reader__next(reader, &insn)) > 0) {
		window__add(window, &insn);
		window__note_jump(window, &insn, code.len);
	}
	window->unseen |= err < 0;
	insn_reader__free(reader);
	return 0;
}

/* 0: it will not do. Returns weigh more than speed, since a span needs its end. */
static u32 rank(const struct window *window, const struct candidate *candidate,
		struct site_need need)
{
	const struct insn *insn = &candidate->insn;

	if (candidate->again || (need.arguments & candidate->spoilt) ||
	    (window->unseen && !insn->prologue))
		return 0;
	if (insn->way == INSN_STEPPED)
		return need.slow && candidate->returns ? 2 : 0;
	if (insn->way == INSN_REFUSED)
		return 0;
	return candidate->returns ? (u32)insn->way + 1 : 1;
}

static const struct candidate *window__best(const struct window *window, struct site_need need)
{
	const struct candidate *best = NULL;
	u32 most = 0;

	for (u32 i = 0; i < window->cnt; i++) {
		u32 now = rank(window, &window->candidates[i], need);

		if (now > most) {
			most = now;
			best = &window->candidates[i];
		}
	}
	return best;
}

static const char *obstacle(const struct window *window, struct site_need need)
{
	if (!window->cnt)
		return "its code is not understood";
	need.slow = true;
	if (window__best(window, need))
		return "it begins with nothing that can be probed without single steps";
	if (window->candidates[0].again)
		return "its beginning is jumped to";
	if (window->unseen)
		return "its beginning may be jumped to";
	return "it begins with nothing that can be probed";
}

int site_choose(struct str code, u64 offset, struct site_need need, struct site *site,
		const char **why)
{
	struct window window = {0};
	const struct candidate *best;

	if (window__read(&window, code)) {
		*why = "there is no memory to read its code";
		return -ENOTSUP;
	}
	best = window__best(&window, need);
	if (!best) {
		*why = obstacle(&window, need);
		return -ENOTSUP;
	}
	*site = (struct site){
		.offset = offset + best->insn.at,
		.returns = best->returns,
		.slow = best->insn.way == INSN_STEPPED,
	};
	return 0;
}
