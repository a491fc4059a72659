/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/ask.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/frame.h"
#include "helper/job/secrets.h"

struct aphd_ask_t {
    int fd;
    aph_frame_reader_t reader;
    json_t *secrets; /* array of texts; NULL: none */
};

static apr_status_t forget(void *data)
{
    aphd_ask_t *ask = data;
    aph_frame_reader_clear(&ask->reader);
    json_decref(ask->secrets);
    return APR_SUCCESS;
}

apr_status_t aphd_ask_open(aphd_ask_t **ask, int fd, json_t **request, apr_pool_t *p,
                           aph_error_t *err)
{
    *ask = apr_pcalloc(p, sizeof **ask);
    (*ask)->fd = fd;
    aph_frame_reader_init(&(*ask)->reader, APH_JOB_FRAME_MAX);
    apr_pool_cleanup_register(p, *ask, forget, apr_pool_cleanup_null);
    return aph_frame_wait(&(*ask)->reader, fd, request, err);
}

void aphd_ask_hide(aphd_ask_t *ask, const json_t *secrets)
{
    if (ask == NULL || json_array_size(secrets) == 0)
        return;
    if (ask->secrets == NULL)
        ask->secrets = json_array();
    json_array_extend(ask->secrets, (json_t *)secrets);
}

/* The member of frame that is a sentence, without secrets in it. */
static void hide(const aphd_ask_t *ask, json_t *frame, const char *member)
{
    char *hidden = aphd_secrets_hidden(json_string_value(json_object_get(frame, member)), ask->secrets);
    if (hidden != NULL)
        json_object_set_new(frame, member, json_string(hidden));
    free(hidden);
}

/* Takes over frame. *answer is a new reference to the value of "ok". */
static apr_status_t call(aphd_ask_t *ask, json_t *frame, json_t **answer, aph_error_t *err)
{
    *answer = NULL;
    if (frame == NULL)
        return aph_error_set(err, APH_EINTERNAL, 1010, "a call to apphostd cannot be encoded");
    apr_status_t status = aph_frame_write(ask->fd, frame, APH_JOB_FRAME_MAX, err);
    json_decref(frame);
    json_auto_t *reply = NULL;
    if (status != APR_SUCCESS)
        return status;
    /* Cut off in the middle of a frame or before it, by its death or by a reset: it is gone. */
    if (aph_frame_wait(&ask->reader, ask->fd, &reply, err) != APR_SUCCESS)
        return APR_EOF;
    json_t *value = json_object_get(reply, "ok");
    if (value == NULL)
        return aph_error_receive(err, json_string_value(json_object_get(reply, "code")),
                                 json_string_value(json_object_get(reply, "tag")),
                                 json_string_value(json_object_get(reply, "message")));
    *answer = json_incref(value);
    return APR_SUCCESS;
}

static apr_status_t call_for_nothing(aphd_ask_t *ask, json_t *frame, aph_error_t *err)
{
    json_auto_t *answer = NULL;
    return call(ask, frame, &answer, err);
}

apr_status_t aphd_ask_reserve(aphd_ask_t *ask, const aphd_reservation_t *wanted, json_t **app,
                              aph_error_t *err)
{
    json_auto_t *answer = NULL;
    *app = NULL;
    apr_status_t status = call(ask, json_pack("{s:s, s:s, s:b, s:s, s:s?, s:s, s:s?, s:O, s:O, s:O,"
                                              " s:s*, s:s*, s:s*, s:O*}",
                                              "call", "reserve", "name", wanted->name,
                                              "web", wanted->web, "script", wanted->script,
                                              "uninstall_script", wanted->uninstall_script,
                                              "kind", wanted->kind, "webapp", wanted->webapp,
                                              "aliases", wanted->aliases,
                                              "options", wanted->options,
                                              "skip", wanted->skip, "format", wanted->format,
                                              "entry", wanted->entry,
                                              "revision", wanted->revision,
                                              "answers", wanted->answers), &answer, err);
    if (status != APR_SUCCESS)
        return status;
    *app = json_incref(json_object_get(answer, "app"));
    if (!json_is_object(*app))
        return aph_error_set(err, APH_EINTERNAL, 1011, "apphostd reserved no app");
    return APR_SUCCESS;
}

static apr_status_t list_apps(aphd_ask_t *ask, int kept, json_t **apps, aph_error_t *err)
{
    json_auto_t *answer = NULL;
    *apps = NULL;
    apr_status_t status =
        call(ask, json_pack("{s:s, s:b}", "call", "apps", "kept", kept), &answer, err);
    if (status != APR_SUCCESS)
        return status;
    *apps = json_incref(json_object_get(answer, "apps"));
    if (!json_is_array(*apps))
        return aph_error_set(err, APH_EINTERNAL, 1013, "apphostd listed no apps");
    return APR_SUCCESS;
}

