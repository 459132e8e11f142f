// SPDX-License-Identifier: Apache-2.0
/* struct app: the whole daemon, wired. Everything it wires knows nothing of it. */
#ifndef APP_H
#define APP_H

#include "config/config.h"

/*
 * Runs until told to stop, the command or all traced processes have ended, or the replay is over.
 * mask: the signal mask the program was started with, for the child. Returns the exit status.
 */
int app_run(const struct config *config);
/* --check: prints what this kernel offers. Returns the exit status. */
int app_check(const struct config *config);

#endif
