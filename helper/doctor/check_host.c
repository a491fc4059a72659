/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine itself must offer: root, a clock, our programs, seccomp, compose. */
#include "helper/doctor/doctor.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <linux/seccomp.h>

#include "common/child.h"
#include "helper/base/compose_program.h"

#define DAY            86400
#define EARLIEST_CLOCK 1735689600 /* 2025-01-01: apphost is younger */

void aphd_look_user(aphd_doctor_t *doctor)
{
    if (geteuid() != 0)
        aphd_report(doctor, APHD_WARNING, NULL,
                    "apphost-doctor does not run as root, so it cannot look everywhere");
}

void aphd_look_config(aphd_doctor_t *doctor)
{
    aph_error_t err = APH_ERROR_INIT;
    if (aphd_settings_load(&doctor->settings, doctor->config_path, doctor->p, &err) == APR_SUCCESS)
        return;
    doctor->settings = NULL;
    aphd_report(doctor, APHD_FAULT, NULL, "%s", err.message);
}

/* The database is written by apphostd alone: a time after now means that the clock went back. */
void aphd_look_clock(aphd_doctor_t *doctor)
{
    struct stat database;
    time_t now = time(NULL);
    if (now < EARLIEST_CLOCK)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "the clock says a day before 2025; certificates and registries will refuse it");
    else if (doctor->settings != NULL && stat(doctor->settings->database_path, &database) == 0 &&
             database.st_mtime > now + DAY)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "the clock went back: the database was written %ld days from now",
                    (long)((database.st_mtime - now) / DAY));
}

void aphd_look_programs(aphd_doctor_t *doctor)
{
    static const char *const programs[] = {APH_LIBEXECDIR "/apphost-job",
                                           APH_LIBEXECDIR "/apphost-read",
                                           APH_LIBEXECDIR "/apphost-check"};
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (access(programs[i], X_OK) != 0)
            aphd_report(doctor, APHD_FAULT, NULL, "%s cannot be run: %s", programs[i],
                        strerror(errno));
}

void aphd_look_seccomp(aphd_doctor_t *doctor)
{
    unsigned action = SECCOMP_RET_KILL_PROCESS;
    if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
        aphd_report(doctor, APHD_FAULT, NULL, "this kernel cannot filter system calls: %s",
                    strerror(errno));
}

void aphd_look_compose(aphd_doctor_t *doctor)
{
    aphd_compose_program_t program;
    aph_error_t err = APH_ERROR_INIT;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    if (aphd_compose_program_find(&program, doctor->settings->compose, &err) != APR_SUCCESS) {
        aphd_report(doctor, APHD_FAULT, NULL, "%s", err.message);
        return;
    }
    const char *argv[4] = {program.words[0], "version"};
    if (program.words[1] != NULL) {
        argv[1] = program.words[1];
        argv[2] = "version";
    }
    aph_child_spec_t spec = {.argv = argv, .fds = {-1, -1, -1, -1}, .dies_with_parent = 1};
    pid_t pid;
    int exit_code = 0;
    if (aph_child_start(&spec, &pid, &err) != APR_SUCCESS ||
        aph_child_wait(pid, &exit_code, &err) != APR_SUCCESS)
        aphd_report(doctor, APHD_FAULT, NULL, "%s", err.message);
    else if (exit_code != 0)
        aphd_report(doctor, APHD_FAULT, NULL, "%s does not run: it ends with exit code %d",
                    program.words[0], exit_code);
}
