/* SPDX-License-Identifier: Apache-2.0 */
/* Storage locations (LOCATION of store.h): folders of this machine that root opened to apps, and
 * the folders in them that people chose when they answered a storage question.
 *
 *   SITE ROW = {"question":S,"service":S,"target":S,"answer":S,     as the reader said (entry.h)
 *               "location":S,"folder":S,                            the answer's parts; "": all of it
 *               "path":ABS,"read_only":BOOL}                        read_only: the location or the question
 *
 * Site rows go into aphd_policy_site_t.storage, and nothing else lets a mount of type "storage"
 * pass. */
#ifndef APHD_CATALOG_STORAGE_H
#define APHD_CATALOG_STORAGE_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"
#include "helper/catalog/store.h"

/* Makes site rows of rows, the "storage" of an APPLY answer (entry.h). The reader has seen foreign
 * text and is trusted with nothing: a row passes only where its answer is, octet for octet, what a
 * person gave to that question. answers {ID:S...}: what people gave now or, at an update, earlier;
 * never a default of the entry, which is its author's. Both borrowed; *site_rows: new array, empty
 * where there is no row. APH_EUSAGE for an answer that is none, APH_ENOTFOUND where the location
 * does not exist (names those that do), APH_EDENIED where the reader made an answer up. Looks at no
 * file. */
apr_status_t aphd_storage_resolve(aphd_catalog_store_t *store, const json_t *answers,
                                  const json_t *rows, json_t **site_rows, aph_error_t *err);

#endif
