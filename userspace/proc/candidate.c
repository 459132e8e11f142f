// SPDX-License-Identifier: Apache-2.0
#include "proc/candidate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/map.h"
#include "config/config.h"

#define TCP_LISTEN 0x0a
/* Listening sockets remembered of one namespace; hosts have hundreds. */
#define LISTENERS_MAX 65536

struct listeners {
	char netns[64];	     /* net:[INODE] whose they are; "" if not read */
	struct map by_inode; /* -> the port, in place of a pointer */
};

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int listeners__new(struct listeners **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void listeners__free(struct listeners *listeners)
{
	if (!listeners)
		return;
	map__free(&listeners->by_inode);
	free(listeners);
}

void listeners__changed(struct listeners *listeners)
{
	map__free(&listeners->by_inode);
	listeners->netns[0] = '\0';
}

/* proc_pid_net(5); the kernel lists listening sockets first, so the others need not be read. */
static void read_listeners(struct listeners *listeners, u32 tgid, const char *name)
{
	char path[64], row[512];
	FILE *file __cleanup(close_file) = NULL;
	unsigned long inode;
	u32 port, state;

	snprintf(path, sizeof(path), "/proc/%u/net/%s", tgid, name);
	file = fopen(path, "re");
	if (!file || !fgets(row, sizeof(row), file)) /* the heading */
		return;
	while (listeners->by_inode.cnt < LISTENERS_MAX && fgets(row, sizeof(row), file)) {
		if (sscanf(row, " %*d: %*[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %*u %*u %lu", &port,
			   &state, &inode) != 3 ||
		    state != TCP_LISTEN)
			return;
		/* without memory the process is not found by this port */
		if (port && map__set(&listeners->by_inode, inode, (void *)(uintptr_t)port))
			return;
	}
}

static ssize_t read_link(u32 tgid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/%s", tgid, name);
	n = readlink(path, out, size - 1);
	if (n > 0)
		out[n] = '\0';
	return n;
}

static void update_listeners(struct listeners *listeners, u32 tgid)
{
	char netns[sizeof(listeners->netns)];

	if (read_link(tgid, "ns/net", netns, sizeof(netns)) <= 0 ||
	    !strcmp(netns, listeners->netns))
		return;
	listeners__changed(listeners);
	read_listeners(listeners, tgid, "tcp");
	read_listeners(listeners, tgid, "tcp6");
	memcpy(listeners->netns, netns, sizeof(netns));
}

static bool read_ports(struct candidate *candidate, struct listeners *listeners)
{
	char path[64], link[64];
	DIR *fds __cleanup(close_dir) = NULL;
	struct dirent *entry;
	unsigned long inode;
	bool updated = false;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/fd", candidate->tgid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		n = readlinkat(dirfd(fds), entry->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (sscanf(link, "socket:[%lu]", &inode) != 1)
			continue;
		if (!updated)
			update_listeners(listeners, candidate->tgid);
		updated = true;
		candidate__add_port(candidate,
				    (u32)(uintptr_t)map__get(&listeners->by_inode, inode));
	}
	return fds;
}

/* The whole of a small file of /proc, cut to size. False: it cannot be read, or is empty. */
static bool read_text(u32 tgid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", tgid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

/* What was replaced on disk is still called what it was. */
static bool read_exe(struct candidate *candidate)
{
	static const struct str deleted = STR(" (deleted)");
	char path[PATH_MAX];
	ssize_t n = read_link(candidate->tgid, "exe", path, sizeof(path));

	if (n <= 0)
		return false;
	if ((size_t)n > deleted.len && !strcmp(path + n - deleted.len, deleted.p))
		path[(size_t)n - deleted.len] = '\0';
	memcpy(candidate->exe, path, strlen(path) + 1);
	return true;
}

static bool read_name(struct candidate *candidate)
{
	char name[sizeof(candidate->name) + 1]; /* and its newline */

	if (!read_text(candidate->tgid, "comm", name, sizeof(name)))
		return false;
	name[strcspn(name, "\n")] = '\0';
	memcpy(candidate->name, name, sizeof(candidate->name));
	candidate->name[sizeof(candidate->name) - 1] = '\0';
	return true;
}

/* The fourth field of proc_pid_stat(5), behind a name that may hold anything; 0 if there is none.
 */
static u32 parent_of(u32 tgid)
{
	char stat[512];
	const char *end;
	u32 parent;

	if (!read_text(tgid, "stat", stat, sizeof(stat)))
		return 0;
	end = strrchr(stat, ')');
	return end && sscanf(end, ") %*c %u", &parent) == 1 ? parent : 0;
}

static bool read_parents(struct candidate *candidate)
{
	u32 tgid = candidate->tgid;

	while (candidate->parent_cnt < CANDIDATE_PARENTS_MAX && (tgid = parent_of(tgid)))
		candidate->parents[candidate->parent_cnt++] = tgid;
	return candidate->parent_cnt;
}

void candidate__init(struct candidate *candidate, u32 tgid)
{
	candidate->tgid = tgid;
	candidate->known = 0;
	candidate->exe[0] = candidate->name[0] = candidate->cgroups[0] = '\0';
	memset(candidate->ports, 0, sizeof(candidate->ports));
	candidate->parent_cnt = 0;
}

void candidate__add_port(struct candidate *candidate, u32 port)
{
	if (port && port < 65536)
		candidate->ports[port / 64] |= 1ULL << (port % 64);
}

void candidate__read(struct candidate *candidate, u32 facts, struct listeners *listeners)
{
	if (facts & 1u << RULE_EXE && (read_exe(candidate) || candidate->exe[0]))
		candidate->known |= 1u << RULE_EXE;
	if (facts & 1u << RULE_NAME && (read_name(candidate) || candidate->name[0]))
		candidate->known |= 1u << RULE_NAME;
	if (facts & 1u << RULE_CGROUP &&
	    read_text(candidate->tgid, "cgroup", candidate->cgroups, sizeof(candidate->cgroups)))
		candidate->known |= 1u << RULE_CGROUP;
	if (facts & 1u << RULE_PID && read_parents(candidate))
		candidate->known |= 1u << RULE_PID;
	if (facts & 1u << RULE_PORT && read_ports(candidate, listeners))
		candidate->known |= 1u << RULE_PORT;
}
