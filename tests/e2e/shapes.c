// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of many shapes, for probes to be set on: built in many ways, so that each begins in
 * many ways. Says "ready", waits for a line, calls them all, and prints of each its name, how often
 * it was called, and what it returned in sum.
 *
 * Calls of a function by itself count.
 */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALLS 50
#define SHAPE __attribute__((noinline)) long

static unsigned long recursions;
static volatile long outside = 3;

SHAPE shape_leaf(long a, long b, long c);
SHAPE shape_empty(long a, long b, long c);
SHAPE shape_calls(long a, long b, long c);
SHAPE shape_tail(long a, long b, long c);
SHAPE shape_pointer_tail(long a, long b, long c);
SHAPE shape_loop(long a, long b, long c);
SHAPE shape_string_loop(long a, long b, long c);
SHAPE shape_branch(long a, long b, long c);
SHAPE shape_cold(long a, long b, long c);
SHAPE shape_switch(long a, long b, long c);
SHAPE shape_switch_loop(long a, long b, long c);
SHAPE shape_recursive(long a, long b, long c);
SHAPE shape_stack(long a, long b, long c);
SHAPE shape_alloca(long a, long b, long c);
SHAPE shape_many(long a, long b, long c, long d, long e, long f, long g, long h);
SHAPE shape_many_caller(long a, long b, long c);
SHAPE shape_double(long a, long b, long c);
SHAPE shape_wide(long a, long b, long c);
SHAPE shape_patchable(long a, long b, long c);
SHAPE shape_nop5(long a, long b, long c);
SHAPE shape_loop_at_entry(long a, long b, long c);

SHAPE shape_leaf(long a, long b, long c)
{
	return a * 3 + b - c;
}

SHAPE shape_empty(long a, long b, long c)
{
	(void)a, (void)b, (void)c;
	return 0;
}

SHAPE shape_calls(long a, long b, long c)
{
	return (long)strlen(getenv("PATH") ? "path" : "") + shape_leaf(b, c, a) + a;
}

SHAPE shape_tail(long a, long b, long c)
{
	return shape_leaf(c, b, a);
}

static long (*volatile pointer)(long a, long b, long c) = shape_leaf;

SHAPE shape_pointer_tail(long a, long b, long c)
{
	return pointer(a, b, c);
}

SHAPE shape_loop(long a, long b, long c)
{
	long sum = 0;

	for (long i = 0; i < a; i++)
		sum += outside * b - c + i;
	return sum;
}

SHAPE shape_string_loop(long a, long b, long c)
{
	const char *text = &"shapes"[a & 3];

	(void)b, (void)c;
	while (*text)
		text++;
	return text[-1];
}

SHAPE shape_branch(long a, long b, long c)
{
	if (a & 1)
		return b;
	outside = outside * 5 % 7 + 1;
	return c * outside;
}

static __attribute__((noinline, cold)) long fail(long a)
{
	outside = a & 7;
	return a / 2;
}

SHAPE shape_cold(long a, long b, long c)
{
	while (__builtin_expect(b > 40, 0))
		b = fail(b) - c;
	return a + b;
}

SHAPE shape_switch(long a, long b, long c)
{
	switch (a & 7) {
	case 0:
		return b;
	case 1:
		return c + outside;
	case 2:
		return b * c;
	case 3:
		return b - c;
	case 4:
		return shape_leaf(a, b, c);
	case 5:
		return b ^ outside;
	default:
		return a;
	}
}

SHAPE shape_switch_loop(long a, long b, long c)
{
	for (;;) {
		switch (a-- & 7) {
		case 0:
			return b;
		case 1:
			b += c;
			break;
		case 2:
			b *= outside;
			break;
		case 3:
			continue;
		case 4:
			c++;
			break;
		case 5:
			b ^= c;
			break;
		default:
			b--;
		}
	}
}

SHAPE shape_recursive(long a, long b, long c)
{
	if (a <= 1)
		return b;
	recursions++;
	b = shape_recursive(a / 2, b + 1, c);
	/* such as no compiler makes a loop of */
	return b ^ (b >> c);
}

SHAPE shape_stack(long a, long b, long c)
{
	volatile char large[4000];

	large[a & 15] = (char)b;
	return large[a & 15] + c;
}

SHAPE shape_alloca(long a, long b, long c)
{
	char *text = alloca((size_t)(a & 63) + 16);

	snprintf(text, 16, "%ld", b);
	return (long)strlen(text) + c;
}

SHAPE shape_many(long a, long b, long c, long d, long e, long f, long g, long h)
{
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8 + outside;
}

/* so that none but the whole function is called */
static long (*volatile many)(long a, long b, long c, long d, long e, long f, long g,
			     long h) = shape_many;
static long shape_many_calls;

SHAPE shape_many_caller(long a, long b, long c)
{
	shape_many_calls++;
	return many(a, b, c, a, b, c, a, b) + shape_leaf(a, b, c);
}

SHAPE shape_double(long a, long b, long c)
{
	double x = (double)a * 1.5 + (double)b;

	return (long)(x * x) - c;
}

SHAPE shape_wide(long a, long b, long c)
{
	long all[6] = {a, b, c, a + b, b + c, outside};
	long sum = 0;

	for (int i = 0; i < 6; i++)
		sum += all[i] * shape_leaf(all[5 - i], sum, i);
	return sum;
}

__attribute__((patchable_function_entry(5))) SHAPE shape_patchable(long a, long b, long c)
{
	return a * b + shape_leaf(a, c, b);
}

/* Bytes that compilers write for tracers to fill, and a loop that begins where its function does.
 */
__asm__(".pushsection .text\n"
	".globl shape_nop5, shape_loop_at_entry\n"
	".type shape_nop5, @function\n"
	"shape_nop5: .byte 0x0f, 0x1f, 0x44, 0, 0\n"
	"	lea (%rdi,%rsi), %rax\n"
	"	ret\n"
	".size shape_nop5, . - shape_nop5\n"
	".type shape_loop_at_entry, @function\n"
	"shape_loop_at_entry: nop\n"
	"	mov %rsi, %rax\n"
	"	dec %rdi\n"
	"	jns shape_loop_at_entry\n"
	"	ret\n"
	".size shape_loop_at_entry, . - shape_loop_at_entry\n"
	".popsection\n");

static const struct shape {
	const char *name;
	long (*call)(long a, long b, long c);
} shapes[] = {
#define S(name)             \
	{                   \
#name, name \
	}
	S(shape_empty),	      S(shape_calls),	      S(shape_tail),	  S(shape_pointer_tail),
	S(shape_loop),	      S(shape_string_loop),   S(shape_branch),	  S(shape_cold),
	S(shape_switch),      S(shape_switch_loop),   S(shape_stack),	  S(shape_alloca),
	S(shape_many_caller), S(shape_double),	      S(shape_wide),	  S(shape_patchable),
	S(shape_nop5),	      S(shape_loop_at_entry), S(shape_recursive),
};

int main(void)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 1;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *shape = &shapes[i];
		unsigned long sum = 0, inside = recursions;

		for (long a = 0; a < CALLS; a++)
			sum = sum * 31 + (unsigned long)shape->call(a, a * 2, a & 7);
		printf("%s %lu %lu\n", shape->name, CALLS + recursions - inside, sum);
	}
	printf("shape_many %ld 0\n", shape_many_calls);
	return 0;
}
