/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/own_ports.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "helper/job/listener.h"
#include "helper/job/port_probe.h"
#include "helper/job/verify_values.h"

void aphd_own_ports_name_taker(const aphd_job_t *job, aph_error_t *err)
{
    char owner[APHD_PORT_OWNER_MAX];
    if (!job->app.web || aphd_port_free("127.0.0.1", job->app.port))
        return;
    aphd_port_owner(job->app.port, owner);
    aph_error_wrap(err, "the app's port 127.0.0.1:%d is taken by %s", job->app.port, owner);
}

static uid_t engine_uid(const aphd_job_t *job)
{
    struct stat st;
    return stat(job->settings->engine_socket, &st) == 0 ? st.st_uid : 0;
}

/* The model's ports of one service; its text is ours. */
static apr_status_t check_service(aphd_job_t *job, const json_t *service, const json_t *addresses,
                                  aph_error_t *err)
{
    size_t i;
    json_t *port;
    json_array_foreach(json_object_get(service, "ports"), i, port) {
        char text[128];
        aphd_normal_port(port, text, sizeof text); /* "127.0.0.1:35007:80/tcp", ":2224:22/tcp" */
        const char *number = strchr(text, ':');
        aphd_listener_ask_t ask = {
            .port = number != NULL ? atoi(number + 1) : 0, .udp = strstr(text, "/udp") != NULL,
            .engine_uid = engine_uid(job), .addresses = addresses,
        };
        ask.everywhere = ask.port != job->app.port;
        apr_status_t status = ask.port > 0 ? aphd_listener_check(&ask, err) : APR_SUCCESS;
        if (status != APR_SUCCESS)
            return status;
    }
    return APR_SUCCESS;
}

/* What the engine says of an app's containers. */
typedef struct published_t {
    json_t *addresses;
    int web; /* one of them has the web port */
} published_t;

static apr_status_t look_at_containers(const aphd_job_t *job, const aphd_job_app_t *app,
                                       published_t *published, apr_pool_t *p, aph_error_t *err)
{
    json_auto_t *containers = NULL;
    apr_status_t status = aphd_containers_list(job->engine, &app->owner, &containers, p, err);
    size_t i;
    json_t *container;
    json_array_foreach(containers, i, container) {
        json_auto_t *inspected = NULL;
        if (status == APR_SUCCESS)
            status = aphd_container_inspect(job->engine, aphd_container_id(container), &inspected, p,
                                            err);
        aphd_listener_addresses(inspected, published->addresses);
        published->web = published->web || aphd_listener_published(inspected, app->port);
    }
    return status;
}

/* Both must say it is ours: the engine, that it publishes the port, and the kernel, that nobody else
 * has it. */
apr_status_t aphd_own_ports_check(aphd_job_t *job, const char *model, aph_error_t *err)
{
    json_auto_t *parsed = json_loads(model, 0, NULL);
    json_auto_t *addresses = json_array();
    published_t published = {addresses, 0};
    const char *name;
    json_t *service;
    apr_status_t status = look_at_containers(job, &job->app, &published, job->p, err);
    json_object_foreach(json_object_get(parsed, "services"), name, service)
        if (status == APR_SUCCESS)
            status = check_service(job, service, addresses, err);
    if (status == APR_SUCCESS && job->app.web && !published.web)
        return aph_error_set(err, APH_EUNHEALTHY, 2263, "something answers on 127.0.0.1:%d, but "
                             "the engine does not say that it publishes this port for %s; look at "
                             "its log", job->app.port, job->app.name);
    return status;
}

int aphd_own_web_port_answered(const aphd_job_t *job, int app_id, int port, apr_pool_t *p)
{
    json_auto_t *addresses = json_array();
    published_t published = {addresses, 0};
    aph_error_t why = APH_ERROR_INIT;
    aphd_job_app_t app = {.port = port, .owner = {job->instance, app_id}};
    aphd_listener_ask_t ask = {.port = port, .engine_uid = engine_uid(job), .addresses = addresses};
    return look_at_containers(job, &app, &published, p, &why) == APR_SUCCESS && published.web
        && aphd_listener_check(&ask, &why) == APR_SUCCESS;
}
