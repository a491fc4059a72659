/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/job/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELLING 8 /* so much of a secret that was cut off is no accident */
#define INSTEAD "(a secret)"

/* --- which ----------------------------------------------------------------------------------- */

static void add_of(json_t *secrets, const json_t *row)
{
    const json_t *answers = json_object_get(row, "answers");
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(json_object_get(row, "plan"), "answers"), i, one) {
        const char *id = json_string_value(json_object_get(one, "question"));
        json_t *answer = id != NULL ? json_object_get(answers, id) : NULL;
        if (json_is_true(json_object_get(one, "secret")) && json_is_string(answer))
            json_array_append(secrets, answer);
    }
}

json_t *aphd_secrets_of_row(const json_t *row)
{
    json_t *secrets = json_array();
    add_of(secrets, row);
    add_of(secrets, json_object_get(row, "previous"));
    return secrets;
}

/* --- in a text ------------------------------------------------------------------------------- */

/* How much of secret stands at text: all of it, or what a cut left of it. */
static size_t secret_at(const char *text, const char *secret)
{
    size_t length = 0;
    if (strlen(secret) < APHD_SECRET_LEAST)
        return 0;
    while (secret[length] != '\0' && text[length] == secret[length])
        length++;
    int at_end = text[length] == '\0' || strncmp(text + length, "...", 3) == 0;
    if (length < TELLING && secret[length] != '\0' && !(at_end && length >= APHD_SECRET_LEAST))
        return 0;
    while (((unsigned char)text[length] & 0xC0) == 0x80) /* no half of a character stays */
        length++;
    return length;
}

/* Of several the longest: one may begin another. */
static size_t longest_at(const char *text, const json_t *secrets)
{
    size_t longest = 0, i;
    const json_t *secret;
    json_array_foreach((json_t *)secrets, i, secret) {
        size_t length = secret_at(text, json_string_value(secret));
        longest = length > longest ? length : longest;
    }
    return longest;
}

char *aphd_secrets_hidden(const char *text, const json_t *secrets)
{
    char *hidden = NULL;
    size_t size = 0;
    int any = 0;
    FILE *out = text != NULL && json_array_size(secrets) > 0 ? open_memstream(&hidden, &size) : NULL;
    while (out != NULL && *text != '\0') {
        size_t length = longest_at(text, secrets);
        if (length > 0)
            fputs(INSTEAD, out);
        else
            fputc(*text, out);
        any = any || length > 0;
        text += length > 0 ? length : 1;
    }
    if (out != NULL && fclose(out) == 0 && any)
        return hidden;
    free(hidden);
    return NULL;
}

/* --- in findings ----------------------------------------------------------------------------- */

/* What is so short that it may stand in any sentence hides all of a refusal whose value has it. What is asked
 * about has to be read, and is hidden only where the secret is all of its value. */
static int is_short_secret(const json_t *value, const json_t *secrets, int denied)
{
    size_t i;
    const json_t *secret;
    if (!json_is_string(value))
        return 0;
    json_array_foreach((json_t *)secrets, i, secret)
        if (json_string_length(secret) < APHD_SECRET_LEAST
            && (json_equal(value, secret)
                || (denied && strcasestr(json_string_value(value), json_string_value(secret)) != NULL)))
            return 1;
    return 0;
}

static void hide_member(json_t *finding, const char *member, const json_t *secrets)
{
    char *hidden = aphd_secrets_hidden(json_string_value(json_object_get(finding, member)), secrets);
    if (hidden != NULL)
        json_object_set_new(finding, member, json_string(hidden));
    free(hidden);
}

void aphd_secrets_in_findings(json_t *findings, const json_t *secrets)
{
    static const char *const members[] = {"value", "reason", "terms", "id"};
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding) {
        const char *verdict = json_string_value(json_object_get(finding, "verdict"));
        int denied = verdict != NULL && strcmp(verdict, "deny") == 0
                  && !json_is_true(json_object_get(finding, "overridden"));
        size_t count = sizeof members / sizeof members[0] - (size_t)!denied;
        int is_short = is_short_secret(json_object_get(finding, "value"), secrets, denied);
        for (size_t k = 0; k < count; k++)
            if (is_short && json_is_string(json_object_get(finding, members[k])))
                json_object_set_new(finding, members[k], json_string(INSTEAD));
            else
                hide_member(finding, members[k], secrets);
    }
}

/* --- anywhere -------------------------------------------------------------------------------- */

/* Takes over below, which is what was found under name. */
static char *path_to(const char *name, char *below)
{
    char *path = NULL;
    int length = asprintf(&path, "%s%s%s", name, *below != '\0' ? "." : "", below);
    free(below);
    return length >= 0 ? path : NULL;
}

char *aphd_secrets_place(const json_t *value, const char *secret)
{
    const char *key;
    json_t *member;
    size_t i;
    char *below, number[24];
    if (json_is_string(value))
        return strstr(json_string_value(value), secret) != NULL ? strdup("") : NULL;
    json_object_foreach((json_t *)value, key, member) {
        if (strstr(key, secret) != NULL)
            return strdup("");
        if ((below = aphd_secrets_place(member, secret)) != NULL)
            return path_to(key, below);
    }
    json_array_foreach((json_t *)value, i, member)
        if ((below = aphd_secrets_place(member, secret)) != NULL) {
            snprintf(number, sizeof number, "%zu", i + 1);
            return path_to(number, below);
        }
    return NULL;
}
