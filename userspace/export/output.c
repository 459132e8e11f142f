// SPDX-License-Identifier: Apache-2.0
/*
 *	loop: output__write() --> [record][record][record] --> writer thread: write(2)
 *
 * A write to a pipe that nobody reads blocks for as long as it likes. O_NONBLOCK would be shared
 * with other processes, and after poll() another writer may be faster. So the thread may block;
 * it holds no lock meanwhile, and that is the only place where it can be cancelled.
 */
#include "export/output.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct record {
	struct record *next;
	size_t len;
	bool given_up; /* counted as full already, though a write holds it */
	char bytes[];
};

struct output {
	int fd;			 /* -1: file it is */
	struct append_file file; /* owned */
	bool wait;
	size_t limit;
	pthread_t thread;
	bool running;

	pthread_mutex_t lock;	/* of all below */
	pthread_cond_t filled;	/* for the thread: a record, or stop */
	pthread_cond_t drained; /* for the others: less to write, or broken */
	struct record *first;	/* stays in the list while it is written */
	struct record **last;
	size_t queued; /* memory of the list, at most limit */
	bool stop, broken;
	struct output_counts counts;
};

static size_t cost(size_t len)
{
	return sizeof(struct record) + len;
}

/* Frees the records from *at on; adds their number to *count. */
static void drop_from(struct output *output, struct record **at, u64 *count)
{
	struct record *record;

	while ((record = *at)) {
		*at = record->next;
		output->queued -= cost(record->len);
		++*count;
		free(record);
	}
	output->last = at;
}

static ssize_t write_some(int fd, const char *bytes, size_t len)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
	ssize_t n = write(fd, bytes, len);

	if (n > 0)
		return n;
	if (n < 0 && errno == EAGAIN) /* somebody who shares the descriptor set O_NONBLOCK */
		n = poll(&pollfd, 1, -1);
	else if (!n)
		return -EIO;
	return n >= 0 || errno == EINTR ? 0 : -errno;
}

static int write_all(struct output *output, const struct record *record)
{
	size_t done;
	ssize_t n = 0;

	if (output->fd < 0)
		return append_file__write(&output->file, (struct str){record->bytes, record->len});

	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	for (done = 0; n >= 0 && done < record->len; done += (size_t)n)
		n = write_some(output->fd, record->bytes + done, record->len - done);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	return n < 0 ? (int)n : 0;
}

/* The first record has met its fate; after an error so have all others, unless of a file. */
static void settle(struct output *output, int err)
{
	struct record *record = output->first;

	if (record->given_up)
		output->counts.full--;
	if (err && output->fd >= 0) {
		output->broken = true;
		drop_from(output, &output->first, &output->counts.broken);
	} else {
		output->first = record->next;
		if (!output->first)
			output->last = &output->first;
		output->queued -= cost(record->len);
		++*(err ? &output->counts.failed : &output->counts.written);
		free(record);
	}
	pthread_cond_broadcast(&output->drained);
}

static void *writer(void *arg)
{
	struct output *output = arg;
	struct record *record;
	int err;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	pthread_mutex_lock(&output->lock);
	for (;;) {
		while (!output->first && !output->stop)
			pthread_cond_wait(&output->filled, &output->lock);
		if (output->stop)
			break;
		record = output->first;
		pthread_mutex_unlock(&output->lock);
		err = write_all(output, record);
		pthread_mutex_lock(&output->lock);
		settle(output, err);
	}
	pthread_mutex_unlock(&output->lock);
	return NULL;
}

/* Signals are for the threads that know what to do with them. */
static int start(struct output *output)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&output->thread, NULL, writer, output);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	output->running = !err;
	return -err;
}

static int init(struct output *output, size_t queue_bytes, bool wait)
{
	pthread_condattr_t attr;

	output->wait = wait;
	output->limit = queue_bytes;
	output->last = &output->first;
	pthread_mutex_init(&output->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&output->filled, NULL);
	pthread_cond_init(&output->drained, &attr);
	pthread_condattr_destroy(&attr);
	return start(output);
}

