// SPDX-License-Identifier: Apache-2.0
/*
 * Diagnostics on stderr, one line each: "otel-ebpf: conn: cannot attach ssl to pid 7: Permission
 * denied". Lower case, no full stop. Telemetry never passes here. Control characters in a message
 * are written as \xNN, so that text of a traced process cannot forge lines or steer a terminal.
 */
#ifndef LOG_H
#define LOG_H

#include "base/types.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* The only state of the program that is global. Default LOG_INFO. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

void log_print(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_print(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_print(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_print(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_print(LOG_DEBUG, __VA_ARGS__)

#endif
