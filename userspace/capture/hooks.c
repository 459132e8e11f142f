// SPDX-License-Identifier: Apache-2.0
#include "capture/hooks.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/probes.h"
#include "event.h"
#include "otel_ebpf.skel.h"

enum hook {
	HOOK_SEND_LOCKED,
	HOOK_SEND_TCP,
	HOOK_SENT_TCP,
	HOOK_SENT_PAGE,
	HOOK_SENT_SOCK,
	HOOK_SENT_UNIX,
	HOOK_CLOSE_STATE,
	HOOK_CLOSE_DESTROY,
	HOOK_SWEEP,
	HOOK_FORK,
	HOOK_EXEC,
	HOOK_EXIT,
	HOOK_RENAME,
	HOOK_CGROUP,
	HOOK_RECEIVE_SOCK,
	HOOK_RECEIVE_TCP,
	HOOK_RECEIVE_UNIX,
	HOOK_CNT
};

#define BIT(hook) (1u << HOOK_##hook)

/*
 * In the order of attaching: sends and closes before receives, so that no request seems unanswered.
 * without: what its lack means where it is needed.
 */
static const struct {
	const char *program, *target, *since, *without;
} hooks[HOOK_CNT] = {
	[HOOK_SEND_LOCKED] = {"send_locked", "tp_btf/tcp_sendmsg_locked", "6.16",
			      "entry and exit of tcp_sendmsg would serve instead"},
	[HOOK_SEND_TCP] = {"send_tcp", "fentry/tcp_sendmsg", "5.5",
			   "tcp_sendmsg_locked would serve instead"},
	[HOOK_SENT_TCP] = {"sent_tcp", "fexit/tcp_sendmsg", "5.5",
			   "tcp_sendmsg_locked would serve instead"},
	[HOOK_SENT_PAGE] = {"sent_page", "fexit/tcp_sendpage", "5.5",
			    "only for sendfile, until 6.5"},
	[HOOK_SENT_SOCK] = {"sent_sock", "tp_btf/sock_send_length", "6.3",
			    "exit of unix_stream_sendmsg would serve instead"},
	[HOOK_SENT_UNIX] = {"sent_unix", "fexit/unix_stream_sendmsg", "5.5",
			    "sock_send_length would serve instead"},
	[HOOK_CLOSE_STATE] = {"close_state", "tp_btf/inet_sock_set_state", "5.5",
			      "nothing can be traced"},
	[HOOK_CLOSE_DESTROY] = {"close_destroy", "tp_btf/tcp_destroy_sock", "5.5",
				"nothing can be traced"},
	[HOOK_SWEEP] = {"sweep", "iter/bpf_sk_storage_map", "5.9", "nothing can be traced"},
	[HOOK_FORK] = {"process_fork", "tp_btf/sched_process_fork", "5.5",
		       "children would not be followed"},
	[HOOK_EXEC] = {"process_exec", "tp_btf/sched_process_exec", "5.5",
		       "names of processes would be stale"},
	[HOOK_EXIT] = {"process_exit", "tp_btf/sched_process_exit", "5.5",
		       "process ids would be reused"},
	[HOOK_RENAME] = {"process_rename", "tp_btf/task_rename", "5.5",
			 "--name does not notice new names before an exec"},
	[HOOK_CGROUP] = {"process_cgroup", "tp_btf/cgroup_attach_task", "5.5",
			 "--cgroup does not notice moves before an exec"},
	[HOOK_RECEIVE_SOCK] = {"receive_sock", "tp_btf/sock_recv_length", "6.3",
			       "exit of tcp_recvmsg would serve instead"},
	[HOOK_RECEIVE_TCP] = {"receive_tcp", "fexit/tcp_recvmsg", "5.5",
			      "sock_recv_length would serve instead"},
	[HOOK_RECEIVE_UNIX] = {"receive_unix", "fexit/unix_stream_recvmsg", "5.5",
			       "sock_recv_length would serve instead"},
};

