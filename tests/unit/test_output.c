// SPDX-License-Identifier: Apache-2.0
/* The writer thread: order, one write a record, what is dropped and counted, and that nothing waits
 * for ever. */
#include "test.h"
#include "test_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "export/output.h"

#define LONG_MS 60000 /* waits for what must happen; the alarm comes first */
#define PAGE	4096  /* the smallest pipe */

static void check_counts(struct output *output, u64 written, u64 full, u64 broken)
{
	struct output_counts counts;

	output__counts(output, &counts);
	CHECK(counts.written == written);
	CHECK(counts.full == full);
	CHECK(counts.broken == broken);
}

/* A pipe of one page, full, so that a writer blocks for as long as nobody reads. */
static void full_pipe(int fds[2])
{
	char page[PAGE] = {0};

	CHECK(!pipe2(fds, O_CLOEXEC));
	CHECK(fcntl(fds[1], F_SETPIPE_SZ, PAGE) == PAGE);
	CHECK(write(fds[1], page, PAGE) == PAGE);
}

static void empty_pipe(int fd)
{
	char page[PAGE];

	CHECK(read(fd, page, PAGE) == PAGE);
}

static void close_pipe(int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static void records_keep_their_order(void)
{
	int fd = memfd_create("out", 0);
	struct buf want = {0}, record = {0};
	struct output *output;
	struct str got;
	u32 i;

	CHECK(!output__new(&output, fd, 16 << 20, false));
	for (i = 0; i < 20000; i++) {
		buf__reset(&record);
		buf__printf(&record, "record %u\n", i);
		buf__str(&want, buf__view(&record));
		CHECK(!output__write_buf(output, &record));
	}
	CHECK(!output__write(output, STR("")));
	CHECK(!output__flush(output, LONG_MS));
	check_counts(output, 20001, 0, 0);
	got = read_all(fd);
	CHECK(str_eq(got, buf__view(&want)));
	output__free(output);
	free((char *)got.p);
	buf__free(&want);
	buf__free(&record);
	close(fd);
}

/* A pipe in packet mode and a SOCK_SEQPACKET return in one read what one write put in. */
static void one_write_per_record(void)
{
	int fds[2], kind, i;
	struct output *output;
	char got[64], want[64];
	ssize_t n;

	for (kind = 0; kind < 2; kind++) {
		CHECK(!(kind ? socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) : pipe2(fds, O_DIRECT)));
		CHECK(!output__new(&output, fds[1], 1 << 20, false));
		for (i = 0; i < 8; i++) {
			snprintf(want, sizeof(want), "record %d\n", i);
			CHECK(!output__write(output, str_from(want)));
		}
		CHECK(!output__flush(output, LONG_MS));
		for (i = 0; i < 8; i++) {
			snprintf(want, sizeof(want), "record %d\n", i);
			n = read(fds[0], got, sizeof(got));
			CHECK(n > 0);
			CHECK_STR(((struct str){got, n > 0 ? (size_t)n : 0}), want);
		}
		output__free(output);
		close_pipe(fds);
	}
}

static void large_record_is_one_write(void)
{
	static char record[100000], got[sizeof(record) + 1];
	int fds[2], size = 1 << 20;
	struct output *output;

	memset(record, 'x', sizeof(record));
	CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds));
	CHECK(!setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) ||
	      !setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	CHECK(!output__write(output, (struct str){record, sizeof(record)}));
	CHECK(read(fds[0], got, sizeof(got)) == (ssize_t)sizeof(record));
	CHECK(!memcmp(record, got, sizeof(record)));
	output__free(output);
	close_pipe(fds);
}

/* O_NONBLOCK, set by somebody else, makes for short writes and EAGAIN. */
static void nonblocking_descriptor(void)
{
	static char record[PAGE * 20], got[sizeof(record)];
	size_t done = 0, i;
	struct output *output;
	ssize_t n;
	int fds[2];

	for (i = 0; i < sizeof(record); i++)
		record[i] = (char)(i * 7 / 5);
	full_pipe(fds);
	CHECK(!fcntl(fds[1], F_SETFL, O_NONBLOCK));
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	CHECK(!output__write(output, (struct str){record, sizeof(record)}));
	CHECK(output__flush(output, 1) == -ETIMEDOUT);
	empty_pipe(fds[0]);
	while (done < sizeof(got) && (n = read(fds[0], got + done, sizeof(got) - done)) > 0)
		done += (size_t)n;
	CHECK(!memcmp(record, got, sizeof(record)));
	CHECK(!output__flush(output, LONG_MS));
	check_counts(output, 1, 0, 0);
	output__free(output);
	close_pipe(fds);
}

