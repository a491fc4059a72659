/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/monitor/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sodium.h>

_Static_assert(APHD_PROOF_OCTETS == crypto_auth_KEYBYTES && APHD_PROOF_OCTETS == crypto_auth_BYTES,
               "one length of key, nonce and proof");

/* APR_ENOENT where there is none. */
static apr_status_t read_key(const char *path, unsigned char *key, aph_error_t *err)
{
    struct stat there;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return APR_ENOENT;
    if (fd < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 3070, "%s: %s", path, strerror(errno));
    int sound = fstat(fd, &there) == 0 && S_ISREG(there.st_mode) && there.st_uid == geteuid()
             && (there.st_mode & 077) == 0 && there.st_size == APHD_PROOF_OCTETS
             && read(fd, key, APHD_PROOF_OCTETS) == APHD_PROOF_OCTETS;
    close(fd);
    if (sound)
        return APR_SUCCESS;
    return aph_error_set(
        err, APH_ECONFIG, 3071,
        "%s is not %d octets that only root can read; remove it, then restart apphostd "
        "and httpd",
        path, APHD_PROOF_OCTETS);
}

/* A new key as a file of its own; named path has room for it. */
static apr_status_t write_key(const char *path, aph_error_t *err)
{
    unsigned char key[APHD_PROOF_OCTETS];
    int fd = -1;
    if (sodium_init() < 0 || (unlink(path) != 0 && errno != ENOENT)
        || (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)) < 0)
        return aph_error_set(err, APR_FROM_OS_ERROR(errno), 3072, "%s cannot be made: %s", path,
                             strerror(errno));
    randombytes_buf(key, sizeof key);
    int written = write(fd, key, sizeof key) == (ssize_t)sizeof key && fsync(fd) == 0;
    int reason = errno;
    sodium_memzero(key, sizeof key);
    close(fd);
    if (written)
        return APR_SUCCESS;
    unlink(path);
    return aph_error_set(err, APR_FROM_OS_ERROR(reason), 3073, "%s cannot be written: %s", path,
                         strerror(reason));
}

static void sync_folder(const char *state_dir)
{
    int fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

/* The key and its name while it is made, which no other process uses. */
static void name_files(const char *state_dir, char path[512], char made[544])
{
    snprintf(path, 512, "%s/" APHD_HTTPD_KEY, state_dir);
    snprintf(made, 544, "%s.%d", path, (int)getpid());
}

apr_status_t aphd_proof_key(const char *state_dir, unsigned char key[APHD_PROOF_OCTETS],
                            aph_error_t *err)
{
    char path[512], made[544];
    name_files(state_dir, path, made);
    apr_status_t status = read_key(path, key, err);
    if (status != APR_ENOENT)
        return status;
    status = write_key(made, err);
    if (status == APR_SUCCESS && link(made, path) != 0 && errno != EEXIST)
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 3074, "%s cannot be made: %s", path,
                               strerror(errno));
    unlink(made);
    sync_folder(state_dir);
    return status == APR_SUCCESS ? read_key(path, key, err) : status;
}

apr_status_t aphd_proof_rotate(const char *state_dir, unsigned char key[APHD_PROOF_OCTETS],
                               aph_error_t *err)
{
    char path[512], made[544];
    name_files(state_dir, path, made);
    apr_status_t status = write_key(made, err);
    if (status == APR_SUCCESS && rename(made, path) != 0)
        status = aph_error_set(err, APR_FROM_OS_ERROR(errno), 3075, "%s cannot be replaced: %s",
                               path, strerror(errno));
    sync_folder(state_dir);
    return status == APR_SUCCESS ? read_key(path, key, err) : status;
}

void aphd_proof_challenge(aphd_nonce_t *nonce, char *hex)
{
    randombytes_buf(nonce->octets, sizeof nonce->octets);
    nonce->valid = 1;
    sodium_bin2hex(hex, 2 * sizeof nonce->octets + 1, nonce->octets, sizeof nonce->octets);
}

int aphd_proof_holds(aphd_nonce_t *nonce, const unsigned char *key, const char *op,
                     const json_t *auth)
{
    unsigned char message[4096], proof[APHD_PROOF_OCTETS];
    const char *user = json_string_value(json_object_get(auth, "user"));
    const char *hex = json_string_value(json_object_get(auth, "proof"));
    size_t i, length = sizeof nonce->octets, octets = 0;
    const json_t *group;
    int valid = nonce->valid;
    nonce->valid = 0;
    if (!valid || user == NULL || hex == NULL)
        return 0;
    memcpy(message, nonce->octets, length);
    int more = snprintf((char *)message + length, sizeof message - length, "%s%c%s", op, 0, user);
    if (more < 0 || (length += (size_t)more + 1) >= sizeof message)
        return 0;
    json_array_foreach(json_object_get(auth, "groups"), i, group)
    {
        size_t room = sizeof message - length, size = json_string_length(group) + (i > 0);
        if (!json_is_string(group) || size >= room)
            return 0;
        snprintf((char *)message + length, room, "%s%s", i > 0 ? "," : "",
                 json_string_value(group));
        length += size;
    }
    return sodium_hex2bin(proof, sizeof proof, hex, strlen(hex), NULL, &octets, NULL) == 0
           && octets == sizeof proof && crypto_auth_verify(proof, message, length, key) == 0;
}
