/* SPDX-License-Identifier: Apache-2.0 */
/* The changes, in the order in which they are written: what is named by another file comes before
 * it, so that httpd could be reloaded by anybody at any moment and would find nothing half done. */
#include "helper/setup/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/httpd/judge.h"
#include "helper/setup/layout.h"
#include "helper/setup/record.h"
#include "helper/setup/things.h"
#include "helper/setup/words.h"

#define SHIPPED_MAX (256 * 1024)
#define MODULE_FILE APH_MODULEDIR "/mod_apphost.so"

typedef enum aphd_mark_t { PLAIN = 0, SHARED = 1, ACTIVE = 2, EDITED = 4 } aphd_mark_t;

/* What somebody changed after us stays his, unless we would write something else today than then.
 */
static apr_status_t respect(aphd_setup_t *setup, aphd_change_t *change, const aphd_thing_t *now,
                            aph_error_t *err)
{
    aphd_recorded_t *entry = aphd_record_find(setup->record, change->path);
    if (entry == NULL)
        return APR_SUCCESS;
    change->before = entry->change.before;
    if (aphd_thing_same(now, &change->after) || aphd_things_still(entry, setup->p))
        return APR_SUCCESS;
    const char *sum = aphd_record_sum(change->after.text, change->after.length, setup->p);
    if (now->kind != APHD_NOTHING && strcmp(sum, entry->sha256) != 0)
        return aph_error_set(err, APH_ETAKEN, 2184,
                             "%s was changed since setup wrote it, and today it would say "
                             "something else; take over what you need of it, remove it, and run "
                             "setup again",
                             change->path);
    if (now->kind != APHD_NOTHING) {
        aphd_setup_note(setup, "%s was changed since setup wrote it, and stays so.", change->path);
        change->after = *now;
    }
    return APR_SUCCESS;
}

static apr_status_t add(aphd_setup_t *setup, const char *path, aphd_thing_t after, int marks,
                        const char *why, aph_error_t *err)
{
    aphd_thing_t now;
    apr_status_t status = aphd_thing_look(&now, path, setup->p, err);
    if (status != APR_SUCCESS)
        return status;
    aphd_change_t change = {.path = path,
                            .before = now,
                            .after = after,
                            .why = why,
                            .shared = (marks & SHARED) != 0,
                            .active = (marks & ACTIVE) != 0};
    if (marks & EDITED) {
        aphd_recorded_t *entry = aphd_record_find(setup->record, path);
        if (entry != NULL)
            change.before = entry->change.before;
        if (now.kind == APHD_FILE) {
            change.after.mode = now.mode;
            change.after.uid = now.uid;
            change.after.gid = now.gid;
        }
    } else if ((status = respect(setup, &change, &now, err)) != APR_SUCCESS) {
        return status;
    }
    /* As it shall be, and not by us: nothing of ours to take back. */
    if (aphd_thing_same(&change.before, &change.after))
        return APR_SUCCESS;
    APR_ARRAY_PUSH(setup->changes, aphd_change_t) = change;
    return APR_SUCCESS;
}

static apr_status_t add_file(aphd_setup_t *setup, const char *path, const char *text, int marks,
                             const char *why, aph_error_t *err)
{
    aphd_thing_t after = {.kind = APHD_FILE, .text = text, .length = strlen(text), .mode = 0644};
    return add(setup, path, after, marks, why, err);
}

static apr_status_t add_link(aphd_setup_t *setup, const char *path, const char *target, int marks,
                             const char *why, aph_error_t *err)
{
    aphd_thing_t after = {.kind = APHD_LINK, .text = target, .length = strlen(target)};
    return add(setup, path, after, marks, why, err);
}

int aphd_plan_differs(const aphd_setup_t *setup, const aphd_change_t *change)
{
    aphd_thing_t now;
    return aphd_thing_look(&now, change->path, setup->p, NULL) != APR_SUCCESS ||
           !aphd_thing_same(&now, &change->after);
}

/* --- modules ---------------------------------------------------------------------------------- */

