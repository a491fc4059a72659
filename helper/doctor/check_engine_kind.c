/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the engine is the machine's own: one that sees apphost's folders as root, and that ends
 * with the machine rather than with somebody's session. What its socket says is told even where
 * nothing answers; rootless Docker and Podman, snap's Docker and userns-remap are each named. */
#include "helper/doctor/doctor.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/doctor/engine_query.h"

#define SNAP_DOCKER "/snap/bin/docker"
#define USE_SYSTEMS                                                                                \
    "use the system's engine: Socket = /run/docker.sock (systemctl enable --now docker), or "      \
    "Socket = /run/podman/podman.sock (systemctl enable --now podman.socket), in section [engine]"
#define LEAVE_SNAP "snap remove docker; apt-get install docker.io docker-compose"

static int begins(const char *text, const char *start)
{
    return text != NULL && strncmp(text, start, strlen(start)) == 0;
}

static void look_socket(aphd_doctor_t *doctor, const char *path)
{
    struct stat is;
    if (begins(path, "/var/snap/") || begins(path, "/run/snap."))
        aphd_report(doctor, APHD_FAULT, LEAVE_SNAP,
                    "the socket %s is that of Docker's snap package: it cannot see apphost's "
                    "folders, so apps would start with empty ones",
                    path);
    if (begins(path, "/run/user/"))
        aphd_report(doctor, APHD_FAULT, USE_SYSTEMS,
                    "the socket %s is that of a user's rootless engine: it can neither own the "
                    "apps' data folders nor survive its user's session",
                    path);
    else if (stat(path, &is) == 0 && is.st_uid != 0)
        aphd_report(doctor, APHD_FAULT, USE_SYSTEMS,
                    "the socket %s belongs to user %u: that user can put another engine in its "
                    "place, and decides what runs",
                    path, (unsigned)is.st_uid);
    else if (stat(path, &is) != 0 && access(SNAP_DOCKER, F_OK) == 0)
        aphd_report(
            doctor, APHD_FAULT, LEAVE_SNAP,
            "the only Docker here is the snap package (%s): it cannot see apphost's folders",
            SNAP_DOCKER);
}

static void look_options(aphd_doctor_t *doctor)
{
    size_t i;
    const json_t *option;
    json_array_foreach(json_object_get(doctor->engine_info, "SecurityOptions"), i, option)
    {
        const char *text = json_string_value(option);
        if (begins(text, "name=rootless"))
            aphd_report(doctor, APHD_FAULT, USE_SYSTEMS,
                        "the engine is rootless: it can neither own the apps' data folders nor "
                        "survive its user's session");
        else if (begins(text, "name=userns"))
            aphd_report(doctor, APHD_WARNING,
                        "remove userns-remap from the engine's daemon.json, or chown the data "
                        "folders to the remapped users",
                        "the engine remaps users (userns-remap): containers cannot write to data "
                        "folders that belong to root");
    }
}

/* Podman's older networks know no names without a plugin, and then an app's services do not find
 * each other. Its own API tells which they are; the compatible one does not. */
static void look_network(aphd_doctor_t *doctor)
{
    json_t *info = NULL;
    aph_error_t err = APH_ERROR_INIT;
    if (doctor->engine_tool == NULL || strcmp(doctor->engine_tool, "podman") != 0 ||
        aphd_engine_query(doctor->settings->engine_socket, "/v4.0.0/libpod/info", &info, &err) !=
            APR_SUCCESS)
        return;
    const json_t *host = json_object_get(info, "host");
    const char *backend = json_string_value(json_object_get(host, "networkBackend"));
    if (backend != NULL && strcmp(backend, "cni") == 0)
        aphd_report(doctor, APHD_WARNING,
                    "apt-get install netavark aardvark-dns, set network_backend = \"netavark\" in "
                    "section [network] of /etc/containers/containers.conf, and restart Podman",
                    "Podman's networks are those of CNI: without its plugin dnsname, the services "
                    "of an app do not find each other by name");
    json_decref(info);
}

void aphd_look_engine_kind(aphd_doctor_t *doctor)
{
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    look_socket(doctor, doctor->settings->engine_socket);
    look_options(doctor);
    look_network(doctor);
    if (begins(doctor->engine_root, "/var/snap/"))
        aphd_report(doctor, APHD_FAULT, LEAVE_SNAP,
                    "the engine is Docker's snap package (%s): it cannot see apphost's folders",
                    doctor->engine_root);
}
