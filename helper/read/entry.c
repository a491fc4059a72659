/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/read/entry.h"

apr_status_t aphd_entry_read(aphd_entry_form_t form, const char *text, size_t length, json_t **entry,
                             apr_pool_t *p, aph_error_t *err)
{
    return aph_error_set(err, APH_EINTERNAL, 2402, "not built yet");
}

apr_status_t aphd_entry_apply(aphd_entry_form_t form, const char *text, size_t length,
                              const json_t *answers, const aphd_words_t *words, json_t **applied,
                              apr_pool_t *p, aph_error_t *err)
{
    return aph_error_set(err, APH_EINTERNAL, 2403, "not built yet");
}