/* Whether the file or link that loads a module is wanted: the module is missing, or is there
 * because of us. */
static int wanted(const aphd_setup_t *setup, const char *module, const char *path)
{
    return !aphd_layout_has_module(setup->facts, module) ||
           aphd_record_find(setup->record, path) != NULL;
}

/* Debian's way, as a2enmod does it: links to NAME.load and, where there is one, NAME.conf. */
static apr_status_t enable_module(aphd_setup_t *setup, const char *name, int marks,
                                  aph_error_t *err)
{
    static const char *const ends[] = {"load", "conf"};
    apr_pool_t *p = setup->p;
    const char *module = apr_pstrcat(p, name, "_module", NULL);
    const char *load = apr_psprintf(p, "%s/%s.load", setup->layout.modules_on, name);
    apr_status_t status = APR_SUCCESS;
    if (!wanted(setup, module, load))
        return APR_SUCCESS;
    for (size_t i = 0; status == APR_SUCCESS && i < sizeof ends / sizeof ends[0]; i++) {
        const char *there = apr_psprintf(p, "%s/%s.%s", setup->layout.modules, name, ends[i]);
        int ours = strcmp(name, "apphost") == 0;
        if (!ours && access(there, R_OK) != 0 && i == 0)
            return aph_error_set(err, APH_ECONFIG, 2185,
                                 "apphost needs httpd's mod_%s, and there is no %s; install it",
                                 name, there);
        if (i == 0 || (!ours && access(there, R_OK) == 0))
            status = add_link(setup,
                              apr_psprintf(p, "%s/%s.%s", setup->layout.modules_on, name, ends[i]),
                              apr_psprintf(p, "../mods-available/%s.%s", name, ends[i]), marks,
                              apr_psprintf(p, "enables the module %s", name), err);
    }
    return status;
}

static const char *load_line(const char *name, const char *file, apr_pool_t *p)
{
    return apr_psprintf(p, "LoadModule %s_module %s\n", name, file);
}

static apr_status_t load_modules_debian(aphd_setup_t *setup, aph_error_t *err)
{
    apr_pool_t *p = setup->p;
    apr_status_t status = enable_module(setup, "proxy", SHARED, err);
    if (status == APR_SUCCESS)
        status = enable_module(setup, "proxy_http", SHARED, err);
    const char *load = apr_pstrcat(p, setup->layout.modules, "/apphost.load", NULL);
    if (status != APR_SUCCESS || !wanted(setup, "apphost_module", load))
        return status;
    status = add_file(
        setup, load,
        apr_pstrcat(p, "# Depends: proxy proxy_http\n", load_line("apphost", MODULE_FILE, p), NULL),
        PLAIN, "loads mod_apphost", err);
    return status == APR_SUCCESS ? enable_module(setup, "apphost", PLAIN, err) : status;
}

/* Fedora's way: a file of lines. What others may come to need stands in a file of its own. */
static apr_status_t load_modules_fedora(aphd_setup_t *setup, aph_error_t *err)
{
    static const char *const needed[] = {"proxy", "proxy_http"};
    apr_pool_t *p = setup->p;
    const char *shared = apr_pstrcat(p, setup->layout.modules, "/98-apphost-proxy.conf", NULL);
    const char *lines = "";
    apr_status_t status = APR_SUCCESS;
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        const char *file = apr_psprintf(p, "modules/mod_%s.so", needed[i]);
        const char *module = apr_pstrcat(p, needed[i], "_module", NULL);
        if (!wanted(setup, module, shared))
            continue;
        if (access(apr_psprintf(p, "%s/%s", setup->facts->server_root, file), R_OK) != 0)
            return aph_error_set(err, APH_ECONFIG, 2186,
                                 "apphost needs httpd's mod_%s, and there is no %s in %s; install "
                                 "it, or load it",
                                 needed[i], file, setup->facts->server_root);
        lines = apr_pstrcat(p, lines, load_line(needed[i], file, p), NULL);
    }
    if (*lines != '\0')
        status = add_file(setup, shared, lines, SHARED | ACTIVE, "loads mod_proxy", err);
    const char *load = apr_pstrcat(p, setup->layout.modules, "/99-apphost.conf", NULL);
    if (status == APR_SUCCESS && wanted(setup, "apphost_module", load))
        status = add_file(setup, load, load_line("apphost", MODULE_FILE, p), ACTIVE,
                          "loads mod_apphost", err);
    return status;
}

