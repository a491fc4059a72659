/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl metrics, state: what apps use, and how they are. */
#include "ctl/command.h"

#include <apr_strings.h>

#include "ctl/job_text.h"
#include "ctl/measure.h"
#include "ctl/operation.h"
#include "ctl/table.h"

enum { LIVE };

const aphc_option_t aphc_metrics_options[] = {
    [LIVE] = {"live", 0, NULL, "take two samples now, a second apart"},
    {NULL, 0, NULL, NULL},
};

static const aphc_column_t columns[] = {{"NAME", 0, 1},   {"SERVICE", 0, 1}, {"CPU", 1, 0},
                                        {"MEMORY", 1, 0}, {"OF", 1, 0},      {"NETWORK IN", 1, 0},
                                        {"OUT", 1, 0},    {"WRITTEN", 1, 0}};

enum { NAME, SERVICE, CPU, MEMORY, LIMIT, IN, OUT, WRITTEN, COLUMNS };

static const char *size_of(const json_t *service, const char *member, apr_pool_t *p)
{
    char size[APHC_MEASURE_MAX];
    const json_t *value = json_object_get(service, member);
    if (!json_is_integer(value))
        return NULL;
    aphc_measure_size(size, json_integer_value(value));
    return apr_pstrdup(p, size);
}

static void fill(const char **row, const json_t *app, const json_t *service, apr_pool_t *p)
{
    const json_t *cpu = json_object_get(service, "cpu_percent");
    row[NAME] = aphc_get_text(app, "name");
    row[SERVICE] = aphc_get_text(service, "service");
    row[CPU] = json_is_number(cpu) ? apr_psprintf(p, "%.1f %%", json_number_value(cpu)) : NULL;
    row[MEMORY] = size_of(service, "memory", p);
    row[LIMIT] = size_of(service, "memory_limit", p);
    row[IN] = size_of(service, "network_in", p);
    row[OUT] = size_of(service, "network_out", p);
    row[WRITTEN] = size_of(service, "block_write", p);
}

static void print_metrics(const aphc_context_t *context, const json_t *apps)
{
    size_t i, k, count = 0;
    const json_t *app, *service;
    json_array_foreach((json_t *)apps, i, app)
        count += json_array_size(json_object_get(app, "services"));
    if (count == 0) {
        aphc_putf(&context->out,
                  "No container was running when apphostd last looked; it looks every 30 "
                  "seconds. To look now: apphostctl metrics --live\n");
        return;
    }
    const char **cells = apr_pcalloc(context->p, count * COLUMNS * sizeof *cells), **row = cells;
    json_array_foreach((json_t *)apps, i, app)
        json_array_foreach(json_object_get(app, "services"), k, service)
        {
            fill(row, app, service, context->p);
            row += COLUMNS;
        }
    aphc_table_print(&context->out, columns, COLUMNS, cells, count, NULL);
}

apr_status_t aphc_metrics(aphc_context_t *context, const aphc_arguments_t *arguments,
                          aph_error_t *err)
{
    json_t *answer = NULL;
    json_t *args = json_pack("{s:b}", "live", arguments->values[LIVE] != NULL);
    if (arguments->operand_count > 0)
        json_object_set_new(args, "name", json_string(arguments->operands[0]));
    apr_status_t status =
        aphc_operation(context, "metrics", args, APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        print_metrics(context, json_object_get(answer, "apps"));
    json_decref(answer);
    return APR_SUCCESS;
}

apr_status_t aphc_state(aphc_context_t *context, const aphc_arguments_t *arguments,
                        aph_error_t *err)
{
    json_t *answer = NULL;
    apr_status_t status =
        aphc_operation(context, "state", json_pack("{s:s}", "name", arguments->operands[0]),
                       APHC_LINES_ARE_LOG, &answer, err);
    if (status != APR_SUCCESS)
        return status;
    if (context->json)
        aphc_print_json(context, answer);
    else
        aphc_members_print(&context->out, answer, 0);
    json_decref(answer);
    return APR_SUCCESS;
}
