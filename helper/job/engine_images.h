/* SPDX-License-Identifier: Apache-2.0 */
/* Images: found, pulled, given back. */
#ifndef APHD_ENGINE_IMAGES_H
#define APHD_ENGINE_IMAGES_H

#include "helper/job/engine.h"
#include "helper/job/report.h"

typedef struct aphd_image_t {
    const char *id;     /* "sha256:..." of its configuration: what containers are started from */
    const char *digest; /* "registry/name@sha256:..." or NULL: built or loaded here */
    json_int_t size;    /* octets on disk */
    int tagged;         /* it has a name with a tag */
    const char *user;   /* what its configuration says its processes run as; "" for root */
    const char *puid, *pgid; /* of its environment; NULL where it has none */
} aphd_image_t;

/* Looks ref (a reference or an id) up in the engine. APH_ENOTFOUND: not here. Strings live in p. */
apr_status_t aphd_image_find(aphd_engine_t *engine, const char *ref, aphd_image_t *image,
                             apr_pool_t *p, aph_error_t *err);

/* Gives the image of reference or id one more reference, ref: "name:tag". */
apr_status_t aphd_image_tag(aphd_engine_t *engine, const char *image, const char *ref,
                            apr_pool_t *p, aph_error_t *err);

/* Pulls ref and reports octets, or layers where the engine tells no more. APH_EIMAGE tells not
 * found, not authorised, registry out of reach and anything else apart; APH_ENOSPACE is a full
 * disk. Cancelling closes the stream, which ends the engine's pull. */
apr_status_t aphd_image_pull(aphd_engine_t *engine, const char *ref, const aphd_report_t *report,
                             apr_pool_t *p, aph_error_t *err);

/* Takes the reference away, and with the last one the image; where a container or another reference
 * still uses it, it stays. Gone already is success. *kept is nonzero where it stayed. */
apr_status_t aphd_image_drop(aphd_engine_t *engine, const char *ref, int *kept, apr_pool_t *p,
                             aph_error_t *err);

/* The reference split as the engine wants it: *name without tag or digest, *tag the digest, the tag
 * or "latest" (without one the engine would pull every tag there is). Pure. */
void aphd_image_split(const char *ref, const char **name, const char **tag, apr_pool_t *p);

/* What a failed pull means: the engine's own words about ref as one of our errors. Pure. */
apr_status_t aphd_image_explain(const char *ref, const char *said, aph_error_t *err);

#endif
