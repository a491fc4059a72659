/* SPDX-License-Identifier: Apache-2.0 */
/* Renders virtual hosts without a daemon, for the tests against httpd. Each line of standard input
 * is one object
 * {"template":TEXT,"shipped":BOOL,"kind","name","domains":[],"aliases":[],"port","public_port",
 * "root_dir","files_dir","options":[]}, each line of output what became of it: {"text","access",
 * "says_more","because","modules":[]} or {"tag","error"}. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <jansson.h>

#include "helper/vhost/render.h"

static const char *const *strings(const json_t *object, const char *key, int *count, apr_pool_t *p)
{
    const json_t *array = json_object_get(object, key);
    const char **out = apr_pcalloc(p, (json_array_size(array) + 1) * sizeof *out);
    *count = (int)json_array_size(array);
    for (int i = 0; i < *count; i++)
        out[i] = json_string_value(json_array_get(array, (size_t)i));
    return out;
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : otherwise;
}

static json_t *render(const json_t *given, apr_pool_t *p, aph_error_t *err)
{
    int count;
    aphd_options_t options;
    aphd_vhost_t vhost;
    const char *text = text_of(given, "template", "");
    aphd_template_t template = {.path = "template.conf",
                                .text = text,
                                .length = strlen(text),
                                .shipped = json_is_true(json_object_get(given, "shipped"))};
    aphd_vhost_app_t app = {.name = text_of(given, "name", "a"),
                            .kind = text_of(given, "kind", "container"),
                            .domains = strings(given, "domains", &count, p),
                            .options = &options,
                            .aliases = strings(given, "aliases", &count, p),
                            .port = (int)json_integer_value(json_object_get(given, "port")),
                            .public_port =
                                (int)json_integer_value(json_object_get(given, "public_port")),
                            .root_dir = text_of(given, "root_dir", "/nowhere"),
                            .files_dir = text_of(given, "files_dir", NULL)};
    const char *const *words = strings(given, "options", &count, p);
    if (aphd_options_parse(words, count, &options, p, err) != APR_SUCCESS ||
        aphd_vhost_render(&template, &app, &vhost, p, err) != APR_SUCCESS)
        return json_pack("{s:s, s:s}", "tag", err->tag, "error", err->message);
    json_t *modules = json_array();
    for (int i = 0; i < options.modules->nelts; i++)
        json_array_append_new(modules,
                              json_string(APR_ARRAY_IDX(options.modules, i, const char *)));
    return json_pack("{s:s, s:b, s:b, s:s, s:o}", "text", vhost.text, "access", (int)vhost.access,
                     "says_more", (int)vhost.says_more, "because", vhost.because, "modules",
                     modules);
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    apr_pool_t *p;
    apr_initialize();
    while (getline(&line, &size, stdin) > 0) {
        aph_error_t err = APH_ERROR_INIT;
        json_t *given = json_loads(line, 0, NULL);
        apr_pool_create(&p, NULL);
        json_t *answer = given != NULL ? render(given, p, &err) : NULL;
        if (answer == NULL)
            return 2;
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(answer);
        json_decref(given);
        apr_pool_destroy(p);
    }
    free(line);
    return 0;
}
