/* SPDX-License-Identifier: Apache-2.0 */
/* One image goes through these steps, each one request:
 *   manifest  what the reference names: an index, or a manifest
 *   platform  of an index, the manifest for this machine
 *   config    the configuration the manifest names
 * and at any of them once to the place where tokens come from. */
#include "helper/job/registry.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>
#include <sodium.h>

#include "helper/job/registry_fetch.h"
#include "helper/read/reader.h"

#define READ_MS    2000
#define TOKEN_MAX  16384
#define WHAT_COMES \
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " \
    "application/vnd.docker.distribution.manifest.list.v2+json, " \
    "application/vnd.docker.distribution.manifest.v2+json"

typedef enum asking_step_t { MANIFEST, PLATFORM, CONFIG, END } asking_step_t;

typedef struct asking_t {
    const aphd_registry_site_t *site;
    aphd_registry_image_t *image;
    aphd_registry_name_t name;
    aphd_fetches_t *fetches;
    aphd_fetch_t *fetch;
    aphd_fetch_home_t home;
    asking_step_t step;
    int base;
    int token_asked;    /* at most once for each place */
    int at_realm;       /* the request under way is for a token */
    const char *token;
    const char *realm;  /* with its query */
    const char *wanted; /* the digest of what this step asks for; NULL: any */
    apr_time_t until;
    apr_pool_t *p;
} asking_t;

/* --- ends ---------------------------------------------------------------------------------- */

/* why says what the registry ("it") did. What the configuration would have told is not missed. */
static void note(asking_t *asking, const char *why)
{
    if (asking->step != CONFIG && asking->image->note == NULL)
        asking->image->note = strncmp(why, "it ", 3) == 0
            ? apr_pstrcat(asking->p, "the registry ", asking->name.domain, why + 2, NULL)
            : apr_pstrcat(asking->p, "the registry ", asking->name.domain, ": ", why, NULL);
    asking->step = END;
}

static void begin(asking_t *asking);

/* What a name leads to may be no registry: the next place that may serve it is tried. */
static void next_base(asking_t *asking, const char *why)
{
    int last = asking->base + 1 >= APHD_REGISTRY_BASES_MAX
            || asking->name.bases[asking->base + 1] == NULL;
    if (asking->step != MANIFEST || last) {
        note(asking, why);
        return;
    }
    asking->base++;
    asking->token_asked = asking->at_realm = 0;
    asking->token = NULL;
    begin(asking);
}

/* --- requests ------------------------------------------------------------------------------ */

static int left_ms(const asking_t *asking)
{
    apr_time_t left = asking->until - apr_time_now();
    return left > 0 ? (int)apr_time_as_msec(left) : 0;
}

static const char *url_of(const asking_t *asking)
{
    const char *what = asking->wanted != NULL ? asking->wanted : asking->name.tag;
    if (asking->at_realm)
        return asking->realm;
    return apr_pstrcat(asking->p, asking->name.bases[asking->base], "/v2/", asking->name.path,
                       asking->step == CONFIG ? "/blobs/" : "/manifests/", what, NULL);
}

static void begin(asking_t *asking)
{
    aph_error_t why = APH_ERROR_INIT;
    if (left_ms(asking) == 0) {
        note(asking, "it did not answer in time");
        return;
    }
    if (asking->step == MANIFEST && !asking->at_realm && !asking->token_asked)
        asking->home = (aphd_fetch_home_t){
            .named_loopback = aphd_registry_on_loopback(asking->name.bases[asking->base])};
    aphd_fetch_spec_t spec = {
        .url = url_of(asking), .token = asking->at_realm ? NULL : asking->token,
        .accept = asking->at_realm || asking->step == CONFIG ? NULL : WHAT_COMES,
        .home = &asking->home, .sent_on = asking->at_realm, .milliseconds = left_ms(asking),
    };
    if (aphd_fetch_begin(asking->fetches, &spec, &asking->fetch, &why) != APR_SUCCESS)
        note(asking, why.message);
}

/* --- what came ----------------------------------------------------------------------------- */

/* Hands a text to apphost-read; what comes back is data of a process that saw foreign text, and is
 * held against what may be in it before it is used. */
static json_t *read_text(asking_t *asking, aphd_reader_kind_t kind, const char *text, size_t length)
{
    aph_error_t why = APH_ERROR_INIT;
    json_t *normal = NULL;
    int left = left_ms(asking);
    aphd_reading_t reading = {.kind = kind,
                              .text = text,
                              .length = length,
                              .milliseconds = left < READ_MS ? left : READ_MS};
    if (left == 0 || aphd_reader_run_within(&reading, &normal, &why) != APR_SUCCESS) {
        note(asking, left == 0 ? "it did not answer in time"
                               : apr_psprintf(asking->p, "its answer is not understood: %.200s",
                                              why.message));
        return NULL;
    }
    return normal;
}

