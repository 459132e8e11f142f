// SPDX-License-Identifier: Apache-2.0
/* What a program would crash of if its returns were probed, by its symbols or, without any, by
 * texts. */
#include "probe/danger.h"

#include <sys/mman.h>
#include <unistd.h>

#include "probe/elf.h"
#include "test.h"

static void by_symbols(void)
{
	static const struct {
		const char *name;
		bool defined, exported, danger;
	} list[] = {
		{"main", true, false, false},
		{"swapcontext", false, false, true},
		{"swapcontext@GLIBC_2.2.5", false, false, true},
		{"swapcontext", true, true, false}, /* libc's own */
		{"swapcontext", true, false, false},
		{"__start_context", true, false, true},
		{"__gxx_personality_v0@CXXABI_1.3", false, false, true},
		{"__gxx_personality_v0", true, true, false},
		{"_Unwind_Resume", false, false, false},
		{"rust_eh_personality", true, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		struct danger danger = {0};

		danger__symbol(&danger, str_from(list[i].name), list[i].defined, list[i].exported);
		CHECK(!danger__what(&danger, false) == !list[i].danger);
	}
}

/* Panics need both, or end the program at once. */
static void of_rust(void)
{
	struct danger danger = {0};

	danger__symbol(&danger, STR("_Unwind_RaiseException"), true, false);
	CHECK(!danger__what(&danger, true));
	danger__symbol(&danger, STR("rust_eh_personality"), true, false);
	CHECK(danger__what(&danger, true));
}

static void of_signal_stacks(void)
{
	struct danger danger = {0};

	danger__symbol(&danger, STR("sigaltstack@GLIBC_2.2.5"), false, false);
	CHECK(danger__what(&danger, false) && !danger__what(&danger, true));
	danger__symbol(&danger, STR("PyEval_EvalCode"), true, true);
	CHECK(!danger__what(&danger, false));
}

/* A segment in a file that holds nothing else. */
static bool tells(const char *text, size_t len, u32 flags)
{
	struct danger danger = {0};
	Elf64_Phdr segment = {.p_type = PT_LOAD, .p_flags = flags, .p_filesz = len};
	struct elf elf = {
		.fd = memfd_create("segment", MFD_CLOEXEC),
		.size = strlen(text),
		.segments = &segment,
		.segment_cnt = 1,
	};

	CHECK(write(elf.fd, text, strlen(text)) == (ssize_t)strlen(text));
	danger__search(&danger, &elf);
	close(elf.fd);
	return danger__what(&danger, true);
}

static void by_texts(void)
{
	static const char cxx[] = "..N10St9exceptionE..", rust[] = "..RUST_BACKTRACE=full..";

	CHECK(tells(cxx, strlen(cxx), PF_R));
	CHECK(tells(rust, strlen(rust), PF_R | PF_X));
	CHECK(!tells(cxx, strlen(cxx), PF_R | PF_W));
	CHECK(!tells(cxx, 8, PF_R));
	CHECK(!tells("exceptional", 11, PF_R));
	/* what cannot be read may hold anything */
	CHECK(tells("short", 4096, PF_R));
}

int main(void)
{
	RUN(by_symbols);
	RUN(of_rust);
	RUN(of_signal_stacks);
	RUN(by_texts);
	return test_status();
}
