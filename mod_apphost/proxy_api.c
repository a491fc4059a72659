/* SPDX-License-Identifier: Apache-2.0 */
/* Finding mod_proxy's functions in the running httpd. */
#include "mod_apphost/proxy_api.h"

#include <dlfcn.h>
#include <http_config.h>

/* POSIX lets dlsym's object pointer be stored through a void ** into a function pointer. */
static apr_status_t find(void *slot, const char *name, aph_error_t *err)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);
    if (symbol == NULL)
        return aph_error_set(err, APH_ECONFIG, 210,
                             "this httpd's mod_proxy has no function %s: apphost was built for "
                             "another httpd, build it again with this one's apxs",
                             name);
    *(void **)slot = symbol;
    return APR_SUCCESS;
}

apr_status_t aphm_proxy_api_find(aphm_proxy_api_t *api, aph_error_t *err)
{
    api->proxy_module = ap_find_linked_module("mod_proxy.c");
    if (api->proxy_module == NULL)
        return aph_error_set(err, APR_NOTFOUND, 211, "mod_proxy is not loaded");
    apr_status_t rv = find(&api->define_worker, "ap_proxy_define_worker", err);
    if (rv == APR_SUCCESS)
        rv = find(&api->initialize_worker, "ap_proxy_initialize_worker", err);
    if (rv == APR_SUCCESS)
        rv = find(&api->hook_pre_request, "proxy_hook_pre_request", err);
    return rv;
}
