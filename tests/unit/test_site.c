// SPDX-License-Identifier: Apache-2.0
/* Which instruction of a prologue the site chooser takes, one hand-assembled function a case. */
#include "probe/site.h"

#include <errno.h>
#include <sys/utsname.h>

#include "test.h"

/* Ours instead of the C library's: the kernel that is asked about. */
static const char *release = "6.18.0";

int uname(struct utsname *name)
{
	*name = (struct utsname){0};
	snprintf(name->release, sizeof(name->release), "%s", release);
	return 0;
}

#define ENDBR64	     "\xf3\x0f\x1e\xfa"
#define PUSH_RBP     "\x55"
#define PUSH_R12     "\x41\x54"
#define PUSH_RDI     "\x57"
#define MOV_RSP_RBP  "\x48\x89\xe5"
#define SUB_8_RSP    "\x48\x83\xec\x08"
#define ADD_8_RSP    "\x48\x83\xc4\x08"
#define POP_RBP	     "\x5d"
#define RET	     "\xc3"
#define XOR_EAX	     "\x31\xc0"
#define XOR_ESI	     "\x31\xf6"
#define XOR_R8	     "\x45\x31\xc0"
#define MOV_RDI_RAX  "\x48\x89\xf8" /* to rax */
#define TEST_RDI     "\x48\x85\xff"
#define NOP	     "\x90"
#define NOP2	     "\x66\x90"
#define NOP5	     "\x0f\x1f\x44\x00\x00"
#define NOP9	     "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00"
#define CALL	     "\xe8\x00\x01\x00\x00" /* of another function */
#define CALL16	     "\x66\xe8\x00\x01"
#define JMP_OUT	     "\xe9\x00\x01\x00\x00"
#define JE_OUT	     "\x0f\x84\x00\x01\x00\x00"
#define JMP_RAX	     "\xff\xe0"
#define JMP_IMPORTED "\xff\x25\x00\x10\x00\x00"
#define LOCK_INC     "\xf0\xff\x07"
#define INT3	     "\xcc"
#define BAD	     "\x06"

#define FAST	1
#define SLOW	2  /* only if single steps will do */
#define NO_RET	4  /* out of reach of a return probe */
#define NO_ARGS 8  /* and none are needed */
#define ARG_1	16 /* and the first alone is needed */

struct expect {
	const char *what;
	struct str code;
	int at; /* -1: nowhere */
	int how;
};

#define CODE(bytes)                      \
	{                                \
		bytes, sizeof(bytes) - 1 \
	}

static void check_one(const struct expect *expect, bool slow)
{
	struct site_need need = {slow, expect->how & NO_ARGS ? 0 : expect->how & ARG_1 ? 2 : 0xff};
	struct site site = {0};
	const char *why = NULL;
	int err = site_choose(expect->code, 0x1000, need, &site, &why);
	bool wanted = expect->at >= 0 && (slow || !(expect->how & SLOW));

	CHECK(err == (wanted ? 0 : -ENOTSUP));
	if (wanted && !err) {
		CHECK(site.offset == 0x1000 + (u64)expect->at);
		CHECK(site.slow == !!(expect->how & SLOW));
		CHECK(site.returns == !(expect->how & NO_RET));
	} else if (!wanted) {
		CHECK(why && *why);
	}
}

static void check_all(const struct expect *list, size_t cnt)
{
	for (size_t i = 0; i < cnt; i++) {
		bool failed = test_failed;

		check_one(&list[i], false);
		/* the fast one is taken then, too, if it lets a return probe be set */
		if (!(list[i].how & NO_RET))
			check_one(&list[i], true);
		if (test_failed && !failed)
			printf("   in: %s\n", list[i].what);
	}
}

static void takes_what_is_emulated(void)
{
	static const struct expect list[] = {
		{"push at the entry", CODE(PUSH_RBP MOV_RSP_RBP POP_RBP RET), 0, FAST},
		{"push behind endbr64", CODE(ENDBR64 PUSH_RBP MOV_RSP_RBP POP_RBP RET), 4, FAST},
		{"push of a high register", CODE(ENDBR64 PUSH_R12 RET), 4, FAST},
		{"push behind moves that leave the arguments", CODE(MOV_RDI_RAX PUSH_RBP RET), 3,
		 FAST},
		{"nop", CODE(NOP SUB_8_RSP CALL ADD_8_RSP RET), 0, FAST},
		{"long nop", CODE(NOP9 PUSH_RBP RET), 9, FAST}, /* nine bytes may be refused */
		{"jump to another function", CODE(XOR_EAX JMP_OUT), 2, FAST},
		{"call at the entry, as of __fentry__", CODE(CALL SUB_8_RSP RET), 0, FAST},
		{"conditional jump", CODE(TEST_RDI "\x74\x03" XOR_EAX NOP RET), 3, FAST},
		{"nop rather than the push in front", CODE(PUSH_RBP RET), 0, FAST},
	};

	check_all(list, ARRAY_SIZE(list));
}

