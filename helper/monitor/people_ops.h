/* SPDX-License-Identifier: Apache-2.0 */
/* What apphostd answers about people, sessions and tokens. apphostd computes no hash of a password:
 * a child does (helper/job/sign_in.c), and what it found is acted upon here. */
#ifndef APHD_PEOPLE_OPS_H
#define APHD_PEOPLE_OPS_H

#include "helper/monitor/jobs.h"
#include "helper/monitor/people.h"

/* Who asks, from the frame; monitor->store may be NULL. APH_EUSAGE for a frame no client of ours
 * sends; a credential that is not valid makes who stale. who.c */
apr_status_t aphd_who_read(aphd_monitor_t *monitor, aphd_conn_t *conn, const aph_op_t *op,
                           const json_t *request, aphd_who_t *who, aph_error_t *err);

/* Answers order where it is about people: *ours is 0 where it is not. people_ops.c */
apr_status_t aphd_people_answer(aphd_monitor_t *monitor, aphd_conn_t *conn,
                                const aphd_order_t *order, int *ours, aph_error_t *err);

/* What a password's child said becomes true: *answer is a new reference. request is what it was
 * sent. people_hash.c */
apr_status_t aphd_people_hashed(aphd_monitor_t *monitor, const aphd_order_t *order,
                                const json_t *said, const json_t *request, json_t **answer,
                                aph_error_t *err);

/* Sends a password of order to a child; *ours is 0 where order has none. people_hash.c */
apr_status_t aphd_people_hash(aphd_monitor_t *monitor, aphd_conn_t *conn, const aphd_order_t *order,
                              int *ours, aph_error_t *err);

/* The record of what was refused, not more often than makes sense. people_ops.c */
void aphd_people_refused(aphd_monitor_t *monitor, const aphd_who_t *who, const char *op,
                         const char *name);

#endif
