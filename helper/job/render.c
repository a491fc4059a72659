/* SPDX-License-Identifier: Apache-2.0 */
/* All virtual hosts anew, after a template was edited; and httpd's reload by itself.
 *
 *   1. Every app's virtual host is rendered from the template that is effective now, and compared with
 *      the file that is there. One that cannot be rendered ends the story: nothing was changed.
 *   2. httpd is brought to the set of enabled ones: checked, swapped, reloaded, proven; nothing of that
 *      where it has that set.
 *   3. Only then the files and rows say so too.
 *
 * Without a journal: until 3 nothing but httpd's set changes, which is whole at any moment; and 3 can be
 * done again by running `render` again. */
#include "helper/job/job.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "common/limits.h"
#include "helper/job/vhosts.h"

typedef struct rendered_t {
    aphd_job_app_t app;
    aphd_site_t site;
    const char *change; /* for people; NULL: as it was */
    unsigned was_enabled : 1;
} rendered_t;

typedef struct rendering_t {
    aphd_job_t *job;
    json_t *rows;                /* owned; what the others point into */
    apr_array_header_t *all;     /* rendered_t */
    aphd_httpd_result_t result;
    unsigned any_enabled : 1;    /* now or before: httpd has a set, or gets one */
} rendering_t;

static int same_text(const aphd_job_t *job, const rendered_t *one)
{
    char *there = NULL;
    size_t length = 0;
    aph_error_t unheard = APH_ERROR_INIT;
    const char *path = apr_psprintf(job->p, "%s/" APHD_VHOST_FORMAT,
                                    job->settings->vhosts_available, one->app.app_id);
    int same = aph_file_read(path, APH_VHOST_MAX, &there, &length, &unheard) == APR_SUCCESS
            && length == one->site.vhost.length
            && memcmp(there, one->site.vhost.text, length) == 0;
    free(there);
    return same;
}

static int same_route(const rendered_t *one)
{
    json_auto_t *fields = aphd_site_fields(&one->site, 0);
    static const char *const members[] = {"route_flags", "max_requests", "max_websockets"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!json_equal(json_object_get(fields, members[i]),
                        json_object_get(one->app.row, members[i])))
            return 0;
    return 1;
}

static void compare(rendering_t *rendering, rendered_t *one)
{
    int same = same_text(rendering->job, one);
    if (one->site.enabled && !one->was_enabled)
        one->change = one->site.vhost.because[0] != '\0'
                    ? apr_psprintf(rendering->job->p, "enabled: %s", one->site.vhost.because)
                    : "enabled";
    else if (!one->site.enabled && one->was_enabled)
        one->change = "disabled: the route says as much";
    else if (!same || !same_route(one))
        one->change = one->site.enabled ? "changed, and enabled" : "changed, and not enabled";
    if (one->site.enabled || one->was_enabled)
        rendering->any_enabled = 1;
}

static apr_status_t render_one(rendering_t *rendering, json_t *row, aph_error_t *err)
{
    aphd_job_t *job = rendering->job;
    rendered_t *one = apr_array_push(rendering->all);
    apr_status_t status = aphd_job_read_app(job, row, &one->app, err);
    one->app.row = row;
    if (status == APR_SUCCESS)
        status = aphd_site_from_row(job, &one->app, &one->site, err);
    if (status != APR_SUCCESS) {
        aph_error_wrap(err, "nothing was changed: %s", one->app.name);
        return status;
    }
    one->was_enabled = json_is_true(json_object_get(row, "vhost")) & 1;
    if (one->site.vhost.text != NULL)
        compare(rendering, one);
    return APR_SUCCESS;
}

/* An app that is being installed has its virtual host rendered by its own job; what httpd has of it
 * already must stay there. */
static int is_settled(const json_t *row)
{
    const char *state = json_string_value(json_object_get(row, "state"));
    return (state != NULL && strcmp(state, "installing") != 0)
        || json_is_true(json_object_get(row, "vhost"));
}

static apr_status_t render_all(rendering_t *rendering, aph_error_t *err)
{
    aphd_job_t *job = rendering->job;
    size_t i;
    json_t *row;
    aphd_job_step(job, "render", 1, 3, "rendering every virtual host");
    apr_status_t status = aphd_ask_apps(job->ask, &rendering->rows, err);
    rendering->all = apr_array_make(job->p, 64, sizeof(rendered_t));
    json_array_foreach(rendering->rows, i, row)
        if (status == APR_SUCCESS && is_settled(row))
            status = render_one(rendering, row, err);
    return status;
}

