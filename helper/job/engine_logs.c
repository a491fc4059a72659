/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/engine_logs.h"

#include <apr_strings.h>

#include "helper/job/engine_containers.h"
#include "helper/job/log_frames.h"

struct aphd_logs_t {
    const aphd_logs_spec_t *spec;
    aphd_log_frames_t frames;
    aphd_stream_t *stream;
};

static apr_status_t line_cb(void *baton, char *line, size_t length)
{
    const aphd_logs_t *logs = baton;
    aphd_report_log(logs->spec->report, "%s%s", logs->spec->prefix, line);
    return APR_SUCCESS;
}

static apr_status_t octets_cb(void *baton, const char *octets, size_t length)
{
    return aphd_log_frames_feed(&((aphd_logs_t *)baton)->frames, octets, length);
}

/* Only inspect knows whether a terminal writes this log; the answer's type says it since 1.42
 * only. */
static apr_status_t is_terminal(aphd_engine_t *engine, const char *id, int *raw, apr_pool_t *p,
                                aph_error_t *err)
{
    json_auto_t *container = NULL;
    apr_status_t status = aphd_container_inspect(engine, id, &container, p, err);
    *raw = json_is_true(json_object_get(json_object_get(container, "Config"), "Tty"));
    return status;
}

apr_status_t aphd_logs_begin(aphd_engine_t *engine, const aphd_logs_spec_t *spec,
                             aphd_logs_t **logs, apr_pool_t *p, aph_error_t *err)
{
    int raw;
    apr_status_t status = is_terminal(engine, spec->id, &raw, p, err);
    if (status != APR_SUCCESS)
        return status;
    *logs = apr_pcalloc(p, sizeof **logs);
    (*logs)->spec = spec;
    aphd_log_frames_init(&(*logs)->frames, raw, line_cb, *logs);
    const char *tail = spec->tail < 0 ? "all" : apr_itoa(p, spec->tail);
    aphd_call_t call = {
        .method = "GET", .seconds = spec->follow ? 0 : 60, .octets_cb = octets_cb, .baton = *logs,
        .path = apr_psprintf(p, "/containers/%s/logs?stdout=1&stderr=1&tail=%s&follow=%d%s%s",
                             spec->id, tail, spec->follow != 0,
                             spec->timestamps ? "&timestamps=1" : "",
                             spec->since > 0 ? apr_psprintf(p, "&since=%d", spec->since) : ""),
    };
    return aphd_stream_begin(engine, &call, &(*logs)->stream, err);
}

int aphd_logs_done(const aphd_logs_t *logs)
{
    return aphd_stream_done(logs->stream);
}

apr_status_t aphd_logs_end(aphd_logs_t *logs, aph_error_t *err)
{
    aphd_answer_t answer = APHD_ANSWER_INIT;
    apr_status_t status = aphd_stream_end(logs->stream, &answer, err);
    if (status == APR_SUCCESS)
        status = aphd_answer_check(&answer, "send a container's log", err);
    aphd_log_frames_finish(&logs->frames);
    aphd_log_frames_clear(&logs->frames);
    aphd_answer_clear(&answer);
    if (status == APH_EENGINE)
        return aph_error_set(err, status, 1070, "the log of a container cannot be read: the engine "
                             "sent something else");
    return status;
}

apr_status_t aphd_logs_read(aphd_engine_t *engine, const aphd_logs_spec_t *spec, apr_pool_t *p,
                            aph_error_t *err)
{
    aphd_logs_t *logs;
    apr_status_t status = aphd_logs_begin(engine, spec, &logs, p, err);
    if (status != APR_SUCCESS)
        return status;
    while (status == APR_SUCCESS && !aphd_logs_done(logs))
        status = aphd_engine_pump(engine, 60000, err);
    apr_status_t ended = aphd_logs_end(logs, err);
    return status != APR_SUCCESS ? status : ended;
}
