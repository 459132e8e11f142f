// SPDX-License-Identifier: Apache-2.0
/*
 * struct append_file: a file of ours that records are appended to. Each is one write(2) with
 * O_APPEND, so that several writers do not mix. Who moves or removes the file (logrotate) gets a
 * new one of the same name with the next record; no signal is needed.
 *
 * We may be root and the folder anybody's, so the file must be a plain one that nobody else owns or
 * has a second name for; a symbolic link is not followed. A new one is for owner and group: 0640.
 */
#ifndef APPEND_FILE_H
#define APPEND_FILE_H

#include "base/str.h"

struct append_file {
	char *path; /* owned */
	int fd;
	dev_t dev;
	ino_t ino;
	bool torn;    /* its last record is not whole */
	bool failing; /* the last write failed, which was said */
};

/*
 * 0, or negative errno: -ELOOP for a symbolic link, -EPERM for a file of somebody else, -EINVAL for
 * what is no plain file, -EMLINK for one with several names.
 */
int append_file__open(struct append_file *file, struct str path);
/*
 * Writes one record: 0, or negative errno, and it is lost; of several such in a row the first is
 * said. What follows half a record begins on a new line.
 */
int append_file__write(struct append_file *file, struct str record);
void append_file__close(struct append_file *file);

#endif
