// SPDX-License-Identifier: Apache-2.0
#include "capture/live.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "capture/hooks.h"
#include "capture/python_probes.h"
#include "event.h"
#include "otel_ebpf.skel.h"

struct live {
	struct otel_ebpf *skel;
	struct ring_buffer *ring;
	/* bytes since the beginning: the first words of the ring's first and second page */
	const unsigned long *consumed, *produced;
	struct bpf_link *links[HOOKS_MAX];
	struct bpf_link *sweep;
	const struct hook_set *set;
	live_record_fn on_record;
	void *owner;
	u32 pythons; /* numbers given to processes with probes in Python so far */
};

/* libbpf's own words only with OTEL_LOG_LEVEL=debug: they are long, and ours say what to do. */
__attribute__((format(printf, 2, 0))) static int print_libbpf(enum libbpf_print_level level,
							      const char *format, va_list args)
{
	char line[1024];
	size_t len;

	if (level == LIBBPF_DEBUG || log_get_level() < LOG_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), format, args);
	len = strcspn(line, "\n");
	line[len] = '\0';
	log_debug("%s", line);
	return 0;
}

static int on_ring(void *ctx, void *data, size_t size)
{
	struct live *live = ctx;

	return live->on_record(live->owner, (struct str){data, size}) ? 0 : -EAGAIN;
}

static int load(struct live *live, const struct live_options *options, const struct hook_set *set)
{
	u32 programs = set->programs;
	int err;

	live->skel = otel_ebpf__open();
	if (!live->skel)
		return -errno;
	hooks_prepare(live->skel, programs, options);
	err = otel_ebpf__load(live->skel);
	if (!err)
		err = hooks_attach(live->skel, programs & ~set->late, live->links);
	return err;
}

static void unload(struct live *live)
{
	/* receives first, the other way round than attaching */
	for (int i = HOOKS_MAX - 1; i >= 0; i--) {
		bpf_link__destroy(live->links[i]);
		live->links[i] = NULL;
	}
	bpf_link__destroy(live->sweep);
	live->sweep = NULL;
	otel_ebpf__destroy(live->skel);
	live->skel = NULL;
}

/* The set that is forced, or the first that loads and attaches as a whole. */
static int load_any(struct live *live, const struct live_options *options)
{
	const char *forced =
		options->hooks && strcmp(options->hooks, "auto") ? options->hooks : NULL;
	const struct hook_set *set;
	u32 named = hooks_named(), watching = hooks_watching(&options->watch);
	int err = -ENOTSUP;

	if (watching & ~named)
		log_warn("this kernel does not tell of new names or moves between control groups: "
			 "rules are asked at an exec only");

	for (set = hook_sets; set->name; set++) {
		struct hook_set whole = *set;
		u32 needed = set->programs | (watching & named);

		if (forced ? strcmp(forced, set->name) : (set->programs & named) != set->programs)
			continue;
		live->set = set;
		/* with what is optional first; then without */
		for (whole.programs = needed | (set->optional & named);; whole.programs = needed) {
			err = load(live, options, &whole);
			if (!err)
				return 0;
			unload(live);
			if (whole.programs == needed)
				break;
		}
	}
	return err;
}

static int attach_sweep(struct live *live)
{
	union bpf_iter_link_info info = {.map.map_fd = (u32)bpf_map__fd(live->skel->maps.conns)};
	DECLARE_LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info,
			    .link_info_len = sizeof(info));

	live->sweep = bpf_program__attach_iter(live->skel->progs.sweep, &opts);
	return live->sweep ? 0 : -errno;
}

/* Linux, kernel/bpf/ringbuf.c: the consumer's page is the first of the map, the producer's the
 * next. */
static int map_positions(struct live *live, int fd)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const char *pages = mmap(NULL, 2 * page, PROT_READ, MAP_SHARED, fd, 0);

	if (pages == MAP_FAILED)
		return -errno;
	live->consumed = (const unsigned long *)pages;
	live->produced = (const unsigned long *)(pages + page);
	return 0;
}

static void unmap_positions(struct live *live)
{
	if (live->consumed)
		munmap((void *)(uintptr_t)live->consumed, 2 * (size_t)sysconf(_SC_PAGESIZE));
}

static int open_ring(struct live *live, int fd)
{
	live->ring = ring_buffer__new(fd, on_ring, live, NULL);
	return live->ring ? map_positions(live, fd) : -errno;
}

