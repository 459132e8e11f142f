// SPDX-License-Identifier: Apache-2.0
#include "probe/interpreter.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "probe/insn.h"
#include "probe/mapped.h"
#include "probe/return_place.h"
#include "probe/site.h"
#include "probe/usdt.h"

/* The longest of them has some 1000 bytes. */
#define CODE_MAX 4096
/* But that which evaluates bytecode, which has some 60,000. */
#define EVALUATES_MAX (1 << 19)

struct interpreter {
	struct binary *binary;
	u64 base;     /* where the file would begin if all of it were mapped as its code is */
	int err;      /* of looking for it */
	bool variant; /* a build whose objects are laid out otherwise */
	struct python_sites sites;
	char path[64];
};

enum symbol { CALLS, SENDS, ENDS, THROWS, THREAD, EVALUATES, CALLS_ANY, SYMBOL_CNT };

static const struct str symbol_names[SYMBOL_CNT] = {
	[CALLS] = STR("_PyFunction_Vectorcall"),
	[SENDS] = STR("PyIter_Send"),
	[ENDS] = STR("_PyErr_SetObject"),
	[THROWS] = STR("PyErr_Restore"),
	[THREAD] = STR("_PyThreadState_UncheckedGet"),
	[EVALUATES] = STR("_PyEval_EvalFrameDefault"),
	[CALLS_ANY] = STR("PyObject_Call"),
};

struct code {
	u8 bytes[CODE_MAX];
	size_t len;
};

/* As struct insn has bits of arguments. */
enum { IN_RDX = 1 << 3, IN_R8 = 1 << 5 };

static bool on_symbol(void *owner, const struct binary_function *function)
{
	struct binary_function *wanted = owner;

	for (u32 i = 0; i < SYMBOL_CNT; i++)
		if (str_eq(function->name, symbol_names[i]))
			wanted[i] = *function;
	return true;
}

/* What lies behind the code is zero. */
static void code__read(struct code *code, struct binary *binary,
		       const struct binary_function *function)
{
	u64 size = function->size && function->size < CODE_MAX ? function->size : CODE_MAX;
	ssize_t n =
		function->offset ? binary__code(binary, function->offset, code->bytes, size) : 0;

	code->len = n > 0 ? (size_t)n : 0;
	memset(code->bytes + code->len, 0, CODE_MAX - code->len);
}

/*
 * The function returns what it loads from where it is kept:
 *
 *	48 8b 05 REL		mov REL(%rip),%rax
 *	48 8b 80 OFFSET		mov OFFSET(%rax),%rax	(in shared libraries)
 *	c3			ret
 */
static void find_thread(struct interpreter *interpreter, const struct code *code, u64 address)
{
	struct python_sites *sites = &interpreter->sites;
	size_t at = !memcmp(code->bytes, "\xf3\x0f\x1e\xfa", 4) ? 4 : 0; /* endbr64 */
	s32 relative;

	if (memcmp(code->bytes + at, "\x48\x8b\x05", 3))
		return;
	memcpy(&relative, code->bytes + at + 3, sizeof(relative));
	at += 7;
	address += at + (u64)(s64)relative;
	sites->through = !memcmp(code->bytes + at, "\x48\x8b\x80", 3);
	if (sites->through) {
		memcpy(&sites->offset, code->bytes + at + 3, sizeof(sites->offset));
		at += 7;
	}
	if (code->bytes[at] == 0xc3)
		sites->place = address;
}

/* Its offset in the file; 0: there is none. */
static u64 find_site(struct interpreter *interpreter, const struct binary_function *function,
		     u8 arguments)
{
	struct code code;
	struct site site;
	const char *why;

	code__read(&code, interpreter->binary, function);
	if (site_choose((struct str){(char *)code.bytes, code.len}, function->offset,
			(struct site_need){.arguments = arguments}, &site, &why) ||
	    (arguments && !site.returns))
		return 0;
	return site.offset;
}

/* What an instruction makes of the bits of the registers that hold how many arguments there are. */
static u8 follow_count(u8 held, const struct insn *insn, const u8 *bytes)
{
	if (insn->len == 5 && !memcmp(bytes, "\x48\x0f\xba\xf2\x3f", 5)) /* btr $63,%rdx */
		return held;
	if (insn->len == 3 && !memcmp(bytes, "\x49\x89\xd0", 3)) /* mov %rdx,%r8 */
		return held & IN_RDX ? IN_RDX | IN_R8 : 0;
	return held & (u8)~insn->spoils;
}

/* Which argument's register says how many arguments a call has, where calls are probed: 3.10 hands
 * that on in the fifth, and needs the third for itself. Bit 63 may be set beside it. */
static void find_count(struct interpreter *interpreter, const struct binary_function *calls)
{
	const u64 site = interpreter->sites.calls - calls->offset;
	struct insn_reader *reader;
	struct insn insn = {0};
	struct code code;
	u8 held = IN_RDX;

	code__read(&code, interpreter->binary, calls);
	if (insn_reader__new(&reader, (struct str){(char *)code.bytes, code.len}, kernel_running()))
		return;
	while (insn_reader__next(reader, &insn) > 0 && insn.at < site)
		held = follow_count(held, &insn, code.bytes + insn.at);
	if (insn.at == site)
		interpreter->sites.counted_by = held & IN_RDX ? 3 : held & IN_R8 ? 5 : 0;
	insn_reader__free(reader);
}

static void add_end(struct interpreter *interpreter, const struct binary_function *function)
{
	u64 offset = find_site(interpreter, function, 0);

	if (offset)
		interpreter->sites.ends[interpreter->sites.end_cnt++] = offset;
}

