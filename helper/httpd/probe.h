/* SPDX-License-Identifier: Apache-2.0 */
/* The running httpd: its answer to the probe of mod_apphost, and its parent process. */
#ifndef APHD_HTTPD_PROBE_H
#define APHD_HTTPD_PROBE_H

#include "helper/httpd/httpd.h"

/* The JSON of the answer. 0 when it is not one. Pure. */
int aphd_probe_read(aphd_probe_t *probe, const char *json, size_t length, apr_pool_t *p);

/* The pid in httpd's pid file while such a process is there; 0 otherwise. */
int aphd_probe_pid_file(const char *path);

/* Milliseconds of a clock that only goes forward, also over a sleep of the machine. */
int64_t aphd_probe_now(void);

#endif
