/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/route_map.h"

typedef struct gathering_t {
    aphd_store_t *store;
    const aphd_settings_t *settings;
    aph_route_entry_t *entries;
    uint32_t count;
    uint32_t room;
} gathering_t;

/* host is copied. */
static apr_status_t add_entry(gathering_t *gathering, const char *host, const aphd_app_t *app)
{
    if (gathering->count == gathering->room) {
        uint32_t room = gathering->room * 2 + 16;
        aph_route_entry_t *grown = realloc(gathering->entries, room * sizeof *grown);
        if (grown == NULL)
            return APR_ENOMEM;
        gathering->entries = grown;
        gathering->room = room;
    }
    char *copy = strdup(host);
    if (copy == NULL)
        return APR_ENOMEM;
    aph_route_entry_t *entry = &gathering->entries[gathering->count++];
    *entry = (aph_route_entry_t){
        .host = copy,
        .route = {.app_id = (uint32_t)app->app_id,
                  .port = (app->route_flags & APH_ROUTE_FILES) != 0 ? 0 : (uint16_t)app->port,
                  .state = (uint8_t)app->state,
                  .flags = app->route_flags,
                  .max_inflight = app->max_inflight,
                  .max_upgrades = app->max_upgrades},
    };
    memcpy(entry->route.name, app->name, strlen(app->name));
    return APR_SUCCESS;
}

typedef struct adding_t {
    gathering_t *gathering;
    const aphd_app_t *app;
} adding_t;

/* After a change of Domain an alias may be another app's own address: that one goes before, and the
 * routes of all others must not wait for somebody to notice. */
static int is_an_apps_own(const gathering_t *gathering, const char *host)
{
    for (int i = 0; gathering->settings->domains[i] != NULL; i++) {
        const char *domain = gathering->settings->domains[i];
        size_t whole = strlen(host), tail = strlen(domain);
        char label[APH_LABEL_MAX + 1];
        aphd_app_t owner;
        if (whole <= tail + 1 || whole - tail - 1 > APH_LABEL_MAX
            || strcmp(host + whole - tail, domain) != 0 || host[whole - tail - 1] != '.')
            continue;
        snprintf(label, sizeof label, "%.*s", (int)(whole - tail - 1), host);
        if (aphd_store_app_by_name(gathering->store, label, &owner, NULL) == APR_SUCCESS
            && owner.web && owner.state != APHD_APP_KEPT)
            return 1;
    }
    return 0;
}

static apr_status_t add_alias_cb(void *self, const char *host)
{
    adding_t *adding = self;
    if (is_an_apps_own(adding->gathering, host))
        return APR_SUCCESS;
    return add_entry(adding->gathering, host, adding->app);
}

static apr_status_t add_app_cb(void *self, const aphd_app_t *app)
{
    gathering_t *gathering = self;
    apr_status_t status = APR_SUCCESS;
    if (!app->web || app->state == APHD_APP_KEPT)
        return APR_SUCCESS;
    for (int i = 0; gathering->settings->domains[i] != NULL && status == APR_SUCCESS; i++) {
        const char *domain = gathering->settings->domains[i];
        /* A name that would be too long under this domain is still reachable under the others. */
        char host[APH_LABEL_MAX + APH_HOST_MAX + 2];
        if (snprintf(host, sizeof host, "%s.%s", app->name, domain) <= APH_HOST_MAX)
            status = add_entry(gathering, host, app);
    }
    adding_t adding = {gathering, app};
    return status == APR_SUCCESS
         ? aphd_store_aliases(gathering->store, app->app_id, add_alias_cb, &adding, NULL) : status;
}

/* Whether the snapshot on disk says just what entries say; *generation receives its generation. */
static int same_on_disk(const char *path, const gathering_t *gathering, uint64_t *generation)
{
    aph_route_map_t *map = NULL;
    if (aph_route_map_open(&map, path, NULL) != APR_SUCCESS)
        return 0;
    *generation = aph_route_map_generation(map);
    int same = aph_route_map_count(map) == gathering->count;
    for (uint32_t i = 0; i < gathering->count && same; i++) {
        const aph_route_entry_t *entry = &gathering->entries[i];
        aph_route_t there;
        same = aph_route_map_find(map, entry->host, strlen(entry->host), &there) == APR_SUCCESS
               && memcmp(&there, &entry->route, sizeof there) == 0;
    }
    aph_route_map_close(map);
    return same;
}

apr_status_t aphd_publish(aphd_store_t *store, const aphd_settings_t *settings, aph_error_t *err)
{
    gathering_t gathering = {.store = store, .settings = settings};
    uint64_t generation = 0;
    apr_status_t status = aphd_store_apps(store, add_app_cb, &gathering, err);
    if (status == APR_SUCCESS && !same_on_disk(settings->routes_path, &gathering, &generation)) {
        status = aphd_store_generation(store, generation, &generation, err);
        if (status == APR_SUCCESS)
            status = aph_route_map_write(settings->routes_path, generation, gathering.entries,
                                         gathering.count, err);
    }
    for (uint32_t i = 0; i < gathering.count; i++)
        free((char *)gathering.entries[i].host);
    free(gathering.entries);
    if (status != APR_SUCCESS)
        aph_error_set(err, status, 820, "the routes cannot be gathered");
    return status;
}
