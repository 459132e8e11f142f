// SPDX-License-Identifier: Apache-2.0
#include "probe/danger.h"

#include <stdlib.h>

#include "probe/elf.h"

static const char stacks[] = "switch stacks (swapcontext)";
static const char unwinds[] = "throw exceptions (C++, Rust)";

static const char *danger_of(struct str name, bool defined)
{
	static const struct {
		struct str name;
		bool import; /* all static programs or sanitizers have it */
		const char *what;
	} dangers[] = {
		{STR("swapcontext"), true, stacks},
		{STR("setcontext"), true, stacks},
		{STR("__start_context"), false, stacks},
		{STR("jump_fcontext"), false, stacks},
		{STR("ontop_fcontext"), false, stacks},
		{STR("__gxx_personality_v0"), false, unwinds},
		{STR("__cxa_begin_catch"), false, unwinds},
		{STR("_Unwind_RaiseException"), true, unwinds},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dangers); i++)
		if (str_eq(name, dangers[i].name) && !(defined && dangers[i].import))
			return dangers[i].what;
	return NULL;
}

void danger__symbol(struct danger *danger, struct str name, bool defined, bool exported)
{
	ssize_t version = str_find(name, '@', 0);

	danger->python |= defined && str_eq(name, STR("PyEval_EvalCode"));
	/* as libc does */
	if (defined && exported)
		return;
	if (version >= 0) /* .symtab has them */
		name = str_sub(name, 0, (size_t)version);
	if (!danger->what)
		danger->what = danger_of(name, defined);
	danger->rust |= str_eq(name, STR("rust_eh_personality"));
	danger->raises |= str_eq(name, STR("_Unwind_RaiseException"));
	danger->signal_stacks |= str_eq(name, STR("sigaltstack"));
}

/* The name of std::exception's type, and a variable that Rust's library reads. */
static bool is_told(const char *bytes, size_t len)
{
	return memmem(bytes, len, "St9exception", strlen("St9exception")) ||
	       memmem(bytes, len, "RUST_BACKTRACE", strlen("RUST_BACKTRACE"));
}

void danger__search(struct danger *danger, const struct elf *elf)
{
	for (u32 i = 0; i < elf->segment_cnt && !danger->what; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		char *bytes;

		if (segment->p_type != PT_LOAD || segment->p_flags & PF_W)
			continue;
		bytes = elf__load(elf, segment->p_offset, segment->p_filesz);
		/* what cannot be read, for its size, may do anything */
		if (!bytes || is_told(bytes, segment->p_filesz))
			danger->what = unwinds;
		free(bytes);
	}
}

const char *danger__what(const struct danger *danger, bool spares_stacks)
{
	if (danger->what)
		return danger->what;
	if (danger->rust && danger->raises)
		return unwinds;
	if (danger->signal_stacks && !danger->python && !spares_stacks)
		return "handle signals on a stack of its own (sigaltstack; from Linux 6.13 on it "
		       "may)";
	return NULL;
}
