// SPDX-License-Identifier: Apache-2.0
/*
 * What is read of programs: of this one, whose facts we know, and of a thousand damaged ones, which
 * may say anything but must not lead out of executable code.
 */
#include "probe/binary.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/rng.h"
#include "test.h"

static const struct {
	u32 owner_len, text_len, type;
	char owner[12];
	char text[16];
} handlers_note __attribute__((section(".note.otel-ebpf"), used, aligned(4))) = {
	sizeof("otel-ebpf"), sizeof("handle_*,other"), 1, "otel-ebpf", "handle_*,other"};

__attribute__((noinline)) int handle_known(int a);

enum { KNOWN_LINE = __LINE__ + 1 };
__attribute__((noinline)) int handle_known(int a)
{
	return a + (int)getpid();
}

/* Never called: that it is named tells enough. */
static __attribute__((used)) void switch_stacks(ucontext_t *from, const ucontext_t *to)
{
	swapcontext(from, to);
}

struct search {
	struct binary *binary;
	struct str name;
	struct binary_function found;
	u32 cnt, stop_at;
	u64 last;
	bool in_order;
};

static bool on_function(void *owner, const struct binary_function *function)
{
	struct search *search = owner;

	search->in_order &= !search->cnt || function->address > search->last;
	search->last = function->address;
	if (str_eq(function->name, search->name))
		search->found = *function;
	return ++search->cnt != search->stop_at;
}

/* The shell has no coroutines. */
static void reads_another(void)
{
	struct search search = {.stop_at = 1};
	struct binary *binary;

	CHECK(!binary__open(&binary, "/bin/sh"));
	CHECK(binary__functions(binary, on_function, &search) >= 0);
	CHECK(!binary__danger(binary, true));
	binary__free(binary);
}

static void reads_itself(void)
{
	struct search search = {.name = STR("handle_known"), .in_order = true};
	struct binary_function at;
	struct binary *binary;
	u8 code[16];
	struct str file;
	u32 line;

	CHECK(!binary__open(&binary, "/proc/self/exe"));
	CHECK(handle_known(1) > 1);
	CHECK(!binary__danger(binary, true));
	CHECK(binary__functions(binary, on_function, &search) == (int)search.cnt);
	CHECK(binary__danger(binary, true));
	CHECK(search.in_order && search.cnt > 10 && search.found.size);
	/* the code in the file is that in memory, where nothing of it is moved */
	CHECK(binary__code(binary, search.found.offset, code, sizeof(code)) == sizeof(code));
	CHECK(!memcmp(code, (const void *)(uintptr_t)handle_known, sizeof(code)));
	CHECK(!binary__function_at(binary, search.found.offset + 1, &at));
	CHECK_STR(at.name, "handle_known");
	CHECK(at.offset == search.found.offset && at.address == search.found.address);
	CHECK(binary__source(binary, search.found.address, &file, &line));
	CHECK(line == KNOWN_LINE);
	CHECK(file.len && file.p[0] == '/');
	CHECK_STR(str_sub(file, file.len - strlen("tests/unit/test_binary.c"), file.len),
		  "tests/unit/test_binary.c");
	CHECK(!binary__source(binary, search.found.address + 1, &file, &line));
	CHECK_STR(binary__handlers(binary), handlers_note.text);
	CHECK(!binary__is_go(binary));
	search = (struct search){.stop_at = 3};
	CHECK(binary__functions(binary, on_function, &search) == 3);
	binary__free(binary);
}

static void reads_only_code(void)
{
	struct binary *binary;
	struct binary_function at;
	u8 byte;

	CHECK(!binary__open(&binary, "/proc/self/exe"));
	/* its head lies in a segment that is not executable */
	CHECK(binary__code(binary, 0, &byte, 1) == -ENOENT);
	CHECK(binary__code(binary, UINT64_MAX, &byte, 1) == -ENOENT);
	CHECK(binary__function_at(binary, 0, &at) == -ENOENT);
	CHECK(binary__function_at(binary, UINT64_MAX, &at) == -ENOENT);
	binary__free(binary);
}

static void refuses_what_is_no_program(void)
{
	struct binary *binary;
	char fifo[] = "/tmp/test_binary_XXXXXX";

	CHECK(binary__open(&binary, "/proc/self/status") == -ENOEXEC);
	CHECK(binary__open(&binary, "/proc/self/nothing") == -ENOENT);
	CHECK(binary__open(&binary, "/dev/null") == -ENOEXEC);
	CHECK(binary__open(&binary, "/tmp") == -ENOEXEC);
	CHECK(mkdtemp(fifo) && !rmdir(fifo) && !mkfifo(fifo, 0600));
	CHECK(binary__open(&binary, fifo) == -ENOEXEC);
	unlink(fifo);
	binary__free(NULL);
}

/* A program in memory that may be damaged. */
struct image {
	u8 *bytes;
	size_t len;
	int fd;
	char path[64];
};

static bool image__init(struct image *image, const char *path)
{
	struct stat status;
	int from = open(path, O_RDONLY | O_CLOEXEC);

	if (from < 0 || fstat(from, &status))
		return false;
	image->len = (size_t)status.st_size;
	image->bytes = malloc(image->len);
	image->fd = memfd_create("image", MFD_CLOEXEC);
	snprintf(image->path, sizeof(image->path), "/proc/self/fd/%d", image->fd);
	CHECK(read(from, image->bytes, image->len) == (ssize_t)image->len);
	CHECK(write(image->fd, image->bytes, image->len) == (ssize_t)image->len);
	return !close(from);
}

