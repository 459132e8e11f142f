// SPDX-License-Identifier: Apache-2.0
/* Processes that exist already, from /proc. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/process.h"
#include "proc/procfs.h"

/* Processes of one host that are looked at; PID_MAX_LIMIT is 4 million, hosts hold far fewer. */
#define SCAN_MAX 65536
/* kthreadd, the parent of all kernel threads */
#define KTHREADD 2
/* PROC_PID_INIT_INO of the kernel */
#define HOST_PID_NAMESPACE 0xeffffffcU

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int process_of(u32 pid)
{
	char text[16];
	s64 tgid;

	snprintf(text, sizeof(text), "%u", pid);
	tgid = procfs_status(text, "Tgid");
	return tgid > 0 ? (int)tgid : -ESRCH;
}

/* A first thread that is gone before the others leaves a zombie, too. */
bool process_is_gone(u32 tgid)
{
	char pid[16], line[256], state = '\0';
	FILE *file __cleanup(procfs_close) = NULL;

	snprintf(pid, sizeof(pid), "%u", tgid);
	file = procfs_open(pid, "status");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "State: %c", &state) == 1)
			break;
	return !state || ((state == 'Z' || state == 'X') && procfs_status(pid, "Threads") <= 1);
}

/* proc_pid_net(5), unix: flags 00010000 is __SO_ACCEPTCON, type 0001 SOCK_STREAM. */
static bool is_unix_listener(u32 tgid, unsigned long inode)
{
	char path[64], row[512];
	FILE *file __cleanup(procfs_close) = NULL;
	unsigned long flags, type, found;

	snprintf(path, sizeof(path), "/proc/%u/net/unix", tgid);
	file = fopen(path, "re");
	while (file && fgets(row, sizeof(row), file))
		if (sscanf(row, "%*s %*x %*x %lx %lx %*x %lu", &flags, &type, &found) == 3 &&
		    found == inode && flags & 0x10000 && type == 1)
			return true;
	return false;
}

bool process_listens_on_unix(u32 tgid)
{
	char path[64], link[64];
	DIR *fds __cleanup(close_dir) = NULL;
	struct dirent *entry;
	unsigned long inode;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/fd", tgid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		n = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) == 1 && is_unix_listener(tgid, inode))
			return true;
	}
	return false;
}

struct relation {
	u32 tgid, parent;
};

static size_t scan(struct relation *relations)
{
	DIR *proc __cleanup(close_dir) = opendir("/proc");
	struct dirent *entry;
	size_t cnt = 0;
	s64 parent;

	while (proc && cnt < SCAN_MAX && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		relations[cnt].tgid = (u32)strtoul(entry->d_name, NULL, 10);
		parent = procfs_status(entry->d_name, "PPid");
		relations[cnt].parent = parent > 0 ? (u32)parent : 0;
		cnt++;
	}
	return cnt;
}

void process_each(void (*fn)(void *owner, u32 tgid, u32 parent), void *owner)
{
	struct relation *relations = calloc(SCAN_MAX, sizeof(*relations));
	size_t cnt = relations ? scan(relations) : 0;

	for (size_t i = 0; i < cnt; i++)
		if (relations[i].tgid != KTHREADD && relations[i].parent != KTHREADD)
			fn(owner, relations[i].tgid, relations[i].parent);
	free(relations);
}

bool process_ids_are_the_hosts(void)
{
	struct stat namespace;

	return stat("/proc/self/ns/pid", &namespace) || namespace.st_ino == HOST_PID_NAMESPACE;
}

/* Breadth first; a relation is used once, so loops in a racing /proc end. */
void process_descendants(u32 tgid, void (*fn)(void *owner, u32 tgid, u32 parent), void *owner)
{
	struct relation *relations = calloc(SCAN_MAX, sizeof(*relations));
	u32 *queue = calloc(SCAN_MAX + 1, sizeof(*queue));
	size_t cnt, head = 0, tail = 0;

	if (!relations || !queue) {
		free(relations);
		free(queue);
		return;
	}
	cnt = scan(relations);
	queue[tail++] = tgid;
	while (head < tail) {
		u32 parent = queue[head++];

		for (size_t i = 0; i < cnt; i++) {
			if (!relations[i].tgid || relations[i].parent != parent)
				continue;
			fn(owner, relations[i].tgid, parent);
			queue[tail++] = relations[i].tgid;
			relations[i].tgid = 0;
		}
	}
	free(relations);
	free(queue);
}
