// SPDX-License-Identifier: Apache-2.0
/* What a recording holds of functions and USDT probes: what their numbers stand for. A number that
 * stands for something else from now on is a fact of its own. */
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "model/function_text.h"

static void note(struct app *app, const char *what, u32 place, struct str text)
{
	char key[32];

	snprintf(key, sizeof(key), "%s/%u", what, place);
	if (app->recorder)
		recorder__fact(app->recorder, key, text);
}

static bool recall(struct app *app, const char *what, u32 place, struct buf *text)
{
	char key[32];

	snprintf(key, sizeof(key), "%s/%u", what, place);
	return !app->facts(app->facts_owner, key, text) && !buf__char(text, '\0');
}

void app__record_function(struct app *app, const char *what, u32 place,
			  const struct function *function)
{
	struct buf text __cleanup(buf__free) = {0};

	function_print(&text, function);
	note(app, what, place, buf__view(&text));
}

struct function *app__replay_function(struct app *app, struct arena *mem, const char *what,
				      u32 place)
{
	struct buf text __cleanup(buf__free) = {0};
	struct function *function;
	struct str view;

	if (!recall(app, what, place, &text))
		return NULL;
	view = buf__view(&text);
	function = arena__alloc(mem, sizeof(*function));
	return function && !function_parse(str_sub(view, 0, view.len - 1), mem, function) ? function
											  : NULL;
}

#define NUMBER "function number"

void app__record_number(struct app *app, u32 place, u32 number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	if (number != place)
		note(app, NUMBER, place, str_from(text));
}

u32 app__replay_number(struct app *app, u32 place)
{
	struct buf text __cleanup(buf__free) = {0};

	return recall(app, NUMBER, place, &text) ? (u32)strtoul(buf__view(&text).p, NULL, 10)
						 : place;
}
