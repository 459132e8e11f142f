// SPDX-License-Identifier: Apache-2.0
/*
 * cycles PID GLOB N: sets probes on the functions of a process and takes them away again, N times,
 * with the daemon's own parts but without its start, which takes longer than a hundred cycles. Says
 * how many functions were probed in all.
 */
#include <stdio.h>
#include <stdlib.h>

#include "capture/live.h"
#include "probe/functions.h"

#define SITES_MAX 16

static bool on_record(void *owner, struct str record)
{
	(void)owner;
	(void)record;
	return true;
}

static int on_describe(void *owner, u32 number, const struct function *function)
{
	return live__describe(owner, number, function);
}

static int on_attach(void *owner, void **out, const char *path, u32 tgid,
		     const struct function_site *sites, u32 cnt)
{
	struct probe_site list[SITES_MAX];
	const struct probes_target target = {path, tgid, list, cnt};

	for (u32 i = 0; i < cnt && i < SITES_MAX; i++)
		list[i] = (struct probe_site){.offset = sites[i].offset, .cookie = sites[i].number};
	return cnt > SITES_MAX ? -1 : live__probe(owner, (struct probes **)out, &target);
}

static int on_watch(void *owner, void **out, const char *path, u32 tgid, u64 offset)
{
	const struct probe_site site = {.offset = offset};
	const struct probes_target target = {path, tgid, &site, 1};

	return live__watch(owner, (struct probes **)out, &target);
}

static void on_detach(void *owner, void *probes)
{
	(void)owner;
	probes__free(probes);
}

int main(int argc, char **argv)
{
	const struct live_options options = {.ring_size = 1 << 20, .probes.functions = true};
	struct function_spec_text spec;
	struct functions_env env = {.specs = &spec,
				    .spec_cnt = 1,
				    .describe = on_describe,
				    .attach = on_attach,
				    .watch = on_watch,
				    .detach = on_detach};
	struct functions *functions;
	struct live *live;
	const char *why;
	long sum = 0;
	u32 pid;

	if (argc != 4 || function_spec_parse(str_from(argv[2]), &spec, &why) ||
	    live__new(&live, &options, on_record, NULL))
		return 2;
	env.owner = live;
	pid = (u32)atoi(argv[1]);
	if (functions__new(&functions, &env) || live__trace(live, pid))
		return 2;
	for (int i = atoi(argv[3]); i > 0; i--) {
		sum += functions__process(functions, pid);
		functions__exit(functions, pid);
		live__consume(live);
	}
	functions__free(functions);
	live__free(live);
	printf("%ld\n", sum);
	return 0;
}
