// SPDX-License-Identifier: Apache-2.0
/*
 * struct config: what the user asked for. config/options.c holds the one table of options: flag,
 * environment variable, type, default, help. A flag beats its variable; an empty variable counts as
 * unset (OpenTelemetry specification, configuration/sdk-environment-variables).
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "base/buf.h"

#define CONFIG_PIDS_MAX 256
/* How often one flag of a rule may be given; each holds a list. */
#define CONFIG_TEXTS_MAX 32
/* Rows of the table of options, at most: checked at compile time beside it. */
#define CONFIG_OPTIONS_MAX 160
/* Exporters of one signal, at most. */
#define CONFIG_EXPORTERS_MAX 8

/* What the user said about one option. */
struct config_given {
	const char *text;     /* NULL: nothing; as written, not checked */
	const char *variable; /* the variable that said it, NULL: the flag did */
};

/* A flag that adds up: what it was given, each time. */
struct config_texts {
	const char *v[CONFIG_TEXTS_MAX];
	u32 cnt;
};

/* What a rule looks at; as proc/selection.h takes it. */
enum config_rule { RULE_PORT, RULE_EXE, RULE_NAME, RULE_CGROUP, RULE_PID, RULE_CNT };

/* How OTLP is sent. A signal has what it was not given itself from the general one. */
struct config_otlp {
	const char *endpoint;	 /* as given; NULL: not */
	const char *protocol;	 /* "grpc", "http/protobuf" or "http/json" */
	bool insecure;		 /* where the endpoint names no scheme */
	const char *headers;	 /* as deliver/header_list.h takes them, or NULL */
	const char *compression; /* "none", "gzip" or "deflate" */
	u64 timeout;		 /* ms, 0: none */
	const char *certificate; /* files in PEM, or NULL */
	const char *client_key, *client_certificate;
};

/* Times in ms. */
struct config_batch {
	u64 schedule_delay, export_timeout;
	u64 max_queue_size, max_export_batch_size; /* at least 1 */
};

/* Texts live as long as argv, the environment and the table. */
struct config {
	/* what to trace */
	u32 pids[CONFIG_PIDS_MAX]; /* --pid */
	u32 pid_cnt;
	bool select_all;		       /* --all */
	struct config_texts select[RULE_CNT];  /* --port, --exe, --name, --cgroup */
	struct config_texts exclude[RULE_CNT]; /* --exclude_port ... --exclude_pid */
	struct config_texts routes;	       /* --route, as app_routes.c takes them */
	char **command; /* argv of the command to start, NULL if none; borrowed */
	/* how to capture */
	u64 capture_head;	       /* --capture_head, bytes of a request head, 1024..16384 */
	u64 ring_size;		       /* --ring_size, bytes, a power of two >= 64 KiB */
	bool duplicate;		       /* --duplicate */
	const char *hooks;	       /* --hooks, NULL: choose */
	const char *record_path;       /* --record, NULL if not asked for */
	const char *replay_path;       /* --replay, NULL if not asked for */
	bool check;		       /* --check */
	bool summary;		       /* --summary */
	struct config_texts functions; /* --function, as probe/function_spec.h takes them */
	struct config_texts python_functions; /* --python_functions, as app_python.c takes them */
	struct config_texts usdt;	      /* --usdt, as probe/usdt_probes.h takes them */
	bool slow_probes;		      /* --slow_probes */
	/* --count, --function_route, as probe/function_rules.h takes them */
	struct config_texts counts, function_routes;
	/* what to say */
	const char *traces_exporter;  /* comma list, see config__exporters() */
	const char *metrics_exporter; /* comma list, see config__metrics_exporters() */
	struct config_otlp otlp, otlp_traces, otlp_metrics, otlp_logs;
	const char *elastic_endpoint, *elastic_token; /* NULL if not set */
	struct config_batch bsp, blrp;
	const char *zipkin_endpoint;
	u64 zipkin_timeout;		     /* ms, 0: none */
	u64 metric_export_interval;	     /* ms, at least 1 */
	bool metrics_body_size;		     /* --metrics_body_size */
	bool sdk_internal_metrics;	     /* our own, too */
	u64 metric_export_timeout;	     /* ms, 0: none */
	const char *metrics_exemplar_filter; /* "trace_based", "always_on" or "always_off" */
	const char *otlp_temporality;	     /* "cumulative", "delta" or "lowmemory" */
	const char *otlp_histograms; /* OTLP's histogram aggregation, as the table spells it */
	const char *prometheus_host,
		*prometheus_port;	 /* of /metrics; a name or address, a number */
	const char *service_name;	 /* NULL if not set */
	const char *resource_attributes; /* NULL if not set */
	const char *resource_detectors;	 /* comma list as proc/detectors.h takes it, or NULL */
	const char *sdk_name;		 /* telemetry.sdk.name */
	bool command_args;		 /* process.command_args, too */
	const char *propagators;	 /* as trace/propagators.h takes it */
	const char *traces_sampler, *traces_sampler_arg; /* as trace/sampler.h takes them */
	/* how HTTP is told, each as model/semconv.h and model/excluded_urls.h take it; NULL: not
	 * given */
	const char *semconv_stability_opt_in;
	const char *known_methods;
	bool capture_all_methods;
	const char *capture_request_headers, *capture_response_headers, *sanitize_headers;
	const char *excluded_urls, *flask_excluded_urls;
	/* numbers; as model/limits.h takes them */
	const char *attribute_count_limit, *attribute_value_length_limit;
	const char *span_attribute_count_limit, *span_attribute_value_length_limit;
	const char *span_event_count_limit, *event_attribute_count_limit;
	const char *log_level; /* "debug", "info", "warn", "warning" or "error"; already set */
	const char *disabled_instrumentations; /* NULL if not given */
	bool sdk_disabled;		       /* or all instrumentations are: trace nothing */
	struct config_given given[CONFIG_OPTIONS_MAX]; /* by row of the table */
};

/* An exporter as it was asked for: "file:PATH" has an argument. */
struct config_exporter {
	struct str name;     /* as the table spells it */
	struct str argument; /* empty if it has none */
};

enum config_action { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION };

/*
 * Reads argv and env (NULL-terminated, as environ). Complains on stderr itself. 0, or -EINVAL for
 * what must end the program with status 2. On success *action says what to do.
 */
int config__parse(struct config *config, int argc, char **argv, char **env,
		  enum config_action *action);
/* Says once, on stderr, which options were given that have no effect yet or never will. */
void config__report(const struct config *config);
/*
 * The trace exporters in effect, in the order asked for, each once; 0 for "none". The names are
 * those of export_find().
 */
u32 config__exporters(const struct config *config,
		      struct config_exporter out[CONFIG_EXPORTERS_MAX]);
/* The same of metrics: the names are those of metrics_export_find(). */
u32 config__metrics_exporters(const struct config *config,
			      struct config_exporter out[CONFIG_EXPORTERS_MAX]);
void config__free(struct config *config);
/* Is a rule given that chooses among all processes? */
bool config__selects(const struct config *config);
/* ... or one that leaves some out? */
bool config__excludes(const struct config *config);

/* True if the comma list holds the name; blanks around items and ASCII case do not matter. */
bool config_list_has(const char *list, const char *name);

/* --help, grouped, at most 100 columns, made from the table. */
void config_print_help(struct buf *out);

#endif
