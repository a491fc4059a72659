/* SPDX-License-Identifier: Apache-2.0 */
/* Lets a test call helper/httpd without a daemon.
 *
 *   change_httpd SETTINGS apply FOLDER   the files of FOLDER (00012.conf) are the wanted set
 *   change_httpd SETTINGS check FOLDER
 *   change_httpd SETTINGS reload
 *   change_httpd SETTINGS names
 *   change_httpd SETTINGS free HOST...
 *   change_httpd SETTINGS probe
 *   change_httpd SETTINGS build
 *
 * ROOM_MS and PROOF_MS of the environment shorten what it waits for. An error is one line "TAG WIRE:
 * MESSAGE" on standard error and exit code 1. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "common/file_replace.h"
#include "helper/httpd/httpd.h"

static int by_id_cb(const void *one, const void *two)
{
    return ((const aphd_vhost_file_t *)one)->app_id - ((const aphd_vhost_file_t *)two)->app_id;
}

static apr_array_header_t *read_wanted(const char *path, apr_pool_t *p)
{
    apr_array_header_t *wanted = apr_array_make(p, 16, sizeof(aphd_vhost_file_t));
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *text;
        size_t length;
        if (entry->d_name[0] == '.' ||
            aph_file_read(apr_pstrcat(p, path, "/", entry->d_name, NULL), 1048576, &text, &length,
                          NULL) != APR_SUCCESS)
            continue;
        int app_id = atoi(entry->d_name);
        APR_ARRAY_PUSH(wanted, aphd_vhost_file_t) = (aphd_vhost_file_t){
            .app_id = app_id,
            .name = apr_psprintf(p, "app%d", app_id),
            .text = text,
            .template_path = "/templates/vhost/container.conf",
        };
    }
    if (folder != NULL)
        closedir(folder);
    qsort(wanted->elts, (size_t)wanted->nelts, sizeof(aphd_vhost_file_t), by_id_cb);
    return wanted;
}

static void show(const aphd_httpd_result_t *result)
{
    printf("reloaded=%d coalesced=%d not_running=%d set=%d generation=%d %s\n", result->reloaded,
           result->coalesced, result->not_running, result->set, (int)result->generation,
           result->sentence);
}

static apr_status_t show_names(aphd_httpd_t *httpd, aph_error_t *err)
{
    const apr_array_header_t *names;
    apr_status_t rv = aphd_httpd_names(&names, httpd, err);
    for (int i = 0; rv == APR_SUCCESS && i < names->nelts; i++) {
        const aphd_httpd_name_t *name = &APR_ARRAY_IDX(names, i, aphd_httpd_name_t);
        printf("%s %s %s:%d%s%s\n", name->name, name->address, name->file, name->line,
               name->alias ? " alias" : "", name->wildcard ? " wildcard" : "");
    }
    return rv;
}

static apr_status_t show_probe(aphd_httpd_t *httpd, aph_error_t *err)
{
    aphd_probe_t probe;
    apr_status_t rv = aphd_httpd_probe(&probe, httpd, err);
    if (rv == APR_SUCCESS)
        printf("parent=%d generation=%d set=%s used=%d quiescing=%d total=%d\n", probe.parent,
               (int)probe.generation, probe.set, probe.slots_used, probe.slots_quiescing,
               probe.slots_total);
    return rv;
}

static apr_status_t run(aphd_httpd_t *httpd, const char *verb, const char *const *more,
                        apr_pool_t *p, aph_error_t *err)
{
    aphd_httpd_result_t result = {0};
    aphd_httpd_build_t build;
    const apr_array_header_t *names;
    apr_status_t rv = APH_EUSAGE;
    if (strcmp(verb, "names") == 0)
        return show_names(httpd, err);
    if (strcmp(verb, "probe") == 0)
        return show_probe(httpd, err);
    if (strcmp(verb, "build") == 0) {
        rv = aphd_httpd_build(&build, httpd, err);
        if (rv == APR_SUCCESS)
            printf("%s %s %s\n", build.version, build.mpm, build.config_file);
        return rv;
    }
    if (strcmp(verb, "free") == 0) {
        rv = aphd_httpd_names(&names, httpd, err);
        return rv == APR_SUCCESS
                   ? aphd_httpd_names_free(names, more, httpd->settings->domains, err)
                   : rv;
    }
    if (strcmp(verb, "check") == 0)
        return aphd_httpd_check(httpd, read_wanted(more[0], p), err);
    if (strcmp(verb, "apply") == 0)
        rv = aphd_httpd_apply(&result, httpd, read_wanted(more[0], p), err);
    else if (strcmp(verb, "reload") == 0)
        rv = aphd_httpd_reload(&result, httpd, err);
    if (rv == APR_SUCCESS)
        show(&result);
    return rv;
}

int main(int argc, char **argv)
{
    apr_pool_t *p;
    aphd_settings_t *settings;
    aphd_httpd_t *httpd;
    aph_error_t err = APH_ERROR_INIT;
    if (argc < 3)
        return 2;
    apr_initialize();
    apr_pool_create(&p, NULL);
    apr_status_t rv = aphd_settings_load(&settings, argv[1], p, &err);
    if (rv == APR_SUCCESS)
        rv = aphd_httpd_open(&httpd, settings, p, &err);
    if (rv == APR_SUCCESS) {
        if (getenv("ROOM_MS") != NULL)
            httpd->room_ms = atoi(getenv("ROOM_MS"));
        if (getenv("PROOF_MS") != NULL)
            httpd->proof_ms = atoi(getenv("PROOF_MS"));
        rv = run(httpd, argv[2], (const char *const *)argv + 3, p, &err);
    }
    if (rv != APR_SUCCESS)
        fprintf(stderr, "%s %s: %s\n", err.tag, aph_error_wire(rv), err.message);
    return rv == APR_SUCCESS ? 0 : 1;
}
