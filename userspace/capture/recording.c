// SPDX-License-Identifier: Apache-2.0
#include "capture/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event.h"

#define MAGIC		"otelebpf"
#define BYTE_ORDER_MARK 0x01020304
/* No record is larger: see RECORD_MAX in bpf/state.bpf.h. */
#define FRAME_MAX (1u << 16)
/* Answers that wait to be asked for: of one frame, which asks for few. */
#define FACTS_MAX 4096

enum frame_type {
	FRAME_RECORD = 1,
	FRAME_COUNTS,
	FRAME_TICK,
	FRAME_FACT,
	FRAME_NO_FACT,
	FRAME_PROCESS,
	FRAME_ENDING,
	FRAME_LEFT,
};

struct frame {
	u32 type, len;
	u64 time; /* of FRAME_LEFT: unix ns; of a tick, too, the lowest two bits replaced by `swept`
		   */
};

struct recorder {
	FILE *file;
	int err; /* first failure */
};

int recorder__new(struct recorder **out, const char *path, struct recording_head *head)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));
	int fd, err;

	if (!recorder)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	recorder->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!recorder->file) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		free(recorder);
		return err;
	}
	memcpy(head->magic, MAGIC, sizeof(head->magic));
	head->byte_order = BYTE_ORDER_MARK;
	head->event_version = EVENT_VERSION;
	if (fwrite(head, sizeof(*head), 1, recorder->file) != 1)
		recorder->err = -errno;
	*out = recorder;
	return 0;
}

static void put(struct recorder *recorder, enum frame_type type, u64 time, struct str a,
		struct str b)
{
	struct frame frame = {type, (u32)(a.len + b.len), time};

	if (recorder->err || a.len + b.len > FRAME_MAX)
		return;
	if (fwrite(&frame, sizeof(frame), 1, recorder->file) != 1 ||
	    (a.len && fwrite(a.p, a.len, 1, recorder->file) != 1) ||
	    (b.len && fwrite(b.p, b.len, 1, recorder->file) != 1))
		recorder->err = errno ? -errno : -EIO;
}

void recorder__record(struct recorder *recorder, struct str record)
{
	put(recorder, FRAME_RECORD, 0, record, STR_NONE);
}

void recorder__counts(struct recorder *recorder, const struct capture_counts *counts)
{
	put(recorder, FRAME_COUNTS, 0, (struct str){(const char *)counts, sizeof(*counts)},
	    STR_NONE);
}

void recorder__tick(struct recorder *recorder, u64 now, u32 swept)
{
	put(recorder, FRAME_TICK, (now & ~3ULL) | (swept & 3), STR_NONE, STR_NONE);
}

void recorder__ending(struct recorder *recorder)
{
	put(recorder, FRAME_ENDING, 0, STR_NONE, STR_NONE);
}

void recorder__fact(struct recorder *recorder, const char *key, struct str answer)
{
	/* the key with its NUL, then the answer */
	put(recorder, answer.p ? FRAME_FACT : FRAME_NO_FACT, 0, (struct str){key, strlen(key) + 1},
	    answer);
}

void recorder__process(struct recorder *recorder, u32 tgid, u32 parent)
{
	u32 both[2] = {tgid, parent};

	put(recorder, FRAME_PROCESS, 0, (struct str){(const char *)both, sizeof(both)}, STR_NONE);
}

void recorder__left(struct recorder *recorder, u32 tgid, u64 ts)
{
	put(recorder, FRAME_LEFT, ts, (struct str){(const char *)&tgid, sizeof(tgid)}, STR_NONE);
}

int recorder__close(struct recorder *recorder)
{
	int err;

	if (!recorder)
		return 0;
	err = recorder->err;
	if (fclose(recorder->file) && !err)
		err = -errno;
	free(recorder);
	return err;
}

/* A fact waits from where it stands in the file until it is asked for: facts follow what asked for
 * them. */
struct fact {
	struct fact *next;
	bool is;
	struct str answer;
	char key[];
};

struct replay {
	FILE *file;
	struct fact *facts; /* owned; those read and not yet asked for, oldest first */
	u32 fact_cnt;
	struct buf bytes;   /* of the frame at hand */
	struct frame ahead; /* the frame after the facts, its bytes not read yet */
	bool is_ahead;
};

static void free_facts(struct replay *replay)
{
	while (replay->facts) {
		struct fact *next = replay->facts->next;

		free(replay->facts);
		replay->facts = next;
	}
	replay->fact_cnt = 0;
}

void replay__free(struct replay *replay)
{
	if (!replay)
		return;
	fclose(replay->file);
	free_facts(replay);
	buf__free(&replay->bytes);
	free(replay);
}

/* The next frame's head. False at the end of the file, or where it was cut. */
static bool next_frame(struct replay *replay, struct frame *frame)
{
	if (replay->is_ahead) {
		replay->is_ahead = false;
		*frame = replay->ahead;
		return true;
	}
	return fread(frame, sizeof(*frame), 1, replay->file) == 1;
}

