/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may do to the socket, and what it costs: lengths, floods, slowness, passed
 * descriptors, and a path that is not a socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "helper/monitor/who.h"
#include "tests/unit/monitor_harness.h"

typedef struct fixture_t {
    harness_t harness;
    int requests;
    int answer_octets; /* answers are that long */
    aphd_conn_t *held; /* the connection that was not answered */
    int hold;          /* do not answer */
} fixture_t;

static void request_cb(void *self, aphd_conn_t *conn, const json_t *request)
{
    fixture_t *f = self;
    f->requests++;
    if (f->hold) {
        f->held = conn;
        aphd_conn_follow(conn, f, 1);
        return;
    }
    char *text = calloc(1, (size_t)f->answer_octets + 1);
    memset(text, 'x', (size_t)f->answer_octets);
    aphd_conn_answer(conn, json_pack("{s:s, s:O}", "x", text, "request", request));
    free(text);
}

static int set_up(void **state)
{
    fixture_t *f = calloc(1, sizeof *f);
    aphd_server_calls_t calls = {f, request_cb, NULL};
    harness_open(&f->harness, &calls);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture_t *f = *state;
    harness_close(&f->harness);
    free(f);
    return 0;
}

static void expect_answer(client_t *client)
{
    json_t *frame = client_receive(client, 5000);
    assert_non_null(frame);
    assert_non_null(json_object_get(frame, "ok"));
    json_decref(frame);
}

static void test_requests_in_any_pieces(void **state)
{
    fixture_t *f = *state;
    client_t client;
    client_connect(&client, &f->harness);
    client_send_json(&client, "{\"a\":1}");
    expect_answer(&client);
    static const char two[] = "\0\0\0\2{}\0\0\0\7{\"b\":2}";
    client_send(&client, two, sizeof two - 1); /* two frames in one write */
    expect_answer(&client);
    expect_answer(&client);
    for (size_t i = 0; i < sizeof two - 1; i++) { /* and one octet at a time */
        client_send(&client, two + i, 1);
        harness_turn(&f->harness, 0);
    }
    expect_answer(&client);
    expect_answer(&client);
    assert_int_equal(f->requests, 5);
    client_close(&client);
}

static void test_half_closed_client_gets_its_answer(void **state)
{
    fixture_t *f = *state;
    client_t client;
    client_connect(&client, &f->harness);
    client_send_json(&client, "{\"a\":1}");
    shutdown(client.fd, SHUT_WR);
    expect_answer(&client);
    assert_null(client_receive(&client, 500));
    assert_true(client.closed);
    client_close(&client);
}

static void check_refused(fixture_t *f, const void *octets, size_t length, const char *code)
{
    client_t client;
    int before = f->requests;
    client_connect(&client, &f->harness);
    client_send(&client, octets, length);
    client_expect_refusal(&client, code, 1000);
    assert_int_equal(f->requests, before);
    client_close(&client);
}

static void test_lengths(void **state)
{
    fixture_t *f = *state;
    static const uint32_t too_large[] = {APH_FRAME_MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff};
    check_refused(f, "\0\0\0\0", 4, "usage");
    for (size_t i = 0; i < sizeof too_large / sizeof too_large[0]; i++) {
        uint32_t head = htonl(too_large[i]);
        check_refused(f, &head, sizeof head, "too-large");
    }
    check_refused(f, "\0\0\0\1x", 5, "usage");
    client_t client; /* exactly the limit is taken */
    char *full = malloc(APH_FRAME_MAX + 1);
    client_connect(&client, &f->harness);
    memset(full, ' ', APH_FRAME_MAX);
    memcpy(full, "{}", 2);
    full[APH_FRAME_MAX] = '\0';
    client_send_json(&client, full);
    expect_answer(&client);
    free(full);
    client_close(&client);
}

static void test_malformed_json(void **state)
{
    fixture_t *f = *state;
    static const char *const wrong[] = {"[]",
                                        "1",
                                        "\"x\"",
                                        "null",
                                        "{",
                                        "{\"a\":1,\"a\":2}",
                                        "{\"a\":\"\xff\"}",
                                        "{\"a\":1e400}",
                                        "{\"a\":\"\\ud800\"}",
                                        "{\"a\":NaN}",
                                        "{}x",
                                        "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}",
                                        "{\"a\":\"\\u0000\"}",
                                        "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char frame[256];
        uint32_t head = htonl((uint32_t)strlen(wrong[i]));
        memcpy(frame, &head, 4);
        memcpy(frame + 4, wrong[i], strlen(wrong[i]));
        check_refused(f, frame, 4 + strlen(wrong[i]), "usage");
    }
    static const char nul[] = "\0\0\0\7{\"a\":\0}";
    check_refused(f, nul, sizeof nul - 1, "usage");
}

/* A frame has its time from its first octet on; a connection that says nothing has not begun one.
 */
