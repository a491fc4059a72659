/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/pick.h"

#include <string.h>
#include <apr_strings.h>

/* "web, database" of the list. */
static const char *names_of(const json_t *containers, apr_pool_t *p)
{
    const char *names = "";
    size_t i;
    const json_t *container;
    json_array_foreach((json_t *)containers, i, container)
        names = apr_pstrcat(p, names, i > 0 ? ", " : "", aphd_container_service(container), NULL);
    return names;
}

apr_status_t aphd_pick_containers(aphd_job_t *job, json_t **containers, aph_error_t *err)
{
    const char *service = aphd_job_text(job, "service");
    *containers = NULL;
    if (job->app.files)
        return aph_error_set(err, APH_ENOTFOUND, 1241, "%s serves files and has no containers; who "
                             "asked for them stands in %s/logs/access_log", job->app.name,
                             job->app.site_dir);
    apr_status_t status = aphd_job_meet_engine(job, 0, err);
    if (status == APR_SUCCESS)
        status = aphd_containers_list(job->engine, &job->app.owner, containers, job->p, err);
    if (status == APR_SUCCESS && json_array_size(*containers) == 0)
        return aph_error_set(err, APH_ENOTFOUND, 1240, "%s has no containers; start it first",
                             job->app.name);
    const char *names = names_of(*containers, job->p);
    for (size_t i = json_array_size(*containers); service != NULL && i-- > 0;)
        if (strcmp(aphd_container_service(json_array_get(*containers, i)), service) != 0)
            json_array_remove(*containers, i);
    if (status == APR_SUCCESS && json_array_size(*containers) == 0)
        return aph_error_set(err, APH_ENOTFOUND, 3203, "%s has no service %s; it has: %.600s",
                             job->app.name, service, names);
    return status;
}
