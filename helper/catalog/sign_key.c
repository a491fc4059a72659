/* SPDX-License-Identifier: Apache-2.0 */
#include "helper/catalog/sign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#define SEED_DIGITS (2 * crypto_sign_SEEDBYTES)

static void settle(aphd_sign_key_t *key, const unsigned char *seed)
{
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    crypto_sign_seed_keypair(public_key, key->secret, seed);
    sodium_bin2hex(key->public_hex, sizeof key->public_hex, public_key, sizeof public_key);
}

static apr_status_t read_seed(aphd_sign_key_t *key, int fd, const char *path, aph_error_t *err)
{
    char text[SEED_DIGITS + 2] = "";
    unsigned char seed[crypto_sign_SEEDBYTES];
    size_t got = 0;
    ssize_t length = read(fd, text, sizeof text);
    if (length == SEED_DIGITS + 1 && text[SEED_DIGITS] == '\n')
        length--;
    int fits = length == SEED_DIGITS
            && sodium_hex2bin(seed, sizeof seed, text, SEED_DIGITS, NULL, &got, NULL) == 0
            && got == sizeof seed;
    if (fits)
        settle(key, seed);
    sodium_memzero(text, sizeof text);
    sodium_memzero(seed, sizeof seed);
    return fits ? APR_SUCCESS
                : aph_error_set(err, APH_EUNREADABLE, 2515,
                                "%s holds no key: 64 hexadecimal digits, as "
                                "--new-key writes them",
                                path);
}

apr_status_t aphd_sign_key_read(aphd_sign_key_t *key, const char *path, aph_error_t *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        apr_status_t status =
            aph_error_set(err, errno == ENOENT ? APH_ENOTFOUND : APR_FROM_OS_ERROR(errno), 2516,
                          "the key %s cannot be read: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return status;
    }
    apr_status_t status = APR_SUCCESS;
    if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        status = aph_error_set(err, APH_EFORBIDDEN, 2517,
                               "the key %s can be read by others than its "
                               "owner, so it may be theirs as well: make a new one, or chmod 600",
                               path);
    if (status == APR_SUCCESS)
        status = read_seed(key, fd, path, err);
    close(fd);
    return status;
}

apr_status_t aphd_sign_key_make(aphd_sign_key_t *key, const char *path, aph_error_t *err)
{
    unsigned char seed[crypto_sign_SEEDBYTES];
    char text[SEED_DIGITS + 2];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return aph_error_set(err, errno == EEXIST ? APH_ETAKEN : APR_FROM_OS_ERROR(errno), 2518,
                             "a new key cannot be written to %s: %s%s", path, strerror(errno),
                             errno == EEXIST ? "; to sign with that one: --key" : "");
    randombytes_buf(seed, sizeof seed);
    settle(key, seed);
    sodium_bin2hex(text, sizeof text, seed, sizeof seed);
    text[SEED_DIGITS] = '\n';
    ssize_t put = write(fd, text, SEED_DIGITS + 1);
    int whole = put == SEED_DIGITS + 1 && fsync(fd) == 0;
    int cause = errno;
    close(fd);
    sodium_memzero(text, sizeof text);
    sodium_memzero(seed, sizeof seed);
    if (!whole)
        unlink(path); /* made a moment ago, by us, and no key */
    return whole ? APR_SUCCESS
                 : aph_error_set(err, APR_FROM_OS_ERROR(cause), 2519,
                                 "a new key cannot be written to %s: "
                                 "%s",
                                 path, strerror(cause));
}

const char *aphd_sign_text(const aphd_sign_key_t *key, const char *octets, size_t length,
                           apr_pool_t *p)
{
    unsigned char raw[crypto_sign_BYTES];
    char *text = apr_pcalloc(p, 2 * sizeof raw + 2);
    crypto_sign_detached(raw, NULL, (const unsigned char *)octets, length, key->secret);
    sodium_bin2hex(text, 2 * sizeof raw + 1, raw, sizeof raw);
    text[2 * sizeof raw] = '\n';
    return text;
}