static void image__free(struct image *image)
{
	free(image->bytes);
	close(image->fd);
}

static void image__put(struct image *image, size_t at, const void *bytes, size_t len)
{
	CHECK(pwrite(image->fd, bytes, len, (off_t)at) == (ssize_t)len);
}

static void tells_other_files_and_go(void)
{
	struct binary *one, *two;
	struct image image;
	u8 *note;

	CHECK(image__init(&image, "/proc/self/exe"));
	CHECK(!binary__open(&one, image.path) && !binary__open(&two, "/proc/self/exe"));
	CHECK(binary__id(two)->build_id_len >= 8);
	CHECK(!memcmp(binary__id(one)->build_id, binary__id(two)->build_id, BUILD_ID_MAX));
	CHECK(binary_id_eq(binary__id(one), binary__id(one)));
	CHECK(!binary_id_eq(binary__id(one), binary__id(two)));
	binary__free(two);

	/* written over, its build id as it was */
	image__put(&image, image.len, "", 1);
	CHECK(!binary__open(&two, image.path));
	CHECK(!binary_id_eq(binary__id(one), binary__id(two)));
	binary__free(two);

	/* its type and its owner are all that tells a build id of Go's linker */
	note = memmem(image.bytes, image.len, "\x03\0\0\0GNU", 8);
	CHECK(note);
	image__put(&image, (size_t)(note - image.bytes), "\x04\0\0\0Go\0", 8);
	CHECK(!binary__open(&two, image.path));
	CHECK(binary__is_go(two) && !binary__id(two)->build_id_len);
	CHECK(!binary_id_eq(binary__id(one), binary__id(two)));
	binary__free(two);
	binary__free(one);
	image__free(&image);
}

struct damaged {
	const u8 *now; /* its bytes as they are */
	size_t len;
	struct binary *binary;
	u32 cnt;
};

/* By a second reading of the same bytes. */
static bool is_executable(const struct damaged *damaged, u64 offset)
{
	Elf64_Ehdr head;
	Elf64_Phdr segment;

	memcpy(&head, damaged->now, sizeof(head));
	for (u32 i = 0; i < head.e_phnum; i++) {
		memcpy(&segment, damaged->now + head.e_phoff + i * sizeof(segment),
		       sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_flags & PF_X &&
		    offset >= segment.p_offset && offset - segment.p_offset < segment.p_filesz)
			return offset < damaged->len;
	}
	return false;
}

static bool on_damaged(void *owner, const struct binary_function *function)
{
	struct damaged *damaged = owner;
	struct str file;
	u8 code[64];
	u32 line;

	CHECK(is_executable(damaged, function->offset));
	CHECK(function->size <= damaged->len);
	CHECK(!memchr(function->name.p, 0, function->name.len));
	if (damaged->cnt++ % 32 == 0) {
		CHECK(binary__code(damaged->binary, function->offset, code, sizeof(code)) > 0);
		binary__source(damaged->binary, function->address, &file, &line);
	}
	return true;
}

/* Returns how many functions it told. */
static u32 read_damaged(const struct image *image, const u8 *now, size_t len)
{
	struct damaged damaged = {.now = now, .len = len};
	struct binary_function at;

	if (binary__open(&damaged.binary, image->path))
		return 0;
	binary__functions(damaged.binary, on_damaged, &damaged);
	if (!binary__function_at(damaged.binary, len / 2, &at))
		CHECK(is_executable(&damaged, at.offset));
	binary__free(damaged.binary);
	return damaged.cnt;
}

/* Somewhere; in every other case in the tables at the front or at the end. */
static size_t somewhere(struct rng *rng, const struct image *image)
{
	u64 random = rng__next(rng);

	switch (random >> 60 & 3) {
	case 0:
		return random % 4096 % image->len;
	case 1:
		return image->len - 1 - random % 4096 % image->len;
	default:
		return random % image->len;
	}
}

/* Returns of how many damaged ones functions were read. */
static u32 damage(struct image *image, struct rng *rng, u32 times)
{
	u8 *now = malloc(image->len);
	u32 readable = 0;

	for (u32 i = 0; i < times; i++) {
		size_t len = i % 4 ? image->len : somewhere(rng, image);

		memcpy(now, image->bytes, image->len);
		for (u32 flips = i % 4; flips; flips--)
			now[somewhere(rng, image)] ^= (u8)(1 << (rng__next(rng) & 7));
		image__put(image, 0, now, image->len);
		CHECK(!ftruncate(image->fd, (off_t)len));
		readable += read_damaged(image, now, len) > 0;
	}
	free(now);
	return readable;
}

static void bears_damage(void)
{
	static const char *const paths[] = {"/proc/self/exe", "/bin/sh", "/usr/bin/env",
					    "/lib64/ld-linux-x86-64.so.2"};
	struct rng rng;
	u32 readable = 0;

	rng__seed(&rng, 1);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct image image;

		if (!image__init(&image, paths[i])) {
			CHECK(!"there is such a program");
			continue;
		}
		readable += damage(&image, &rng, i ? 200 : 400);
		image__free(&image);
	}
	/* the rest of a damaged file is still worth reading */
	CHECK(readable > 200 && readable < 1000);
}

int main(void)
{
	RUN(reads_itself);
	RUN(reads_another);
	RUN(reads_only_code);
	RUN(refuses_what_is_no_program);
	RUN(tells_other_files_and_go);
	RUN(bears_damage);
	return test_status();
}