static int read_bytes(struct replay *replay, const struct frame *frame)
{
	if (frame->len > FRAME_MAX)
		return -EBADMSG;
	buf__reset(&replay->bytes);
	if (buf__reserve(&replay->bytes, frame->len + 1))
		return -ENOMEM;
	if (frame->len && fread(replay->bytes.p, frame->len, 1, replay->file) != 1)
		return -ENODATA;
	replay->bytes.len = frame->len;
	return 0;
}

static int keep_fact(struct replay *replay, bool is, struct str bytes)
{
	ssize_t key_len = str_find(bytes, '\0', 0);
	struct fact *fact, **end = &replay->facts;

	if (key_len < 0 || replay->fact_cnt == FACTS_MAX)
		return -EBADMSG;
	fact = calloc(1, sizeof(*fact) + bytes.len);
	if (!fact)
		return -ENOMEM;
	memcpy(fact->key, bytes.p, bytes.len);
	fact->is = is;
	fact->answer = (struct str){fact->key + key_len + 1, bytes.len - (size_t)key_len - 1};
	while (*end)
		end = &(*end)->next;
	*end = fact;
	replay->fact_cnt++;
	return 0;
}

/* Facts that were asked for while a frame was handled stand after it: they are read before it is.
 */
static int read_facts_ahead(struct replay *replay)
{
	struct buf frame_bytes = replay->bytes;
	int err = 0;

	replay->bytes = (struct buf){0};
	while (!err && next_frame(replay, &replay->ahead)) {
		if (replay->ahead.type != FRAME_FACT && replay->ahead.type != FRAME_NO_FACT) {
			replay->is_ahead = true;
			break;
		}
		err = read_bytes(replay, &replay->ahead);
		if (!err)
			err = keep_fact(replay, replay->ahead.type == FRAME_FACT,
					buf__view(&replay->bytes));
	}
	buf__free(&replay->bytes);
	replay->bytes = frame_bytes;
	return err == -ENODATA ? 0 : err;
}

int replay__new(struct replay **out, const char *path, struct recording_head *head)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	int err;

	if (!replay)
		return -ENOMEM;
	replay->file = fopen(path, "re");
	if (!replay->file) {
		err = -errno;
		free(replay);
		return err;
	}
	if (fread(head, sizeof(*head), 1, replay->file) != 1 ||
	    memcmp(head->magic, MAGIC, sizeof(head->magic)) ||
	    head->byte_order != BYTE_ORDER_MARK || head->event_version != EVENT_VERSION) {
		replay__free(replay);
		return -EBADMSG;
	}
	/* of the environment, which is asked for first */
	err = read_facts_ahead(replay);
	if (err) {
		replay__free(replay);
		return err;
	}
	*out = replay;
	return 0;
}

int replay_fact(void *owner, const char *key, struct buf *out)
{
	struct replay *replay = owner;
	struct fact **at = &replay->facts, *fact;
	int err;

	while (*at && strcmp((*at)->key, key))
		at = &(*at)->next;
	fact = *at;
	if (!fact)
		return -ENOENT;
	*at = fact->next;
	replay->fact_cnt--;
	err = fact->is ? buf__str(out, fact->answer) : -ENOENT;
	free(fact);
	return err;
}

static int deliver(struct replay *replay, const struct frame *frame, const struct replay_ops *ops,
		   void *owner)
{
	struct str bytes = buf__view(&replay->bytes);
	struct capture_counts counts = {0};
	u32 both[2];

	switch (frame->type) {
	case FRAME_RECORD:
		ops->record(owner, bytes);
		return 0;
	case FRAME_TICK:
		ops->tick(owner, frame->time & ~3ULL, frame->time & 3);
		return 0;
	case FRAME_COUNTS:
		/* counters are only added, so an older recording has fewer */
		if (bytes.len > sizeof(counts) || bytes.len % sizeof(u64))
			return -EBADMSG;
		memcpy(&counts, bytes.p, bytes.len);
		ops->counts(owner, &counts);
		return 0;
	case FRAME_PROCESS:
		if (bytes.len != sizeof(both))
			return -EBADMSG;
		memcpy(both, bytes.p, sizeof(both));
		ops->process(owner, both[0], both[1]);
		return 0;
	case FRAME_LEFT:
		if (bytes.len != sizeof(both[0]))
			return -EBADMSG;
		memcpy(both, bytes.p, sizeof(both[0]));
		ops->left(owner, both[0], frame->time);
		return 0;
	case FRAME_ENDING:
		ops->ending(owner);
		return 0;
	default:
		return -EBADMSG;
	}
}

int replay__run(struct replay *replay, const struct replay_ops *ops, void *owner)
{
	struct frame frame;
	int err = 0;

	while (!err && next_frame(replay, &frame)) {
		err = read_bytes(replay, &frame);
		if (!err)
			err = read_facts_ahead(replay);
		if (!err)
			err = deliver(replay, &frame, ops, owner);
		/* asked for when it was recorded, not now: with other options */
		free_facts(replay);
	}
	return err == -ENODATA ? 0 : err;
}