/* Of rules, whatever the set is. */
#define WATCHING (BIT(RENAME) | BIT(CGROUP))
#define COMMON \
	(BIT(CLOSE_STATE) | BIT(CLOSE_DESTROY) | BIT(SWEEP) | BIT(FORK) | BIT(EXEC) | BIT(EXIT))

const struct hook_set hook_sets[] = {
	{"tracepoints", COMMON | BIT(RECEIVE_SOCK) | BIT(SEND_LOCKED) | BIT(SENT_SOCK), 0,
	 BIT(SENT_SOCK)},
	{"mixed", COMMON | BIT(RECEIVE_SOCK) | BIT(SEND_TCP) | BIT(SENT_TCP) | BIT(SENT_SOCK),
	 BIT(SENT_PAGE), BIT(SENT_SOCK)},
	{"trampolines",
	 COMMON | BIT(RECEIVE_TCP) | BIT(SEND_TCP) | BIT(SENT_TCP) | BIT(RECEIVE_UNIX) |
		 BIT(SENT_UNIX),
	 BIT(SENT_PAGE), BIT(SENT_UNIX)},
	{NULL, 0, 0, 0},
};

static struct bpf_program *program_of(const struct otel_ebpf *skel, enum hook hook)
{
	return bpf_object__find_program_by_name(skel->obj, hooks[hook].program);
}

/* Arguments of a kernel function by its BTF; 0 if it is not there. */
static u32 function_args(const struct btf *btf, const char *name)
{
	s32 id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -ENOENT;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (u32)id) : NULL;

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	return type ? btf_vlen(type) : 0;
}

/* Whether the kernel's BTF names what "tp_btf/..." or "fentry/..." is to be attached to. */
static bool is_named(const struct btf *btf, const char *target)
{
	const char *name = strchr(target, '/') + 1;
	char full[64];

	if (*target == 'f')
		return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
	if (*target == 't') {
		snprintf(full, sizeof(full), "btf_trace_%s", name);
		return btf__find_by_name_kind(btf, full, BTF_KIND_TYPEDEF) > 0;
	}
	return true;
}

u32 hooks_named(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	u32 named = 0;

	for (u32 i = 0; i < HOOK_CNT; i++)
		if (!btf || is_named(btf, hooks[i].target))
			named |= 1u << i;
	btf__free(btf);
	return named;
}

u32 hooks_watching(const struct live_watch *watch)
{
	return (watch->renames ? BIT(RENAME) : 0) | (watch->cgroups ? BIT(CGROUP) : 0);
}

void hooks_prepare(struct otel_ebpf *skel, u32 programs, const struct live_options *options)
{
	u32 cpus = (u32)libbpf_num_possible_cpus(), args;
	struct btf *btf = btf__load_vmlinux_btf();

	for (u32 i = 0; i < HOOK_CNT; i++)
		bpf_program__set_autoload(program_of(skel, i), programs & (1u << i));
	probes_prepare(skel, &options->probes);
	args = function_args(btf, "tcp_recvmsg");
	if (args)
		skel->rodata->tcp_recvmsg_args = args;
	skel->rodata->have_rdonly_cast = function_args(btf, "bpf_rdonly_cast") == 2;
	btf__free(btf);
	/* 6.1 gives up on them, 6.12 does not; this kfunc came in between */
	skel->rodata->short_cuts = skel->rodata->have_rdonly_cast;
	skel->rodata->capture_head = options->capture_head;
	skel->rodata->select_exec = options->watch.execs;
	skel->rodata->select_new = options->watch.strangers;
	skel->rodata->select_listen = options->watch.listens;
	skel->rodata->cpu_cnt = cpus;
	skel->rodata->wake_level = options->ring_size / 4;
	skel->bss->control.response_head = 2048;
	bpf_map__set_max_entries(skel->maps.ring, (u32)options->ring_size);
	bpf_map__set_max_entries(skel->maps.scratches, cpus * 4 + 1);
}

/* The sweep is attached by live.c: its iterator needs the loaded map. */
int hooks_attach(struct otel_ebpf *skel, u32 programs, struct bpf_link **links)
{
	for (u32 i = 0; i < HOOK_CNT; i++) {
		if (!(programs & (1u << i)) || i == HOOK_SWEEP)
			continue;
		links[i] = bpf_program__attach(program_of(skel, i));
		if (!links[i])
			return -errno;
	}
	return 0;
}

