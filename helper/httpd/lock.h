/* SPDX-License-Identifier: Apache-2.0 */
/* One change of httpd at a time, and the record of the last reload that was proven: who asked for a
 * reload before that one began reading is served by it. */
#ifndef APHD_HTTPD_LOCK_H
#define APHD_HTTPD_LOCK_H

#include "helper/httpd/httpd.h"

typedef struct aphd_lock_record_t {
    int64_t began;      /* aphd_probe_now() before httpd was signalled */
    int parent;
    int64_t generation; /* that was seen afterwards */
} aphd_lock_record_t;

/* Both only with the lock held. A record that is not whole reads as zeros. */
void aphd_lock_read(aphd_lock_record_t *record, const aphd_httpd_t *httpd);
void aphd_lock_write(const aphd_lock_record_t *record, const aphd_httpd_t *httpd);

#endif
