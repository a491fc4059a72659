/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the container engine answers, and whether it is one apphost can work with. */
#include "helper/doctor/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <apr_strings.h>

#include "helper/base/job_wire.h"
#include "helper/doctor/engine_query.h"

#define API_MAJOR 1

/* A connect says more about an absent engine than curl does. */
static int can_connect(aphd_doctor_t *doctor, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int reason =
        fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    if (reason == ENOENT)
        aphd_report(
            doctor, APHD_FAULT,
            "install and start one (apt-get install docker.io), start the one that is there "
            "(systemctl enable --now podman.socket), or correct Socket in section [engine]",
            "there is no container engine: the socket %s does not exist", path);
    else if (reason == ECONNREFUSED)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "the container engine has died: nobody listens on its socket %s", path);
    else if (reason == EACCES || reason == EPERM)
        aphd_report(doctor, APHD_FAULT, "run apphostctl doctor, and apphostd, as root",
                    "permission denied on the engine's socket %s", path);
    else if (reason != 0)
        aphd_report(doctor, APHD_FAULT, NULL, "the engine cannot be reached on %s: %s", path,
                    strerror(reason));
    return reason == 0;
}

static void look_version(aphd_doctor_t *doctor, const json_t *version)
{
    const char *api = json_string_value(json_object_get(version, "ApiVersion"));
    int major = 0, minor = 0;
    if (api == NULL || sscanf(api, "%d.%d", &major, &minor) != 2)
        aphd_report(doctor, APHD_FAULT, "point Socket in section [engine] at Docker or podman",
                    "what answers on %s is no container engine: it tells no API version",
                    doctor->settings->engine_socket);
    else if (major < API_MAJOR || (major == API_MAJOR && minor < APHD_ENGINE_API_MINOR))
        aphd_report(doctor, APHD_FAULT, "upgrade it: Docker 20.10 or podman 4 is needed",
                    "the engine is too old: its API is %s, and %d.%d is needed", api, API_MAJOR,
                    APHD_ENGINE_API_MINOR);
}

/* The command that speaks to it. */
static const char *tool_of(const json_t *version)
{
    const json_t *first = json_array_get(json_object_get(version, "Components"), 0);
    const char *name = json_string_value(json_object_get(first, "Name"));
    return name != NULL && strncmp(name, "Podman", 6) == 0 ? "podman" : "docker";
}

void aphd_look_engine(aphd_doctor_t *doctor)
{
    json_t *version = NULL, *info = NULL;
    aph_error_t err = APH_ERROR_INIT;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *path = doctor->settings->engine_socket;
    if (!can_connect(doctor, path))
        return;
    if (aphd_engine_query(path, "/version", &version, &err) == APR_SUCCESS &&
        aphd_engine_query(path, "/info", &info, &err) == APR_SUCCESS &&
        aphd_engine_query(path, "/containers/json?all=1", &doctor->containers, &err) ==
            APR_SUCCESS) {
        const char *root = json_string_value(json_object_get(info, "DockerRootDir"));
        doctor->engine_root = root != NULL ? apr_pstrdup(doctor->p, root) : NULL;
        doctor->engine_info = json_incref(info);
        doctor->engine_tool = tool_of(version);
        look_version(doctor, version);
    } else {
        aphd_report(doctor, APHD_FAULT, "restart it: systemctl restart docker (or podman)", "%s",
                    err.message);
    }
    json_decref(version);
    json_decref(info);
}
