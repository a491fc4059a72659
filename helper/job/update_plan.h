/* SPDX-License-Identifier: Apache-2.0 */
/* What an update changes, as data: the difference of what an app is and of the plan of what it is
 * to be. Pure.
 *
 * "update" of a plan (plan.h) =
 *   {"rollback":BOOL,
 *    "from":SHA256|null, "to":SHA256|null,       revisions
 *    "images":[{"service":S,"from":REF|null,"to":REF|null}...]
 *                                services whose image is another one; null: the service is new, or
 *                                goes. Both may be the same reference: it names another image by
 *                                now
 *    "ports":[{"port":N,"protocol":S,"address":S,"opens":BOOL}...]   of this machine, that open or
 *                                close; address: "" is every one
 *    "mounts":[{"service":S,"target":S,"from":S|null,"to":S|null}...]
 *                                what containers see of files at target: "./REL" of the app's
 *                                folder, a volume's name, an absolute path of a storage location,
 *                                with " (read-only)" after it; null: nothing. The services are
 *                                there before and after; of others it follows from "images"
 *    "files":[REL...]            written again, though they are there
 *    "agreed":[ID...]            consented to before, and asked for again
 *    "gone":[ID...]              consented to before, and not asked for any more
 *    "answers":[ID...]           questions whose answer is new or another one
 *    "stopped":BOOL}             it is stopped, and stays so
 * What is newly asked for stands in "asked" and "overridden" of the plan. */
#ifndef APHD_UPDATE_PLAN_H
#define APHD_UPDATE_PLAN_H

#include <jansson.h>

typedef struct aphd_update_in_t {
    const json_t *row;      /* APP of job_wire.h: what it is */
    const json_t *plan;     /* of what it is to be; "agreed" is in it (plan.h) */
    const json_t *was, *is; /* models (compose, normal form): what runs, and what is to run; NULL: not known */
    const char *data_dir;   /* of the app */
    const json_t *target;   /* {"revision","answers"} of what it is to be */
    json_t *again;          /* paths of files that are written again */
    int rollback, stopped;
} aphd_update_in_t;

/* A new reference. */
json_t *aphd_update_difference(const aphd_update_in_t *in);

/* The findings row was consented to: those of its plan whose ids are in its "consents". row: APP,
 * or its
 * "previous" (job_wire.h), borrowed. A new reference. */
json_t *aphd_findings_agreed(const json_t *row);

/* Everything in part (a list of texts), and everything in other, each once. A new reference. */
json_t *aphd_texts_joined(const json_t *part, const json_t *other);

/* Nonzero where list has text. */
int aphd_texts_have(const json_t *list, const char *text);

#endif
