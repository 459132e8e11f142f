// SPDX-License-Identifier: Apache-2.0
/* capture/recording.c: what is recorded comes back the same and in order, from a whole file or a
 * cut one. */
#include "test.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"
#include "capture/recording.h"

static char path[64];

/* ---- a replay in words, one line a frame ---- */

struct seen {
	struct replay *replay;
	struct buf text;
	const char *ask; /* asked for at every process frame */
};

static void on_record(void *owner, struct str record)
{
	struct seen *seen = owner;

	buf__printf(&seen->text, "record %.*s\n", STR_ARG(record));
}

static void on_counts(void *owner, const struct capture_counts *counts)
{
	struct seen *seen = owner;

	buf__printf(&seen->text, "counts %llu %llu %llu %llu %llu %llu %llu\n",
		    (unsigned long long)counts->lost_records,
		    (unsigned long long)counts->lost_begins, (unsigned long long)counts->faults,
		    (unsigned long long)counts->no_storage, (unsigned long long)counts->io_uring,
		    (unsigned long long)counts->missed, (unsigned long long)counts->lost_calls);
}

static void on_tick(void *owner, u64 now, u32 swept)
{
	struct seen *seen = owner;

	buf__printf(&seen->text, "tick %llu %u\n", (unsigned long long)now, swept);
}

static void ask(struct seen *seen, const char *key)
{
	struct buf answer = {0};

	if (replay_fact(seen->replay, key, &answer))
		buf__printf(&seen->text, "%s: none\n", key);
	else
		buf__printf(&seen->text, "%s: \"%.*s\"\n", key, STR_ARG(buf__view(&answer)));
	buf__free(&answer);
}

static void on_process(void *owner, u32 tgid, u32 parent)
{
	struct seen *seen = owner;

	buf__printf(&seen->text, "process %u of %u\n", tgid, parent);
	if (seen->ask)
		ask(seen, seen->ask);
}

static void on_ending(void *owner)
{
	struct seen *seen = owner;

	buf__printf(&seen->text, "ending\n");
}

static void on_left(void *owner, u32 tgid, u64 ts)
{
	struct seen *seen = owner;

	buf__printf(&seen->text, "left %u %llu\n", tgid, (unsigned long long)ts);
}

static const struct replay_ops ops = {on_record,  on_counts, on_tick,
				      on_process, on_left,   on_ending};

static int replay(struct seen *seen)
{
	struct recording_head head;
	int err = replay__new(&seen->replay, path, &head);

	if (err)
		return err;
	err = replay__run(seen->replay, &ops, seen);
	replay__free(seen->replay);
	return err;
}

/* ---- making recordings ---- */

static struct recorder *begin(void)
{
	struct recording_head head = {.clock_offset = -5, .seed = 99, .capture_head = 4096};
	struct recorder *recorder = NULL;

	CHECK(!recorder__new(&recorder, path, &head));
	if (!recorder)
		abort();
	return recorder;
}

static void write_all_kinds(void)
{
	struct capture_counts counts = {1, 2, 3, 4, 5, 6, 7, 8, 9};
	struct recorder *recorder = begin();

	recorder__process(recorder, 7, 0);
	recorder__fact(recorder, "exe/7", STR("/bin/x"));
	recorder__record(recorder, STR("first"));
	recorder__record(recorder, STR_NONE);
	recorder__counts(recorder, &counts);
	recorder__tick(recorder, 4000, 0);
	recorder__ending(recorder);
	recorder__tick(recorder, 8000, 3);
	recorder__process(recorder, 8, 7);
	recorder__fact(recorder, "exe/7", STR_NONE);
	recorder__left(recorder, 7, 8001);
	recorder__record(recorder, STR("last"));
	CHECK(!recorder__close(recorder));
}

static const char all_kinds[] = "process 7 of 0\n"
				"exe/7: \"/bin/x\"\n"
				"record first\n"
				"record \n"
				"counts 1 2 3 4 5 6 7\n"
				"tick 4000 0\n"
				"ending\n"
				"tick 8000 3\n"
				"process 8 of 7\n"
				"exe/7: none\n"
				"left 7 8001\n"
				"record last\n";

