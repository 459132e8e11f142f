// SPDX-License-Identifier: Apache-2.0
/* What a recording holds of functions and USDT probes: what their numbers stand for. */
#include <stdio.h>

#include "app.h"
#include "model/function_text.h"

void app__record_function(struct app *app, const char *what, u32 number,
			  const struct function *function)
{
	struct buf text __cleanup(buf__free) = {0};
	char key[32];

	snprintf(key, sizeof(key), "%s/%u", what, number);
	function_print(&text, function);
	if (app->recorder)
		recorder__fact(app->recorder, key, buf__view(&text));
}

struct function *app__replay_function(struct app *app, struct arena *mem, const char *what,
				      u32 number)
{
	struct buf text __cleanup(buf__free) = {0};
	struct function *function;
	char key[32];

	snprintf(key, sizeof(key), "%s/%u", what, number);
	if (app->facts(app->facts_owner, key, &text))
		return NULL;
	function = arena__alloc(mem, sizeof(*function));
	return function && !function_parse(buf__view(&text), mem, function) ? function : NULL;
}
