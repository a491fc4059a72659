/* SPDX-License-Identifier: Apache-2.0 */
/* What all commands that ask apphostd have in common: the check of the request, the view of what
 * comes before the answer, and what is said when the answer does not come. */
#include "ctl/operation.h"

#include <string.h>
#include <apr_time.h>

#include "common/ops.h"
#include "ctl/peer.h"
#include "ctl/progress.h"
#include "ctl/text.h"

/* A query is answered from the database at once; longer means that apphostd hangs. */
#define QUERY_SECONDS 30

typedef struct view_t {
    const aphc_context_t *context;
    aphc_lines_t lines;
    aphc_progress_t progress;
} view_t;

static void progress_cb(void *baton, const json_t *progress)
{
    view_t *view = baton;
    aphc_progress_update(&view->progress, progress, apr_time_now());
}

/* A container's own output goes unchanged into a pipe or file; only a terminal is protected. */
static void print_output(const aphc_context_t *context, const char *line)
{
    if (context->json) {
        json_t *object = json_pack("{s:s}", "log", line);
        aphc_print_json(context, object);
        json_decref(object);
    } else if (context->out.is_terminal) {
        aphc_text_print(context->out.file, line);
        putc('\n', context->out.file);
    } else {
        fputs(line, context->out.file);
        putc('\n', context->out.file);
    }
    fflush(context->out.file);
}

static void log_cb(void *baton, const char *line)
{
    view_t *view = baton;
    if (view->lines == APHC_LINES_ARE_OUTPUT) {
        aphc_progress_end(&view->progress);
        print_output(view->context, line);
    } else {
        aphc_progress_log(&view->progress, line);
    }
}

/* What is left running, and how to see it again. */
static void say_interrupted(const view_t *view)
{
    json_int_t job = view->progress.job;
    if (job > 0)
        aphc_putf(&view->context->err,
                  "Job %lld goes on without this terminal. To follow it: apphostctl job %lld -f\n",
                  (long long)job, (long long)job);
}

apr_status_t aphc_operation(aphc_context_t *context, const char *op, json_t *args,
                            aphc_lines_t lines, json_t **answer, aph_error_t *err)
{
    const aph_op_t *row = aph_op_find(op);
    view_t view = {.context = context, .lines = lines};
    aphc_call_t call = {.socket_path = context->socket_path,
                        .op = op,
                        .args = args,
                        .progress_cb = progress_cb,
                        .log_cb = log_cb,
                        .baton = &view};
    if (row == NULL || args == NULL) {
        json_decref(args);
        return aph_error_set(err, APH_EINTERNAL, 1730, "the request '%s' cannot be made", op);
    }
    apr_status_t status = aph_op_check(row, args, err);
    int follows = json_is_true(json_object_get(args, "follow"));
    call.silence_seconds = row->kind == APH_OP_QUERY && !follows ? QUERY_SECONDS : 0;
    aphc_progress_init(&view.progress, &context->err, context->quiet || context->json);
    if (status == APR_SUCCESS)
        status = aphc_peer_call(&call, answer, err);
    aphc_progress_end(&view.progress);
    if (status == APR_EINTR)
        say_interrupted(&view);
    if (status == APH_EDAEMON && view.progress.job > 0)
        aph_error_wrap(err, "job %lld is still open, and will be ended when apphostd is back",
                       (long long)view.progress.job);
    json_decref(args);
    return status;
}

void aphc_print_json(const aphc_context_t *context, const json_t *value)
{
    json_dumpf(value, context->out.file, JSON_ENCODE_ANY | JSON_COMPACT);
    putc('\n', context->out.file);
}

apr_status_t aphc_operation_silent(aphc_context_t *context, const char *op, json_t *args,
                                   json_t **answer, aph_error_t *err)
{
    unsigned quiet = context->quiet;
    context->quiet = 1;
    apr_status_t status = aphc_operation(context, op, args, APHC_LINES_ARE_LOG, answer, err);
    context->quiet = quiet;
    return status;
}

const char *aphc_get_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

json_int_t aphc_get_number(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}
