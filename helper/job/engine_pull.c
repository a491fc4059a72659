/* SPDX-License-Identifier: Apache-2.0 */
/* Pulling an image: one long answer of JSON lines, in which errors stand although the status is
 * 200. */
#include "helper/job/engine_images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_time.h>

#include "helper/job/lines.h"
#include "helper/job/pull_progress.h"

#define QUIET_SECONDS 300 /* extracting a large layer on a slow disk says nothing for a while */
#define REPORT_EVERY  apr_time_from_msec(200)

typedef struct pulling_t {
    aphd_lines_t lines;
    aphd_pull_progress_t progress;
    const aphd_report_t *report;
    const char *ref;
    const char *text;
    apr_time_t reported;
    char said[512]; /* the error in the stream */
} pulling_t;

static int says(const char *said, const char *const *words)
{
    for (; *words != NULL; words++)
        if (strcasestr(said, *words) != NULL)
            return 1;
    return 0;
}

apr_status_t aphd_image_explain(const char *ref, const char *said, aph_error_t *err)
{
    static const char *const full[] = {"no space left on device", "disk quota exceeded", NULL};
    static const char *const denied[] = {"unauthorized", "authentication required",
                                         "no basic auth", "403 forbidden", NULL};
    static const char *const absent[] = {"manifest unknown", "manifest for", "not found",
                                         "repository does not exist", "name unknown",
                                         "access to the resource is denied", NULL};
    static const char *const away[] = {"connection refused", "no such host", "i/o timeout",
                                       "no route to host", "network is unreachable", "tls",
                                       "deadline exceeded", "server misbehaving", "eof",
                                       "http response to https", "x509", "connection reset",
                                       "canceled while waiting", "Client.Timeout", NULL};
    static const char *const busy[] = {"toomanyrequests", "rate limit", NULL};
    if (says(said, full))
        return aph_error_set(err, APH_ENOSPACE, 1055, "image %s does not fit on the engine's disk; "
                             "free some space (docker image prune) and try again", ref);
    if (says(said, busy))
        return aph_error_set(err, APH_EIMAGE, 1056, "the registry of image %s allows no more pulls "
                             "for now (%s); try again later", ref, said);
    if (says(said, denied))
        return aph_error_set(err, APH_EIMAGE, 1057, "the registry refuses image %s without a login "
                             "(%s); use a public image", ref, said);
    if (says(said, absent))
        return aph_error_set(err, APH_EIMAGE, 1058, "there is no image %s (%s); check its name and "
                             "tag in the script", ref, said);
    if (says(said, away))
        return aph_error_set(err, APH_EIMAGE, 1059, "the registry of image %s cannot be reached "
                             "(%s); check the network and try again", ref, said);
    return aph_error_set(err, APH_EIMAGE, 1060, "image %s cannot be pulled: %s; ask the "
                         "registry's operator, or try again later", ref, said);
}

static apr_status_t line_cb(void *baton, char *line, size_t length)
{
    pulling_t *pulling = baton;
    json_auto_t *object = json_loadb(line, length, 0, NULL);
    const char *error = json_string_value(json_object_get(object, "error"));
    if (error != NULL)
        snprintf(pulling->said, sizeof pulling->said, "%s", error);
    if (!aphd_pull_progress_take(&pulling->progress, object))
        return APR_SUCCESS;
    apr_time_t now = apr_time_now();
    int whole = pulling->progress.done == pulling->progress.total;
    if (!whole && now - pulling->reported < REPORT_EVERY)
        return APR_SUCCESS;
    pulling->reported = now;
    aphd_progress_t progress = {"images", pulling->text, pulling->progress.done,
                                pulling->progress.total,
                                pulling->progress.by_layers ? "layers" : "bytes"};
    aphd_report_progress(pulling->report, &progress);
    return APR_SUCCESS;
}

static apr_status_t octets_cb(void *baton, const char *octets, size_t length)
{
    return aphd_lines_feed(&((pulling_t *)baton)->lines, octets, length);
}

apr_status_t aphd_image_pull(aphd_engine_t *engine, const char *ref, const aphd_report_t *report,
                             apr_pool_t *p, aph_error_t *err)
{
    const char *name, *tag;
    aphd_image_split(ref, &name, &tag, p);
    pulling_t *pulling = apr_pcalloc(p, sizeof *pulling);
    pulling->report = report;
    pulling->progress.by_layers = aphd_engine_facts(engine)->tells_layers;
    pulling->ref = ref;
    pulling->text = apr_pstrcat(p, "pulling ", ref, NULL);
    aphd_lines_init(&pulling->lines, line_cb, pulling);
    aphd_call_t call = {
        .method = "POST", .quiet_seconds = QUIET_SECONDS, .octets_cb = octets_cb, .baton = pulling,
        .path = apr_pstrcat(p, "/images/create?fromImage=", aphd_engine_escape(engine, name, p),
                            "&tag=", aphd_engine_escape(engine, tag, p), NULL),
    };
    aphd_answer_t answer;
    apr_status_t status = aphd_engine_call(engine, &call, &answer, err);
    if (status == APR_SUCCESS)
        aphd_lines_finish(&pulling->lines);
    if (status == APR_SUCCESS && answer.status >= 400)
        status = aphd_image_explain(ref, answer.message, err);
    else if (status == APR_SUCCESS && pulling->said[0] != '\0')
        status = aphd_image_explain(ref, pulling->said, err);
    aphd_answer_clear(&answer);
    aphd_lines_clear(&pulling->lines);
    return status;
}
