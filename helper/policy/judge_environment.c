/* SPDX-License-Identifier: Apache-2.0 */
/* Environment: every value stands in the file, none is taken from ours. */
#include <string.h>

#include "helper/policy/grammar.h"
#include "helper/policy/judge.h"

/* Adds rows of variables; those of environment win over those of a file, wherever they stand. */
static void take_variables(aphd_judge_t *j, const json_t *list, int may_replace)
{
    json_t *variables = json_object_get(j->out, "environment");
    if (variables == NULL) {
        variables = json_object();
        aphd_put(j, "environment", variables);
    }
    size_t i;
    json_t *row;
    json_array_foreach(list, i, row) {
        const char *name = aphd_text(row, "key");
        const char *text = aphd_text(row, "value");
        if (!aphd_variable(name))
            aphd_find(j, APHD_DENY, aphd_line(row), name, "value",
                      "%.80s is not the name of a variable: letters, digits and underscores", name);
        else if (text == NULL)
            aphd_find(
                j, APHD_DENY, aphd_line(row), name, "no-value",
                "%s has no value, so it would be taken from the environment of apphost; write "
                "%s= and a value",
                name, name);
        else if (may_replace || json_object_get(variables, name) == NULL)
            json_object_set_new(variables, name, json_string(text));
    }
}

void judge_environment(aphd_judge_t *j)
{
    take_variables(j, j->value, 1);
}

static int extras_fine(aphd_judge_t *j, const json_t *file)
{
    size_t i;
    json_t *pair;
    int fine = 1;
    j->line = aphd_line(file);
    json_array_foreach(json_object_get(file, "extra"), i, pair)
        fine &= aphd_judge_option(j, APHD_SERVICE, "env_file.#",
                                  json_string_value(json_array_get(pair, 0)),
                                  json_string_value(json_array_get(pair, 1)));
    return fine;
}

void judge_env_file(aphd_judge_t *j)
{
    size_t i;
    json_t *file;
    json_array_foreach(j->value, i, file) {
        char clean[1024];
        const char *path = aphd_text(file, "path");
        if (!extras_fine(j, file))
            continue;
        if (!aphd_relative(path, clean, sizeof clean)) {
            aphd_find(j, APHD_DENY, aphd_line(file), path, "host-file",
                      "%.80s is not a file of the app: it would be read from this machine", path);
            continue;
        }
        int found = json_is_true(json_object_get(file, "found"));
        aphd_find(j, APHD_REWRITE, aphd_line(file), path, "inlined",
                  found ? "the variables of %.80s are written into the environment"
                        : "%.80s is not written by the script, so nothing is taken from it",
                  path);
        take_variables(j, json_object_get(file, "entries"), 0);
    }
}