static void load(struct buf *out)
{
	FILE *file = fopen(path, "re");
	char bytes[4096];
	size_t n;

	while (file && (n = fread(bytes, 1, sizeof(bytes), file)))
		buf__append(out, bytes, n);
	if (file)
		fclose(file);
}

static void store(struct str bytes)
{
	FILE *file = fopen(path, "we");
	bool whole = file && (!bytes.len || fwrite(bytes.p, bytes.len, 1, file) == 1);

	if (!file || fclose(file) || !whole)
		abort();
}

/* ---- tests ---- */

static void round_trip(void)
{
	struct seen seen = {.ask = "exe/7"};

	write_all_kinds();
	CHECK(!replay(&seen));
	CHECK_STR(buf__view(&seen.text), all_kinds);
	buf__free(&seen.text);
}

static void head_comes_back(void)
{
	struct recording_head head = {0};
	struct replay *opened;
	struct stat st;

	write_all_kinds();
	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	if (replay__new(&opened, path, &head)) {
		CHECK(!"the recording opens");
		return;
	}
	CHECK(head.clock_offset == -5 && head.seed == 99 && head.capture_head == 4096);
	replay__free(opened);
}

/* The environment is asked for before the first frame, and its answers stand before it. */
static void facts_before_the_first_frame(void)
{
	struct recorder *recorder = begin();
	struct recording_head head;
	struct seen seen = {0};

	recorder__fact(recorder, "env/A", STR("a"));
	recorder__fact(recorder, "env/B", STR_NONE);
	recorder__process(recorder, 1, 0);
	CHECK(!recorder__close(recorder));
	CHECK(!replay__new(&seen.replay, path, &head));
	ask(&seen, "env/B");
	ask(&seen, "env/A");
	CHECK(!replay__run(seen.replay, &ops, &seen));
	CHECK_STR(buf__view(&seen.text), "env/B: none\nenv/A: \"a\"\nprocess 1 of 0\n");
	replay__free(seen.replay);
	buf__free(&seen.text);
}

/* The same question at other times has other answers: each is given once, in order. */
static void facts_come_in_order(void)
{
	struct recorder *recorder = begin();
	struct seen seen = {.ask = "k"};

	recorder__process(recorder, 1, 0);
	recorder__fact(recorder, "other", STR("x"));
	recorder__fact(recorder, "k", STR("one"));
	recorder__process(recorder, 2, 0);
	recorder__fact(recorder, "k", STR(""));
	recorder__process(recorder, 3, 0);
	recorder__process(recorder, 4, 0);
	recorder__fact(recorder, "k", STR("four"));
	CHECK(!recorder__close(recorder));
	CHECK(!replay(&seen));
	CHECK_STR(buf__view(&seen.text), "process 1 of 0\nk: \"one\"\nprocess 2 of 0\nk: \"\"\n"
					 "process 3 of 0\nk: none\nprocess 4 of 0\nk: \"four\"\n");
	buf__free(&seen.text);
}

/* Recorded with other options than it is replayed with: what nobody asks for is left behind. */
static void facts_nobody_asks_for(void)
{
	struct recorder *recorder = begin();
	struct seen seen = {.ask = "k"};

	for (u32 tgid = 1; tgid <= 3; tgid++) {
		recorder__process(recorder, tgid, 0);
		for (int i = 0; i < 3000; i++)
			recorder__fact(recorder, tgid == 2 ? "other" : "k", STR("x"));
	}
	CHECK(!recorder__close(recorder));
	CHECK(!replay(&seen));
	CHECK_STR(buf__view(&seen.text), "process 1 of 0\nk: \"x\"\nprocess 2 of 0\nk: none\n"
					 "process 3 of 0\nk: \"x\"\n");
	buf__free(&seen.text);
}

/* A file cut at any byte replays up to its last whole frame: always a prefix of the whole's lines.
 */
