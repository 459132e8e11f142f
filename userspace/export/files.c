// SPDX-License-Identifier: Apache-2.0
#include "export/files.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

struct entry {
	dev_t dev;
	ino_t ino;
	struct output *output; /* owned */
};

struct files {
	size_t queue_bytes;
	bool wait;
	u32 cnt;
	struct entry entries[FILES_MAX];
};

int files__new(struct files **out, size_t queue_bytes, bool wait)
{
	struct files *files = calloc(1, sizeof(*files));

	if (!files)
		return -ENOMEM;
	files->queue_bytes = queue_bytes;
	files->wait = wait;
	*out = files;
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -ELOOP:
		return "a symbolic link is not followed";
	case -EPERM:
		return "it belongs to somebody else";
	case -EINVAL:
		return "it is no plain file";
	case -EMLINK:
		return "it has more than one name";
	case -EEXIST:
		return "another exporter writes to it: one signal a file";
	default:
		return strerror(-err);
	}
}

static bool in_use(const struct files *files, const struct append_file *file)
{
	for (u32 i = 0; i < files->cnt; i++)
		if (files->entries[i].dev == file->dev && files->entries[i].ino == file->ino)
			return true;
	return false;
}

static int add(struct files *files, struct str path)
{
	struct entry *entry = &files->entries[files->cnt];
	struct append_file file;
	int err = append_file__open(&file, path);

	if (err)
		return err;
	if (in_use(files, &file)) {
		append_file__close(&file);
		return -EEXIST;
	}
	entry->dev = file.dev;
	entry->ino = file.ino;
	err = output__new_file(&entry->output, &file, files->queue_bytes, files->wait);
	files->cnt += !err;
	return err;
}

int files__open(struct files *files, struct str path, struct output **out)
{
	int err = files->cnt < FILES_MAX ? add(files, path) : -EMFILE;

	if (err)
		log_error("cannot write telemetry to %.*s: %s", STR_ARG(path), reason(err));
	else
		*out = files->entries[files->cnt - 1].output;
	return err;
}

static s64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / (s64)NSEC_PER_MSEC;
}

void files__flush(struct files *files, int timeout_ms)
{
	s64 until = now_ms() + timeout_ms, left;

	for (u32 i = 0; i < files->cnt; i++) {
		left = until - now_ms();
		output__flush(files->entries[i].output, timeout_ms < 0 ? timeout_ms
							: left > 0     ? (int)left
								       : 0);
	}
}

void files__counts(struct files *files, struct output_counts *counts)
{
	struct output_counts part;

	for (u32 i = 0; i < files->cnt; i++) {
		output__counts(files->entries[i].output, &part);
		counts->written += part.written;
		counts->full += part.full;
		counts->broken += part.broken;
		counts->failed += part.failed;
	}
}

void files__free(struct files *files)
{
	if (!files)
		return;
	for (u32 i = 0; i < files->cnt; i++)
		output__free(files->entries[i].output);
	free(files);
}
