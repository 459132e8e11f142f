// SPDX-License-Identifier: Apache-2.0
#include "capture/probes.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel.h"
#include "event.h"
#include "otel_ebpf.skel.h"

/* uapi/linux/bpf.h of 6.6, which is newer than the headers we build with */
#define ATTACH_UPROBE_MULTI 48
#define UPROBE_MULTI_RETURN 1
/* of 6.13 */
#define ATTACH_UPROBE_SESSION 57

/* The part of union bpf_attr that BPF_LINK_CREATE reads for an uprobe_multi link. */
struct multi_attr {
	u32 prog_fd, target_fd, attach_type, flags;
	u64 path, offsets, ref_ctr_offsets, cookies;
	u32 cnt, multi_flags, pid, pad;
};

struct probes {
	int fds[2]; /* uprobe_multi links */
	u32 fd_cnt;
	struct bpf_link **links; /* owned, of single probes: an entry and a return of each site */
	u32 link_cnt;
};

bool probes_are_harmless(u32 kernel)
{
	/* uretprobe(2) came with 6.11; seccomp lets it pass since 6.14, 6.13.3 and 6.12.14 */
	static const struct {
		u32 since, fixed;
	} harmful[] = {
		{KERNEL_RELEASE(6, 11, 0), KERNEL_RELEASE(6, 12, 0)},
		{KERNEL_RELEASE(6, 12, 0), KERNEL_RELEASE(6, 12, 14)},
		{KERNEL_RELEASE(6, 13, 0), KERNEL_RELEASE(6, 13, 3)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(harmful); i++)
		if (kernel >= harmful[i].since && kernel < harmful[i].fixed)
			return false;
	return true;
}

/*
 * Until 6.10 a link for one process saw only its first thread. That was repaired together with a
 * check of the process id, which comes before that of the path: so a link that cannot be tells.
 */
static bool sees_threads(int program)
{
	u64 offset = 0;
	struct multi_attr attr = {
		.prog_fd = (u32)program,
		.attach_type = ATTACH_UPROBE_MULTI,
		.path = (u64)(uintptr_t) "/",
		.offsets = (u64)(uintptr_t)&offset,
		.cnt = 1,
		.pid = UINT32_MAX,
	};

	return syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr)) < 0 && errno == EINVAL;
}

static bool have_multi(void)
{
	static const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K},
		{.code = BPF_JMP | BPF_EXIT},
	};
	DECLARE_LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = ATTACH_UPROBE_MULTI);
	struct btf *btf = btf__load_vmlinux_btf();
	bool found =
		btf && btf__find_by_name_kind(btf, "bpf_uprobe_multi_link", BTF_KIND_STRUCT) > 0;
	int program;

	btf__free(btf);
	if (!found)
		return false;
	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", nothing, ARRAY_SIZE(nothing),
				&opts);
	found = program >= 0 && sees_threads(program);
	if (program >= 0)
		close(program);
	return found;
}

const char *probes_way(void)
{
	if (!probes_are_harmless(kernel_running()))
		return "not probed: this kernel would kill what is under seccomp";
	return have_multi() ? "all of a file at once"
			    : "one by one, which needs CAP_SYS_ADMIN and is slow to detach";
}

static bool have_sessions(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	s32 id = btf ? btf__find_by_name_kind(btf, "bpf_attach_type", BTF_KIND_ENUM) : -ENOENT;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (u32)id) : NULL;
	bool found = false;

	for (u32 i = 0; type && i < btf_vlen(type) && !found; i++)
		found = !strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off),
				"BPF_TRACE_UPROBE_SESSION");
	btf__free(btf);
	return found;
}

bool probes_spare_stacks(void)
{
	return have_sessions();
}

static void prepare(struct bpf_program *program, bool wanted, bool multi)
{
	bpf_program__set_autoload(program, wanted);
	if (multi)
		bpf_program__set_expected_attach_type(program, ATTACH_UPROBE_MULTI);
}

/*
 * By where calls return to, and not by their returns: a session's link (6.13) for one process
 * answers for all others that the function is probed in, and says that it wants theirs.
 */
static void prepare_python_programs(struct otel_ebpf *skel, const struct probes_options *options)
{
	const bool wanted = options->python, multi = wanted && have_multi();

	prepare(skel->progs.python_enter, wanted, multi);
	prepare(skel->progs.python_resume, wanted, multi);
	prepare(skel->progs.python_back, wanted, multi);
	prepare(skel->progs.python_end, wanted, multi);
	prepare(skel->progs.python_moment, wanted && !options->python_views, multi);
}

static void prepare_python(struct otel_ebpf *skel, const struct probes_options *options)
{
	struct bpf_map *maps[] = {skel->maps.python_layouts, skel->maps.python_processes,
				  skel->maps.python_codes,   skel->maps.python_threads,
				  skel->maps.python_counts,  skel->maps.coroutines,
				  skel->maps.ports,	     skel->maps.handed,
				  skel->maps.own_spans,	     skel->maps.python_places};

	prepare_python_programs(skel, options);
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++)
		bpf_map__set_autocreate(maps[i], options->python);
	skel->rodata->trace_ports = options->python;
	skel->rodata->python_views = options->python_views;
}

