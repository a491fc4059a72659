/* SPDX-License-Identifier: Apache-2.0 */
/* apphost-doctor: a table of checks (checks.def), each a function that looks at one thing and
 * reports what it finds. It only ever reads: what it says is an answer about the machine, not about
 * itself.
 *
 * A check that finds nothing is "ok" with the sentence of its row. A finding is a warning (works,
 * but will bite) or a fault (something does not work), each with its cause and its cure. A check
 * that cannot look, because another one failed, says so and is counted as neither. */
#ifndef APHD_DOCTOR_H
#define APHD_DOCTOR_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/base/settings.h"

typedef enum aphd_level_t { APHD_OK, APHD_UNCHECKED, APHD_WARNING, APHD_FAULT } aphd_level_t;

/* An app as the database has it. */
typedef struct aphd_patient_t {
    int app_id;
    int port;
    const char *name;
    const char *state;
    const char *allowed; /* rules root overrides for it: "docker-socket, device", or "" */
    unsigned wants_running : 1;
    unsigned web : 1;
    unsigned busy : 1; /* an open job works on it: what is seen now means nothing */
} aphd_patient_t;

typedef struct aphd_doctor_t {
    apr_pool_t *p; /* lives as long as the program */
    const char *config_path;
    json_t *reports;           /* [{"check","verdict","cause","cure"}...] */
    const char *current;       /* name of the check that is running */
    const char *current_cure;  /* its row's cure */
    aphd_settings_t *settings; /* NULL where the configuration cannot be used */
    aphd_patient_t *apps;      /* from the database; NULL where it cannot be read */
    int app_count;
    const char *instance;          /* from the database, or NULL */
    unsigned long long generation; /* of the routes, as the database has it */
    const char *engine_tool;       /* "docker" or "podman"; NULL until it answered */
    json_t *engine_info;           /* its /info; NULL until it answered */
    const char *engine_root;       /* where the engine keeps images; NULL until it answered */
    json_t *containers;            /* all of the engine; NULL until it answered */
} aphd_doctor_t;

typedef struct aphd_check_t {
    const char *name;
    void (*look)(aphd_doctor_t *doctor);
    const char *good; /* what is true when nothing was found */
    const char *cure; /* for a finding that brings none of its own */
} aphd_check_t;

/* The checks in the order they run: later ones use what earlier ones learnt. */
const aphd_check_t *aphd_checks(size_t *count);

/* Runs one check, and adds its row's good sentence where it reported nothing. */
void aphd_check_run(aphd_doctor_t *doctor, const aphd_check_t *check);

/* Reports a finding of the running check; cure NULL means the row's. The sentences have no full
 * stop. */
void aphd_report(aphd_doctor_t *doctor, aphd_level_t level, const char *cure, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* A string in doctor's pool. */
const char *aphd_doctor_text(const aphd_doctor_t *doctor, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

const char *aphd_level_name(aphd_level_t level);

#define APHD_CHECK(name, function, good, cure) void function(aphd_doctor_t *doctor);
#include "helper/doctor/checks.def"
#undef APHD_CHECK

#endif