/* What it writes to is in target. */
static int create(struct output **out, struct output *target, size_t queue_bytes, bool wait)
{
	struct output *output = malloc(sizeof(*output));
	int err;

	if (!output) {
		append_file__close(&target->file);
		return -ENOMEM;
	}
	*output = *target;
	err = init(output, queue_bytes, wait);
	if (err)
		output__free(output);
	else
		*out = output;
	return err;
}

int output__new(struct output **out, int fd, size_t queue_bytes, bool wait)
{
	return create(out, &(struct output){.fd = fd, .file.fd = -1}, queue_bytes, wait);
}

int output__new_file(struct output **out, struct append_file *owned, size_t queue_bytes, bool wait)
{
	return create(out, &(struct output){.fd = -1, .file = *owned}, queue_bytes, wait);
}

/* Appends the record (NULL: there was no memory for it) under the lock. */
static int enqueue(struct output *output, struct record *owned)
{
	size_t size = owned ? cost(owned->len) : 0;

	while (owned && output->wait && size <= output->limit && !output->broken &&
	       size > output->limit - output->queued)
		pthread_cond_wait(&output->drained, &output->lock);
	if (output->broken) {
		output->counts.broken++;
		free(owned);
		return -EPIPE;
	}
	if (!owned || size > output->limit - output->queued) {
		output->counts.full++;
		free(owned);
		return -ENOBUFS;
	}
	*output->last = owned;
	output->last = &owned->next;
	output->queued += size;
	pthread_cond_signal(&output->filled);
	return 0;
}

static int enqueue_locked(struct output *output, struct record *owned)
{
	int err;

	pthread_mutex_lock(&output->lock);
	err = enqueue(output, owned);
	pthread_mutex_unlock(&output->lock);
	return err;
}

int output__write(struct output *output, struct str text)
{
	struct record *record = malloc(cost(text.len));

	if (record) {
		record->next = NULL;
		record->len = text.len;
		record->given_up = false;
		if (text.len)
			memcpy(record->bytes, text.p, text.len);
	}
	return enqueue_locked(output, record);
}

int output__write_buf(struct output *output, const struct buf *record)
{
	if (record->failed)
		return enqueue_locked(output, NULL);
	return output__write(output, buf__view(record));
}

/* What waits behind the first record is dropped; the first is in the writer's hands. */
static void give_up(struct output *output)
{
	if (!output->first->given_up)
		output->counts.full++;
	output->first->given_up = true;
	drop_from(output, &output->first->next, &output->counts.full);
}

int output__flush(struct output *output, int timeout_ms)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * (long)NSEC_PER_MSEC;
	if (until.tv_nsec >= (long)NSEC_PER_SEC) {
		until.tv_nsec -= (long)NSEC_PER_SEC;
		until.tv_sec++;
	}
	pthread_mutex_lock(&output->lock);
	while (output->first && !err)
		err = timeout_ms < 0
			      ? pthread_cond_wait(&output->drained, &output->lock)
			      : pthread_cond_timedwait(&output->drained, &output->lock, &until);
	if (output->first)
		give_up(output);
	err = output->broken ? -EPIPE : output->first ? -ETIMEDOUT : 0;
	pthread_mutex_unlock(&output->lock);
	return err;
}

void output__counts(struct output *output, struct output_counts *counts)
{
	pthread_mutex_lock(&output->lock);
	*counts = output->counts;
	pthread_mutex_unlock(&output->lock);
}

void output__free(struct output *output)
{
	u64 dropped = 0;

	if (!output)
		return;
	if (output->running) {
		pthread_mutex_lock(&output->lock);
		output->stop = true;
		pthread_cond_signal(&output->filled);
		pthread_mutex_unlock(&output->lock);
		pthread_cancel(output->thread);
		pthread_join(output->thread, NULL);
	}
	drop_from(output, &output->first, &dropped);
	pthread_cond_destroy(&output->filled);
	pthread_cond_destroy(&output->drained);
	pthread_mutex_destroy(&output->lock);
	append_file__close(&output->file);
	free(output);
}
