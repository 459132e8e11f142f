// SPDX-License-Identifier: Apache-2.0
#include "capture/python_probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "capture/probes.h"
#include "capture/python_layout.h"
#include "event.h"
#include "otel_ebpf.skel.h"

/* What calls return to. */
struct place {
	u64 address;
	struct probes *probes;
};

struct python_probes {
	struct otel_ebpf *skel; /* borrowed */
	struct probes *calls, *sends, *ends, *moments;
	struct place places[PYTHON_PLACES_MAX];
	u32 place_cnt;
	u64 cookie; /* on_python_call()'s */
	struct python_process process;
};

int python_probes_prepare(struct otel_ebpf *skel)
{
	const struct python_layout *layout;

	for (u32 i = 0; (layout = python_layout_at(i)); i++)
		if (bpf_map_update_elem(bpf_map__fd(skel->maps.python_layouts), &i, layout,
					BPF_ANY))
			return -errno;
	return 0;
}

static int map_of(const struct python_probes *probes)
{
	return bpf_map__fd(probes->skel->maps.python_processes);
}

/* Tells the kernel side of it. */
static int tell(const struct python_probes *probes)
{
	u32 number = (u32)probes->cookie;

	return bpf_map_update_elem(map_of(probes), &number, &probes->process, BPF_ANY) ? -errno : 0;
}

static int attach(struct python_probes *probes, const struct python_sites *sites,
		  const u64 *offsets, enum probes_python what)
{
	struct probes **const places[] = {
		[PYTHON_CALLS] = &probes->calls,
		[PYTHON_SENDS] = &probes->sends,
		[PYTHON_ENDS] = &probes->ends,
		[PYTHON_MOMENTS] = &probes->moments,
	};
	struct probe_site list[PYTHON_ENDS_MAX];
	struct probes_target target = {sites->path, sites->tgid, list, 1};

	if (what == PYTHON_ENDS)
		target.cnt = sites->end_cnt;
	for (u32 i = 0; i < target.cnt; i++)
		list[i] = (struct probe_site){.offset = offsets[i], .cookie = probes->cookie};
	if (what == PYTHON_MOMENTS)
		list[0].semaphore = sites->semaphore;
	return probes__python(places[what], probes->skel, &target, what);
}

static int tell_place(const struct python_probes *probes, const struct python_return *at)
{
	const struct python_place place = {at->address, (u32)probes->cookie};
	const u32 stack = sizeof(u64) + at->freed;

	return bpf_map_update_elem(bpf_map__fd(probes->skel->maps.python_places), &place, &stack,
				   BPF_ANY)
		       ? -errno
		       : 0;
}

static int add_place(struct python_probes *probes, u32 tgid, const char *path,
		     const struct python_return *at)
{
	const struct probe_site site = {.offset = at->offset, .cookie = probes->cookie};
	const struct probes_target target = {path, tgid, &site, 1};
	struct place *place = &probes->places[probes->place_cnt];
	int err;

	if (probes->place_cnt == PYTHON_PLACES_MAX)
		return -ENOSPC;
	err = probes__python(&place->probes, probes->skel, &target, PYTHON_BACK);
	if (err)
		return err;
	place->address = at->address;
	probes->place_cnt++;
	return tell_place(probes, at);
}

/* Does one that stands before it in the list lead to the same place? */
static bool is_repeated(const struct python_sites *sites, u32 index)
{
	for (u32 i = 0; i < index; i++)
		if (sites->backs[i].offset == sites->backs[index].offset)
			return true;
	return false;
}

/* What is known from the start need not be met first. */
static int add_places(struct python_probes *probes, const struct python_sites *sites)
{
	int err = 0;

	for (u32 i = 0; i < sites->back_cnt && !err; i++)
		err = is_repeated(sites, i)
			      ? tell_place(probes, &sites->backs[i])
			      : add_place(probes, sites->tgid, sites->path, &sites->backs[i]);
	return err;
}

static int probes_init(struct python_probes *probes, const struct python_sites *sites,
		       const struct python_layout *layout)
{
	int err = tell(probes);

	if (!err)
		err = add_places(probes, sites);
	if (!err)
		err = attach(probes, sites, &sites->calls, PYTHON_CALLS);
	if (!err && sites->sends && layout->generator_code)
		err = attach(probes, sites, &sites->sends, PYTHON_SENDS);
	if (!err && sites->returns && layout->frame_back)
		err = attach(probes, sites, &sites->returns, PYTHON_MOMENTS);
	return err;
}

int python_probes__new(struct python_probes **out, struct otel_ebpf *skel, u32 number,
		       const struct python_sites *sites)
{
	int layout = python_layout_find(sites->minor), err;
	struct python_probes *probes;

	if (layout < 0 || !sites->calls)
		return -ENOTSUP;
	probes = calloc(1, sizeof(*probes));
	if (!probes)
		return -ENOMEM;
	probes->skel = skel;
	probes->cookie = (u64)layout << 32 | number;
	probes->process = (struct python_process){
		.place = sites->place,
		.through = sites->through,
		.offset = sites->offset,
		.counted_by = sites->counted_by,
	};
	err = probes_init(probes, sites, python_layout_at((u32)layout));
	if (err) {
		python_probes__free(probes);
		return err;
	}
	*out = probes;
	return 0;
}

int python_probes__ends(struct python_probes *probes, const struct python_sites *sites)
{
	int err = 0;

	/* no span is opened whose end would not be seen */
	probes->process.ends = false;
	if (!sites)
		err = tell(probes);
	probes__free(probes->ends);
	probes->ends = NULL;
	if (!sites || !sites->end_cnt || err)
		return err;
	err = attach(probes, sites, sites->ends, PYTHON_ENDS);
	probes->process.ends = !err;
	return err ? err : tell(probes);
}

int python_probes__place(struct python_probes *probes, const struct python_place_asked *asked,
			 const char *path, const struct python_return *at)
{
	if (asked->process != (u32)probes->cookie)
		return -ESTALE;
	for (u32 i = 0; i < probes->place_cnt; i++)
		if (probes->places[i].address == at->address)
			return tell_place(probes, at);
	return add_place(probes, asked->tgid, path, at);
}

void python_probes__free(struct python_probes *probes)
{
	u32 number;

	if (!probes)
		return;
	number = (u32)probes->cookie;
	probes__free(probes->calls);
	probes__free(probes->sends);
	probes__free(probes->ends);
	probes__free(probes->moments);
	while (probes->place_cnt)
		probes__free(probes->places[--probes->place_cnt].probes);
	bpf_map_delete_elem(map_of(probes), &number);
	free(probes);
}
