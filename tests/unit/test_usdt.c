// SPDX-License-Identifier: Apache-2.0
/*
 * USDT probes: their arguments as compilers write them, and the notes of this program, which bears
 * some: whole, moved by prelink, damaged.
 */
#include "probe/usdt.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/reg.h>
#include <unistd.h>

#include "../e2e/sdt.h"
#include "base/rng.h"
#include "probe/usdt_probes.h"
#include "test.h"
#include "test_file.h"

#define NONE USDT_NO_REGISTER

SDT_SEMAPHORE(unit_watched);

/* Never called; its address keeps it. */
void bear_probes(int n);
void bear_probes(int n)
{
	SDT_PROBE("unit", "plain", "0", "-4@%0 8@%1", "r"(n), "i"(77));
	SDT_PROBE("unit", "watched", "unit_watched", "", "i"(0));
	SDT_PROBE("unit", "plain", "0", "-4@%0", "i"(-1));
}

/* ---- arguments ---- */

static bool is_arg(struct str text, const struct usdt_arg *want)
{
	struct usdt_arg got;

	if (usdt_args_parse(text, &got, 1) != 1 || got.kind != want->kind)
		return false;
	return got.kind == USDT_ARG_UNKNOWN ||
	       (got.size == want->size && got.is_signed == want->is_signed &&
		got.base == want->base && got.index == want->index && got.shift == want->shift &&
		got.value == want->value && got.is_float == want->is_float);
}

static void arguments(void)
{
	static const struct {
		const char *text;
		struct usdt_arg want;
	} rows[] = {
		{"-4@%eax", {USDT_ARG_VALUE, 4, true, RAX, NONE, 0, 0, false, 0}},
		{"8f@-24(%rbp)", {USDT_ARG_MEMORY, 8, false, RBP, NONE, 0, -24, true, 0}},
		{"4f@(%rax)", {USDT_ARG_MEMORY, 4, false, RAX, NONE, 0, 0, true, 0}},
		{"8@%r15", {USDT_ARG_VALUE, 8, false, R15, NONE, 0, 0, false, 0}},
		{"1@%sil", {USDT_ARG_VALUE, 1, false, RSI, NONE, 0, 0, false, 0}},
		{"-2@%r8w", {USDT_ARG_VALUE, 2, true, R8, NONE, 0, 0, false, 0}},
		{"4@$7", {USDT_ARG_VALUE, 4, false, NONE, NONE, 0, 7, false, 0}},
		{"-8@$-7", {USDT_ARG_VALUE, 8, true, NONE, NONE, 0, -7, false, 0}},
		{"8@$0xffffffffffffffff", {USDT_ARG_VALUE, 8, false, NONE, NONE, 0, -1, false, 0}},
		{"8@(%rcx)", {USDT_ARG_MEMORY, 8, false, RCX, NONE, 0, 0, false, 0}},
		{"-4@112(%rsp)", {USDT_ARG_MEMORY, 4, true, RSP, NONE, 0, 112, false, 0}},
		{"-4@-0x14(%rbp)", {USDT_ARG_MEMORY, 4, true, RBP, NONE, 0, -20, false, 0}},
		{"8@8(%rax,%rdx,8)", {USDT_ARG_MEMORY, 8, false, RAX, RDX, 3, 8, false, 0}},
		{"8@(%rax,%r9)", {USDT_ARG_MEMORY, 8, false, RAX, R9, 0, 0, false, 0}},
		{"8@64(,%r12,2)", {USDT_ARG_MEMORY, 8, false, NONE, R12, 1, 64, false, 0}},
	};
	static const char *const unknown[] = {
		"8f@%xmm0",
		"4@%xmm0",
		"8@%ah",
		"8@%rip",
		"4@counter(%rip)",
		"8@serve.items(,%rsi,8)",
		"3@%eax",
		"16@%rax",
		"0@$1",
		"@%eax",
		"%eax",
		"4@",
		"4",
		"4@$",
		"4@$x",
		"8@()",
		"8@(,)",
		"8@8",
		"8@(%rax",
		"8@(%rax))",
		"8@(%rax,%rbx,3)",
		"8@(%rax,8)",
		"4@$7x",
		"-@$7",
		"8@(%rax,%rbx,)",
		"8@%fs:0(%rax)",
		"4@%eax,",
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!is_arg(str_from(rows[i].text), &rows[i].want))
			CHECK_STR(str_from(rows[i].text), "understood otherwise");
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		if (!is_arg(str_from(unknown[i]), &(struct usdt_arg){0}))
			CHECK_STR(str_from(unknown[i]), "not understood");
}

static void several_arguments(void)
{
	struct usdt_arg args[2];

	CHECK(usdt_args_parse(STR(""), args, 2) == 0);
	CHECK(usdt_args_parse(STR("  "), args, 2) == 0);
	CHECK(usdt_args_parse(STR(" 8@%rbx  bad -4@%ebp "), args, 2) == 3);
	CHECK(args[0].base == RBX && args[1].kind == USDT_ARG_UNKNOWN);
}

