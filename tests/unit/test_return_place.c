// SPDX-License-Identifier: Apache-2.0
/* probe/return_place: where a probe sees that a call has returned, one hand-assembled caller a
 * case. */
#include "probe/return_place.h"

#include <errno.h>
#include <stdint.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "probe/binary.h"
#include "test.h"

/* Ours instead of the C library's: the kernel that is asked about. */
int uname(struct utsname *name)
{
	*name = (struct utsname){.release = "6.1.0"};
	return 0;
}

#define NOPS	   "\x90\x90\x90\x90\x90\x90\x90\x90"
#define CALL	   "\xe8\x00\x01\x00\x00"
#define CALL_R9	   "\x41\xff\xd1"
#define CALL_TABLE "\xff\x94\xc1\x00\x01\x00\x00" /* *0x100(%rcx,%rax,8) */
#define MOV_RAX	   "\x48\x89\xc5"
#define TEST_RAX   "\x48\x85\xc0"
#define ADD_R14	   "\x4d\x03\x66\x10" /* 0x10(%r14) to r12 */
#define ADD_8_RSP  "\x48\x83\xc4\x08"
#define SUB_8_RSP  "\x48\x83\xec\x08"
#define POP_RBP	   "\x5d"
#define POP_R12	   "\x41\x5c"
#define POP_RSP	   "\x5c"
#define PUSH_RBP   "\x55"
#define JE	   "\x74\x10"
#define JMP_OUT	   "\xe9\x00\x01\x00\x00"
#define JMP_RAX	   "\xff\xe0"
#define RET	   "\xc3"
#define BAD	   "\x06"

static void takes_the_first_emulated(void)
{
	static const struct {
		const char *what;
		struct str code;
		size_t at; /* of what is returned to */
		int place;
		u32 freed;
	} cases[] = {
		{"at once", STR(NOPS CALL JE), 13, 13, 0},
		{"behind others", STR(NOPS CALL MOV_RAX TEST_RAX JE), 13, 19, 0},
		{"a register is called", STR(NOPS CALL_R9 ADD_R14 MOV_RAX TEST_RAX JE), 11, 21, 0},
		{"a table is called", STR(NOPS CALL_TABLE MOV_RAX CALL), 15, 18, 0},
		{"a call", STR(NOPS CALL MOV_RAX PUSH_RBP), 13, 16, 0},
		/* where the stack is another's, or elsewhere, nobody knows where */
		{"a push", STR(NOPS CALL ADD_8_RSP JE), 13, 17, 8},
		{"the stack has moved", STR(NOPS CALL ADD_8_RSP POP_RBP POP_R12 JMP_OUT), 13, 20,
		 24},
		{"the stack is popped", STR(NOPS CALL MOV_RAX RET JE), 13, -ENOTSUP, 0},
		{"another stack", STR(NOPS CALL POP_RSP JE), 13, -ENOTSUP, 0},
		{"more stack", STR(NOPS CALL SUB_8_RSP JE), 13, -ENOTSUP, 0},
		{"it returns", STR(NOPS CALL MOV_RAX JMP_RAX JE), 13, -ENOTSUP, 0},
		{"it jumps anywhere", STR(NOPS CALL MOV_RAX BAD JE), 13, -ENOTSUP, 0},
		{"no instruction", STR(NOPS CALL MOV_RAX), 13, -ENOTSUP, 0},
		/* no call */
		{"no end", STR(NOPS MOV_RAX TEST_RAX JE), 11, -EINVAL, 0},
		{"no call", STR(CALL JE), 5, -EINVAL, 0},
		{"too little before it", STR(NOPS CALL), 13, -EINVAL, 0},
		{"nothing behind it", STR(NOPS CALL JE), 400, -EINVAL, 0},
		/* further on where it jumps to, if that is known and any better */
		{"far behind it", STR(NOPS MOV_RAX JE CALL MOV_RAX "\xeb\xf1"), 18, 11, 0},
		{"a jump back", STR(NOPS CALL MOV_RAX JMP_OUT), 13, 16, 0},
		{"a jump out", STR(NOPS RET CALL "\xeb\xf8"), 14, 14, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 freed = 0;

		if (return_place_choose(cases[i].code, cases[i].at, &freed) != cases[i].place ||
		    freed != cases[i].freed)
			test_fail(__FILE__, __LINE__, cases[i].what);
	}
}

/* Ways that only lead to each other end somewhere. */
static void circles_end(void)
{
	u32 freed;

	CHECK(return_place_choose(STR(NOPS CALL "\xeb\xfe"), 13, &freed) == 13);
}

static void finds_calls(void)
{
	const struct str code = STR(NOPS CALL JE CALL_R9 MOV_RAX JE CALL_TABLE JE CALL POP_RBP);
	const u64 offset = 0x1000, target = 0x1000 + 13 + 0x100;
	struct python_return found[2];

	CHECK(return_places_in(code, offset, target, found, 2) == 1);
	CHECK(found[0].address == 0x1000 + 13 && found[0].offset == 0x1000 + 13);
	CHECK(return_places_in(code, offset, target + 1, found, 2) == 0);
	CHECK(return_places_in(code, offset, 0, found, 2) == 1);
	CHECK(found[0].address == 0x1000 + 18 && found[0].offset == 0x1000 + 21);
	CHECK(return_places_in(code, offset, target, found, 0) == 0);
}

/* Returns what its own call has returned to, which is a jump. */
u64 returned_to(void);
asm(".text\n"
    "returned_to:\n\t"
    "call 1f\n\t"
    "jmp 2f\n"
    "1:\tmov (%rsp),%rax\n"
    "2:\tret\n");

static void finds_its_own(void)
{
	const u64 address = returned_to();
	struct return_place place;
	u8 byte = 0;

	CHECK(!return_place__find(&place, (u32)getpid(), address));
	CHECK(binary__code(place.binary, place.offset, &byte, 1) == 1 && byte == 0xeb);
	return_place__free(&place);
	CHECK(return_place__find(&place, (u32)getpid(), address + 2) == -EINVAL);
	CHECK(return_place__find(&place, (u32)getpid(), 16) == -ENOENT);
	CHECK(return_place__find(&place, (u32)getpid(), UINT64_MAX - 16) < 0);
}

int main(void)
{
	RUN(takes_the_first_emulated);
	RUN(circles_end);
	RUN(finds_calls);
	RUN(finds_its_own);
	return test_status();
}