apr_status_t aphd_ask_apps(aphd_ask_t *ask, json_t **apps, aph_error_t *err)
{
    return list_apps(ask, 0, apps, err);
}

apr_status_t aphd_ask_apps_and_kept(aphd_ask_t *ask, json_t **apps, aph_error_t *err)
{
    return list_apps(ask, 1, apps, err);
}

apr_status_t aphd_ask_subnet(aphd_ask_t *ask, json_t *taken, int services, const char **subnet,
                             apr_pool_t *p, aph_error_t *err)
{
    json_auto_t *answer = NULL;
    apr_status_t status = call(ask, json_pack("{s:s, s:O, s:i}", "call", "subnet", "taken", taken,
                                              "services", services), &answer, err);
    const char *text = json_string_value(json_object_get(answer, "subnet"));
    if (status == APR_SUCCESS && text == NULL)
        return aph_error_set(err, APH_EINTERNAL, 1012, "apphostd gave no subnet");
    *subnet = apr_pstrdup(p, text);
    return status;
}

apr_status_t aphd_ask_step(aphd_ask_t *ask, const char *step, json_t *undo, aph_error_t *err)
{
    return call_for_nothing(ask, json_pack("{s:s, s:s, s:O}", "call", "step", "step", step,
                                           "undo", undo), err);
}

apr_status_t aphd_ask_record(aphd_ask_t *ask, json_t *fields, aph_error_t *err)
{
    json_t *frame = json_pack("{s:s}", "call", "record");
    if (frame != NULL && json_object_update(frame, fields) != 0) {
        json_decref(frame);
        frame = NULL;
    }
    return call_for_nothing(ask, frame, err);
}

apr_status_t aphd_ask_state(aphd_ask_t *ask, const char *state, const char *desired,
                            const char *reason, aph_error_t *err)
{
    json_t *frame = json_pack("{s:s, s:s*, s:s*, s:s*}", "call", "state", "state", state, "desired",
                              desired, "reason", reason);
    hide(ask, frame, "reason");
    return call_for_nothing(ask, frame, err);
}

apr_status_t aphd_ask_finish(aphd_ask_t *ask, const aphd_ending_t *ending, aph_error_t *err)
{
    json_t *frame = json_pack("{s:s, s:s, s:s, s:O*, s:O*}", "call", "finish",
                              "result", ending->result, "app", ending->app,
                              "answer", ending->answer, "record", ending->record);
    if (frame != NULL && ending->reason != NULL) {
        json_auto_t *reason = aph_frame_error(ending->reason);
        hide(ask, reason, "message");
        json_object_update(frame, reason);
    }
    return call_for_nothing(ask, frame, err);
}

/* Takes over frame. */
static void note(aphd_ask_t *ask, json_t *frame)
{
    aph_error_t unheard = APH_ERROR_INIT;
    if (frame != NULL)
        aph_frame_write(ask->fd, frame, APH_JOB_FRAME_MAX, &unheard);
    json_decref(frame);
}

void aphd_ask_note_process(aphd_ask_t *ask)
{
    note(ask, json_pack("{s:s, s:i}", "note", "process", "pid", (int)getpid()));
}

void aphd_ask_note_progress(aphd_ask_t *ask, const aphd_progress_t *progress)
{
    json_t *frame = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s}", "note", "progress",
                              "step", progress->step, "text", progress->text, "done", progress->done,
                              "total", progress->total, "unit", progress->unit);
    hide(ask, frame, "text");
    note(ask, frame);
}

void aphd_ask_note_log(aphd_ask_t *ask, const char *line)
{
    json_t *frame = json_pack("{s:s, s:s}", "note", "log", "line", line);
    hide(ask, frame, "line");
    note(ask, frame);
}

void aphd_ask_note_observe(aphd_ask_t *ask, const aphd_observed_t *observed)
{
    note(ask, json_pack("{s:s, s:s, s:s, s:I, s:O}", "note", "observe", "engine",
                        observed->up ? "up" : "down", "message", observed->message, "heard",
                        observed->heard, "apps", observed->apps));
}

apr_status_t aphd_ask_event(aphd_ask_t *ask, json_t **event, aph_error_t *err)
{
    return aph_frame_read(&ask->reader, ask->fd, event, err);
}
