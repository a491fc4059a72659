/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords of a rock-on. Five definitions carry passwords in their opts, the same on every machine
 * in the world; where it is certain who uses one, it becomes a secret of this app alone. */
#include "helper/read/rockon.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

static int says_one(const char *text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (aphd_rockon_says(text, *words))
            return 1;
    return 0;
}

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcasecmp(text + length - tail, end) == 0;
}

/* The name of a file, a user or a place is not the secret in it. */
static int names_a_thing(const char *name)
{
    static const char *const ends[] = {"FILE",     "PATH", "DIR",    "NAME",   "USER",
                                       "URL",      "UID",  "LENGTH", "EXPIRY", "EXPIRATION",
                                       "LIFETIME", "TTL",  NULL};
    for (const char *const *end = ends; *end != NULL; end++)
        if (ends_with(name, *end))
            return 1;
    return 0;
}

static int is_password(const char *name)
{
    static const char *const words[] = {"passw", "passphrase", "_pwd", NULL};
    static const char *const ends[] = {"_pass", "pwd", "psw", NULL};
    if (names_a_thing(name))
        return 0;
    if (says_one(name, words) || strcasecmp(name, "pass") == 0)
        return 1;
    for (const char *const *end = ends; *end != NULL; end++)
        if (ends_with(name, *end))
            return 1;
    return 0;
}

static int is_key(const char *name)
{
    static const char *const words[] = {"secret",      "private_key", "app_key", "encryption_key",
                                        "encrypt_key", "jwt",         "salt",    NULL};
    return !names_a_thing(name) && says_one(name, words);
}

static int is_given_out(const char *name)
{
    static const char *const words[] = {"token", "api_key",  "apikey",  "access_key", "license_key",
                                        "claim", "auth_key", "authkey", "credential", NULL};
    return !names_a_thing(name) && says_one(name, words);
}

aphd_rockon_secret_t aphd_rockon_secret(const char *name, const char *said)
{
    static const char *const names[] = {"vpn",     "smtp", "mail", "proxy", "provider",
                                        "account", "dns",  "ldap", "steam", NULL};
    static const char *const texts[] = {"vpn",      "smtp",  "provider", "ldap",
                                        "existing", "steam", NULL};
    if (is_given_out(name))
        return APHD_SECRET_FOREIGN;
    if (!is_password(name) && !is_key(name))
        return APHD_SECRET_NONE;
    return says_one(name, names) || says_one(said, texts) ? APHD_SECRET_FOREIGN : APHD_SECRET_OWN;
}

/* --- those that stand in the definition --- */

typedef struct pair_t {
    aphd_rockon_container_t *container;
    const char *name, *value;
} pair_t;

#define PAIRS_MAX 512

static size_t collect(aphd_rockon_t *r, pair_t *pairs)
{
    size_t count = 0;
    const char *name;
    json_t *value;
    for (size_t i = 0; i < r->count; i++)
        json_object_foreach(json_object_get(r->containers[i].service, "environment"), name, value)
            /* A word of ours is the answer to a question already. */
            if (count < PAIRS_MAX && strncmp(json_string_value(value), "{{", 2) != 0)
                pairs[count++] = (pair_t){&r->containers[i], name, json_string_value(value)};
    return count;
}

/* Whether value may be in use somewhere that would not follow: in an address with a password, in an
 * argument, in a text that tells it to the person. */
static int used_elsewhere(aphd_rockon_t *r, const pair_t *pairs, size_t count, const char *value)
{
    const char *in_address = apr_pstrcat(r->p, ":", value, "@", NULL);
    const char *texts[] = {aphd_rockon_plain(json_object_get(r->text, "description"), r->p),
                           aphd_rockon_plain(json_object_get(r->text, "more_info"), r->p)};
    size_t k;
    json_t *word;
    for (size_t i = 0; i < count; i++)
        if (strstr(pairs[i].value, in_address) != NULL)
            return 1;
    for (size_t i = 0; i < r->count; i++)
        json_array_foreach(json_object_get(r->containers[i].service, "command"), k, word)
            if (strstr(json_string_value(word), value) != NULL)
                return 1;
    for (size_t i = 0; i < 2; i++) {
        const char *at = texts[i];
        /* A word by itself after "password" is one that is told. */
        while ((at = strstr(at, value)) != NULL) {
            const char *from = at - texts[i] > 40 ? at - 40 : texts[i];
            if (aphd_rockon_says(apr_pstrmemdup(r->p, from, (size_t)(at - from)), "password"))
                return 1;
            at += strlen(value);
        }
    }
    return 0;
}

/* Between two containers; or a key that is long enough to be one, and only has to be secret. */
static int is_certain(const pair_t *pairs, size_t count, size_t first)
{
    for (size_t i = 0; i < count; i++)
        if (pairs[i].container != pairs[first].container && is_password(pairs[i].name) &&
            is_password(pairs[first].name) && strcmp(pairs[i].value, pairs[first].value) == 0)
            return 1;
    return is_key(pairs[first].name) && strlen(pairs[first].value) >= 16;
}

static void make_up(aphd_rockon_t *r, const pair_t *pairs, size_t count, size_t first)
{
    const char *value = pairs[first].value;
    const char *about = "A secret between the containers of this app. apphost makes one up; give "
                        "the old one to go on with data that was made with it.";
    if (!is_password(pairs[first].name))
        about = "A secret of this app. apphost makes one up; give the old one to go on with data "
                "that was made with it.";
    aphd_rockon_question_t question = {.id = pairs[first].name,
                                       .kind = "custom",
                                       .type = "secret",
                                       .label = pairs[first].name,
                                       .text = about,
                                       .generate = 32,
                                       .advanced = 1};
    const char *word =
        apr_pstrcat(r->p, "{{answer.", aphd_rockon_ask(r, NULL, &question), "}}", NULL);
    for (size_t i = 0; i < count; i++)
        if ((is_password(pairs[i].name) || is_key(pairs[i].name)) &&
            strcmp(pairs[i].value, value) == 0)
            json_object_set_new(json_object_get(pairs[i].container->service, "environment"),
                                pairs[i].name, json_string(word));
}

void aphd_rockon_passwords(aphd_rockon_t *r)
{
    pair_t *pairs = apr_pcalloc(r->p, PAIRS_MAX * sizeof *pairs);
    size_t count = collect(r, pairs);
    /* The values are about to be replaced while they are compared. */
    for (size_t i = 0; i < count; i++) {
        pairs[i].name = apr_pstrdup(r->p, pairs[i].name);
        pairs[i].value = apr_pstrdup(r->p, pairs[i].value);
    }
    for (size_t i = 0; i < count; i++) {
        int done = 0;
        for (size_t k = 0; k < i; k++)
            done |= strcmp(pairs[k].value, pairs[i].value) == 0 &&
                    (is_password(pairs[k].name) || is_key(pairs[k].name));
        if (!done && *pairs[i].value != '\0' &&
            (is_password(pairs[i].name) || is_key(pairs[i].name)) && is_certain(pairs, count, i) &&
            !used_elsewhere(r, pairs, count, pairs[i].value))
            make_up(r, pairs, count, i);
    }
}
