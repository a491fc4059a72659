/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a catalog from a folder that others may want to change, and giving up on hosts that stall.
 * What a server can do over TLS is in tests/integration/test_720_catalog_hostile.py. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <curl/curl.h>
#include <cmocka.h>

#include "helper/catalog/fetch.h"

static apr_pool_t *p;
static aphd_halt_t halt;
static int peer[2];

static apr_status_t get(const char *url, aphd_wanted_t *wanted, size_t count, int allow_private, int ms)
{
    aphd_place_t *place = apr_palloc(p, sizeof *place);
    aphd_origin_t *source;
    aphd_origin_spec_t spec = {.place = place, .allow_private = allow_private, .halt = &halt,
                               .connect_ms = ms};
    aph_error_t err = APH_ERROR_INIT;
    apr_status_t status = aphd_place_read(place, url, p, &err);
    if (status == APR_SUCCESS)
        status = aphd_origin_open(&source, &spec, p, &err);
    if (status == APR_SUCCESS)
        status = aphd_origin_get(source, wanted, count, apr_time_now() + apr_time_from_sec(60), &err);
    return status;
}

/* --- folders ------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    chmod(path, 0644);
}

static apr_status_t look(const char *folder, const char *file, size_t most, aphd_wanted_t *wanted)
{
    *wanted = (aphd_wanted_t){.file = file, .most = most};
    apr_status_t status = get(apr_pstrcat(p, "file://", folder, NULL), wanted, 1, 0, 0);
    return status != APR_SUCCESS ? status : wanted->status;
}

static void test_folder(void **state)
{
    char folder[] = "/tmp/apphost-catalog-XXXXXX";
    aphd_wanted_t wanted;
    umask(022);
    assert_non_null(mkdtemp(folder));
    const char *below = apr_pstrcat(p, folder, "/below", NULL);
    assert_int_equal(mkdir(below, 0755), 0);
    const char *one = apr_pstrcat(p, below, "/one.json", NULL);
    write_file(one, "12345");

    assert_int_equal(look(folder, "below/one.json", 5, &wanted), APR_SUCCESS);
    assert_string_equal(wanted.octets, "12345");
    assert_int_equal(wanted.length, 5);
    free(wanted.octets);
    assert_int_equal(look(folder, "below/one.json", 4, &wanted), APH_ETOOLARGE);
    assert_int_equal(look(folder, "below/none.json", 4, &wanted), APH_ENOTFOUND);
    assert_int_equal(look(folder, "below", 9, &wanted), APH_EUNREADABLE);
    assert_int_not_equal(look(folder, "below/../below/one.json", 9, &wanted), APR_SUCCESS);

    const char *link = apr_pstrcat(p, folder, "/link", NULL);
    assert_int_equal(symlink("below", link), 0);
    assert_int_equal(look(folder, "link/one.json", 9, &wanted), APH_EFORBIDDEN);
    assert_int_not_equal(look(link, "one.json", 9, &wanted), APR_SUCCESS);
    const char *pipe_path = apr_pstrcat(p, folder, "/pipe", NULL);
    assert_int_equal(mkfifo(pipe_path, 0644), 0);
    assert_int_equal(look(folder, "pipe", 9, &wanted), APH_EUNREADABLE);

    chmod(one, 0664);
    assert_int_equal(look(folder, "below/one.json", 9, &wanted), APH_EFORBIDDEN);
    chmod(one, 0644);
    chmod(below, 0777);
    assert_int_equal(look(folder, "below/one.json", 9, &wanted), APH_EFORBIDDEN);
    assert_int_equal(look(below, "one.json", 9, &wanted), APH_EFORBIDDEN);
    chmod(below, 01777); /* the sticky bit protects what is in a folder above, not what is read */
    assert_int_equal(look(below, "one.json", 9, &wanted), APH_EFORBIDDEN);
    chmod(below, 0755);
    chmod(folder, 0777);
    assert_int_equal(look(below, "one.json", 9, &wanted), APH_EFORBIDDEN);
    chmod(folder, 0755);
    assert_int_equal(look(below, "one.json", 9, &wanted), APR_SUCCESS);
    free(wanted.octets);

    unlink(one), unlink(link), unlink(pipe_path), rmdir(below), rmdir(folder);
    assert_int_equal(look(folder, "one.json", 9, &wanted), APH_ENOTFOUND);
}

/* --- hosts --------------------------------------------------------------------------------- */

/* A socket that listens and never answers. */
static int stall(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    getsockname(fd, (struct sockaddr *)&address, &length);
    *port = ntohs(address.sin_port);
    return fd;
}

static void test_stalled(void **state)
{
    int port, fd = stall(&port);
    const char *url = apr_psprintf(p, "https://127.0.0.1:%d/", port);
    aphd_wanted_t wanted[6];
    memset(wanted, 0, sizeof wanted);
    for (int i = 0; i < 6; i++)
        wanted[i] = (aphd_wanted_t){.file = "index.json", .most = 100};
    assert_int_equal(get(url, wanted, 6, 1, 200), APR_SUCCESS);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(wanted[i].status, APR_TIMEUP);
        assert_true(wanted[i].unheard);
    }
    /* Nothing is even connected to where root did not say so. */
    wanted[0] = (aphd_wanted_t){.file = "index.json", .most = 100};
    assert_int_equal(get(url, wanted, 1, 0, 5000), APR_SUCCESS);
    assert_int_equal(wanted[0].status, APH_EFORBIDDEN);
    close(fd);
}

/* Other ways to say this machine: each ends at the socket, not in a list of names. */
static void test_other_names(void **state)
{
    static const char *const hosts[] = {"0", "0.0.0.0", "2130706433", "0x7f000001", "127.1",
                                        "169.254.169.254", "[::ffff:127.0.0.1]", "[::1]", "[::]",
                                        "10.1.2.3", "192.168.0.1", "224.0.0.1", "[fe80::1]", "[fd00::1]",
                                        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.0.0.1"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        aphd_wanted_t wanted = {.file = "index.json", .most = 100};
        assert_int_equal(get(apr_psprintf(p, "https://%s:8443/", hosts[i]), &wanted, 1, 0, 2000),
                         APR_SUCCESS);
        if (wanted.status != APH_EFORBIDDEN)
            fail_msg("%s: %d %s", hosts[i], wanted.status, wanted.why);
    }
}

static void test_halt(void **state)
{
    int port, fd = stall(&port);
    aphd_wanted_t wanted[6];
    memset(wanted, 0, sizeof wanted);
    for (int i = 0; i < 6; i++)
        wanted[i] = (aphd_wanted_t){.file = "index.json", .most = 100};
    kill(getpid(), SIGTERM);
    assert_int_equal(get(apr_psprintf(p, "https://127.0.0.1:%d/", port), wanted, 6, 1, 30000),
                     APH_ECANCELLED);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folder),
        cmocka_unit_test(test_stalled),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_halt), /* the last: once asked, always asked */
    };
    apr_initialize();
    apr_pool_create(&p, NULL);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || socketpair(AF_UNIX, SOCK_STREAM, 0, peer) != 0
        || aphd_halt_open(&halt, peer[0], NULL) != APR_SUCCESS)
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_pool_destroy(p);
    return failed;
}
