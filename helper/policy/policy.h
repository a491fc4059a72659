/* SPDX-License-Identifier: Apache-2.0 */
/* The policy: what an app's author may write, and what becomes of it.
 *
 * One table (keys.def) has a row for every key: which shape its value has, who judges it, and
 * why. aphd_policy_judge walks the normal form; each judge adds findings and writes *our own*
 * compose value for what it let pass. A key without a row is denied. Nothing reaches the rendered
 * file except through a judge. Pure: no files, no engine, no clock. */
#ifndef APHD_POLICY_H
#define APHD_POLICY_H

#include <jansson.h>

#include "common/error.h"

typedef enum aphd_verdict_t { APHD_ALLOW, APHD_REWRITE, APHD_ASK, APHD_DENY } aphd_verdict_t;

/* What the app will be, as far as the policy must know. check uses samples. */
typedef struct aphd_policy_site_t {
    int app_id;
    int port; /* 35000 + app_id */
    int max_app_id;
    const char *project;  /* compose project and name prefix */
    const char *instance; /* value of APHD_LABEL_INSTANCE */
    const char *data_dir; /* absolute: StateDir/data/ID; "./x" becomes data_dir/x */
    const char *subnet;   /* CIDR of the app's network, or NULL (check: left out) */
    long long memory_max; /* octets one service may have at most; 0: no bound of ours */
    json_t *consents;     /* array of finding ids already consented to; borrowed, may be NULL */
    json_t *allowed;      /* array of rules root overrides (common/rules.def); borrowed, may be
                           * NULL */
    /* Folders in storage locations, which the job made of the answers a person gave
     * (helper/catalog/storage.h), and those other apps have; borrowed, may be NULL:
     *   [{"service":S,"target":S,"answer":S,"path":ABS,"read_only":BOOL,"ask":BOOL,...}...]
     *        ask: more than was agreed to when it was answered; absent: no
     *   [{"app":S,"path":ABS,"read_only":BOOL,...}...] */
    json_t *storage;
    json_t *storage_others;
} aphd_policy_site_t;

#define APHD_PIDS_MAX 4096 /* processes and threads of one service */

/* The outcome. findings: [{"id":"ports.2224/tcp","key":"services.gitlab.ports","line":12,
 * "verdict":"ask","value":S|null,"reason":S,"rule":"host-port"}...] in order of lines; allow is
 * not listed. What was consented to stays listed, with "consented":true, and no longer raises the
 * verdict. A refusal that root may override has "consequence":S; one that is overridden has
 * "overridden":true, and is from then on asked about. "terms":S, where there is more to agree to
 * than value and reason say: where it is mounted, which port of the container is behind it.
 * compose: the model to run, with image
 * references still as the author wrote them in "image"; the caller replaces each by an image id
 * (aphd_render). */
typedef struct aphd_policy_result_t {
    aphd_verdict_t verdict;  /* the worst one */
    json_t *findings;        /* array */
    json_t *compose;         /* object, services in order; NULL when the verdict is deny */
    json_t *images;          /* [{"service":S,"ref":S,"line":N}...] */
    json_t *binds;           /* [{"service":S,"line":N,"path":REL,"target":S,"read_only":BOOL}...]:
                              * data folders to make, unless a file of the script or of files has
                              * that path. A folder in a storage location has "location":S and
                              * "answer":S as well, and its path is absolute: then it is none of
                              * the app's data */
    json_t *files;           /* [{"path":REL,"text":S,"mode":"0444"}...]: contents of configs, to be
                              * written below data_dir */
    json_t *ports;           /* [{"service":S,"host":N,"target":N,"protocol":S,"address":S,
                              * "web":BOOL}...]; address: "127.0.0.1", or "" for every one */
    json_t *order;           /* service names, dependencies first */
    const char *web_service; /* borrowed from ports; NULL: headless */
    int web_target;          /* container port of the web service */
} aphd_policy_result_t;

/* Judges compose, the "compose" part of the reader's normal form (borrowed). An error is returned
 * only when the normal form itself is not one (a reader that lies): APH_EUNREADABLE. */
apr_status_t aphd_policy_judge(const json_t *compose, const aphd_policy_site_t *site,
                               aphd_policy_result_t *result, aph_error_t *err);
void aphd_policy_result_clear(aphd_policy_result_t *result);

/* The text compose will run: result->compose as JSON with every image replaced from image_ids
 * (object: service -> "sha256:..."; NULL leaves references) and every $ doubled. malloc'd, caller
 * frees. */
apr_status_t aphd_render(const json_t *compose, const json_t *image_ids, char **text,
                         aph_error_t *err);

const char *aphd_verdict_name(aphd_verdict_t verdict);

#endif
