/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl jobs: the latest operations and how they ended. */
#include "ctl/command.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/table.h"

static const aphc_column_t columns[] = {{"JOB", 1, 0},    {"WHAT", 0, 0},    {"APP", 0, 1},
                                        {"STATE", 0, 0},  {"STARTED", 0, 0}, {"TOOK", 1, 0},
                                        {"OUTCOME", 0, 1}};

enum { JOB, WHAT, APP, STATE, STARTED, TOOK, OUTCOME, COLUMNS };

static aphc_style_t style_cb(size_t column, const char *cell)
{
    if (column != STATE)
        return APHC_PLAIN;
    return strcmp(cell, "done") == 0      ? APHC_GREEN
           : strcmp(cell, "failed") == 0  ? APHC_RED
           : strcmp(cell, "running") == 0 ? APHC_BOLD
                                          : APHC_YELLOW;
}

static void fill_row(const aphc_context_t *context, const json_t *job, const char **row)
{
    char *started = apr_palloc(context->p, APHC_MEASURE_MAX);
    char *took = apr_palloc(context->p, APHC_MEASURE_MAX);
    json_int_t from = aphc_get_number(job, "started"), to = aphc_get_number(job, "ended");
    aphc_measure_date(started, from);
    aphc_measure_time(took, (to - from) * 1000);
    row[JOB] = apr_psprintf(context->p, "%d", (int)aphc_get_number(job, "job_id"));
    /* A plan that was only looked at is an install job as well, to apphostd. */
    int only_plan = json_object_get(json_object_get(job, "answer"), "plan_hash") != NULL;
    row[WHAT] = only_plan ? "plan" : aphc_get_text(job, "op");
    row[APP] = aphc_get_text(job, "name");
    /* "ended" says little; how it ended is the state people ask for. */
    const char *result = aphc_get_text(job, "result");
    row[STATE] = *result != '\0' ? result : aphc_get_text(job, "state");
    row[STARTED] = started;
    row[TOOK] = to > 0 ? took : NULL;
    row[OUTCOME] = aphc_get_text(job, "message");
    if (json_is_true(json_object_get(job, "untold")))
        row[OUTCOME] = apr_pstrcat(context->p, "nobody was told yet how to log in: ",
                                   "apphostctl job ", row[JOB], NULL);
}

apr_status_t aphc_jobs(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        aphc_operation(context, "jobs", json_object(), APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    const json_t *jobs = json_object_get(answer, "jobs"), *job;
    size_t i, count = json_array_size(jobs);
    if (context->json) {
        aphc_print_json(context, answer);
    } else if (count == 0) {
        aphc_putf(&context->out, "There was no job yet.\n");
    } else {
        const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells);
        json_array_foreach((json_t *)jobs, i, job) fill_row(context, job, cells + i * COLUMNS);
        aphc_table_print(&context->out, columns, COLUMNS, cells, count, style_cb);
    }
    json_decref(answer);
    return APR_SUCCESS;
}