static apr_array_header_t *wanted_of(const rendering_t *rendering)
{
    apr_array_header_t *wanted = apr_array_make(rendering->job->p, 64, sizeof(aphd_vhost_file_t));
    for (int i = 0; i < rendering->all->nelts; i++) {
        const rendered_t *one = &APR_ARRAY_IDX(rendering->all, i, rendered_t);
        if (one->site.enabled)
            APR_ARRAY_PUSH(wanted, aphd_vhost_file_t) = (aphd_vhost_file_t){
                .app_id = one->app.app_id, .name = one->app.name, .text = one->site.vhost.text,
                .template_path = one->site.template_path,
            };
    }
    return wanted;
}

static apr_status_t write_down(rendering_t *rendering, aph_error_t *err)
{
    aphd_job_t *job = rendering->job;
    apr_status_t status = APR_SUCCESS;
    aphd_job_step(job, "write", 3, 3, "writing them down");
    for (int i = 0; i < rendering->all->nelts && status == APR_SUCCESS; i++) {
        const rendered_t *one = &APR_ARRAY_IDX(rendering->all, i, rendered_t);
        if (one->change == NULL)
            continue;
        json_auto_t *fields = aphd_site_fields(&one->site, one->site.enabled);
        json_object_set_new(fields, "app_id", json_integer(one->app.app_id));
        /* The file last: where it differs, the next run does both again. */
        status = aphd_ask_record(job->ask, fields, err);
        if (status == APR_SUCCESS)
            status = aphd_vhosts_write(job, &one->app, &one->site, err);
    }
    return status;
}

/* From the list of apps to their rows nobody else may change httpd's set: the lock is held. */
static apr_status_t render_locked(rendering_t *rendering, aphd_httpd_t *httpd, aph_error_t *err)
{
    apr_status_t status = render_all(rendering, err);
    if (status == APR_SUCCESS && rendering->any_enabled) {
        aphd_job_step(rendering->job, "httpd", 2, 3, "bringing httpd to them");
        status = aphd_httpd_apply(&rendering->result, httpd, wanted_of(rendering), err);
    }
    return status == APR_SUCCESS ? write_down(rendering, err) : status;
}

static json_t *changes_of(const rendering_t *rendering)
{
    json_t *changes = json_array();
    for (int i = 0; i < rendering->all->nelts; i++) {
        const rendered_t *one = &APR_ARRAY_IDX(rendering->all, i, rendered_t);
        if (one->change != NULL)
            json_array_append_new(changes, json_pack("{s:s, s:s}", "name", one->app.name,
                                                     "change", one->change));
    }
    return changes;
}

static const char *sentence_of(const aphd_httpd_result_t *result)
{
    return result->sentence != NULL ? result->sentence : "httpd needs no reload.";
}

apr_status_t aphd_story_render(aphd_job_t *job, aph_error_t *err)
{
    rendering_t rendering = {.job = job};
    aphd_httpd_t *httpd = NULL;
    json_t *answer = NULL;
    apr_status_t status = aphd_httpd_open(&httpd, job->settings, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_httpd_lock(httpd, err);
    if (status == APR_SUCCESS) {
        status = render_locked(&rendering, httpd, err);
        aphd_httpd_unlock(httpd);
    }
    if (status == APR_SUCCESS)
        answer = json_pack("{s:o, s:s}", "changed", changes_of(&rendering), "httpd",
                           sentence_of(&rendering.result));
    json_decref(rendering.rows);
    return aphd_job_finish(job, status, answer, err);
}

apr_status_t aphd_story_reload(aphd_job_t *job, aph_error_t *err)
{
    aphd_httpd_t *httpd;
    aphd_httpd_result_t result = {0};
    json_t *answer = NULL;
    aphd_job_step(job, "reload", 1, 1, "checking and reloading httpd");
    apr_status_t status = aphd_httpd_open(&httpd, job->settings, job->p, err);
    if (status == APR_SUCCESS)
        status = aphd_httpd_reload(&result, httpd, err);
    if (status == APR_SUCCESS)
        answer = json_pack("{s:s, s:b}", "httpd", sentence_of(&result), "reloaded",
                           (int)result.reloaded);
    return aphd_job_finish(job, status, answer, err);
}