static void full_queue_is_counted(void)
{
	char record[1000] = {0};
	struct output *output;
	int fds[2], i;

	full_pipe(fds);
	CHECK(!output__new(&output, fds[1], 3 * sizeof(record) + 900, false));
	for (i = 0; i < 5; i++)
		CHECK(output__write(output, (struct str){record, sizeof(record)}) ==
		      (i < 3 ? 0 : -ENOBUFS));
	check_counts(output, 0, 2, 0);
	empty_pipe(fds[0]);
	CHECK(!output__flush(output, LONG_MS));
	check_counts(output, 3, 2, 0);
	CHECK(!output__write(output, STR("there is room again")));
	CHECK(output__write_buf(output, &(struct buf){.failed = true}) == -ENOBUFS);
	CHECK(!output__flush(output, LONG_MS));
	check_counts(output, 4, 3, 0);
	output__free(output);
	close_pipe(fds);
}

static void broken_pipe_is_counted(void)
{
	struct output *output;
	int fds[2];

	CHECK(!pipe2(fds, O_CLOEXEC));
	CHECK(!output__new(&output, fds[1], 1 << 20, true));
	close(fds[0]);
	CHECK(!output__write(output, STR("a")));
	CHECK(output__flush(output, LONG_MS) == -EPIPE);
	check_counts(output, 0, 0, 1);
	CHECK(output__write(output, STR("b")) == -EPIPE);
	CHECK(output__flush(output, LONG_MS) == -EPIPE);
	check_counts(output, 0, 0, 2);
	output__free(output);
	close(fds[1]);
}

static void pipe_breaks_under_a_blocked_write(void)
{
	struct output *output;
	int fds[2], i;

	full_pipe(fds);
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	for (i = 0; i < 4; i++)
		CHECK(!output__write(output, STR("record")));
	close(fds[0]);
	CHECK(output__flush(output, LONG_MS) == -EPIPE);
	check_counts(output, 0, 0, 4);
	output__free(output);
	close(fds[1]);
}

static void flush_gives_up(void)
{
	struct output *output;
	char got[16];
	int fds[2], i;

	full_pipe(fds);
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	CHECK(!output__flush(output, 0));
	for (i = 0; i < 3; i++)
		CHECK(!output__write(output, STR("record")));
	CHECK(output__flush(output, 20) == -ETIMEDOUT);
	check_counts(output, 0, 3, 0);
	CHECK(output__flush(output, 0) == -ETIMEDOUT);
	check_counts(output, 0, 3, 0);
	/* the write that was under way goes through after all, and no other */
	empty_pipe(fds[0]);
	CHECK(!output__flush(output, LONG_MS));
	check_counts(output, 1, 2, 0);
	CHECK(read(fds[0], got, sizeof(got)) == 6);
	CHECK(!output__write(output, STR("next")) && read(fds[0], got, sizeof(got)) == 4);
	output__free(output);
	close_pipe(fds);
}

static void free_does_not_wait(void)
{
	static char record[PAGE * 3];
	struct output *output;
	int fds[2];

	full_pipe(fds);
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	CHECK(!output__write(output, (struct str){record, sizeof(record)}));
	empty_pipe(fds[0]); /* one page goes in, then it blocks in the middle of the record */
	CHECK(read(fds[0], record, 1) == 1);
	output__free(output);
	close_pipe(fds);

	full_pipe(fds);
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	CHECK(!output__write(output, STR("a")) && !output__write(output, STR("b")));
	output__free(output);
	CHECK(!output__new(&output, fds[1], 1 << 20, false));
	output__free(output);
	output__free(NULL);
	close_pipe(fds);
}

static void *count_bytes(void *arg)
{
	static char got[PAGE];
	size_t total = 0;
	ssize_t n;

	while ((n = read(*(int *)arg, got, sizeof(got))) > 0)
		total += (size_t)n;
	return (void *)total;
}

/* A replay waits for its reader instead of dropping. */
static void wait_for_room(void)
{
	char record[700] = {0};
	struct output *output;
	pthread_t reader;
	void *total;
	int fds[2], i;

	CHECK(!pipe2(fds, O_CLOEXEC));
	CHECK(!output__new(&output, fds[1], 2000, true));
	CHECK(!pthread_create(&reader, NULL, count_bytes, &fds[0]));
	for (i = 0; i < 2000; i++)
		CHECK(!output__write(output, (struct str){record, sizeof(record)}));
	CHECK(output__write(output, (struct str){(char[3000]){0}, 3000}) == -ENOBUFS);
	CHECK(!output__flush(output, -1));
	check_counts(output, 2000, 1, 0);
	output__free(output);
	close(fds[1]);
	pthread_join(reader, &total);
	CHECK((size_t)total == 2000 * sizeof(record));
	close(fds[0]);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	alarm(LONG_MS / 1000 / 2);
	RUN(records_keep_their_order);
	RUN(one_write_per_record);
	RUN(large_record_is_one_write);
	RUN(nonblocking_descriptor);
	RUN(full_queue_is_counted);
	RUN(broken_pipe_is_counted);
	RUN(pipe_breaks_under_a_blocked_write);
	RUN(flush_gives_up);
	RUN(free_does_not_wait);
	RUN(wait_for_room);
	return test_status();
}
