// SPDX-License-Identifier: Apache-2.0
/* USDT probes, wired: which are attached in whom (probe/usdt_probes.h); what they tell goes the way
 * of calls of functions (app_functions.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "base/log.h"
#include "probe/usdt_probes.h"

struct app_usdt {
	struct usdt_spec specs[CONFIG_TEXTS_MAX];
	struct usdt_probes *table; /* NULL in a replay */
	/* of a replay: what the recording's numbers stand for */
	struct function *replayed[USDT_PROBES_LIMIT];
	u32 replayed_cnt;
	struct arena mem;
};

static int on_describe(void *owner, u32 number, const struct function *function)
{
	app__record_function(owner, "usdt", number - FUNCTION_USDT, function);
	return 0;
}

static int on_describe_site(void *owner, u32 number, const struct usdt_site *site)
{
	return live__describe_usdt(((struct app *)owner)->live, number, site);
}

static int on_attach(void *owner, void **out, const char *path, u32 tgid,
		     const struct usdt_place *places, u32 cnt)
{
	struct probe_site *sites = calloc(cnt, sizeof(*sites));
	const struct probes_target target = {path, tgid, sites, cnt};
	struct app *app = owner;
	struct probes *probes;
	int err = sites ? 0 : -ENOMEM;

	for (u32 i = 0; !err && i < cnt; i++)
		sites[i] = (struct probe_site){
			.offset = places[i].offset,
			.cookie = places[i].number,
			.semaphore = places[i].semaphore,
		};
	if (!err)
		err = live__probe_usdt(app->live, &probes, &target);
	if (!err)
		*out = probes;
	free(sites);
	return err;
}

static void on_detach(void *owner, void *probes)
{
	(void)owner;
	probes__free(probes);
}

static int parse_specs(const struct config_texts *texts, struct usdt_spec *specs)
{
	for (u32 i = 0; i < texts->cnt; i++) {
		const char *why;

		if (usdt_spec_parse(str_from(texts->v[i]), &specs[i], &why)) {
			log_error("--usdt %s: %s", texts->v[i], why);
			return -EINVAL;
		}
	}
	return 0;
}

int app__usdt_new(struct app *app)
{
	struct usdt_probes_env env = {
		.spec_cnt = app->config.usdt.cnt,
		.owner = app,
		.describe = on_describe,
		.describe_site = on_describe_site,
		.attach = on_attach,
		.detach = on_detach,
	};
	bool live = !app->config.replay_path;
	int err;

	if (live && !env.spec_cnt)
		return 0;
	app->usdt = calloc(1, sizeof(*app->usdt));
	if (!app->usdt || !live)
		return app->usdt ? 0 : -ENOMEM;
	env.specs = app->usdt->specs;
	err = parse_specs(&app->config.usdt, app->usdt->specs);
	return err ? err : usdt_probes__new(&app->usdt->table, &env);
}

void app__usdt_free(struct app *app)
{
	if (!app->usdt)
		return;
	usdt_probes__free(app->usdt->table);
	arena__free(&app->usdt->mem);
	free(app->usdt);
}

u32 app__usdt_look(struct app *app, u32 tgid)
{
	u32 n = usdt_probes__look(app->usdt->table, tgid);

	if (n)
		log_info("%u places of USDT probes of pid %u are probed", n, tgid);
	return n;
}

void app__usdt_exit(struct app *app, u32 tgid)
{
	if (app->usdt && app->usdt->table)
		usdt_probes__exit(app->usdt->table, tgid);
}

void app__usdt_recall(struct app *app)
{
	struct app_usdt *usdt = app->usdt;
	struct function *function;

	while (usdt && usdt->replayed_cnt < USDT_PROBES_LIMIT) {
		function = app__replay_function(app, &usdt->mem, "usdt", usdt->replayed_cnt);
		if (!function)
			break;
		usdt->replayed[usdt->replayed_cnt++] = function;
	}
}

const struct function *app__usdt_function(const struct app *app, u32 number)
{
	const struct app_usdt *usdt = app->usdt;

	if (!usdt)
		return NULL;
	if (usdt->table)
		return usdt_probes__get(usdt->table, number);
	number -= FUNCTION_USDT;
	return number < usdt->replayed_cnt ? usdt->replayed[number] : NULL;
}