/* All return by way of the one function that has it. */
static void on_usdt(void *owner, const struct usdt_probe *probe)
{
	struct python_sites *sites = owner;

	if (!str_eq(probe->provider, STR("python")) ||
	    !str_eq(probe->name, STR("function__return")))
		return;
	sites->returns = probe->offset;
	sites->semaphore = probe->semaphore;
}

/* Places behind the calls in a function of what lies at target, or is in a register if that is 0.
 */
static void add_backs(struct interpreter *interpreter, const struct binary_function *function,
		      u64 target)
{
	struct python_sites *sites = &interpreter->sites;
	u8 *code =
		function->size && function->size <= EVALUATES_MAX ? malloc(function->size) : NULL;
	ssize_t n = code ? binary__code(interpreter->binary, function->offset, code, function->size)
			 : 0;
	u32 had = sites->back_cnt;

	if (n > 0)
		sites->back_cnt +=
			return_places_in((struct str){(char *)code, (size_t)n}, function->offset,
					 target, sites->backs + had, PYTHON_BACKS_MAX - had);
	for (u32 i = had; i < sites->back_cnt; i++)
		sites->backs[i].address += interpreter->base;
	free(code);
}

/* function(*args, **keywords) is how views are called, and what is awaited is sent to. */
static void find_backs(struct interpreter *interpreter, const struct binary_function *found)
{
	if (interpreter->sites.sends)
		add_backs(interpreter, &found[EVALUATES], found[SENDS].offset);
	if (!found[CALLS_ANY].offset)
		return;
	add_backs(interpreter, &found[CALLS_ANY], 0);
	add_backs(interpreter, &found[EVALUATES], found[CALLS_ANY].offset);
}

/* Spans of the application's own need all of it, its functions the first alone. */
static void choose_sites(struct interpreter *interpreter, const struct binary_function *found)
{
	/* the function, its arguments, their keywords; the coroutine */
	const u8 of_call = 1 << 1 | 1 << 2 | 1 << 4, of_send = 1 << 1;
	struct code code;

	interpreter->sites.calls = find_site(interpreter, &found[CALLS], of_call);
	if (!interpreter->sites.calls)
		return;
	find_count(interpreter, &found[CALLS]);
	interpreter->sites.sends = find_site(interpreter, &found[SENDS], of_send);
	usdt_each(interpreter->binary, on_usdt, &interpreter->sites);
	add_end(interpreter, &found[ENDS]);
	add_end(interpreter, &found[THROWS]);
	code__read(&code, interpreter->binary, &found[THREAD]);
	find_thread(interpreter, &code, interpreter->base + found[THREAD].offset);
	find_backs(interpreter, found);
}

/* python3.11, libpython3.11.so.1.0; or with letters, as python3.13t. */
static bool is_interpreter(struct str name, struct interpreter *out)
{
	char text[64], *at = text;
	bool library;
	int end = 0;

	snprintf(text, sizeof(text), "%.*s", STR_ARG(name));
	library = !strncmp(text, "lib", 3);
	at += library ? 3 : 0;
	if (sscanf(at, "python3.%2u%n", &out->sites.minor, &end) != 1 || !end)
		return false;
	at += end;
	out->variant = isalpha((u8)*at);
	at += strspn(at, "dmtu");
	return library ? !strncmp(at, ".so", 3) : !*at || !strcmp(at, " (deleted)");
}

/* What only runs a library has the name, but not the code. */
static bool look_into(void *owner, const struct mapped *mapped)
{
	struct interpreter *interpreter = owner;
	struct binary_function found[SYMBOL_CNT] = {0};

	if (!is_interpreter(mapped->name, interpreter))
		return true;
	interpreter->err = binary__open(&interpreter->binary, mapped->path);
	if (interpreter->err)
		return false;
	interpreter->err = binary__functions(interpreter->binary, on_symbol, found);
	if (interpreter->err >= 0 && !found[THROWS].offset) {
		interpreter->err = -ENOENT;
		binary__free(interpreter->binary);
		interpreter->binary = NULL;
		return true;
	}
	interpreter->base = mapped->from - mapped->offset;
	if (interpreter->err >= 0 && !interpreter->variant)
		choose_sites(interpreter, found);
	return false;
}

static bool is_greenlet(void *owner, const struct mapped *mapped)
{
	bool *found = owner;

	*found = str_starts(mapped->name, STR("_greenlet."));
	return !*found;
}

bool interpreter_has_greenlets(u32 tgid)
{
	bool found = false;

	mapped_files(tgid, is_greenlet, &found);
	return found;
}

int interpreter__find(struct interpreter **out, u32 tgid)
{
	struct interpreter *interpreter = calloc(1, sizeof(*interpreter));
	int err;

	if (!interpreter)
		return -ENOMEM;
	interpreter->err = -ENOENT;
	mapped_files(tgid, look_into, interpreter);
	err = interpreter->err;
	if (err < 0) {
		interpreter__free(interpreter);
		return err;
	}
	snprintf(interpreter->path, sizeof(interpreter->path), "/proc/self/fd/%d",
		 binary__fd(interpreter->binary));
	interpreter->sites.path = interpreter->path;
	interpreter->sites.tgid = tgid;
	*out = interpreter;
	return 0;
}

void interpreter__free(struct interpreter *interpreter)
{
	if (!interpreter)
		return;
	binary__free(interpreter->binary);
	free(interpreter);
}

const struct python_sites *interpreter__sites(const struct interpreter *interpreter)
{
	return &interpreter->sites;
}