static const char *digest_of(const aphd_fetched_t *fetched, apr_pool_t *p)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    char text[2 * sizeof hash + 1];
    crypto_hash_sha256(hash, (const unsigned char *)fetched->body, fetched->length);
    sodium_bin2hex(text, sizeof text, hash, sizeof hash);
    return apr_pstrcat(p, "sha256:", text, NULL);
}

static int is_manifest_type(const char *type)
{
    static const char *const known[] = {
        "application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json", "application/json",
        "application/vnd.docker.distribution.manifest.v1+json", /* said to be old when it is read */
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(type, known[i]) == 0)
            return 1;
    return 0;
}

static int are_layers(const json_t *layers)
{
    size_t i;
    json_t *layer;
    json_array_foreach((json_t *)layers, i, layer) {
        json_int_t size = json_integer_value(json_object_get(layer, "size"));
        if (!aphd_registry_is_digest(json_string_value(json_object_get(layer, "digest")))
            || size < 0 || size > (1LL << 50))
            return 0;
    }
    return json_is_array(layers) && json_array_size(layers) <= 512;
}

static void go_on(asking_t *asking, asking_step_t step, const char *wanted)
{
    asking->step = step;
    asking->wanted = apr_pstrdup(asking->p, wanted);
    begin(asking);
}

static void take_manifest(asking_t *asking, const json_t *normal)
{
    const json_t *index = json_object_get(normal, "index");
    const json_t *layers = json_object_get(normal, "layers");
    const char *config = json_string_value(
        json_object_get(json_object_get(normal, "config"), "digest"));
    if (json_is_array(index) && asking->step == MANIFEST) {
        const char *digest = aphd_registry_pick(index, asking->site);
        if (digest != NULL)
            go_on(asking, PLATFORM, digest);
        else
            note(asking, apr_psprintf(asking->p, "it has no image for this machine (linux/%s)",
                                      asking->site->architecture));
    } else if (are_layers(layers) && aphd_registry_is_digest(config)) {
        asking->image->layers = json_deep_copy(layers);
        go_on(asking, CONFIG, config);
    } else {
        note(asking, "its index names another index");
    }
}

static void take_config(asking_t *asking, json_t *normal)
{
    size_t i;
    json_t *id;
    json_array_foreach(json_object_get(normal, "diff_ids"), i, id)
        if (!aphd_registry_is_digest(json_string_value(id)))
            return;
    if (json_is_string(json_object_get(normal, "user")))
        asking->image->config = json_incref(normal);
}

/* A text that belongs to a digest must be that text. */
static int is_whole(asking_t *asking, const aphd_fetched_t *fetched)
{
    const char *digest = digest_of(fetched, asking->p);
    const char *wanted = asking->wanted;
    if (wanted == NULL && asking->name.pinned)
        wanted = asking->name.tag;
    if (wanted == NULL && fetched->digest[0] != '\0')
        wanted = fetched->digest;
    if (wanted != NULL && strcmp(wanted, digest) != 0)
        return 0;
    if (asking->step == MANIFEST)
        asking->image->digest = digest;
    return 1;
}

static void take_body(asking_t *asking, const aphd_fetched_t *fetched)
{
    aphd_reader_kind_t kind = asking->step == CONFIG ? APHD_READ_IMAGE : APHD_READ_MANIFEST;
    if (kind == APHD_READ_MANIFEST && !is_manifest_type(fetched->type)) {
        next_base(asking, apr_psprintf(asking->p, "it answers with %.80s, which is no manifest",
                                       fetched->type[0] != '\0' ? fetched->type : "no type"));
        return;
    }
    if (!is_whole(asking, fetched)) {
        note(asking, "what it gave is not what its digest says");
        return;
    }
    json_auto_t *normal = read_text(asking, kind, fetched->body, fetched->length);
    if (normal == NULL)
        return;
    if (kind == APHD_READ_MANIFEST) {
        take_manifest(asking, normal);
        return;
    }
    take_config(asking, normal);
    asking->step = END;
}

/* --- tokens -------------------------------------------------------------------------------- */

