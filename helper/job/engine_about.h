/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of engine it is, as far as plans need to know. */
#ifndef APHD_ENGINE_ABOUT_H
#define APHD_ENGINE_ABOUT_H

#include "helper/job/engine.h"

typedef struct aphd_engine_about_t {
    json_t *info;             /* /info; owned */
    const char *architecture; /* as images call it: "amd64" */
    const char *variant;      /* "v7"; "" where there is none */
    const char *root;         /* its data root, or NULL */
    int remapped;             /* users inside containers are others outside */
} aphd_engine_about_t;

/* Strings live in p, info until aphd_engine_about_clear. */
apr_status_t aphd_engine_about(aphd_engine_t *engine, aphd_engine_about_t *about, apr_pool_t *p,
                               aph_error_t *err);
void aphd_engine_about_clear(aphd_engine_about_t *about);

/* What images call the machine that /info calls name ("x86_64", "armv7l"). Pure. */
void aphd_engine_machine(const char *name, const char **architecture, const char **variant);

/* Of each image of the engine its layers' diff_ids: new array of arrays of strings. An image that
 * goes away meanwhile is left out. */
apr_status_t aphd_engine_chains(aphd_engine_t *engine, json_t **chains, apr_pool_t *p,
                                aph_error_t *err);

/* The whole name of an image the engine does not have, where its refusal tells (Podman); NULL. */
apr_status_t aphd_engine_full_name(aphd_engine_t *engine, const char *ref, const char **full,
                                   apr_pool_t *p, aph_error_t *err);

#endif
