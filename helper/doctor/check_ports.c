/* SPDX-License-Identifier: Apache-2.0 */
/* The ports of apps: kept from the kernel's own use, and held by nobody else. */
#include "helper/doctor/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/limits.h"
#include "helper/base/job_wire.h"
#include "helper/base/listeners.h"
#include "helper/base/port_ranges.h"

#define RESERVED  "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define EPHEMERAL "/proc/sys/net/ipv4/ip_local_port_range"

/* The file's first line; lists of reserved ports can be long. malloc'd, or NULL. */
static char *first_line(const char *path)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL || getline(&line, &room, file) < 0) {
        free(line);
        line = NULL;
    } else {
        line[strcspn(line, "\n")] = '\0';
    }
    if (file != NULL)
        fclose(file);
    return line;
}

/* The cure is the whole line to set: what is reserved already must stay so. */
static void report_gap(aphd_doctor_t *doctor, int gap, const char *reserved, int last)
{
    aphd_report(doctor, APHD_WARNING,
                aphd_doctor_text(doctor,
                                 "put net.ipv4.ip_local_reserved_ports=%s%s%d-%d into "
                                 "/etc/sysctl.d/60-apphost.conf, then: sysctl --system",
                                 reserved, *reserved != '\0' ? "," : "", APH_PORT_BASE + 1, last),
                "the kernel may give port %d, which belongs to an app, to an outgoing connection",
                gap);
}

void aphd_look_reserved_ports(aphd_doctor_t *doctor)
{
    int low = 0, high = 0;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    int first = APH_PORT_BASE + 1, last = APH_PORT_BASE + doctor->settings->max_app_id;
    char *range = first_line(EPHEMERAL), *reserved = first_line(RESERVED);
    if (range == NULL || sscanf(range, "%d %d", &low, &high) != 2)
        aphd_report(doctor, APHD_UNCHECKED, NULL, "%s cannot be read", EPHEMERAL);
    else if (high >= first && low <= last) {
        /* Ports outside the range the kernel draws from need no reservation. */
        int gap = aphd_port_ranges_gap(reserved != NULL ? reserved : "", low > first ? low : first,
                                       high < last ? high : last);
        if (gap != 0)
            report_gap(doctor, gap, reserved != NULL ? reserved : "", last);
    }
    free(range);
    free(reserved);
}

/* Podman tells the ports of containers that hold none, too: those that have ended. */
static int holds(const json_t *container, int port)
{
    const char *state = json_string_value(json_object_get(container, "State"));
    size_t i;
    const json_t *published;
    if (state == NULL || (strcmp(state, "running") != 0 && strcmp(state, "paused") != 0))
        return 0;
    json_array_foreach(
        json_object_get(container, "Ports"), i,
        published) if (json_integer_value(json_object_get(published, "PublicPort")) ==
                       port) return 1;
    return 0;
}

/* The container that publishes port, as the engine tells; NULL where none does. */
static const json_t *publisher_of(const aphd_doctor_t *doctor, int port)
{
    size_t i;
    const json_t *container;
    json_array_foreach(doctor->containers, i,
                       container) if (holds(container, port)) return container;
    return NULL;
}

/* What holds the ports of containers: Docker's program, and Podman's. */
static int is_engines(const char *program)
{
    return strcmp(program, "docker-proxy") == 0 || strcmp(program, "conmon") == 0;
}

static int belongs_to(const aphd_doctor_t *doctor, const json_t *container,
                      const aphd_patient_t *app)
{
    const json_t *labels = json_object_get(container, "Labels");
    const char *instance = json_string_value(json_object_get(labels, APHD_LABEL_INSTANCE));
    const char *id = json_string_value(json_object_get(labels, APHD_LABEL_APP));
    return instance != NULL && id != NULL && doctor->instance != NULL &&
           strcmp(instance, doctor->instance) == 0 && atoi(id) == app->app_id;
}

static void look_port(aphd_doctor_t *doctor, const aphd_patient_t *app)
{
    aphd_listener_t listener;
    const json_t *container = publisher_of(doctor, app->port);
    if (container != NULL && belongs_to(doctor, container, app))
        return;
    if (container != NULL) {
        const char *name =
            json_string_value(json_array_get(json_object_get(container, "Names"), 0));
        aphd_report(doctor, APHD_FAULT, NULL, "port %d of %s is held by the container %s",
                    app->port, app->name,
                    name != NULL && name[0] == '/' ? name + 1 : "without a name");
        return;
    }
    if (!aphd_listener_find(app->port, &listener))
        return;
    /* With the engine silent, its own program for the app looks like a stranger. */
    if (doctor->containers == NULL && is_engines(listener.program))
        return;
    if (listener.pid != 0)
        aphd_report(doctor, APHD_FAULT,
                    aphd_doctor_text(doctor,
                                     "stop %s (kill %d) or give it another port; then: "
                                     "apphostctl restart %s",
                                     listener.program, (int)listener.pid, app->name),
                    "port %d of %s is held by %s (pid %d)", app->port, app->name, listener.program,
                    (int)listener.pid);
    else
        aphd_report(doctor, APHD_FAULT, NULL,
                    "port %d of %s is held by a program in another "
                    "namespace",
                    app->port, app->name);
}

void aphd_look_ports(aphd_doctor_t *doctor)
{
    if (doctor->apps == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the database");
        return;
    }
    for (int i = 0; i < doctor->app_count; i++)
        if (doctor->apps[i].web && !doctor->apps[i].busy)
            look_port(doctor, &doctor->apps[i]);
}
