/* SPDX-License-Identifier: Apache-2.0 */
/* One model becomes two: of the service that runs once, and of all others. */
#include "helper/job/first_run.h"

#include <stdlib.h>

static char *written(const json_t *model)
{
    return json_dumps(model, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
}

static json_t *first_of(const json_t *model, const char *name, const json_t *service)
{
    static const char *const not_now[] = {"ports", "depends_on", "healthcheck", "links"};
    json_t *first = json_copy((json_t *)model);
    json_t *alone = json_copy((json_t *)service);
    for (size_t i = 0; i < sizeof not_now / sizeof not_now[0]; i++)
        json_object_del(alone, not_now[i]);
    json_object_set_new(alone, "restart", json_string("no"));
    json_object_set_new(first, "services", json_pack("{s:o}", name, alone));
    return first;
}

static json_t *rest_of(const json_t *model, const char *name)
{
    json_t *rest = json_deep_copy(model);
    json_t *services = json_object_get(rest, "services"), *service;
    const char *other;
    json_object_del(services, name);
    json_object_foreach(services, other, service) {
        json_t *waits = json_object_get(service, "depends_on");
        json_object_del(waits, name);
        if (json_is_object(waits) && json_object_size(waits) == 0)
            json_object_del(service, "depends_on");
    }
    return rest;
}

apr_status_t aphd_first_run_split(const char *model, const char *service, char **first, char **rest,
                                  aph_error_t *err)
{
    json_auto_t *parsed = json_loads(model, 0, NULL);
    const json_t *services = json_object_get(parsed, "services");
    const json_t *it = json_object_get(services, service);
    *first = *rest = NULL;
    if (!json_is_object(it) || json_object_size(services) < 2)
        return aph_error_set(err, APH_EDENIED, 2600, "the entry says that %.60s runs once before the others, "
                             "and %s; its author has to repair it", service,
                             it == NULL ? "has no service of that name" : "has no other service");
    json_auto_t *alone = first_of(parsed, service, it);
    json_auto_t *others = rest_of(parsed, service);
    *first = written(alone);
    *rest = written(others);
    if (*first != NULL && *rest != NULL)
        return APR_SUCCESS;
    free(*first);
    free(*rest);
    *first = *rest = NULL;
    return aph_error_set(err, APR_ENOMEM, 2601, "no memory for a model");
}