void probes_prepare(struct otel_ebpf *skel, const struct probes_options *options)
{
	bool wanted = options->functions || options->usdt, multi = wanted && have_multi();
	bool sessions = options->functions && have_sessions();
	bool pairs = options->functions && !sessions;

	prepare(skel->progs.function_enter, pairs, multi);
	prepare(skel->progs.function_leave, pairs, multi);
	bpf_program__set_autoload(skel->progs.function_call, sessions);
	bpf_program__set_expected_attach_type(skel->progs.function_call, ATTACH_UPROBE_SESSION);
	prepare(skel->progs.usdt_hit, options->usdt, multi);
	prepare(skel->progs.library_mapped, wanted, multi);
	bpf_map__set_autocreate(skel->maps.usdt_sites, options->usdt);
	skel->rodata->trace_functions = wanted || options->python;
	prepare_python(skel, options);
}

static int attach_multi(struct probes *probes, const struct bpf_program *program,
			const struct probes_target *target, bool leave)
{
	u64 *offsets = calloc(3 * (size_t)target->cnt, sizeof(*offsets));
	u64 *cookies = offsets + target->cnt, *semaphores = cookies + target->cnt;
	struct multi_attr attr = {
		.prog_fd = (u32)bpf_program__fd(program),
		.attach_type = bpf_program__expected_attach_type(program),
		.path = (u64)(uintptr_t)target->path,
		.offsets = (u64)(uintptr_t)offsets,
		.ref_ctr_offsets = (u64)(uintptr_t)semaphores,
		.cookies = (u64)(uintptr_t)cookies,
		.cnt = target->cnt,
		.multi_flags = leave ? UPROBE_MULTI_RETURN : 0,
		.pid = target->tgid,
	};
	long fd;

	if (!offsets)
		return -ENOMEM;
	for (u32 i = 0; i < target->cnt; i++) {
		offsets[i] = target->sites[i].offset;
		cookies[i] = target->sites[i].cookie;
		semaphores[i] = target->sites[i].semaphore;
	}
	fd = syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (fd < 0)
		fd = -errno;
	free(offsets);
	if (fd < 0)
		return (int)fd;
	probes->fds[probes->fd_cnt++] = (int)fd;
	return 0;
}

static int attach_singly(struct probes *probes, const struct bpf_program *program,
			 const struct probes_target *target, bool leave)
{
	for (u32 i = 0; i < target->cnt; i++) {
		const struct probe_site *site = &target->sites[i];
		DECLARE_LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = site->cookie,
				    .retprobe = leave, .ref_ctr_offset = site->semaphore);
		struct bpf_link *link = bpf_program__attach_uprobe_opts(
			program, (int)target->tgid, target->path, site->offset, &opts);

		if (!link)
			return -errno;
		probes->links[probes->link_cnt++] = link;
	}
	return 0;
}

static int attach(struct probes *probes, const struct bpf_program *program,
		  const struct probes_target *target, bool leave)
{
	if ((int)bpf_program__expected_attach_type(program))
		return attach_multi(probes, program, target, leave);
	return attach_singly(probes, program, target, leave);
}

static struct probes *probes__alloc(const struct probes_target *target)
{
	struct probes *probes = calloc(1, sizeof(*probes));

	if (!probes)
		return NULL;
	probes->links = calloc(2 * (size_t)target->cnt, sizeof(struct bpf_link *));
	if (probes->links)
		return probes;
	free(probes);
	return NULL;
}

static int probes__one_program(struct probes **out, const struct bpf_program *program,
			       const struct probes_target *target)
{
	struct probes *probes = probes__alloc(target);
	int err;

	if (!probes)
		return -ENOMEM;
	err = attach(probes, program, target, false);
	if (err) {
		probes__free(probes);
		return err;
	}
	*out = probes;
	return 0;
}

static int probes__pairs(struct probes **out, struct otel_ebpf *skel,
			 const struct probes_target *target)
{
	struct probes *probes = probes__alloc(target);
	int err;

	if (!probes)
		return -ENOMEM;
	/* returns first, so that no entry waits for one that is not there */
	err = attach(probes, skel->progs.function_leave, target, true);
	if (!err)
		err = attach(probes, skel->progs.function_enter, target, false);
	if (err) {
		probes__free(probes);
		return err;
	}
	*out = probes;
	return 0;
}

int probes__new(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target)
{
	if (bpf_program__autoload(skel->progs.function_call))
		return probes__one_program(out, skel->progs.function_call, target);
	return probes__pairs(out, skel, target);
}

int probes__usdt(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target)
{
	return probes__one_program(out, skel->progs.usdt_hit, target);
}

int probes__watch(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target)
{
	return probes__one_program(out, skel->progs.library_mapped, target);
}

int probes__python(struct probes **out, struct otel_ebpf *skel, const struct probes_target *target,
		   enum probes_python what)
{
	const struct bpf_program *programs[] = {
		[PYTHON_CALLS] = skel->progs.python_enter,
		[PYTHON_SENDS] = skel->progs.python_resume,
		[PYTHON_ENDS] = skel->progs.python_end,
		[PYTHON_MOMENTS] = skel->progs.python_moment,
		[PYTHON_BACK] = skel->progs.python_back,
	};

	return probes__one_program(out, programs[what], target);
}

void probes__free(struct probes *probes)
{
	if (!probes)
		return;
	/* entries first, the other way round than attaching: what has entered may still return */
	while (probes->fd_cnt)
		close(probes->fds[--probes->fd_cnt]);
	while (probes->link_cnt)
		bpf_link__destroy(probes->links[--probes->link_cnt]);
	free(probes->links);
	free(probes);
}
