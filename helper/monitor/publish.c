/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/route_map.h"

typedef struct gathering_t {
    const aphd_settings_t *settings;
    aph_route_entry_t *entries;
    uint32_t count;
    uint32_t room;
} gathering_t;

static apr_status_t add_entry(gathering_t *gathering, const char *domain, const aphd_app_t *app)
{
    if (gathering->count == gathering->room) {
        uint32_t room = gathering->room * 2 + 16;
        aph_route_entry_t *grown = realloc(gathering->entries, room * sizeof *grown);
        if (grown == NULL)
            return APR_ENOMEM;
        gathering->entries = grown;
        gathering->room = room;
    }
    size_t size = strlen(app->name) + strlen(domain) + 2;
    char *host = malloc(size);
    if (host == NULL)
        return APR_ENOMEM;
    snprintf(host, size, "%s.%s", app->name, domain);
    aph_route_entry_t *entry = &gathering->entries[gathering->count++];
    *entry = (aph_route_entry_t){
        .host = host,
        .route = {.app_id = (uint32_t)app->app_id,
                  .port = (uint16_t)app->port,
                  .state = (uint8_t)app->state},
    };
    memcpy(entry->route.name, app->name, strlen(app->name));
    return APR_SUCCESS;
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
        if (strlen(app->name) + 1 + strlen(domain) <= APH_HOST_MAX)
            status = add_entry(gathering, domain, app);
    }
    return status;
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
    gathering_t gathering = {.settings = settings};
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