static void steps_only_when_asked(void)
{
	static const struct expect list[] = {
		{"sub of the stack", CODE(SUB_8_RSP XOR_EAX ADD_8_RSP RET), 0, SLOW},
		{"endbr64, then sub", CODE(ENDBR64 SUB_8_RSP XOR_EAX RET), 0, SLOW},
		{"a leaf", CODE(XOR_EAX RET), 0, SLOW},
		{"a jump by the table of imports", CODE(JMP_IMPORTED), 0, SLOW},
		{"nothing but ret", CODE(RET), 0, SLOW},
		{"an argument is gone before the call", CODE(XOR_ESI CALL RET), 0, SLOW},
		{"r8 is an argument", CODE(XOR_R8 JMP_OUT), 0, SLOW},
		{"an argument is gone, but another is needed", CODE(XOR_R8 JMP_OUT), 3,
		 FAST | ARG_1},
		{"the first is gone, which is needed", CODE("\x31\xff" JMP_OUT), 0, SLOW | ARG_1},
		{"an argument is gone, but none is needed", CODE(XOR_R8 JMP_OUT), 3,
		 FAST | NO_ARGS},
		{"nor behind a call", CODE(SUB_8_RSP XOR_R8 INT3 PUSH_RBP), 0, SLOW | NO_ARGS},
	};

	check_all(list, ARRAY_SIZE(list));
}

static void knows_where_returns_end(void)
{
	static const struct expect sub_call = {
		"call behind sub", CODE(SUB_8_RSP CALL ADD_8_RSP RET), 4, FAST | NO_RET};
	struct site site;
	const char *why;

	check_all(&sub_call, 1);
	/* a single step where returns can be probed, rather than speed where they cannot */
	CHECK(!site_choose(sub_call.code, 0, (struct site_need){true, 0xff}, &site, &why));
	CHECK(site.offset == 0 && site.slow && site.returns);
}

static void refuses(void)
{
	static const struct expect list[] = {
		{"no code", {"", 0}, -1, 0},
		{"no instruction", CODE(BAD BAD RET), -1, 0},
		{"lock", CODE(LOCK_INC CALL16 RET), -1, 0},
		{"nothing in a loop", CODE(NOP MOV_RDI_RAX TEST_RDI "\x75\xf7" RET), -1, 0},
		{"int3", CODE(INT3 PUSH_RBP RET), -1, 0},
		{"call of 16 bits", CODE(CALL16 RET), -1, 0},
		/* each loop leads to the entry: 48 ff cf dec rdi, 75 xx jne */
		{"a loop at the entry", CODE("\x48\xff\xcf\x75\xfb" RET), -1, 0},
		{"a push that is looped to", CODE(PUSH_RDI "\x75\xfd" RET), -1, 0},
		{"a loop into the middle of the first one", CODE(SUB_8_RSP "\xeb\xfb"), -1, 0},
		{"loop, e2", CODE(NOP "\xe2\xfd" RET), -1, 0},
		{"jump tables lead anywhere", CODE(NOP JMP_RAX), -1, 0},
		{"a cold half leads anywhere", CODE(TEST_RDI JE_OUT RET), -1, 0},
		{"code that is cut off", CODE(NOP "\xe8\x00"), -1, 0},
	};

	check_all(list, ARRAY_SIZE(list));
}

static void goes_round_what_is_jumped_to(void)
{
	static const struct expect list[] = {
		{"the loop begins behind the push", CODE(PUSH_RBP NOP "\x75\xfd" RET), 0, FAST},
		{"and behind endbr64", CODE(ENDBR64 NOP "\x75\xfd" RET), 0, SLOW},
		{"and behind a push of the loop", CODE(PUSH_RBP PUSH_R12 "\x75\xfc" RET), 0, FAST},
		{"a function that calls itself", CODE(PUSH_RBP "\xe8\xfa\xff\xff\xff" RET), 0,
		 FAST},
		{"no loop begins with a prologue", CODE(ENDBR64 PUSH_R12 JMP_RAX), 4, FAST},
		{"through the table of imports", CODE(NOP JMP_IMPORTED), 0, FAST},
		{"a cold half, but a prologue", CODE(PUSH_RBP TEST_RDI JE_OUT RET), 0, FAST},
		{"push of an argument may be in a loop", CODE(SUB_8_RSP PUSH_RDI JMP_RAX), 0, SLOW},
	};

	check_all(list, ARRAY_SIZE(list));
}

static void asks_the_kernel(void)
{
	static const struct expect best = {"the call in its place beats the push",
					   CODE(PUSH_RBP RET), 0, FAST};
	static const struct expect new[] = {
		{"nop of five bytes", CODE(XOR_EAX NOP NOP5 PUSH_RBP RET), 3, FAST},
		{"nop of two bytes", CODE(NOP2 SUB_8_RSP RET), 0, FAST},
	};
	static const struct expect middle[] = {
		{"nop of five bytes", CODE(XOR_EAX NOP NOP5 PUSH_RBP RET), 2, FAST},
		{"nop of five bytes alone", CODE(NOP5 SUB_8_RSP RET), 0, FAST},
	};
	static const struct expect old[] = {
		{"nop of five bytes", CODE(NOP5 PUSH_RBP RET), 5, FAST},
		{"nop of five bytes alone", CODE(NOP5 XOR_EAX RET), 0, SLOW},
		{"nop of two bytes", CODE(NOP2 SUB_8_RSP RET), 2, SLOW},
	};

	check_all(&best, 1);
	check_all(new, ARRAY_SIZE(new));
	release = "6.16.3-arch1";
	check_all(middle, ARRAY_SIZE(middle));
	release = "5.15.0-100-generic";
	check_all(old, ARRAY_SIZE(old));
	release = "nonsense";
	check_all(old, ARRAY_SIZE(old));
	release = "6.18.0";
}

int main(void)
{
	RUN(takes_what_is_emulated);
	RUN(steps_only_when_asked);
	RUN(knows_where_returns_end);
	RUN(refuses);
	RUN(goes_round_what_is_jumped_to);
	RUN(asks_the_kernel);
	return test_status();
}
