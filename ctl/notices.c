/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/notices.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl/operation.h"

static const char *const notices[] = {"advisory", "deprecated", "obsolete"};
#define NOTICES (sizeof notices / sizeof notices[0])

const char *aphc_notices_text(apr_pool_t *p, const json_t *app)
{
    const char *text = NULL;
    for (size_t i = 0; i < NOTICES; i++)
        if (json_object_get(app, notices[i]) != NULL)
            text = text == NULL ? notices[i] : apr_pstrcat(p, text, ", ", notices[i], NULL);
    return text;
}

/* What is said of the entry today goes before what was said when the app was made. */
static void add_notices(json_t *app, const json_t *found)
{
    const json_t *active = json_object_get(found, "active");
    const json_t *own = json_object_get(found, "made_from");
    const json_t *now = json_is_object(active) ? active : own;
    for (size_t i = 0; i < 2; i++)
        if (*aphc_get_text(now, notices[i]) != '\0')
            json_object_set(app, notices[i], json_object_get(now, notices[i]));
        else if (*aphc_get_text(own, notices[i]) != '\0')
            json_object_set(app, notices[i], json_object_get(own, notices[i]));
    if (json_is_true(json_object_get(now, "obsolete")))
        json_object_set_new(app, "obsolete", json_string("its catalog offers it no more"));
}

static const json_t *find(const json_t *rows, const char *name)
{
    size_t i;
    const json_t *row;
    json_array_foreach((json_t *)rows, i, row)
        if (strcmp(aphc_get_text(row, "name"), name) == 0)
            return row;
    return NULL;
}

static int is_of_catalog(const json_t *app)
{
    return json_is_true(json_object_get(app, "catalog"))
        || json_is_string(json_object_get(app, "entry"));
}

void aphc_notices_add(aphc_context_t *context, json_t *apps)
{
    aph_error_t why = APH_ERROR_INIT;
    json_auto_t *answer = NULL;
    size_t i, count = 0;
    json_t *app;
    json_array_foreach(apps, i, app)
        count += is_of_catalog(app) != 0;
    if (count == 0)
        return;
    json_t *args = json_pack("{s:i, s:b}", "limit", 1, "apps", 1);
    if (aphc_operation_silent(context, "revision-list", args, &answer, &why) != APR_SUCCESS) {
        aphc_putf(&context->err, "What the catalogs say of these apps is not known: ");
        aphc_put(&context->err, APHC_PLAIN, why.message);
        aphc_putf(&context->err, "\n");
        return;
    }
    json_array_foreach(apps, i, app)
        if (is_of_catalog(app))
            add_notices(app, find(json_object_get(answer, "apps"), aphc_get_text(app, "name")));
}
