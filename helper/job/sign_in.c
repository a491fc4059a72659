/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: compared and hashed here, in a child, with Argon2id of libsodium. apphostd sends
 *   {"given":TEXT,"hash":TEXT|null}  is the password the one that was hashed? null: there is
 * nobody, and it takes as long to say so
 *   {"make":TEXT|true}               hash this one, or make one up; after a comparison only where
 * that was right and hears {"matches":BOOL|null,"hash":TEXT|null,"password":TEXT|null}, the last of
 * one made up. */
#include <string.h>
#include <sodium.h>

#include "helper/job/job.h"

#define GROUPS 4
#define GROUP_CHARACTERS 5

/* 100 bits, in groups one can read out. */
static void make_up(char text[GROUPS * (GROUP_CHARACTERS + 1)])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    _Static_assert(sizeof letters == 33, "five bits a character");
    for (int i = 0; i < GROUPS * (GROUP_CHARACTERS + 1) - 1; i++)
        text[i] =
            i % (GROUP_CHARACTERS + 1) == GROUP_CHARACTERS ? '-' : letters[randombytes_uniform(32)];
    text[GROUPS * (GROUP_CHARACTERS + 1) - 1] = '\0';
}

static apr_status_t hash(const char *password, char text[crypto_pwhash_STRBYTES], aph_error_t *err)
{
    if (crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE) == 0)
        return APR_SUCCESS;
    return aph_error_set(err, APR_ENOMEM, 3050, "a password cannot be hashed: %d MiB of memory are "
                         "needed for that", (int)(crypto_pwhash_MEMLIMIT_INTERACTIVE >> 20));
}

static apr_status_t compare(const char *given, const char *known, int *matches, aph_error_t *err)
{
    char unused[crypto_pwhash_STRBYTES];
    *matches = 0;
    if (known == NULL)
        return hash(given, unused, err);
    *matches = crypto_pwhash_str_verify(known, given, strlen(given)) == 0;
    return APR_SUCCESS;
}

apr_status_t aphd_story_password(aphd_job_t *job, aph_error_t *err)
{
    char text[crypto_pwhash_STRBYTES] = "", made[GROUPS * (GROUP_CHARACTERS + 1)] = "";
    const char *given = aphd_job_text(job, "given"), *make = aphd_job_text(job, "make");
    int matches = 1;
    apr_status_t status = APR_SUCCESS;
    if (given != NULL)
        status = compare(given, aphd_job_text(job, "hash"), &matches, err);
    if (aphd_job_flag(job, "make")) {
        make_up(made);
        make = made;
    }
    if (status == APR_SUCCESS && matches && make != NULL)
        status = hash(make, text, err);
    json_t *answer = json_pack(
        "{s:o, s:s?, s:s?}", "matches", given != NULL ? json_boolean(matches) : json_null(), "hash",
        text[0] != '\0' ? text : NULL, "password", made[0] != '\0' ? made : NULL);
    return aphd_job_finish(job, status, answer, err);
}
