/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl logs: what an app's containers wrote. */
#include "ctl/command.h"

#include "ctl/job_text.h"
#include "ctl/operation.h"

enum { FOLLOW, TAIL };

const aphc_option_t aphc_logs_options[] = {
    [FOLLOW] = {"follow", 'f', NULL, "go on with what is written from now on"},
    [TAIL] = {"tail", 't', "N", "begin N lines before the end"},
    {NULL, 0, NULL, NULL},
};

apr_status_t aphc_logs(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_t *answer = NULL;
    json_int_t tail = 0;
    json_t *args = json_pack("{s:s, s:b}", "name", arguments->operands[0], "follow",
                             arguments->values[FOLLOW] != NULL);
    if (arguments->values[TAIL] != NULL) {
        if (!aphc_read_number(arguments->values[TAIL], &tail)) {
            json_decref(args);
            return aph_error_set(err, APH_EUSAGE, 1755,
                                 "--tail needs a number of lines, not '%.60s'",
                                 arguments->values[TAIL]);
        }
        json_object_set_new(args, "tail", json_integer(tail));
    }
    apr_status_t status =
        aphc_operation(context, "logs", args, APHC_LINES_ARE_OUTPUT, &answer, err);
    json_decref(answer);
    return status;
}