static int live_init(struct live *live, const struct live_options *options)
{
	int err = load_any(live, options);

	if (!err)
		err = attach_sweep(live);
	if (!err && options->probes.python)
		err = python_probes_prepare(live->skel);
	if (err)
		return err;
	return open_ring(live, bpf_map__fd(live->skel->maps.ring));
}

int live__new(struct live **out, const struct live_options *options, live_record_fn on_record,
	      void *owner)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return -ENOMEM;
	live->on_record = on_record;
	live->owner = owner;
	libbpf_set_print(print_libbpf);
	err = live_init(live, options);
	if (err) {
		hooks_explain(err);
		live__free(live);
		return err;
	}
	*out = live;
	return 0;
}

void live__free(struct live *live)
{
	if (!live)
		return;
	ring_buffer__free(live->ring);
	unmap_positions(live);
	unload(live);
	free(live);
}

const char *live__hooks(const struct live *live)
{
	return live->set->name;
}

int live__trace(struct live *live, u32 tgid)
{
	u64 *bitmap = live->skel->bss->traced;

	if (!tgid || tgid / 64 >= ARRAY_SIZE(live->skel->bss->traced))
		return -ERANGE;
	__atomic_fetch_or(&bitmap[tgid / 64], 1ULL << (tgid % 64), __ATOMIC_SEQ_CST);
	return 0;
}

u32 live__asked(const struct live *live, u32 tgid)
{
	return __atomic_load_n(&live->skel->bss->asked[tgid % ARRAY_SIZE(live->skel->bss->asked)],
			       __ATOMIC_SEQ_CST);
}

void live__untrace(struct live *live, u32 tgid, u32 asked)
{
	u64 *word = &live->skel->bss->traced[tgid / 64];
	u64 bit = 1ULL << (tgid % 64);

	if (live__asked(live, tgid) != asked)
		return;
	__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST);
	/* pairs with tell_candidate(): it counts before it sets the bit, here the bit is cleared
	 * before the count is looked at again */
	if (live__asked(live, tgid) != asked)
		__atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST);
}

int live__trace_unix(struct live *live)
{
	u32 *on = &live->skel->bss->control.unix_sends;
	int err;

	if (*on)
		return 0;
	err = hooks_attach(live->skel, live->set->late, live->links);
	if (!err)
		__atomic_store_n(on, 1, __ATOMIC_RELEASE);
	return err;
}

bool live__traces_unix(const struct live *live)
{
	return live->skel->bss->control.unix_sends;
}

int live__describe(struct live *live, u32 number, const struct function *function)
{
	struct function_spec spec = {0};

	for (u32 i = 0; i < FUNCTION_VALUES_MAX; i++) {
		const struct function_value *value = &function->values[i];

		spec.kinds[i] = value->kind == VALUE_NONE   ? CALL_NOTHING
				: value->kind == VALUE_TEXT ? CALL_TEXT
							    : CALL_NUMBER;
		spec.sources[i] = (u8)value->argument;
	}
	if (number >= FUNCTIONS_MAX)
		return -ENOSPC;
	return bpf_map_update_elem(bpf_map__fd(live->skel->maps.functions), &number, &spec,
				   BPF_ANY);
}

_Static_assert(FUNCTION_USDT == CALL_USDT, "numbers of USDT probes");

static struct call_operand operand_of(const struct usdt_arg *arg)
{
	static const u8 kinds[] = {
		[USDT_ARG_UNKNOWN] = OPERAND_NONE,
		[USDT_ARG_VALUE] = OPERAND_VALUE,
		[USDT_ARG_MEMORY] = OPERAND_MEMORY,
	};

	return (struct call_operand){
		.kind = kinds[arg->kind],
		.size = arg->size,
		.is_signed = arg->is_signed,
		.base = arg->base,
		.index = arg->index,
		.shift = arg->shift,
		.text = arg->text,
		.value = arg->value,
	};
}

int live__describe_usdt(struct live *live, u32 number, const struct usdt_site *site)
{
	static const u8 roles[] = {
		[USDT_EVENT] = SITE_EVENT,
		[USDT_BEGIN] = SITE_BEGIN,
		[USDT_END] = SITE_END,
	};
	struct call_site out = {
		.function = site->function,
		.role = roles[site->role],
		.first = site->first,
		.arg_cnt = site->arg_cnt,
	};

	if (number >= USDT_SITES_MAX)
		return -ENOSPC;
	for (u32 i = 0; i < site->arg_cnt; i++)
		out.args[i] = operand_of(&site->args[i]);
	return bpf_map_update_elem(bpf_map__fd(live->skel->maps.usdt_sites), &number, &out,
				   BPF_ANY);
}

