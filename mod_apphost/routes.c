/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of this child.
 *
 * Threads look routes up under a read lock. At most once in 5 ms one of them looks at the file,
 * and those that come meanwhile wait for it: in a child that was idle the routes may be hours
 * old. When it is another file, the new snapshot is opened first and then put in place under the
 * write lock. */
#include "mod_apphost/routes.h"

#include <sys/stat.h>
#include <apr_thread_mutex.h>
#include <apr_thread_rwlock.h>
#include <apr_time.h>
#include <http_log.h>

#include "mod_apphost/context.h"

APLOG_USE_MODULE(apphost);

#define LOOK_EVERY apr_time_from_msec(5)

/* What tells one file at the path from another. All 0: none. */
typedef struct identity_t {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
} identity_t;

struct aphm_routes_t {
    const char *path;
    server_rec *server;
    apr_thread_rwlock_t *lock; /* guards map */
    aph_route_map_t *map;      /* NULL until a good snapshot was seen */
    apr_time_t looked;         /* atomic: when the file was looked at last */
    apr_thread_mutex_t *look_lock; /* held by the thread that looks */
    identity_t seen;           /* guarded by look_lock, like the next */
    int unread;                /* the file seen could not be opened, which says nothing about it */
};

static int same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int same_identity(const identity_t *a, const identity_t *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           same_time(a->modified, b->modified) && same_time(a->changed, b->changed);
}

static identity_t identify(const char *path)
{
    identity_t identity = {0};
    struct stat about;
    if (stat(path, &about) == 0) {
        identity.device = about.st_dev;
        identity.inode = about.st_ino;
        identity.size = about.st_size;
        identity.modified = about.st_mtim;
        identity.changed = about.st_ctim;
    }
    return identity;
}

/* Once per file, not once per look: the caller comes here only for a file it has not seen yet. */
static void log_fault(const aphm_routes_t *routes, apr_status_t rv, const aph_error_t *err)
{
    ap_log_error(APLOG_MARK, APR_STATUS_IS_ENOENT(rv) ? APLOG_WARNING : APLOG_ERR, 0,
                 routes->server, "%s: %s; %s", err->tag, err->message,
                 routes->map != NULL
                     ? "the routes read before stay in use"
                     : "apps show a waiting page until apphostd has written one");
}

static void take(aphm_routes_t *routes, aph_route_map_t *map)
{
    aph_route_map_t *old = routes->map;
    apr_thread_rwlock_wrlock(routes->lock);
    routes->map = map;
    apr_thread_rwlock_unlock(routes->lock);
    aph_route_map_close(old);
}

static void look(aphm_routes_t *routes)
{
    identity_t now = identify(routes->path);
    int known = same_identity(&now, &routes->seen);
    if (known && !routes->unread)
        return;
    /* Remembered before it is opened: a file that replaces it meanwhile looks new next time. */
    routes->seen = now;
    aph_route_map_t *map;
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t rv = aph_route_map_open(&map, routes->path, &err);
    /* No descriptor or no memory is this child's trouble, which passes; the file stays as it is. */
    routes->unread = rv != APR_SUCCESS && rv != APH_EUNREADABLE && !APR_STATUS_IS_ENOENT(rv);
    if (rv == APR_SUCCESS)
        take(routes, map);
    else if (!known)
        log_fault(routes, rv, &err);
}

/* A clock that was set back must not stop us from looking. */
static int due(const aphm_routes_t *routes, apr_time_t now)
{
    apr_time_t looked = __atomic_load_n(&routes->looked, __ATOMIC_ACQUIRE);
    return now < looked || now - looked >= LOOK_EVERY;
}

static void look_when_due(aphm_routes_t *routes)
{
    if (!due(routes, apr_time_now()))
        return;
    apr_thread_mutex_lock(routes->look_lock);
    apr_time_t now = apr_time_now();
    if (due(routes, now)) {
        look(routes);
        __atomic_store_n(&routes->looked, now, __ATOMIC_RELEASE);
    }
    apr_thread_mutex_unlock(routes->look_lock);
}

static apr_status_t close_map_cb(void *data)
{
    aphm_routes_t *routes = data;
    aph_route_map_close(routes->map);
    routes->map = NULL;
    return APR_SUCCESS;
}

apr_status_t aphm_routes_create(aphm_routes_t **routes, const char *path, server_rec *s,
                                apr_pool_t *p)
{
    aphm_routes_t *made = apr_pcalloc(p, sizeof *made);
    made->path = path;
    made->server = s;
    /* No file has this size: the first look finds something new even where there is none. */
    made->seen.size = -1;
    apr_status_t rv = apr_thread_rwlock_create(&made->lock, p);
    if (rv == APR_SUCCESS)
        rv = apr_thread_mutex_create(&made->look_lock, APR_THREAD_MUTEX_DEFAULT, p);
    if (rv != APR_SUCCESS)
        return rv;
    apr_pool_cleanup_register(p, made, close_map_cb, apr_pool_cleanup_null);
    look_when_due(made);
    *routes = made;
    return APR_SUCCESS;
}

apr_status_t aphm_routes_find(aphm_routes_t *routes, const char *host, size_t length,
                              aph_route_t *route)
{
    look_when_due(routes);
    apr_thread_rwlock_rdlock(routes->lock);
    apr_status_t rv = routes->map != NULL ? aph_route_map_find(routes->map, host, length, route)
                                          : APR_EAGAIN;
    apr_thread_rwlock_unlock(routes->lock);
    return rv;
}