/* --- the site --------------------------------------------------------------------------------- */

/* httpd's main server serves what no virtual host does, but only while its port has none at all.
 *
 * An empty virtual host inherits everything but two things. mod_rewrite's rules need a word. And
 * its port, which redirects of a request that names none are made with, is that of its first
 * address; an address that can never be asked (RFC 5737), with no port, leaves it what it is in the
 * main server. */
static const char *stand_in(const aphd_setup_t *setup)
{
    int port = setup->settings->public_port;
    return apr_psprintf(
        setup->p,
        "# No virtual host served port %d before, the main server did. With one there it would be\n"
        "# asked no more, so an empty one stands for it: it inherits everything from the main\n"
        "# server, and being the first, answers whatever is no app's. 192.0.2.1 is nobody's "
        "address;\n"
        "# without a port it makes redirects keep the main server's.\n"
        "<VirtualHost 192.0.2.1:* *:%d>\n"
        "    <IfModule rewrite_module>\n"
        "        RewriteOptions Inherit\n"
        "    </IfModule>\n"
        "</VirtualHost>\n\n",
        port, port);
}

static apr_status_t read_shipped(const char **text, const char *name, apr_pool_t *p,
                                 aph_error_t *err)
{
    char *octets = NULL;
    size_t length;
    const char *path = apr_pstrcat(p, APH_DATADIR "/", name, NULL);
    apr_status_t status = aph_file_read(path, SHIPPED_MAX, &octets, &length, err);
    if (status == APR_SUCCESS)
        *text = apr_pstrmemdup(p, octets, length);
    else
        aph_error_wrap(err, "apphost is not installed whole");
    free(octets);
    return status;
}

static void note_bound(aphd_setup_t *setup, const aphd_judgement_t *judgement)
{
    for (int i = 0; i < judgement->bound->nelts; i++) {
        const aphd_httpd_name_t *name =
            APR_ARRAY_IDX(judgement->bound, i, const aphd_httpd_name_t *);
        aphd_setup_note(setup,
                        "Apps will not be reached at %s: %s:%d is a virtual host of that address "
                        "alone, and goes before those of *:%d.",
                        name->address, name->file, name->line, setup->settings->public_port);
    }
}

/* The name it was given by an earlier setup. */
static const char *recorded_site(const aphd_setup_t *setup)
{
    size_t length = strlen(setup->layout.sites);
    for (int i = 0; setup->record != NULL && i < setup->record->entries->nelts; i++) {
        const char *path = APR_ARRAY_IDX(setup->record->entries, i, aphd_recorded_t).change.path;
        if (strncmp(path, setup->layout.sites, length) == 0 && path[length] == '/')
            return path + length + 1;
    }
    return NULL;
}

static apr_status_t add_site(aphd_setup_t *setup, aph_error_t *err)
{
    apr_pool_t *p = setup->p;
    const aphd_layout_t *layout = &setup->layout;
    aphd_judgement_t judgement;
    const char *name, *text = NULL;
    apr_status_t status = APR_SUCCESS;
    if ((name = recorded_site(setup)) == NULL)
        status = aphd_layout_site_name(&name, layout, p, err);
    if (status != APR_SUCCESS)
        return status;
    const char *path = apr_psprintf(p, "%s/%s", layout->sites, name);
    const char *link = layout->debian ? apr_psprintf(p, "%s/%s", layout->sites_on, name) : path;
    status = aphd_judge(&judgement, setup->facts->names, setup->settings, link, p, err);
    if (status == APR_SUCCESS)
        status = read_shipped(&text, "apphost.conf", p, err);
    if (status != APR_SUCCESS)
        return status;
    note_bound(setup, &judgement);
    text = apr_pstrcat(p, judgement.stand_in ? stand_in(setup) : "",
                       aphd_words_fill(text, setup->settings, p), NULL);
    status = add_file(setup, path, text, layout->debian ? PLAIN : ACTIVE,
                      "tells httpd which names are apps", err);
    if (status == APR_SUCCESS && layout->debian)
        status = add_link(setup, link, apr_psprintf(p, "../sites-available/%s", name), PLAIN,
                          "enables that", err);
    return status;
}

