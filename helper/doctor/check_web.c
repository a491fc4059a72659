/* SPDX-License-Identifier: Apache-2.0 */
/* What stands between httpd and apps without being part of its configuration: other programs on its
 * ports, SELinux, templates others could write, a setup that was cut off. */
#include "helper/doctor/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file_replace.h"
#include "helper/base/listeners.h"

#define HTTPS_PORT      443
#define SELINUX         "/sys/fs/selinux"
#define SELINUX_CONNECT SELINUX "/booleans/httpd_can_network_connect"
#define RECORD_MAX      (1024 * 1024)

static int is_httpd(const char *program)
{
    return strncmp(program, "apache2", 7) == 0 || strncmp(program, "httpd", 5) == 0;
}

static void look_port(aphd_doctor_t *doctor, int port, aphd_level_t level)
{
    aphd_listener_t listener;
    if (!aphd_listener_find(port, &listener) || listener.pid == 0 || is_httpd(listener.program))
        return;
    aphd_report(
        doctor, level,
        level == APHD_FAULT ? NULL
                            : "stop that program if httpd shall answer https for apps, or let it",
        "port %d is held by %s (pid %d), not by httpd", port, listener.program, (int)listener.pid);
}

void aphd_look_web_ports(aphd_doctor_t *doctor)
{
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    look_port(doctor, doctor->settings->public_port, APHD_FAULT);
    if (doctor->settings->public_port != HTTPS_PORT)
        look_port(doctor, HTTPS_PORT, APHD_WARNING);
}

/* The first octet of a file of the kernel's; 0 where there is none. */
static char first_octet(const char *path)
{
    char octet = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, &octet, 1) != 1)
        octet = 0;
    if (fd >= 0)
        close(fd);
    return octet;
}

void aphd_look_selinux(aphd_doctor_t *doctor)
{
    if (first_octet(SELINUX "/enforce") == '1' && first_octet(SELINUX_CONNECT) == '0')
        aphd_report(doctor, APHD_FAULT, NULL,
                    "SELinux does not let httpd connect to apps: httpd_can_network_connect is off");
}

static void look_template(aphd_doctor_t *doctor, const char *path)
{
    struct stat there;
    const char *why = NULL;
    if (lstat(path, &there) != 0)
        return;
    if (!S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode))
        why = "is neither a file nor a folder";
    else if (there.st_uid != 0)
        why = "does not belong to root";
    else if ((there.st_mode & 022) != 0)
        why = "may be written by others than root";
    if (why != NULL)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "%s %s; what stands in it, httpd's root does for him, so it is not used", path,
                    why);
}

void aphd_look_templates(aphd_doctor_t *doctor)
{
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *folder = aphd_doctor_text(doctor, "%s/vhost", doctor->settings->templates_dir);
    look_template(doctor, doctor->settings->templates_dir);
    look_template(doctor, folder);
    DIR *templates = opendir(folder);
    struct dirent *entry;
    while (templates != NULL && (entry = readdir(templates)) != NULL)
        if (entry->d_name[0] != '.')
            look_template(doctor, aphd_doctor_text(doctor, "%s/%s", folder, entry->d_name));
    if (templates != NULL)
        closedir(templates);
}

void aphd_look_setup(aphd_doctor_t *doctor)
{
    char *octets = NULL;
    size_t length = 0;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    const char *path = aphd_doctor_text(doctor, "%s/setup.json", doctor->settings->state_dir);
    if (aph_file_read(path, RECORD_MAX, &octets, &length, NULL) != APR_SUCCESS)
        return;
    json_t *record = json_loadb(octets, length, JSON_REJECT_DUPLICATES, NULL);
    const char *state = json_string_value(json_object_get(record, "state"));
    if (state == NULL)
        aphd_report(doctor, APHD_WARNING,
                    "compare it with the files it names, remove those by hand, then it",
                    "%s is damaged", path);
    else if (strcmp(state, "done") != 0)
        aphd_report(doctor, APHD_WARNING, NULL, "a %s was interrupted: %s says \"%s\"",
                    strcmp(state, "removing") == 0 ? "teardown" : "setup", path, state);
    json_decref(record);
    free(octets);
}