static void test_slow_frame(void **state)
{
    fixture_t *f = *state;
    client_t slow, silent;
    client_connect(&slow, &f->harness);
    client_connect(&silent, &f->harness);
    int64_t began = aphd_loop_now();
    for (int i = 0; i < APH_FRAME_SECONDS + 2 && !slow.closed; i++) {
        static const char begun[] = "\0\0\0\x20{          ";
        client_send(&slow, &begun[i], 1);
        json_t *frame = client_receive(&slow, 1000);
        if (frame != NULL)
            assert_string_equal(json_string_value(json_object_get(frame, "code")), "usage");
        json_decref(frame);
    }
    assert_true(slow.closed);
    int64_t took = aphd_loop_now() - began;
    assert_true(took > APH_FRAME_SECONDS * 1000 - 200 && took < APH_FRAME_SECONDS * 1000 + 1500);
    if (getuid() == 0) { /* others have the same time to begin one */
        client_send_json(&silent, "{}");
        expect_answer(&silent);
    }
    client_close(&slow);
    client_close(&silent);
}

static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count;
}

static void test_passed_descriptors_are_closed(void **state)
{
    fixture_t *f = *state;
    client_t client;
    char control[CMSG_SPACE(253 * sizeof(int))] = {0};
    char octet[1] = {0};
    struct iovec vector = {octet, 1};
    client_connect(&client, &f->harness);
    harness_turn(&f->harness, 10);
    int before = open_descriptors();
    for (int round = 0; round < 3; round++) {
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                                 .msg_controllen = sizeof control};
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(253 * sizeof(int));
        for (int i = 0; i < 253; i++)
            memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &client.fd, sizeof(int));
        assert_int_equal(sendmsg(client.fd, &message, 0), 1);
        harness_turn(&f->harness, 10);
        assert_int_equal(open_descriptors(), before);
    }
    client_send(&client, "\2{}", 3);
    expect_answer(&client);
    client_close(&client);
}

static void test_flood_and_idle_connections(void **state)
{
    fixture_t *f = *state;
    client_t idle[APHD_CONNECTIONS_PER_UID], one_more, late;
    for (int i = 0; i < APHD_CONNECTIONS_PER_UID; i++)
        client_connect(&idle[i], &f->harness);
    harness_turn(&f->harness, 20);
    assert_int_equal(aphd_server_connections(f->harness.server), APHD_CONNECTIONS_PER_UID);
    client_connect(&one_more, &f->harness); /* the others have only just come: no room */
    client_expect_refusal(&one_more, "busy", 1000);
    client_close(&one_more);
    harness_turn(&f->harness, 300);
    int64_t began = aphd_loop_now();
    client_connect(&late, &f->harness); /* now the one idle longest makes room */
    client_send_json(&late, "{}");
    expect_answer(&late);
    assert_true(aphd_loop_now() - began < 1000);
    assert_int_equal(aphd_server_connections(f->harness.server), APHD_CONNECTIONS_PER_UID);
    client_close(&late);
    for (int i = 0; i < APHD_CONNECTIONS_PER_UID; i++)
        client_close(&idle[i]);
    for (int i = 0; i < 2000; i++) { /* connects that leave at once */
        client_connect(&late, &f->harness);
        client_close(&late);
        if (i % 8 == 0)
            harness_turn(&f->harness, 0);
    }
    harness_turn(&f->harness, 50);
    assert_int_equal(aphd_server_connections(f->harness.server), 0);
}

