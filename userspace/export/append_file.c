// SPDX-License-Identifier: Apache-2.0
#include "export/append_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

static int check_ours(int fd, struct stat *stat)
{
	if (fstat(fd, stat))
		return -errno;
	if (!S_ISREG(stat->st_mode))
		return -EINVAL;
	if (stat->st_uid != geteuid())
		return -EPERM;
	return stat->st_nlink == 1 ? 0 : -EMLINK;
}

/* O_NONBLOCK: a FIFO would let us wait for its reader before we see what it is. */
static int open_path(struct append_file *file)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = open(file->path, flags, 0640), err;
	struct stat stat;

	if (fd < 0)
		return -errno;
	err = check_ours(fd, &stat);
	if (err) {
		close(fd);
		return err;
	}
	if (file->fd >= 0)
		close(file->fd);
	file->fd = fd;
	file->dev = stat.st_dev;
	file->ino = stat.st_ino;
	file->torn = false;
	return 0;
}

int append_file__open(struct append_file *file, struct str path)
{
	int err;

	*file = (struct append_file){.path = strndup(path.p, path.len), .fd = -1};
	err = file->path ? open_path(file) : -ENOMEM;
	if (err)
		append_file__close(file);
	return err;
}

void append_file__close(struct append_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	free(file->path);
	*file = (struct append_file){.fd = -1};
}

/* The file that has the name now, or a new one. */
static int follow_name(struct append_file *file)
{
	struct stat now;

	if (!lstat(file->path, &now) && now.st_dev == file->dev && now.st_ino == file->ino)
		return 0;
	return open_path(file);
}

static int write_record(struct append_file *file, struct str record)
{
	struct iovec parts[2] = {{(char *)"\n", file->torn}, {(char *)record.p, record.len}};
	size_t want = parts[0].iov_len + parts[1].iov_len;
	ssize_t n;

	do
		n = writev(file->fd, parts, 2);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n == want) {
		file->torn = false;
		return 0;
	}
	/* a plain file takes a part only where there is no room for more */
	file->torn |= n > 0;
	return -ENOSPC;
}

int append_file__write(struct append_file *file, struct str record)
{
	int err = follow_name(file);

	if (!err)
		err = write_record(file, record);
	if (err && !file->failing)
		log_warn("cannot write to %s: %s; records are lost until it can be written again",
			 file->path, strerror(-err));
	else if (!err && file->failing)
		log_info("%s can be written again", file->path);
	file->failing = err;
	return err;
}
