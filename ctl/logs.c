/* SPDX-License-Identifier: Apache-2.0 */
/* apphostctl logs: what an app's containers wrote. */
#include "ctl/command.h"

#include <stdlib.h>
#include <string.h>
#include <apr_time.h>

#include "ctl/job_text.h"
#include "ctl/operation.h"

enum { FOLLOW, TAIL, SINCE, SERVICE, TIMESTAMPS };

const aphc_option_t aphc_logs_options[] = {
    [FOLLOW] = {"follow", 'f', NULL, "go on with what is written from now on"},
    [TAIL] = {"tail", 't', "N", "begin N lines before the end"},
    [SINCE] = {"since", 0, "TIME", "nothing older: 30s, 10m, 2h, 3d, or seconds since 1970"},
    [SERVICE] = {"service", 0, "SERVICE", "of one service only"},
    [TIMESTAMPS] = {"timestamps", 0, NULL, "begin each line with when it was written"},
    {NULL, 0, NULL, NULL},
};

/* "10m" is ten minutes ago; a number alone is a time. 0 for anything else. */
static int read_time(const char *text, json_int_t *seconds)
{
    static const struct {
        char unit;
        int seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char digits[16] = "";
    size_t length = strlen(text);
    if (aphc_read_number(text, seconds))
        return 1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (length > 1 && length < sizeof digits && text[length - 1] == units[i].unit) {
            memcpy(digits, text, length - 1);
            if (!aphc_read_number(digits, seconds) || *seconds > 100000000)
                return 0;
            *seconds = (json_int_t)apr_time_sec(apr_time_now()) - *seconds * units[i].seconds;
            return *seconds > 0;
        }
    return 0;
}

static apr_status_t read_options(const aphc_arguments_t *arguments, json_t *args, aph_error_t *err)
{
    const char *const *values = arguments->values;
    json_int_t number = 0;
    if (values[TAIL] != NULL && !aphc_read_number(values[TAIL], &number))
        return aph_error_set(err, APH_EUSAGE, 1755, "--tail needs a number of lines, not '%.60s'",
                             values[TAIL]);
    if (values[TAIL] != NULL)
        json_object_set_new(args, "tail", json_integer(number));
    if (values[SINCE] != NULL && !read_time(values[SINCE], &number))
        return aph_error_set(err, APH_EUSAGE, 3202,
                             "--since needs a time like 30s, 10m, 2h or 3d ago, "
                             "or seconds since 1970, not '%.60s'",
                             values[SINCE]);
    if (values[SINCE] != NULL)
        json_object_set_new(args, "since", json_integer(number));
    if (values[SERVICE] != NULL)
        json_object_set_new(args, "service", json_string(values[SERVICE]));
    if (values[TIMESTAMPS] != NULL)
        json_object_set_new(args, "timestamps", json_true());
    return APR_SUCCESS;
}

apr_status_t aphc_logs(aphc_context_t *context, const aphc_arguments_t *arguments, aph_error_t *err)
{
    json_t *answer = NULL;
    json_t *args = json_pack("{s:s, s:b}", "name", arguments->operands[0], "follow",
                             arguments->values[FOLLOW] != NULL);
    apr_status_t status = read_options(arguments, args, err);
    if (status != APR_SUCCESS) {
        json_decref(args);
        return status;
    }
    status = aphc_operation(context, "logs", args, APHC_LINES_ARE_OUTPUT, &answer, err);
    json_decref(answer);
    return status;
}
