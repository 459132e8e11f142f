// SPDX-License-Identifier: Apache-2.0
/*
 * Loads the floor (floor.bpf.c) and attaches it on command, one line each way:
 *
 *	out  ready tp_btf/sock_recv_length tp_btf/tcp_sendmsg_locked
 *	in   attach        out  attached
 *	in   detach        out  detached
 *
 * It sleeps in between and leaves at the end of its input; the links go with it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/types.h"
#include "floor.skel.h"

/* One side: its own copy of the object in which only the chosen program is loaded. */
struct hook {
	struct floor_bpf *skel;
	struct bpf_program *prog;
	struct bpf_link *link; /* NULL while detached */
};

/* In order of preference; the same choice the daemon makes. */
static const char *const recv_names[] = {"recv_sock_length", "recv_tcp_fexit"};
static const char *const send_names[] = {"send_tcp_locked", "send_tcp_fentry"};

static void hook__detach(struct hook *hook)
{
	bpf_link__destroy(hook->link);
	hook->link = NULL;
}

static int hook__attach(struct hook *hook)
{
	if (!hook->link)
		hook->link = bpf_program__attach(hook->prog);
	return hook->link ? 0 : -errno;
}

static void hook__free(struct hook *hook)
{
	hook__detach(hook);
	floor_bpf__destroy(hook->skel);
	*hook = (struct hook){};
}

/* Loading may succeed where attaching does not, so both are tried. */
static int hook_try(struct hook *hook, const char *name)
{
	struct bpf_program *prog;
	int err;

	hook->skel = floor_bpf__open();
	if (!hook->skel)
		return -errno;
	bpf_object__for_each_program(prog, hook->skel->obj)
	{
		bool chosen = !strcmp(bpf_program__name(prog), name);

		bpf_program__set_autoload(prog, chosen);
		if (chosen)
			hook->prog = prog;
	}
	err = floor_bpf__load(hook->skel);
	if (!err)
		err = hook__attach(hook);
	if (!err)
		hook__detach(hook);
	return err;
}

static int hook_choose(struct hook *hook, const char *const *names, size_t name_cnt)
{
	int err = -ENOENT;
	size_t i;

	for (i = 0; i < name_cnt; i++) {
		err = hook_try(hook, names[i]);
		if (!err)
			return 0;
		hook__free(hook);
	}
	return err;
}

/* Send first and receive last, as the daemon does, so that both pay in the same order. */
static int attach(struct hook *recv, struct hook *send)
{
	int err = hook__attach(send);

	return err ? err : hook__attach(recv);
}

static void say(const char *word)
{
	printf("%s\n", word);
	fflush(stdout);
}

static int obey(struct hook *recv, struct hook *send)
{
	char line[32];
	int err = 0;

	while (!err && fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "attach\n")) {
			err = attach(recv, send);
			if (!err)
				say("attached");
		} else if (!strcmp(line, "detach\n")) {
			hook__detach(recv);
			hook__detach(send);
			say("detached");
		} else {
			err = -EINVAL;
		}
	}
	return err;
}

int main(void)
{
	struct hook recv = {}, send = {};
	int err;

	/* what does not load is no news: the next one is tried */
	libbpf_set_print(NULL);
	err = hook_choose(&recv, recv_names, ARRAY_SIZE(recv_names));
	if (!err)
		err = hook_choose(&send, send_names, ARRAY_SIZE(send_names));
	if (!err) {
		printf("ready %s %s\n", bpf_program__section_name(recv.prog),
		       bpf_program__section_name(send.prog));
		fflush(stdout);
		err = obey(&recv, &send);
	}
	if (err)
		fprintf(stderr, "floor: %s\n", strerror(-err));
	hook__free(&recv);
	hook__free(&send);
	return err ? 1 : 0;
}
