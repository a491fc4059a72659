/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the wall stands (helper/base/wall_rules.h), and whether apps get out of it. */
#include "helper/doctor/doctor.h"

#include <fcntl.h>
#include <unistd.h>

#include "helper/base/wall.h"

#define FORWARDING "/proc/sys/net/ipv4/ip_forward"

static void look_forwarding(aphd_doctor_t *doctor)
{
    char digit = '1';
    int fd = open(FORWARDING, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && read(fd, &digit, 1) == 1 && digit == '0')
        aphd_report(doctor, APHD_WARNING,
                    "sysctl -w net.ipv4.ip_forward=1, and the same line in /etc/sysctl.d",
                    "the kernel forwards nothing (" FORWARDING
                    " is 0): apps reach no other machine");
    if (fd >= 0)
        close(fd);
}

static void report_view(aphd_doctor_t *doctor, const aphd_wall_t *wall,
                        const aphd_wall_view_t *view)
{
    const char *chain = wall->rules.chain;
    if (view->absent)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "the firewall has no chain %s: other machines may reach apps past httpd",
                    chain);
    else if (view->differs)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "the firewall's chain %s (or %s) does not say what the apps that run need",
                    chain, wall->rules.inner);
    if (!view->absent && view->unreached)
        aphd_report(doctor, APHD_FAULT, NULL,
                    "nothing in the firewall's chain %s leads to %s: other machines may reach apps "
                    "past httpd",
                    view->place, chain);
    if (view->late)
        aphd_report(
            doctor, APHD_FAULT,
            aphd_doctor_text(doctor, "look: iptables -S %s; what comes before must come after",
                             view->place),
            "another rule comes before the jump to %s in the firewall's chain %s, and may let "
            "pass what the chain would drop",
            chain, view->place);
    if (view->rival[0] != '\0')
        aphd_report(
            doctor, APHD_FAULT,
            "give each apphost a SubnetPool of its own in section [engine], and install its apps "
            "anew; or, if that apphost is gone, remove its chains",
            "another apphost's firewall chain %s claims SubnetPool = %s too: each drops what "
            "services of the other's apps say to one another",
            view->rival, doctor->settings->subnet_pool);
    if (view->raw)
        aphd_report(
            doctor, APHD_WARNING,
            "restart apphostd; a kernel without xt_rpfilter cannot have it: load that module",
            "table raw of the firewall lacks the rules of %s: packets that only claim to come "
            "from an app are let pass",
            chain);
}

void aphd_look_firewall(aphd_doctor_t *doctor)
{
    aphd_wall_t wall = {.settings = doctor->settings, .instance = doctor->instance};
    aphd_wall_view_t view;
    aph_error_t err = APH_ERROR_INIT;
    if (doctor->settings == NULL || doctor->instance == NULL || geteuid() != 0) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs root, the configuration and the database");
        return;
    }
    apr_status_t status = aphd_wall_want(&wall, doctor->p, &err);
    if (status == APR_SUCCESS)
        status = aphd_wall_look(&wall, &view, &err);
    if (status == APR_SUCCESS)
        report_view(doctor, &wall, &view);
    else
        aphd_report(doctor, APHD_FAULT, "install it: apt-get install iptables", "%s", err.message);
    aphd_wall_clear(&wall);
    look_forwarding(doctor);
}