static void specs(void)
{
	static const char *const bad[] = {
		"",
		":",
		"a:",
		":b",
		"python",
		" : ",
		"a:b:c",
		"a:b(",
		"a:b(1)",
		"a:b(1:int=c)",
		"a:b(arg4:int=c)",
		"a:b(arg:int=c)",
		"(a:b)",
		"a:b(arg0:int=c,",
		"a:b(arg0:struct=c)",
	};
	struct usdt_spec spec;
	const char *why;

	CHECK(!usdt_spec_parse(STR(" py*: gc__start "), &spec, &why));
	CHECK_STR(spec.provider, "py*");
	CHECK_STR(spec.name, "gc__start");
	CHECK(!usdt_spec_parse(STR("a:b(arg0:string=c, arg3:double=d)"), &spec, &why));
	CHECK_STR(spec.name, "b");
	CHECK(spec.values[0].kind == VALUE_TEXT && spec.values[1].kind == VALUE_DOUBLE);
	CHECK(spec.values[1].argument == 3 && spec.values[1].bits == 64);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(usdt_spec_parse(str_from(bad[i]), &spec, &why) && *why);
}

/* ---- notes ---- */

struct seen {
	struct binary *binary;
	u32 plain, watched, other, bad;
	u64 offsets; /* their sum */
	u64 semaphore;
	struct usdt_arg args[2]; /* of the first plain one */
	u32 arg_cnt;
};

static void on_probe(void *owner, const struct usdt_probe *probe)
{
	struct seen *seen = owner;
	u8 byte;

	CHECK(binary__code(seen->binary, probe->offset, &byte, 1) == 1 && byte == 0x90);
	seen->offsets += probe->offset;
	if (!str_eq(probe->provider, STR("unit"))) {
		seen->other++;
	} else if (str_eq(probe->name, STR("watched"))) {
		seen->watched++;
		seen->semaphore = probe->semaphore;
	} else if (!seen->plain++) {
		seen->arg_cnt = usdt_args_parse(probe->args, seen->args, 2);
	}
}

static struct seen look(struct str program)
{
	int fd = memfd_create("program", MFD_CLOEXEC);
	struct seen seen = {0};
	char path[64];

	CHECK(write(fd, program.p, program.len) == (ssize_t)program.len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!binary__open(&seen.binary, path)) {
		seen.bad = usdt_each(seen.binary, on_probe, &seen);
		binary__free(seen.binary);
	}
	close(fd);
	return seen;
}

/* A copy of this program. */
static struct str read_self(void)
{
	FILE *self = fopen("/proc/self/exe", "re");
	struct str text = read_all(fileno(self));

	fclose(self);
	return text;
}

/* The text of its n-th note about probes: three addresses, then names. */
static u64 *note_of(struct str program, u32 n)
{
	static volatile char type = 3; /* so that what is searched for is nowhere else */
	char head[] = "?\0\0\0stapsdt";
	const char *at = program.p;

	head[0] = type;
	do {
		at = memmem(at, program.len - (size_t)(at - program.p), head, sizeof(head));
		CHECK(at != NULL);
		at += sizeof(head);
	} while (n--);
	return (u64 *)(uintptr_t)at;
}

static void reads_itself(void)
{
	struct str program = read_self();
	struct seen seen = look(program);

	CHECK(seen.plain == 2 && seen.watched == 1 && !seen.other && !seen.bad);
	CHECK(seen.arg_cnt == 2);
	CHECK(seen.args[0].kind == USDT_ARG_VALUE && seen.args[0].base != NONE);
	CHECK(seen.args[1].kind == USDT_ARG_VALUE && seen.args[1].value == 77);
	CHECK(seen.semaphore && seen.semaphore < program.len && !program.p[seen.semaphore]);
	free((char *)program.p);
}

/* Prelink moves segments and their base section, but not what notes say. */
static void moved_by_prelink(void)
{
	struct str program = read_self();
	struct seen before = look(program), after;

	for (u32 i = 0; i < 3; i++) {
		u64 at[3];

		memcpy(at, note_of(program, i), sizeof(at));
		at[0] -= 0x100000;
		at[1] -= 0x100000;
		at[2] -= at[2] ? 0x100000 : 0;
		memcpy(note_of(program, i), at, sizeof(at));
	}
	after = look(program);
	CHECK(after.plain == 2 && after.watched == 1 && !after.bad);
	CHECK(after.offsets == before.offsets && after.semaphore == before.semaphore);
	free((char *)program.p);
}

static void what_cannot_be_probed(void)
{
	struct str program = read_self();
	u64 *note = note_of(program, 1), at[3], nowhere = 1ULL << 40;
	struct seen seen;

	memcpy(at, note, sizeof(at));
	memcpy(note, &nowhere, sizeof(nowhere)); /* in no segment */
	seen = look(program);
	CHECK(seen.plain == 2 && !seen.watched && seen.bad == 1);
	at[0] += 2; /* behind the nop of the last: none */
	memcpy(note, at, sizeof(at));
	seen = look(program);
	CHECK(seen.plain == 2 && !seen.watched && seen.bad == 1);
	at[0] -= 2;
	at[2] = at[0]; /* a semaphore in code: it is not to be written */
	memcpy(note, at, sizeof(at));
	seen = look(program);
	CHECK(seen.plain == 2 && !seen.watched && seen.bad == 1);
	free((char *)program.p);
}

static void damaged(void)
{
	struct str program = read_self();
	char *notes = (char *)note_of(program, 0) - 20;
	struct rng rng;

	rng__seed(&rng, 7);
	for (u32 i = 0; i < 300; i++) {
		char *at = notes + rng__next(&rng) % 250, was = *at;
		struct seen seen;

		*at = (char)rng__next(&rng);
		seen = look(program);
		CHECK(seen.plain + seen.watched + seen.other + seen.bad <= 3);
		*at = was;
	}
	free((char *)program.p);
}

int main(void)
{
	RUN(arguments);
	RUN(several_arguments);
	RUN(specs);
	RUN(reads_itself);
	RUN(moved_by_prelink);
	RUN(what_cannot_be_probed);
	RUN(damaged);
	return test_status();
}
