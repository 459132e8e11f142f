// SPDX-License-Identifier: Apache-2.0
/* The daemon fed from a recording: recorded time drives its ticks, recorded facts answer its
 * questions. */
#include <errno.h>
#include <string.h>

#include "app.h"
#include "base/log.h"

static void settle(struct app *app, const char *key, const char **value, struct buf *text)
{
	if (replay_fact(app->replay, key, text) || *value)
		return;
	buf__char(text, '\0');
	*value = text->p;
}

int app__run_replay(struct app *app)
{
	static const struct replay_ops ops = {app_on_record,  app_on_counts, app_on_tick,
					      app_on_process, app_on_left,   app_on_ending};
	struct buf name __cleanup(buf__free) = {0}, attributes __cleanup(buf__free) = {0};
	struct recording_head head;
	int err = replay__new(&app->replay, app->config.replay_path, &head);

	if (err) {
		log_error("cannot replay %s: %s", app->config.replay_path,
			  err == -EBADMSG ? "not a recording of this version" : strerror(-err));
		return err;
	}
	signal(SIGPIPE, SIG_IGN);
	app->clock_offset = head.clock_offset;
	app->config.capture_head = head.capture_head;
	rng__seed(&app->rng, head.seed);
	app->facts = replay_fact;
	app->facts_owner = app->replay;
	settle(app, "env/OTEL_SERVICE_NAME", &app->config.service_name, &name);
	settle(app, "env/OTEL_RESOURCE_ATTRIBUTES", &app->config.resource_attributes, &attributes);
	err = app__build(app);
	if (err)
		return err;
	err = replay__run(app->replay, &ops, app);
	if (err)
		log_error("the recording breaks off: %s", strerror(-err));
	app__finish(app, -1, loop_now());
	return err;
}