static int silent(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static bool probe_one(u32 hook)
{
	const struct live_options options = {.ring_size = 64 << 10,
					     .capture_head = EVENT_BYTES_MAX};
	struct bpf_link *links[HOOKS_MAX] = {0};
	struct otel_ebpf *skel = otel_ebpf__open();
	bool fine = false;

	if (!skel)
		return false;
	hooks_prepare(skel, 1u << hook, &options);
	if (!otel_ebpf__load(skel))
		fine = !hooks_attach(skel, 1u << hook, links);
	bpf_link__destroy(links[hook]);
	otel_ebpf__destroy(skel);
	return fine;
}

u32 hooks_probe(void)
{
	libbpf_print_fn_t before = libbpf_set_print(silent);
	u32 available = 0, named = hooks_named();

	for (u32 i = 0; i < HOOK_CNT; i++)
		if (named & (1u << i) && probe_one(i))
			available |= 1u << i;
	libbpf_set_print(before);
	return available;
}

const struct hook_set *hooks_choose(const char *name, u32 available)
{
	const struct hook_set *set;

	for (set = hook_sets; set->name; set++)
		if (name ? !strcmp(name, set->name) : (set->programs & available) == set->programs)
			return set;
	return NULL;
}

static bool have_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

/* Loading BPF programs needs CAP_BPF and CAP_PERFMON (5.8), or root. */
void hooks_explain(int err)
{
	struct utsname host;

	uname(&host);
	if (!have_btf())
		log_error("kernel %s has no BTF (/sys/kernel/btf/vmlinux): a kernel built with "
			  "CONFIG_DEBUG_INFO_BTF is needed",
			  host.release);
	else if (err == -EPERM && geteuid())
		log_error("not permitted to load BPF programs: run as root, or give the binary "
			  "cap_bpf,cap_perfmon,cap_sys_ptrace (see README)");
	else if (err == -EPERM)
		log_error("the kernel refuses BPF programs even to root: a container without "
			  "CAP_BPF and CAP_PERFMON, or locked down; otel-ebpf --check tells what "
			  "is left");
	else
		log_error("kernel %s lacks what is needed (%s); otel-ebpf --check tells what",
			  host.release, strerror(-err));
}

/* Of a hook outside the set nothing is said but that: its lack costs nothing. */
static void check_hook(struct buf *out, enum hook hook, u32 used, u32 available)
{
	bool works = available & (1u << hook), matters = !used || (used | WATCHING) & (1u << hook);

	buf__printf(out, "  %-28s %s", hooks[hook].target, works ? "works" : "refused");
	if (!matters)
		buf__printf(out, ", not needed here");
	else if (!works)
		buf__printf(out, ": since %s; %s", hooks[hook].since, hooks[hook].without);
	else if (used)
		buf__printf(out, ", used%s", WATCHING & (1u << hook) ? " by rules" : "");
	buf__char(out, '\n');
}

int hooks_check(struct buf *out, const char *forced)
{
	u32 available = have_btf() ? hooks_probe() : 0;
	const struct hook_set *set = hooks_choose(forced, available);
	u32 used = set ? set->programs | (set->optional & available) : 0;
	struct utsname host;

	uname(&host);
	if (set && (set->programs & available) != set->programs)
		used = 0;
	buf__printf(out, "kernel %s, BTF %s\n", host.release, have_btf() ? "present" : "missing");
	for (u32 i = 0; i < HOOK_CNT; i++)
		check_hook(out, i, used, available);
	if (!used) {
		buf__printf(out, "nothing can be traced: %s\n",
			    geteuid() ? "run as root or with cap_bpf and cap_perfmon"
				      : "no set of hooks is complete");
		return -ENOTSUP;
	}
	buf__printf(out, "functions: %s\n", probes_way());
	buf__printf(out, "would use: %s; HTTP/1 on TCP and unix sockets\n", set->name);
	return 0;
}
