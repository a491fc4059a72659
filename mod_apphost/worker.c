/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of workers.
 *
 * At most CACHE_SIZE workers are kept; the least recently used one that nobody holds makes room.
 * When all are held, a request gets a worker of its own, which ends with it. Each worker has its
 * own pool and allocator, so that its end gives back everything, connections included.
 *
 * A worker with a connection takes about 45 KiB, and making one about 100 us. So beyond the first
 * KEPT_ANYWAY only those stay that are asked for often enough for that time to matter. */
#include "mod_apphost/worker.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <apr_time.h>

#define CACHE_SIZE  64
#define KEPT_ANYWAY 12
#define OFTEN       apr_time_from_msec(20)

/* A connection that lay unused this long is closed instead of used: most servers keep theirs 2 to 5
 * seconds, and a request must not meet one that is just being closed. */
#define CONNECTION_IDLE apr_time_from_msec(1500)

/* A worker nobody asked for this long goes, with the connections it still has. */
#define WORKER_IDLE apr_time_from_sec(5)
#define SWEEP_EVERY apr_time_from_sec(1)

struct aphm_worker_t {
    apr_pool_t *pool; /* owns this struct, too */
    proxy_worker *proxy;
    uint64_t key;
    unsigned holders;
    apr_time_t used; /* when it was last acquired */
    int cached;
};

struct aphm_workers_t {
    const aphm_proxy_api_t *api;
    server_rec *server;
    apr_pool_t *pool;
    apr_thread_mutex_t *lock;          /* guards everything below, and holders of every worker */
    uint64_t keys[CACHE_SIZE];         /* 0: free. Side by side, so that a look-up is quick */
    aphm_worker_t *cached[CACHE_SIZE];
    apr_time_t swept;
};

/* In one number; never 0, for a timeout is not. */
static uint64_t number_of(aphm_worker_key_t key)
{
    return (uint64_t)key.timeout_seconds << 32 | (key.https ? 0x10000u : 0) | key.port;
}

/* A child pool with an allocator of its own, which is freed with it. */
static apr_status_t make_pool(apr_pool_t **pool, apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_status_t rv = apr_allocator_create(&allocator);
    if (rv != APR_SUCCESS)
        return rv;
    rv = apr_pool_create_ex(pool, parent, NULL, allocator);
    if (rv != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return rv;
    }
    apr_allocator_owner_set(allocator, *pool);
    return APR_SUCCESS;
}

apr_status_t aphm_workers_create(aphm_workers_t **workers, const aphm_proxy_api_t *api,
                                 server_rec *s, apr_pool_t *pchild)
{
    apr_pool_t *pool;
    apr_status_t rv = make_pool(&pool, pchild);
    if (rv != APR_SUCCESS)
        return rv;
    aphm_workers_t *made = apr_pcalloc(pool, sizeof *made);
    made->api = api;
    made->server = s;
    made->pool = pool;
    *workers = made;
    return apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pool);
}

static void configure(proxy_worker *proxy, int timeout_seconds)
{
    proxy_worker_shared *shared = proxy->s;
    apr_cpystrn(shared->upgrade, "websocket", sizeof shared->upgrade);
    /* A soft limit of 0 lets every idle connection expire, not only those above the limit. */
    shared->smax = 0;
    shared->ttl = CONNECTION_IDLE;
    shared->timeout = apr_time_from_sec(timeout_seconds);
    shared->timeout_set = 1;
    shared->conn_timeout = apr_time_from_sec(5);
    shared->conn_timeout_set = 1;
    shared->retry = 0;
    shared->retry_set = 1;
}

static apr_status_t make_worker(aphm_workers_t *workers, aphm_worker_key_t key,
                                aphm_worker_t **worker, aph_error_t *err)
{
    apr_pool_t *pool;
    if (make_pool(&pool, workers->pool) != APR_SUCCESS)
        return aph_error_set(err, APR_ENOMEM, 240, "no memory for a worker for port %u", key.port);
    aphm_worker_t *made = apr_pcalloc(pool, sizeof *made);
    made->pool = pool;
    made->key = number_of(key);
    const char *url = apr_psprintf(pool, "%s://127.0.0.1:%u", key.https ? "https" : "http",
                                   key.port);
    /* Without a proxy_server_conf the worker belongs to nobody's list: ours alone to end. */
    const char *fault = workers->api->define_worker(pool, &made->proxy, NULL, NULL, url, 0);
    apr_status_t rv = APR_EGENERAL;
    if (fault == NULL) {
        configure(made->proxy, key.timeout_seconds);
        rv = workers->api->initialize_worker(made->proxy, workers->server, pool);
    }
    if (rv != APR_SUCCESS) {
        aph_error_set(err, rv, 241, "mod_proxy made no worker for %s: %s", url,
                      fault != NULL ? fault : "its connection pool could not be made");
        apr_pool_destroy(pool);
        return rv;
    }
    *worker = made;
    return APR_SUCCESS;
}