static void test_no_descriptors_left(void **state)
{
    fixture_t *f = *state;
    client_t client;
    struct rlimit old, tight;
    client_connect(&client, &f->harness);
    int highest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    getrlimit(RLIMIT_NOFILE, &old);
    tight = old;
    tight.rlim_cur = (rlim_t)highest;
    close(highest);
    int filler[64], count = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    while (count < 64 && (filler[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        count++;
    harness_turn(&f->harness, 20); /* accept fails: hung up by way of the spare descriptor */
    assert_null(client_receive(&client, 200));
    assert_true(client.closed);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    while (count > 0)
        close(filler[--count]);
    client_close(&client);
    client_connect(&client, &f->harness);
    client_send_json(&client, "{}");
    expect_answer(&client);
    client_close(&client);
}

static void test_client_that_leaves_before_its_answer(void **state)
{
    fixture_t *f = *state;
    client_t client;
    f->answer_octets = 1000000;
    for (int i = 0; i < 20; i++) {
        client_connect(&client, &f->harness);
        client_send_json(&client, "{}");
        if (i % 2 == 0)
            harness_turn(&f->harness, 2);
        client_close(&client);
    }
    for (int i = 0; i < 100 && aphd_server_connections(f->harness.server) > 0; i++)
        harness_turn(&f->harness, 20);
    assert_int_equal(aphd_server_connections(f->harness.server), 0);
    client_connect(&client, &f->harness); /* a long answer comes whole, and then the next one */
    client_send_json(&client, "{}");
    client_send_json(&client, "{}");
    expect_answer(&client);
    expect_answer(&client);
    client_close(&client);
}

static void test_slow_follower_is_dropped(void **state)
{
    fixture_t *f = *state;
    client_t client, other;
    f->hold = 1;
    client_connect(&client, &f->harness);
    client_send_json(&client, "{}");
    harness_turn(&f->harness, 20);
    assert_ptr_equal(aphd_server_next(f->harness.server, f, NULL), f->held);
    json_t *line = json_pack("{s:s}", "log", "0123456789012345678901234567890123456789");
    int sent = 0;
    while (aphd_server_next(f->harness.server, f, NULL) != NULL && sent < 1000000) {
        aphd_conn_relay(f->held, line);
        sent++;
    }
    json_decref(line);
    assert_true(sent < 100000);
    f->hold = 0;
    client_connect(&other, &f->harness); /* the others are served as before */
    client_send_json(&other, "{}");
    expect_answer(&other);
    client_close(&client);
    client_close(&other);
}

static void test_path_of_the_socket(void **state)
{
    fixture_t *f = *state;
    char path[160];
    struct stat there;
    int fd = -1, again = -1;
    snprintf(path, sizeof path, "%s/other", f->harness.folder);
    assert_int_equal(aphd_server_bind(path, getgid(), &fd, NULL), APR_SUCCESS);
    assert_int_equal(stat(path, &there), 0);
    assert_int_equal(there.st_mode & 0777, 0660);
    assert_int_equal(aphd_server_bind(path, getgid(), &again, NULL), APR_SUCCESS); /* a stale one */
    close(fd);
    close(again);
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    close(fd);
    assert_int_equal(aphd_server_bind(path, getgid(), &fd, NULL), APH_ECONFIG);
    assert_int_equal(lstat(path, &there), 0); /* what is no socket is left alone */
    unlink(path);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(aphd_server_bind(path, getgid(), &fd, NULL), APH_ECONFIG);
    assert_int_equal(lstat(path, &there), 0);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(aphd_server_bind(path, getgid(), &fd, NULL), APH_ECONFIG);
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(aphd_server_bind(path, getgid(), &fd, NULL), APH_ECONFIG);
}

/* Scopes against the table of operations: who has none of a row's, or asks for what is root's, is
 * refused; a viewer gets at nothing that changes more than what is his own. */
static void test_who_may(void **state)
{
    aphd_who_t root = {.root = 1}, nobody = {.uid = 33}, stale = {.stale = 1},
               person = {.user_id = 1};
    aph_error_t err = APH_ERROR_INIT;
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    json_t *args = json_object(), *roots = json_pack("{s:s}", "script", "x");
    for (size_t i = 0; i < count; i++) {
        int open = ops[i].scope == APH_SCOPE_ANYONE;
        assert_int_equal(aphd_who_may(&root, &ops[i], args, NULL), APR_SUCCESS);
        assert_int_equal(aphd_who_may(&nobody, &ops[i], args, &err),
                         open ? APR_SUCCESS : APH_EFORBIDDEN);
        assert_int_equal(aphd_who_may(&stale, &ops[i], args, &err),
                         open ? APR_SUCCESS : APH_ESIGNEDOUT);
        for (unsigned scope = 0; scope <= APH_SCOPES_ADMIN; scope++) {
            person.scopes = scope;
            assert_int_equal(aphd_who_may(&person, &ops[i], args, NULL),
                             open || (ops[i].scope & scope) != 0 ? APR_SUCCESS : APH_EFORBIDDEN);
        }
        person.scopes = aph_role_scopes("viewer");
        if (ops[i].kind == APH_OP_JOB)
            assert_int_equal(aphd_who_may(&person, &ops[i], args, NULL), APH_EFORBIDDEN);
    }
    person.scopes = APH_SCOPES_ADMIN;
    assert_int_equal(aphd_who_may(&person, aph_op_find("install"), roots, NULL), APH_EFORBIDDEN);
    json_decref(args);
    json_decref(roots);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_SERVER(test_requests_in_any_pieces),
        WITH_SERVER(test_half_closed_client_gets_its_answer),
        WITH_SERVER(test_lengths),
        WITH_SERVER(test_malformed_json),
        WITH_SERVER(test_slow_frame),
        WITH_SERVER(test_passed_descriptors_are_closed),
        WITH_SERVER(test_flood_and_idle_connections),
        WITH_SERVER(test_no_descriptors_left),
        WITH_SERVER(test_client_that_leaves_before_its_answer),
        WITH_SERVER(test_slow_follower_is_dropped),
        WITH_SERVER(test_path_of_the_socket),
        cmocka_unit_test(test_who_may),
    };
    return cmocka_run_group_tests_name("monitor_socket", tests, NULL, NULL);
}