/* --- the machine ------------------------------------------------------------------------------ */

const char *aphd_plan_reserved(apr_pool_t *p)
{
    char *line = NULL;
    size_t room = 0;
    FILE *file = fopen(APHD_RESERVED_PORTS, "re");
    const char *list = "";
    if (file != NULL && getline(&line, &room, file) > 0)
        list = apr_pstrmemdup(p, line, strcspn(line, "\n"));
    if (file != NULL)
        fclose(file);
    free(line);
    return list;
}

const char *aphd_plan_range(const aphd_settings_t *settings, apr_pool_t *p)
{
    return apr_psprintf(p, "%d-%d", APH_PORT_BASE + APH_APP_ID_MIN,
                        APH_PORT_BASE + settings->max_app_id);
}

static int is_folder_of(const char *path, apr_pool_t *p)
{
    struct stat there;
    const char *folder = apr_pstrmemdup(p, path, (apr_size_t)(strrchr(path, '/') - path));
    return stat(folder, &there) == 0 && S_ISDIR(there.st_mode);
}

static apr_status_t add_reservation(aphd_setup_t *setup, aph_error_t *err)
{
    apr_pool_t *p = setup->p;
    if (!is_folder_of(APHD_SYSCTL_FILE, p)) {
        aphd_setup_note(setup,
                        "There is no folder for %s, so the ports of apps are reserved until "
                        "the next boot only.",
                        APHD_SYSCTL_FILE);
        return APR_SUCCESS;
    }
    const char *list =
        aphd_words_ports_join(aphd_plan_reserved(p), aphd_plan_range(setup->settings, p), p);
    return add_file(setup, APHD_SYSCTL_FILE,
                    apr_psprintf(p,
                                 "# The ports of apps, with those that were reserved when apphost "
                                 "was set up: only the last\n# file that sets this counts.\n"
                                 "net.ipv4.ip_local_reserved_ports = %s\n",
                                 list),
                    PLAIN, "keeps the kernel from giving the ports of apps to others", err);
}

static apr_status_t add_logrotate(aphd_setup_t *setup, aph_error_t *err)
{
    const char *text;
    if (!is_folder_of(APHD_LOGROTATE_FILE, setup->p) ||
        (access("/usr/sbin/logrotate", X_OK) != 0 && access("/usr/bin/logrotate", X_OK) != 0))
        return APR_SUCCESS;
    apr_status_t status = read_shipped(&text, "apphost-logrotate.conf", setup->p, err);
    if (status == APR_SUCCESS)
        status =
            add_file(setup, APHD_LOGROTATE_FILE, aphd_words_fill(text, setup->settings, setup->p),
                     PLAIN, "keeps the logs of apps from growing for ever", err);
    return status;
}

apr_status_t aphd_plan_changes(aphd_setup_t *setup, aph_error_t *err)
{
    setup->changes = apr_array_make(setup->p, 16, sizeof(aphd_change_t));
    apr_status_t status =
        add_file(setup, setup->config_path, setup->config_text, EDITED, "tells apphostd", err);
    if (status == APR_SUCCESS)
        status = add_reservation(setup, err);
    if (status == APR_SUCCESS)
        status = add_logrotate(setup, err);
    if (status == APR_SUCCESS)
        status = setup->layout.debian ? load_modules_debian(setup, err)
                                      : load_modules_fedora(setup, err);
    return status == APR_SUCCESS ? add_site(setup, err) : status;
}
