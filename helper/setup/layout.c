/* SPDX-License-Identifier: Apache-2.0 */
/* Debian: modules and sites lie in folders of what is available, links to them in folders of what
 * is enabled. Fedora: what lies in conf.modules.d and conf.d is read. */
#include "helper/setup/layout.h"

#include <dirent.h>
#include <stddef.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#include "helper/setup/words.h"

static int is_folder(const char *root, const char *name, apr_pool_t *p)
{
    struct stat there;
    return stat(apr_pstrcat(p, root, "/", name, NULL), &there) == 0 && S_ISDIR(there.st_mode);
}

/* ROOT of ROOT/folder/FILE, or NULL where file lies elsewhere. */
static const char *root_of(const char *file, const char *folder, apr_pool_t *p)
{
    const char *slash = strrchr(file, '/');
    size_t length = strlen(folder);
    if (slash == NULL || (size_t)(slash - file) < length + 1 ||
        strncmp(slash - length, folder, length) != 0 || slash[-(ptrdiff_t)length - 1] != '/')
        return NULL;
    return apr_pstrmemdup(p, file, (apr_size_t)(slash - file) - length - 1);
}

static const char *find_root(const aphd_httpd_facts_t *facts, const char *folder, apr_pool_t *p)
{
    for (int i = 0; i < facts->includes->nelts; i++) {
        const char *root = root_of(APR_ARRAY_IDX(facts->includes, i, const char *), folder, p);
        if (root != NULL)
            return root;
    }
    return facts->server_root;
}

apr_status_t aphd_layout_find(aphd_layout_t *layout, const aphd_httpd_facts_t *facts, apr_pool_t *p,
                              aph_error_t *err)
{
    const char *root = find_root(facts, "mods-enabled", p);
    if (is_folder(root, "mods-available", p) && is_folder(root, "mods-enabled", p) &&
        is_folder(root, "sites-available", p) && is_folder(root, "sites-enabled", p)) {
        *layout = (aphd_layout_t){.debian = 1,
                                  .root = root,
                                  .modules = apr_pstrcat(p, root, "/mods-available", NULL),
                                  .modules_on = apr_pstrcat(p, root, "/mods-enabled", NULL),
                                  .sites = apr_pstrcat(p, root, "/sites-available", NULL),
                                  .sites_on = apr_pstrcat(p, root, "/sites-enabled", NULL)};
        return APR_SUCCESS;
    }
    root = find_root(facts, "conf.modules.d", p);
    if (is_folder(root, "conf.modules.d", p) && is_folder(root, "conf.d", p)) {
        *layout = (aphd_layout_t){.root = root,
                                  .modules = apr_pstrcat(p, root, "/conf.modules.d", NULL),
                                  .sites = apr_pstrcat(p, root, "/conf.d", NULL)};
        return APR_SUCCESS;
    }
    return aph_error_set(err, APH_ECONFIG, 2173,
                         "httpd's configuration in %s has neither Debian's folders (mods-enabled, "
                         "sites-enabled) nor Fedora's (conf.modules.d, conf.d); load mod_apphost "
                         "and include a copy of " APH_DATADIR "/apphost.conf by hand, after all "
                         "other virtual hosts",
                         facts->server_root);
}

int aphd_layout_has_module(const aphd_httpd_facts_t *facts, const char *module)
{
    for (int i = 0; i < facts->modules->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(facts->modules, i, const char *), module) == 0)
            return 1;
    return 0;
}

apr_status_t aphd_layout_site_name(const char **name, const aphd_layout_t *layout, apr_pool_t *p,
                                   aph_error_t *err)
{
    const char *folder = layout->debian ? layout->sites_on : layout->sites;
    apr_array_header_t *names = apr_array_make(p, 16, sizeof(const char *));
    DIR *sites = opendir(folder);
    struct dirent *entry;
    if (sites == NULL)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 2174, "%s cannot be read: %s", folder,
                             strerror(errno));
    while ((entry = readdir(sites)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 5 && strcmp(entry->d_name + length - 5, ".conf") == 0)
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(p, entry->d_name);
    }
    closedir(sites);
    APR_ARRAY_PUSH(names, const char *) = NULL;
    *name = aphd_words_last_name((const char *const *)names->elts, p);
    return APR_SUCCESS;
}