/* Takes a worker out of the cache; whoever holds it last ends it. Under the lock. */
static void drop(aphm_workers_t *workers, int at)
{
    aphm_worker_t *worker = workers->cached[at];
    workers->keys[at] = 0;
    workers->cached[at] = NULL;
    worker->cached = 0;
    if (worker->holders == 0)
        apr_pool_destroy(worker->pool);
}

static void sweep(aphm_workers_t *workers, apr_time_t now)
{
    if (now - workers->swept < SWEEP_EVERY && now >= workers->swept)
        return;
    workers->swept = now;
    for (int i = 0; i < CACHE_SIZE; i++)
        if (workers->cached[i] != NULL && workers->cached[i]->holders == 0 &&
            now - workers->cached[i]->used > WORKER_IDLE)
            drop(workers, i);
}

/* The place of the least recently used worker that nobody holds, or -1. *used receives how many
 * places are taken. */
static int find_oldest(const aphm_workers_t *workers, int *used)
{
    int oldest = -1;
    *used = 0;
    for (int i = 0; i < CACHE_SIZE; i++) {
        const aphm_worker_t *worker = workers->cached[i];
        if (worker == NULL)
            continue;
        (*used)++;
        if (worker->holders == 0 &&
            (oldest < 0 || worker->used < workers->cached[oldest]->used))
            oldest = i;
    }
    return oldest;
}

/* Makes room for one more worker and returns its place; -1: all are held. */
static int find_place(aphm_workers_t *workers, apr_time_t now)
{
    int used, oldest = find_oldest(workers, &used);
    while (oldest >= 0 && (used == CACHE_SIZE ||
                           (used >= KEPT_ANYWAY && now - workers->cached[oldest]->used > OFTEN))) {
        drop(workers, oldest);
        oldest = find_oldest(workers, &used);
    }
    for (int i = 0; i < CACHE_SIZE; i++)
        if (workers->keys[i] == 0)
            return i;
    return -1;
}

static aphm_worker_t *find_cached(const aphm_workers_t *workers, uint64_t key)
{
    for (int i = 0; i < CACHE_SIZE; i++)
        if (workers->keys[i] == key)
            return workers->cached[i];
    return NULL;
}

static apr_status_t acquire_locked(aphm_workers_t *workers, aphm_worker_key_t key,
                                   aphm_worker_t **worker, aph_error_t *err)
{
    apr_time_t now = apr_time_now();
    sweep(workers, now);
    *worker = find_cached(workers, number_of(key));
    if (*worker == NULL) {
        /* Room first: the new worker then gets the memory of the old one. */
        int place = find_place(workers, now);
        apr_status_t rv = make_worker(workers, key, worker, err);
        if (rv != APR_SUCCESS)
            return rv;
        if (place >= 0) {
            workers->keys[place] = (*worker)->key;
            workers->cached[place] = *worker;
            (*worker)->cached = 1;
        }
    }
    (*worker)->holders++;
    (*worker)->used = now;
    return APR_SUCCESS;
}

apr_status_t aphm_worker_acquire(aphm_workers_t *workers, aphm_worker_key_t key,
                                 aphm_worker_t **worker, aph_error_t *err)
{
    apr_thread_mutex_lock(workers->lock);
    apr_status_t rv = acquire_locked(workers, key, worker, err);
    apr_thread_mutex_unlock(workers->lock);
    return rv;
}

void aphm_worker_release(aphm_workers_t *workers, aphm_worker_t *worker)
{
    apr_thread_mutex_lock(workers->lock);
    worker->holders--;
    if (worker->holders == 0 && !worker->cached)
        apr_pool_destroy(worker->pool);
    apr_thread_mutex_unlock(workers->lock);
}

proxy_worker *aphm_worker_proxy(aphm_worker_t *worker)
{
    return worker->proxy;
}
