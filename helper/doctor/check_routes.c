/* SPDX-License-Identifier: Apache-2.0 */
/* The route snapshot against the database: httpd believes the one, apphostctl shows the other. */
#include "helper/doctor/doctor.h"

#include <string.h>
#include <sys/stat.h>

#include "common/route_map.h"

/* Whether one app's route under one domain is what the database says; reports where it is not. */
static int same_route(aphd_doctor_t *doctor, const aph_route_map_t *map, const aphd_patient_t *app,
                      const char *domain)
{
    aph_route_t route;
    const char *host = aphd_doctor_text(doctor, "%s.%s", app->name, domain);
    if (aph_route_map_find(map, host, strlen(host), &route) != APR_SUCCESS) {
        aphd_report(doctor, APHD_FAULT, NULL, "the routes file has no route for %s", host);
        return 0;
    }
    const char *state = aph_route_state_name(route.state);
    if ((int)route.app_id == app->app_id && route.port == app->port && state != NULL &&
        strcmp(state, app->state) == 0)
        return 1;
    aphd_report(doctor, APHD_FAULT, NULL,
                "the route of %s says app %u, port %u, %s; the database says app %d, port %d, %s",
                host, (unsigned)route.app_id, (unsigned)route.port,
                state != NULL ? state : "no known state", app->app_id, app->port, app->state);
    return 0;
}

static void compare(aphd_doctor_t *doctor, const aph_route_map_t *map)
{
    uint32_t expected = 0;
    int same = 1;
    for (int i = 0; i < doctor->app_count; i++) {
        const aphd_patient_t *app = &doctor->apps[i];
        const char *const *domain = doctor->settings->domains;
        if (!app->web || strcmp(app->state, "kept") == 0)
            continue;
        for (; *domain != NULL; domain++) {
            if (strlen(app->name) + 1 + strlen(*domain) > APH_HOST_MAX)
                continue; /* under such a domain the name cannot be reached at all */
            expected++;
            if (!app->busy && same)
                same = same_route(doctor, map, app, *domain);
        }
    }
    if (same && aph_route_map_count(map) != expected)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "the routes file has %u routes, and the database makes %u",
                    (unsigned)aph_route_map_count(map), (unsigned)expected);
    else if (same && aph_route_map_generation(map) != doctor->generation)
        aphd_report(doctor, APHD_WARNING, NULL,
                    "the routes file is of generation %llu, and the database is at %llu",
                    (unsigned long long)aph_route_map_generation(map), doctor->generation);
}

static void look_readable(aphd_doctor_t *doctor, const char *path)
{
    struct stat what;
    if (stat(path, &what) != 0)
        return;
    if ((what.st_mode & S_IROTH) == 0)
        aphd_report(doctor, APHD_FAULT, aphd_doctor_text(doctor, "chmod 0644 %s", path),
                    "httpd cannot read the routes file %s: its mode is %04o", path,
                    (unsigned)what.st_mode & 07777u);
    else if ((what.st_mode & (S_IWOTH | S_IWGRP)) != 0 || what.st_uid != 0)
        aphd_report(doctor, APHD_FAULT,
                    aphd_doctor_text(doctor, "chown root: %s; chmod 0644 %s", path, path),
                    "others than root may change the routes file %s", path);
}

void aphd_look_routes(aphd_doctor_t *doctor)
{
    aph_route_map_t *map = NULL;
    aph_error_t err = APH_ERROR_INIT;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *path = doctor->settings->routes_path;
    apr_status_t status = aph_route_map_open(&map, path, &err);
    if (APR_STATUS_IS_ENOENT(status)) {
        aphd_report(doctor, APHD_FAULT, NULL, "there is no routes file %s, so httpd knows no app",
                    path);
        return;
    }
    if (status != APR_SUCCESS) {
        aphd_report(doctor, APHD_FAULT, NULL, "the routes file cannot be used: %s", err.message);
        return;
    }
    look_readable(doctor, path);
    if (doctor->apps == NULL)
        aphd_report(doctor, APHD_UNCHECKED, NULL,
                    "the routes are whole; comparing them needs the "
                    "database");
    else
        compare(doctor, map);
    aph_route_map_close(map);
}