static void every_cut(void)
{
	struct seen all = {0}, seen = {0};
	struct buf whole = {0};
	size_t reached = 0;

	write_all_kinds();
	load(&whole);
	CHECK(whole.len > sizeof(struct recording_head) && !replay(&all));
	for (size_t len = 0; len < whole.len; len++) {
		int err;

		store((struct str){whole.p, len});
		buf__reset(&seen.text);
		err = replay(&seen);
		CHECK(err == (len < sizeof(struct recording_head) ? -EBADMSG : 0));
		CHECK(seen.text.len >= reached &&
		      str_starts(buf__view(&all.text), buf__view(&seen.text)));
		reached = seen.text.len;
	}
	CHECK(reached > all.text.len / 2 && reached < all.text.len);
	buf__free(&whole);
	buf__free(&all.text);
	buf__free(&seen.text);
}

/* Bytes set to telling values: refused or replayed, never a crash. */
static void every_byte_bent(void)
{
	static const u8 values[] = {0, 1, 5, 0x7f, 0x80, 0xff};
	struct seen seen = {.ask = "exe/7"};
	struct buf whole = {0};

	write_all_kinds();
	load(&whole);
	for (size_t i = 0; i < whole.len; i++) {
		char good = whole.p[i];

		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			int err;

			whole.p[i] = (char)values[v];
			store(buf__view(&whole));
			buf__reset(&seen.text);
			err = replay(&seen);
			CHECK(!err || err == -EBADMSG);
			CHECK(err || i >= 16 || whole.p[i] == good);
		}
		whole.p[i] = good;
	}
	buf__free(&whole);
	buf__free(&seen.text);
}

/* A file that asks us to keep answers for ever is none of ours. */
static void facts_are_bounded(void)
{
	struct recorder *recorder = begin();
	struct seen seen = {0};

	for (int i = 0; i < 100000; i++)
		recorder__fact(recorder, "k", STR("v"));
	CHECK(!recorder__close(recorder));
	CHECK(replay(&seen) == -EBADMSG);
	buf__free(&seen.text);
}

static void not_a_recording(void)
{
	struct recording_head head;
	struct replay *opened;

	CHECK(replay__new(&opened, "/", &head) < 0);
	CHECK(replay__new(&opened, "/nonexistent/x", &head) == -ENOENT);
	CHECK(replay__new(&opened, "/dev/zero", &head) == -EBADMSG);
	store(STR("otelebpf"));
	CHECK(replay__new(&opened, path, &head) == -EBADMSG);
}

static void paths_that_cannot_be_written(void)
{
	struct recording_head head = {0};
	struct recorder *recorder;

	CHECK(recorder__new(&recorder, "/nonexistent/x", &head) == -ENOENT);
	CHECK(recorder__new(&recorder, "/", &head) == -EISDIR);
	CHECK(!recorder__close(NULL));
}

/* A full disk is told of at the close, however much was to be written. */
static void a_full_disk(void)
{
	struct recording_head head = {0};
	struct recorder *recorder;

	CHECK(!recorder__new(&recorder, "/dev/full", &head));
	CHECK(recorder__close(recorder) == -ENOSPC);
	CHECK(!recorder__new(&recorder, "/dev/full", &head));
	for (int i = 0; i < 10000; i++)
		recorder__record(recorder, STR("a record"));
	CHECK(recorder__close(recorder) == -ENOSPC);
}

int main(void)
{
	snprintf(path, sizeof(path), "/tmp/test_recording.XXXXXX");
	close(mkstemp(path));
	RUN(round_trip);
	RUN(head_comes_back);
	RUN(facts_before_the_first_frame);
	RUN(facts_come_in_order);
	RUN(facts_nobody_asks_for);
	RUN(every_cut);
	RUN(every_byte_bent);
	RUN(facts_are_bounded);
	RUN(not_a_recording);
	RUN(paths_that_cannot_be_written);
	RUN(a_full_disk);
	unlink(path);
	return test_status();
}