int live__probe(struct live *live, struct probes **out, const struct probes_target *target)
{
	return probes__new(out, live->skel, target);
}

int live__probe_usdt(struct live *live, struct probes **out, const struct probes_target *target)
{
	return probes__usdt(out, live->skel, target);
}

int live__watch(struct live *live, struct probes **out, const struct probes_target *target)
{
	return probes__watch(out, live->skel, target);
}

int live__probe_python(struct live *live, struct python_probes **out,
		       const struct python_sites *sites)
{
	return python_probes__new(out, live->skel, ++live->pythons, sites);
}

void live__judge(struct live *live, const struct python_code *code, bool wanted)
{
	const struct python_known known = {code->number, wanted ? PYTHON_WANTED : PYTHON_OTHER};

	bpf_map_update_elem(bpf_map__fd(live->skel->maps.python_codes), code->id.p, &known,
			    BPF_EXIST);
}

void live__stop(struct live *live)
{
	for (int i = HOOKS_MAX - 1; i >= 0; i--) {
		bpf_link__destroy(live->links[i]);
		live->links[i] = NULL;
	}
}

int live__fd(const struct live *live)
{
	return ring_buffer__epoll_fd(live->ring);
}

bool live__consume(struct live *live)
{
	u32 *woken = &live->skel->bss->control.woken;
	u32 before = *woken;
	int n;

	*woken = 0;
	n = ring_buffer__consume(live->ring);
	if (n == -EAGAIN)
		*woken |= before; /* we come again anyway */
	else if (n < 0)
		log_warn("capture: cannot read the ring buffer: %s", strerror(-n));
	return n != -EAGAIN;
}

bool live__fills(const struct live *live)
{
	unsigned long used = __atomic_load_n(live->produced, __ATOMIC_ACQUIRE) - *live->consumed;

	return used > bpf_map__max_entries(live->skel->maps.ring) / 4 * 3;
}

bool live__sweep(struct live *live, bool force)
{
	struct control *control = &live->skel->bss->control;
	char page[256];
	int fd;

	if (!force && !__atomic_exchange_n(&control->activity, 0, __ATOMIC_SEQ_CST))
		return false;
	fd = bpf_iter_create(bpf_link__fd(live->sweep));
	if (fd < 0) {
		log_warn("capture: cannot sweep: %s", strerror(errno));
		return false;
	}
	while (read(fd, page, sizeof(page)) > 0)
		;
	close(fd);
	return true;
}

void live__mute(struct live *live, u64 conn)
{
	u8 one = 1;

	bpf_map_update_elem(bpf_map__fd(live->skel->maps.muted), &conn, &one, BPF_ANY);
	__atomic_fetch_add(&live->skel->bss->control.mute_generation, 1, __ATOMIC_SEQ_CST);
}

void live__want_response_head(struct live *live)
{
	struct control *control = &live->skel->bss->control;

	if (control->response_head < EVENT_BYTES_MAX)
		control->response_head *= 2;
}

void live__want_presence(struct live *live, enum live_presence presence)
{
	static const u32 wanted[] = {
		[LIVE_NEWS_ONLY] = PRESENCE_NONE,
		[LIVE_UNIX] = PRESENCE_UNIX,
		[LIVE_ALL] = PRESENCE_ALL,
	};

	live->skel->bss->control.presence = wanted[presence];
}

/* Runs skipped because the program was already running on that CPU (bpf_prog_info, 5.12). */
static u64 missed_runs(struct live *live)
{
	struct bpf_program *program;
	u64 sum = 0;

	bpf_object__for_each_program(program, live->skel->obj)
	{
		struct bpf_prog_info info = {0};
		u32 len = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

void live__counts(struct live *live, struct capture_counts *counts)
{
	*counts = (struct capture_counts){.missed = missed_runs(live)};
	for (size_t i = 0; i < ARRAY_SIZE(live->skel->bss->cpu_stats); i++) {
		const struct cpu_stats *cpu = &live->skel->bss->cpu_stats[i];

		counts->lost_records += cpu->lost_records;
		counts->lost_begins += cpu->lost_begins;
		counts->faults += cpu->faults;
		counts->no_storage += cpu->no_storage;
		counts->io_uring += cpu->io_uring;
		counts->lost_calls += cpu->lost_calls;
		counts->stray_calls += cpu->stray_calls;
		counts->left_calls += cpu->left_calls;
	}
}
