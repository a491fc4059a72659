/* SPDX-License-Identifier: Apache-2.0 */
/* httpd's configuration as its files say it now. The check "httpd" asks the one that runs; this one
 * says what stands in the way of apps, or will after the next reload.
 *
 * Where apphostd.conf names no command, the one that is found may be an httpd that has nothing to
 * do with apphost. So nothing is said of one in whose files our routes are not named. */
#include "helper/doctor/doctor.h"

#include <stdlib.h>
#include <string.h>

#include "common/file_replace.h"
#include "helper/httpd/directives.h"
#include "helper/httpd/httpd.h"
#include "helper/httpd/judge.h"

#define TEXT_MAX (1024 * 1024)

/* The text of a file in doctor's pool; "" where it cannot be read. */
static const char *text_of(const aphd_doctor_t *doctor, const char *path)
{
    char *octets = NULL;
    size_t length;
    const char *text = "";
    if (aph_file_read(path, TEXT_MAX, &octets, &length, NULL) == APR_SUCCESS)
        text = aphd_doctor_text(doctor, "%s", octets);
    free(octets);
    return text;
}

/* The file that names our routes; NULL where none does. */
static const char *find_site(const aphd_doctor_t *doctor, const aphd_httpd_facts_t *facts)
{
    for (int i = facts->includes->nelts - 1; i >= 0; i--) {
        const char *path = APR_ARRAY_IDX(facts->includes, i, const char *);
        if (strstr(text_of(doctor, path), doctor->settings->routes_path) != NULL)
            return path;
    }
    return NULL;
}

static void look_core_dumps(aphd_doctor_t *doctor, const char *path)
{
    aphd_directives_t text;
    aphd_directives_begin(&text, text_of(doctor, path), doctor->p);
    while (aphd_directives_next(&text))
        if (aphd_directives_is(&text, "CoreDumpDirectory"))
            aphd_report(doctor, APHD_WARNING, "remove it once you have the core you wanted",
                        "%s:%d: CoreDumpDirectory keeps what was in httpd's memory when it "
                        "crashed, with passwords and cookies of every app",
                        path, text.line);
}

static void look_rivals(aphd_doctor_t *doctor, const aphd_httpd_facts_t *facts, const char *site)
{
    aphd_judgement_t judgement;
    aph_error_t err = APH_ERROR_INIT;
    int port = doctor->settings->public_port;
    if (aphd_judge(&judgement, facts->names, doctor->settings, site, doctor->p, &err) !=
        APR_SUCCESS) {
        aphd_report(doctor, APHD_FAULT, NULL, "%s", err.message);
        return;
    }
    for (int i = 0; i < judgement.bound->nelts; i++) {
        const aphd_httpd_name_t *name =
            APR_ARRAY_IDX(judgement.bound, i, const aphd_httpd_name_t *);
        aphd_report(doctor, APHD_WARNING,
                    aphd_doctor_text(doctor, "write *:%d in its <VirtualHost>", port),
                    "apps are not reached at %s: %s:%d is a virtual host of that address alone",
                    name->address, name->file, name->line);
    }
}

/* Ours must never be the first of its address: that one answers for every name nobody has. */
static void look_default(aphd_doctor_t *doctor, const aphd_httpd_facts_t *facts, const char *site)
{
    const char *address = aphd_doctor_text(doctor, "*:%d", doctor->settings->public_port);
    for (int i = 0; i < facts->names->nelts; i++) {
        const aphd_httpd_name_t *name = &APR_ARRAY_IDX(facts->names, i, aphd_httpd_name_t);
        if (strcmp(name->address, address) != 0)
            continue;
        if (strcmp(name->file, site) == 0 && strncmp(name->name, "apphost-probe.", 14) == 0)
            aphd_report(doctor, APHD_WARNING,
                        "run apphostctl teardown and setup again, or put a virtual host of your "
                        "own before it",
                        "%s:%d, the virtual host of apps, is the first of %s and answers for names "
                        "that are nobody's",
                        name->file, name->line, address);
        return;
    }
}

void aphd_look_httpd_config(aphd_doctor_t *doctor)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_httpd_t *httpd;
    aphd_httpd_facts_t *facts;
    if (doctor->settings == NULL) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "needs the configuration");
        return;
    }
    if (aphd_httpd_open(&httpd, doctor->settings, doctor->p, &err) != APR_SUCCESS) {
        aphd_report(doctor, APHD_UNCHECKED, NULL, "%s", err.message);
        return;
    }
    if (aphd_httpd_ask(&facts, httpd, &err) != APR_SUCCESS) {
        aphd_report(doctor, doctor->settings->httpd_command == NULL ? APHD_UNCHECKED : APHD_WARNING,
                    NULL, "%s", err.message);
        return;
    }
    const char *site = find_site(doctor, facts);
    if (site == NULL) {
        aphd_report(doctor, doctor->settings->httpd_command == NULL ? APHD_UNCHECKED : APHD_FAULT,
                    "run apphostctl setup", "no file that %s reads names %s", httpd->command[0],
                    doctor->settings->routes_path);
        return;
    }
    for (int i = 0; i < facts->includes->nelts; i++)
        look_core_dumps(doctor, APR_ARRAY_IDX(facts->includes, i, const char *));
    if (strstr(text_of(doctor, site), doctor->settings->vhosts_enabled) == NULL)
        aphd_report(doctor, APHD_FAULT,
                    aphd_doctor_text(doctor,
                                     "add IncludeOptional \"%s/*.conf\" to it, see the "
                                     "shipped conf/apphost.conf",
                                     doctor->settings->vhosts_enabled),
                    "%s does not include the virtual hosts of apps", site);
    look_rivals(doctor, facts, site);
    look_default(doctor, facts, site);
}
