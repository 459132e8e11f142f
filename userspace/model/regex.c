// SPDX-License-Identifier: Apache-2.0
#include "model/regex.h"

#include <errno.h>
#include <stdlib.h>

#include "model/regex_parse.h"

struct regex {
	u32 cnt;
	struct regex_state v[];
};

/* Where the machine is before the byte at `pos`: in all states of `now` at once. */
struct machine {
	const struct regex_state *v;
	struct str text;
	size_t pos;
	bool whole; /* a match must end where the text does */
	bool matched;
	u32 cnt;
	u16 now[REGEX_STATES_MAX];     /* only OP_SET */
	size_t seen[REGEX_STATES_MAX]; /* 1 + the position for which it was last entered */
};

static bool is_word(const struct machine *machine, size_t pos)
{
	u8 c = pos < machine->text.len ? (u8)machine->text.p[pos] : 0;
	u8 letter = c | 0x20;

	return (letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool holds(const struct machine *machine, enum regex_op assertion)
{
	size_t pos = machine->pos, left = machine->text.len - pos;
	bool edge = is_word(machine, pos) != (pos && is_word(machine, pos - 1));

	switch (assertion) {
	case OP_START:
		return !pos;
	case OP_END:
		return !left;
	case OP_LINE_END:
		return !left || (left == 1 && machine->text.p[pos] == '\n');
	case OP_WORD_EDGE:
		return edge;
	case OP_NO_WORD_EDGE:
		return !edge;
	default:
		return false;
	}
}

/* Enters a state and all that can be reached from it without a byte; each is entered once. */
static void enter(struct machine *machine, u32 first)
{
	u16 todo[REGEX_STATES_MAX + 1];
	u32 todo_cnt = 0, at;

	todo[todo_cnt++] = (u16)first;
	while (todo_cnt) {
		at = todo[--todo_cnt];
		if (machine->seen[at] == machine->pos + 1)
			continue;
		machine->seen[at] = machine->pos + 1;
		switch (machine->v[at].op) {
		case OP_SET:
			machine->now[machine->cnt++] = (u16)at;
			break;
		case OP_SPLIT:
			todo[todo_cnt++] = (u16)((s32)at + machine->v[at].next[1]);
			todo[todo_cnt++] = (u16)((s32)at + machine->v[at].next[0]);
			break;
		case OP_MATCH:
			machine->matched |= !machine->whole || machine->pos == machine->text.len;
			break;
		default:
			if (holds(machine, machine->v[at].op))
				todo[todo_cnt++] = (u16)(at + 1);
		}
	}
}

/* Takes one byte. */
static void step(struct machine *machine)
{
	u8 c = (u8)machine->text.p[machine->pos++];
	u16 before[REGEX_STATES_MAX];
	u32 cnt = machine->cnt, i;

	memcpy(before, machine->now, cnt * sizeof(*before));
	machine->cnt = 0;
	for (i = 0; i < cnt; i++)
		if (regex_set__has(&machine->v[before[i]].set, c))
			enter(machine, before[i] + 1u);
}

static bool run(const struct regex *regex, struct str text, bool whole)
{
	struct machine machine;

	machine.v = regex->v;
	machine.text = str_sub(text, 0, REGEX_TEXT_MAX);
	machine.pos = machine.cnt = 0;
	machine.whole = whole;
	machine.matched = false;
	memset(machine.seen, 0, regex->cnt * sizeof(*machine.seen));
	enter(&machine, 0);
	while (!machine.matched && machine.pos < machine.text.len) {
		step(&machine);
		if (!whole)
			enter(&machine, 0);
		else if (!machine.cnt)
			break;
	}
	return machine.matched;
}

bool regex__search(const struct regex *regex, struct str text)
{
	return run(regex, text, false);
}

bool regex__matches_all(const struct regex *regex, struct str text)
{
	return run(regex, text, true);
}

static int regex_init(struct regex **out, struct regex_program *program)
{
	size_t size = program->cnt * sizeof(*program->v);

	*out = malloc(sizeof(**out) + size);
	if (!*out)
		return -ENOMEM;
	(*out)->cnt = program->cnt;
	memcpy((*out)->v, program->v, size);
	return 0;
}

int regex__new(struct regex **out, struct str pattern, bool ignore_case)
{
	struct regex_program *program = malloc(sizeof(*program));
	int err;

	if (!program)
		return -ENOMEM;
	err = regex_parse(program, pattern, ignore_case);
	if (!err)
		err = regex_init(out, program);
	free(program);
	return err;
}

void regex__free(struct regex *regex)
{
	free(regex);
}
