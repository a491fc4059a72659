/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the rock-on reader (aphd_rockon_convert in entry.h). A definition is one JSON object
 * whose one member is the rock-on, by its display name; below "containers" each container has its
 * ports, volumes, devices, environment, and opts: arguments of `docker run`.
 *
 * What becomes of it is a manifest of ours: each container a service of the compose object, and
 * what its author leaves to the person who installs a question. Rights are never dropped: they go
 * into the compose object, where the policy asks about them or refuses them.
 *
 * Two ways to fail. APH_EUNREADABLE: the text is not a rock-on, and the sentence names the member.
 * APH_EDENIED: it is one, and wants what apphost has no counterpart of.
 *
 * The manifest owns everything; what stands in these structures is borrowed from it, from the
 * parsed definition, or lives in the pool. */
#ifndef APHD_ROCKON_H
#define APHD_ROCKON_H

#include <jansson.h>
#include <apr_pools.h>

#include "common/error.h"

#define APHD_ROCKON_CONTAINERS 32

typedef struct aphd_rockon_container_t {
    const char *name; /* as its author calls it; the service has the same name */
    json_t *text;     /* its definition */
    json_t *service;  /* what becomes of it */
    json_int_t order; /* of its start */
    int users;        /* how many take its volumes over */
    int on_host;      /* it is on the machine's own network */
    int folded;       /* it only held volumes, which went to those that use them */
} aphd_rockon_container_t;

typedef struct aphd_rockon_t {
    const char *title;
    json_t *text;     /* the rock-on, below its name */
    json_t *manifest; /* what is made */
    json_t *services, *volumes, *questions, *permissions, *credentials; /* parts of it */
    aphd_rockon_container_t containers[APHD_ROCKON_CONTAINERS]; /* in the order they start */
    size_t count;
    const char *host_page; /* where the page is that is not behind httpd, or NULL */
    apr_pool_t *p;
    aph_error_t *err;
} aphd_rockon_t;

/* A question as it is made; what is NULL or 0 is left out. */
typedef struct aphd_rockon_question_t {
    const char *id; /* what its id begins with; made unique */
    const char *kind, *type, *target, *protocol, *initial;
    const char *label, *text;
    const json_t *from; /* member with "label" and "description", where label and text are NULL */
    int required, advanced, generate, bounded;
    json_int_t min, max, min_size;
} aphd_rockon_question_t;

/* --- rockon_words.c: reading values that were typed by hand --- */

/* The value of a member by its name, or by a misspelling of it that was published. */
json_t *aphd_rockon_member(const json_t *object, const char *name);
/* A string, or a number as text; NULL for anything else. Surrounding blanks are dropped. */
const char *aphd_rockon_text(const json_t *value, apr_pool_t *p);
/* A whole number, or a text that is one; also 1.0. Zero for anything else. */
int aphd_rockon_number(const json_t *value, json_int_t *number);
/* true, "true", "yes", 1: nonzero. */
int aphd_rockon_flag(const json_t *value);
/* A text of the author as plain text; "" where there is none. What only looks like an element, as
 * in http://<your server>, stays. */
const char *aphd_rockon_plain(const json_t *value, apr_pool_t *p);
/* Text in which no word of ours stands any more: {{ becomes {{{{. */
const char *aphd_rockon_bare(const char *text, apr_pool_t *p);
/* Plain text for the manifest, whose reader makes texts plain once more: at most that many
 * characters. */
json_t *aphd_rockon_shown(const char *plain, size_t most, apr_pool_t *p);
/* A value of the author for the compose object, that stays as it is: neither a variable of compose
 * nor a word of ours. */
json_t *aphd_rockon_literal(const char *text, apr_pool_t *p);
/* At most that many characters of text (more than 3); what is cut off is said by "...". */
const char *aphd_rockon_cut(const char *text, size_t most, apr_pool_t *p);
/* Lower case, everything but letters and digits becomes mark; at most `most` octets. */
const char *aphd_rockon_slug(const char *text, char mark, size_t most, apr_pool_t *p);
/* Whether word stands in text, whatever the case. */
int aphd_rockon_says(const char *text, const char *word);
/* Adds value to the list (key) of a service; stolen. */
void aphd_rockon_add(json_t *service, const char *key, json_t *value);
/* The container of that name; NULL: none. */
aphd_rockon_container_t *aphd_rockon_find(aphd_rockon_t *r, const char *name);
/* Adds a question about container (NULL: about all), and returns its id. */
const char *aphd_rockon_ask(aphd_rockon_t *r, const aphd_rockon_container_t *container,
                            const aphd_rockon_question_t *question);
/* Says why a finding of the policy is there. Everything is copied. */
void aphd_rockon_permission(aphd_rockon_t *r, const char *id, const char *reason);

/* --- rockon_opts.c: arguments of `docker run` --- */

/* Reads opts and cmd_arguments of a container into its service. */
apr_status_t aphd_rockon_opts(aphd_rockon_t *r, aphd_rockon_container_t *container);
/* Once all were read: what containers take over from each other. */
apr_status_t aphd_rockon_share(aphd_rockon_t *r);

/* --- rockon_asks.c: what the person is asked --- */

/* One member of an object below a container, such as a port. */
typedef apr_status_t aphd_rockon_member_cb(aphd_rockon_t *r, aphd_rockon_container_t *container,
                                           const char *name, json_t *about);
/* All members of container's key, by their index; those without one last, as they stand. */
apr_status_t aphd_rockon_each(aphd_rockon_t *r, aphd_rockon_container_t *container, const char *key,
                              aphd_rockon_member_cb *take);
/* APH_EUNREADABLE: containers.NAME.KEY.MEMBER: WHY. */
apr_status_t aphd_rockon_malformed(aphd_rockon_t *r, const aphd_rockon_container_t *container,
                                   const char *key, const char *member, const char *why);
/* Label and description of a member, as one plain text. */
const char *aphd_rockon_said(aphd_rockon_t *r, const json_t *about);

apr_status_t aphd_rockon_volumes(aphd_rockon_t *r, aphd_rockon_container_t *container);
apr_status_t aphd_rockon_ports(aphd_rockon_t *r, aphd_rockon_container_t *container);
apr_status_t aphd_rockon_devices(aphd_rockon_t *r, aphd_rockon_container_t *container);
apr_status_t aphd_rockon_owner(aphd_rockon_t *r, aphd_rockon_container_t *container);

/* --- rockon_environment.c --- */

apr_status_t aphd_rockon_environment(aphd_rockon_t *r, aphd_rockon_container_t *container);

/* --- rockon_secrets.c --- */

typedef enum aphd_rockon_secret_t {
    APHD_SECRET_NONE,
    APHD_SECRET_FOREIGN, /* somebody else gave it out: a token, the password of an account */
    APHD_SECRET_OWN      /* of the app itself: any will do */
} aphd_rockon_secret_t;

/* What a variable is, by its name and what is said of it. */
aphd_rockon_secret_t aphd_rockon_secret(const char *name, const char *said);
/* Passwords that stand in the definition become secrets made up for each app, where it is certain
 * what uses them. */
void aphd_rockon_passwords(aphd_rockon_t *r);

/* --- rockon_about.c --- */

/* Names, texts and links of the manifest. */
apr_status_t aphd_rockon_about(aphd_rockon_t *r);

#endif
