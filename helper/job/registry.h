/* SPDX-License-Identifier: Apache-2.0 */
/* What registries say of images that are not here yet: the digest a reference names, the layers
 * behind it with their sizes, and what their configuration says of users.
 *
 * All images are asked for at once and within one time. A registry that says nothing, or nonsense, is
 * no error: what it did not say stays unknown, and a note says why. Every answer is read by
 * apphost-read; what came under a digest is held against it. Tokens are asked for without a
 * password: images that need a login are unknown here, whatever the engine knows. */
#ifndef APHD_REGISTRY_H
#define APHD_REGISTRY_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/job/halt.h"
#include "helper/job/registry_name.h"

#define APHD_REGISTRY_MS 8000 /* for all images together */

typedef struct aphd_registry_image_t {
    const char *ref;
    const char *full;   /* the whole name, where Podman told it; or NULL */
    const char *digest; /* "sha256:..." of what the reference names now; NULL: unknown */
    json_t *layers;     /* [{"digest":S,"size":N}...], compressed; NULL: unknown */
    json_t *config;     /* {"user","puid","pgid","diff_ids"}; NULL: unknown */
    const char *note;   /* why something is unknown; NULL. Both strings live in p */
} aphd_registry_image_t;

/* Fills in what becomes known; only halt is an error. Free with aphd_registry_clear. */
apr_status_t aphd_registry_ask(const aphd_registry_site_t *site, aphd_registry_image_t *images,
                               size_t count, const aphd_halt_t *halt, apr_pool_t *p,
                               aph_error_t *err);
void aphd_registry_clear(aphd_registry_image_t *images, size_t count);

#endif
