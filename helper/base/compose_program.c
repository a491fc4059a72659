/* SPDX-License-Identifier: Apache-2.0 */
/* Looked for in fixed places: a PATH could name a program of somebody else. */
#include "helper/base/compose_program.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/child.h"

#define DOCKER "/usr/bin/docker"

/* Newest first: docker keeps its plugin in one of the folders, Debian's own package in /usr/bin. */
static const char *const places[] = {
    "/usr/local/lib/docker/cli-plugins/docker-compose",
    "/usr/local/libexec/docker/cli-plugins/docker-compose",
    "/usr/lib/docker/cli-plugins/docker-compose",
    "/usr/libexec/docker/cli-plugins/docker-compose",
    "/root/.docker/cli-plugins/docker-compose",
    "/usr/local/bin/docker-compose",
    "/usr/bin/docker-compose",
};

/* docker may be there without the plugin; only running it tells. */
static int docker_has_compose(void)
{
    static const char *const argv[] = {DOCKER, "compose", "version", NULL};
    aph_child_spec_t spec = {.argv = argv, .fds = {-1, -1, -1, -1}, .dies_with_parent = 1};
    pid_t pid;
    int exit_code = 1;
    return access(DOCKER, X_OK) == 0 && aph_child_start(&spec, &pid, NULL) == APR_SUCCESS &&
           aph_child_wait(pid, &exit_code, NULL) == APR_SUCCESS && exit_code == 0;
}

apr_status_t aphd_compose_program_find(aphd_compose_program_t *program, const char *wanted,
                                       aph_error_t *err)
{
    *program = (aphd_compose_program_t){{wanted, NULL, NULL}};
    if (wanted != NULL && access(wanted, X_OK) == 0)
        return APR_SUCCESS;
    if (wanted != NULL)
        return aph_error_set(err, APH_ECONFIG, 1500,
                             "the compose program %s (Compose in section [engine]) cannot be run: "
                             "%s",
                             wanted, strerror(errno));
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        program->words[0] = places[i];
        if (access(places[i], X_OK) == 0)
            return APR_SUCCESS;
    }
    *program = (aphd_compose_program_t){{DOCKER, "compose", NULL}};
    if (docker_has_compose())
        return APR_SUCCESS;
    return aph_error_set(err, APH_EENGINE, 1501,
                         "there is no compose program; install the package docker-compose (or "
                         "docker-compose-plugin)");
}
