/* SPDX-License-Identifier: Apache-2.0 */
/* The part of mod_proxy's interface that we call, looked up once all modules are loaded. Linking
 * against it would make the order of the LoadModule lines matter (Debian loads apphost before
 * proxy), and a missing mod_proxy an "undefined symbol" instead of a sentence. */
#ifndef APHM_PROXY_API_H
#define APHM_PROXY_API_H

#include <mod_proxy.h>

#include "common/error.h"

typedef struct aphm_proxy_api_t {
    module *proxy_module;
    __typeof__(&ap_proxy_define_worker) define_worker;
    __typeof__(&ap_proxy_initialize_worker) initialize_worker;
    __typeof__(&proxy_hook_pre_request) hook_pre_request;
} aphm_proxy_api_t;

/* Fills *api. APR_NOTFOUND where mod_proxy is not loaded, APH_ECONFIG where it lacks a function. */
apr_status_t aphm_proxy_api_find(aphm_proxy_api_t *api, aph_error_t *err);

#endif