/* Only what we want to do is asked for, whatever the registry would give. */
static void ask_for_token(asking_t *asking, const aphd_fetched_t *fetched)
{
    json_auto_t *normal = read_text(asking, APHD_READ_CHALLENGE, fetched->challenge,
                                    strlen(fetched->challenge));
    if (normal == NULL)
        return;
    const char *realm = json_string_value(json_object_get(normal, "realm"));
    const char *service = json_string_value(json_object_get(normal, "service"));
    if (realm == NULL
        || !aphd_registry_realm_fits(realm, asking->name.bases[asking->base])) {
        note(asking, "it sends for a token to a place without https");
        return;
    }
    asking->realm = apr_pstrcat(asking->p, realm, strchr(realm, '?') != NULL ? "&" : "?",
                                service != NULL && service[0] != '\0' ? "service=" : "",
                                service != NULL ? aphd_fetch_escape(service, asking->p) : "",
                                service != NULL && service[0] != '\0' ? "&" : "",
                                "scope=", aphd_fetch_escape(apr_pstrcat(asking->p, "repository:",
                                    asking->name.path, ":pull", NULL), asking->p), NULL);
    asking->at_realm = asking->token_asked = 1;
    begin(asking);
}

static void take_token(asking_t *asking, const aphd_fetched_t *fetched)
{
    if (fetched->status != 200) {
        note(asking, fetched->status == 0
                         ? apr_psprintf(asking->p, "the place it sends to for a token: %s",
                                        fetched->why)
                         : apr_psprintf(asking->p, "it gives no token without a login (%ld)",
                                        fetched->status));
        return;
    }
    json_auto_t *normal = read_text(asking, APHD_READ_TOKEN, fetched->body, fetched->length);
    if (normal == NULL)
        return;
    const char *token = json_string_value(json_object_get(normal, "token"));
    for (const char *at = token; at != NULL && *at != '\0'; at++)
        if (*at <= ' ' || *at > '~' || at - token >= TOKEN_MAX)
            token = NULL;
    if (token == NULL) {
        note(asking, "its token is none");
        return;
    }
    asking->token = apr_pstrdup(asking->p, token);
    asking->at_realm = 0;
    begin(asking);
}

/* --- the turn of one image ----------------------------------------------------------------- */

static void take_refusal(asking_t *asking, long status)
{
    if (status == 401 || status == 403)
        note(asking, "it does not show this image without a login");
    else if (status == 404)
        next_base(asking, "it does not know this image");
    else if (status == 429)
        note(asking, "it allows no more requests for now");
    else
        next_base(asking, apr_psprintf(asking->p, "it answered with status %ld", status));
}

static void take_answer(asking_t *asking)
{
    aphd_fetched_t fetched;
    aphd_fetch_t *fetch = asking->fetch;
    asking->fetch = NULL;
    aphd_fetch_result(fetch, &fetched);
    if (asking->at_realm)
        take_token(asking, &fetched);
    else if (fetched.status == 0)
        next_base(asking, fetched.why);
    else if (fetched.status == 401 && !asking->token_asked && fetched.challenge[0] != '\0')
        ask_for_token(asking, &fetched);
    else if (fetched.status == 200)
        take_body(asking, &fetched);
    else
        take_refusal(asking, fetched.status);
    aphd_fetch_end(fetch);
}

static void first(asking_t *asking, const char *full)
{
    aph_error_t why = APH_ERROR_INIT;
    if (aphd_registry_name(asking->image->ref, full, asking->site, &asking->name, asking->p, &why)
        == APR_SUCCESS)
        begin(asking);
    else
        asking->image->note = apr_pstrdup(asking->p, why.message);
}

/* Nonzero while anything is under way. */
static int take_turn(asking_t *askings, size_t count)
{
    int open = 0;
    for (size_t i = 0; i < count; i++) {
        if (askings[i].fetch != NULL && aphd_fetch_done(askings[i].fetch))
            take_answer(&askings[i]);
        open = open || askings[i].fetch != NULL;
    }
    return open;
}

apr_status_t aphd_registry_ask(const aphd_registry_site_t *site, aphd_registry_image_t *images,
                               size_t count, const aphd_halt_t *halt, apr_pool_t *p,
                               aph_error_t *err)
{
    asking_t *askings = apr_pcalloc(p, (count + 1) * sizeof *askings);
    aphd_fetches_t *fetches;
    apr_status_t status = aphd_fetches_open(&fetches, halt, p, err);
    if (status != APR_SUCCESS)
        return status;
    apr_time_t until = apr_time_now() + apr_time_from_msec(APHD_REGISTRY_MS);
    for (size_t i = 0; i < count; i++) {
        askings[i] = (asking_t){.site = site, .image = &images[i], .fetches = fetches,
                                .until = until, .p = p};
        first(&askings[i], images[i].full);
    }
    while (status == APR_SUCCESS && take_turn(askings, count))
        status = aphd_fetches_pump(fetches, 500, err);
    for (size_t i = 0; i < count; i++)
        aphd_fetch_end(askings[i].fetch);
    return status;
}

void aphd_registry_clear(aphd_registry_image_t *images, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_decref(images[i].layers);
        json_decref(images[i].config);
        images[i].layers = images[i].config = NULL;
    }
}
