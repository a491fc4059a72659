/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: whole ones come out however the octets arrive, and nothing else ever does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/frame.h"

#define LIMIT 4096

typedef struct pair_t {
    int ours;   /* never waits */
    int theirs;
    aph_frame_reader_t reader;
} pair_t;

static int open_pair(void **state)
{
    int fds[2];
    pair_t *pair = calloc(1, sizeof *pair);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
        return -1;
    pair->ours = fds[0];
    pair->theirs = fds[1];
    aph_frame_reader_init(&pair->reader, LIMIT);
    *state = pair;
    return 0;
}

static int close_pair(void **state)
{
    pair_t *pair = *state;
    aph_frame_reader_clear(&pair->reader);
    close(pair->ours);
    if (pair->theirs >= 0)
        close(pair->theirs);
    free(pair);
    return 0;
}

/* Reads until a frame is whole or nothing more can happen. */
static apr_status_t pump(pair_t *pair, json_t **frame, aph_error_t *err)
{
    apr_status_t status = APR_EAGAIN;
    for (int i = 0; i < 8 && status == APR_EAGAIN; i++)
        status = aph_frame_read(&pair->reader, pair->ours, frame, err);
    return status;
}

static void send_octets(pair_t *pair, const void *octets, size_t length)
{
    assert_int_equal(write(pair->theirs, octets, length), (ssize_t)length);
}

static void expect_number(pair_t *pair, const char *key, json_int_t number)
{
    json_t *frame = NULL;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(pump(pair, &frame, &err), APR_SUCCESS);
    assert_int_equal(json_integer_value(json_object_get(frame, key)), number);
    json_decref(frame);
}

/* Two frames in a row, parted at each octet in turn: the first half never yields more than it holds. */
static void every_split_point(void **state)
{
    static const char two[] = "\0\0\0\7{\"a\":1}\0\0\0\x0b{\"bcd\":234}";
    const size_t first = 11, length = sizeof two - 1;
    pair_t *pair = *state;
    for (size_t split = 0; split <= length; split++) {
        json_t *frame = NULL;
        send_octets(pair, two, split);
        if (split >= first)
            expect_number(pair, "a", 1);
        if (split < length)
            assert_int_equal(pump(pair, &frame, NULL), APR_EAGAIN);
        assert_int_equal(aph_frame_reader_partial(&pair->reader),
                         split != 0 && split != first && split != length);
        send_octets(pair, two + split, length - split);
        if (split < first)
            expect_number(pair, "a", 1);
        expect_number(pair, "bcd", 234);
        assert_false(aph_frame_reader_partial(&pair->reader));
    }
}

static void one_octet_at_a_time(void **state)
{
    static const char octets[] = "\0\0\0\7{\"a\":1}";
    pair_t *pair = *state;
    json_t *frame = NULL;
    for (size_t i = 0; i + 2 < sizeof octets; i++) {
        send_octets(pair, octets + i, 1);
        assert_int_equal(pump(pair, &frame, NULL), APR_EAGAIN);
        assert_null(frame);
    }
    send_octets(pair, octets + sizeof octets - 2, 1);
    expect_number(pair, "a", 1);
}

static void close_at_every_point(void **state)
{
    static const char octets[] = "\0\0\0\7{\"a\":1}";
    for (size_t length = 0; length < sizeof octets - 1; length++) {
        json_t *frame = NULL;
        aph_error_t err = APH_ERROR_INIT;
        void *own = NULL;
        assert_int_equal(open_pair(&own), 0);
        pair_t *pair = own;
        send_octets(pair, octets, length);
        close(pair->theirs);
        pair->theirs = -1;
        assert_int_equal(pump(pair, &frame, &err), length == 0 ? APR_EOF : APH_EUSAGE);
        assert_null(frame);
        assert_int_equal(err.status, length == 0 ? APR_SUCCESS : APH_EUSAGE);
        close_pair(&own);
    }
}

/* A peer that leaves what we sent unread resets the connection. Between frames that is an end like
 * any other; inside one it is not. */
static void a_reset_is_an_end(void **state)
{
    for (int inside = 0; inside < 2; inside++) {
        json_t *frame = NULL;
        aph_error_t err = APH_ERROR_INIT;
        void *own = NULL;
        assert_int_equal(open_pair(&own), 0);
        pair_t *pair = own;
        if (inside)
            send_octets(pair, "\0\0", 2);
        assert_int_equal(pump(pair, &frame, &err), APR_EAGAIN);
        assert_int_equal(write(pair->ours, "unread", 6), 6);
        close(pair->theirs);
        pair->theirs = -1;
        assert_int_equal(pump(pair, &frame, &err), inside ? APH_EUSAGE : APR_EOF);
        close_pair(&own);
    }
}

static void lengths_at_and_over_the_limit(void **state)
{
    static const uint32_t over[] = {LIMIT + 1, 0x7fffffff, 0x80000000, 0xffffffff};
    pair_t *pair = *state;
    char full[LIMIT];
    uint32_t head = htonl(LIMIT);
    memset(full, ' ', sizeof full);
    memcpy(full, "{\"a\":5}", 7);
    send_octets(pair, &head, sizeof head);
    send_octets(pair, full, sizeof full);
    expect_number(pair, "a", 5);
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        json_t *frame = NULL;
        aph_error_t err = APH_ERROR_INIT;
        aph_frame_reader_clear(&pair->reader);
        head = htonl(over[i]);
        send_octets(pair, &head, sizeof head);
        assert_int_equal(pump(pair, &frame, &err), APH_ETOOLARGE);
        assert_null(pair->reader.body); /* refused before anything was allocated for it */
        assert_non_null(strstr(err.message, "4096"));
    }
    aph_frame_reader_clear(&pair->reader);
    json_t *frame = NULL;
    send_octets(pair, "\0\0\0\0", 4);
    assert_int_equal(pump(pair, &frame, NULL), APH_EUSAGE);
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

static void passed_descriptors_are_closed(void **state)
{
    pair_t *pair = *state;
    static const char octets[] = "\0\0\0\7{\"a\":1}";
    static const int counts[] = {1, 2, 3, 253};
    int before = open_descriptors();
    for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
        char control[CMSG_SPACE(253 * sizeof(int))] = {0};
        struct iovec vector = {(void *)(uintptr_t)octets, sizeof octets - 1};
        size_t room = (size_t)counts[n] * sizeof(int);
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                                 .msg_controllen = CMSG_SPACE(room)};
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(room);
        for (int i = 0; i < counts[n]; i++)
            memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &pair->ours, sizeof(int));
        assert_int_equal(sendmsg(pair->theirs, &message, 0), sizeof octets - 1);
        expect_number(pair, "a", 1);
        assert_int_equal(open_descriptors(), before);
    }
}

static void expect_refused(const char *body, size_t length)
{
    json_t *frame = NULL;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_frame_decode(body, length, &frame, &err), APH_EUSAGE);
    assert_null(frame);
    assert_true(err.message[0] != '\0');
}

static void what_is_no_frame(void **state)
{
    static const char *const bodies[] = {
        "", " ", "{", "}", "[]", "1", "null", "\"a\"", "{}x", "{} {}", "{a:1}", "{\"a\":}", "{'a':1}",
        "{\"a\":1,}", "{\"a\":01}", "{\"a\":1e999}", "{\"a\":123456789012345678901}", "// {}",
        "{\"a\":1,\"a\":2}", "{\"o\":{\"b\":1,\"b\":1}}", "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":\"\x01\"}", "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}", "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\xff\"}", "{\"a\":\"\xc0\x80\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\xe2\x82\"}",
        "{\"a\":\"\xf4\x90\x80\x80\"}", "{\"\xc3\":1}", "\xef\xbb\xbf{}",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        expect_refused(bodies[i], strlen(bodies[i]));
    expect_refused("{\"a\":\"\0\"}", 9);
    expect_refused("{}\0", 3);
}

/* {"a":[[...]]}: brackets inside strings do not count, the object itself does. */
static void nesting(void **state)
{
    for (int brackets = APH_JSON_DEPTH_MAX - 3; brackets <= APH_JSON_DEPTH_MAX + 2; brackets++) {
        char body[256] = "{\"[[[[[[[[[[[[[[[[[[[[\\\"[\":";
        json_t *frame = NULL;
        size_t at = strlen(body);
        memset(body + at, '[', (size_t)brackets);
        memset(body + at + (size_t)brackets, ']', (size_t)brackets);
        strcpy(body + at + 2 * (size_t)brackets, "}");
        int within = brackets + 1 <= APH_JSON_DEPTH_MAX;
        assert_int_equal(aph_frame_decode(body, strlen(body), &frame, NULL),
                         within ? APR_SUCCESS : APH_EUSAGE);
        json_decref(frame);
    }
    char deep[60000]; /* no stack is spent on finding out */
    memset(deep, '[', sizeof deep);
    expect_refused(deep, sizeof deep);
}

static void encode_and_its_limit(void **state)
{
    char *octets;
    size_t length = 0;
    json_t *object = json_pack("{s:s, s:i}", "text", "\xc3\xa4\"\n", "n", -1);
    size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);
    assert_int_equal(aph_frame_encode(object, size, &octets, &length, NULL), APR_SUCCESS);
    assert_int_equal(length, size + 4);
    uint32_t head;
    memcpy(&head, octets, sizeof head);
    assert_int_equal(ntohl(head), size);
    json_t *again = NULL;
    assert_int_equal(aph_frame_decode(octets + 4, length - 4, &again, NULL), APR_SUCCESS);
    assert_true(json_equal(object, again));
    json_decref(again);
    free(octets);
    assert_int_equal(aph_frame_encode(object, size - 1, &octets, &length, NULL), APH_ETOOLARGE);
    assert_null(octets);
    json_decref(object);
    object = json_string("alone");
    assert_int_equal(aph_frame_encode(object, LIMIT, &octets, &length, NULL), APH_EINTERNAL);
    assert_int_equal(aph_frame_encode(NULL, LIMIT, &octets, &length, NULL), APH_EINTERNAL);
    json_decref(object);
}

/* Without SIGPIPE ignored: a vanished peer must not end the process. */
static void write_to_a_peer_that_is_gone(void **state)
{
    pair_t *pair = *state;
    aph_error_t err = APH_ERROR_INIT;
    json_t *object = json_pack("{s:i}", "a", 1);
    signal(SIGPIPE, SIG_DFL);
    close(pair->theirs);
    pair->theirs = -1;
    assert_int_equal(aph_frame_write(pair->ours, object, LIMIT, &err), APR_EOF);
    assert_int_equal(err.status, APR_EOF);
    err = (aph_error_t)APH_ERROR_INIT;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_int_equal(aph_frame_write(fd, object, LIMIT, &err), APR_FROM_OS_ERROR(EBADF));
    close(fd);
    json_decref(object);
}

/* Larger than any pipe or socket buffer, so that writes are partial: a child writes, we wait. */
static void large_frames_pass(int read_end, int write_end)
{
    enum { SIZE = 1000000 };
    char *text = malloc(SIZE + 1);
    memset(text, 'x', SIZE);
    text[SIZE] = '\0';
    json_t *object = json_pack("{s:s}", "text", text);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(read_end);
        apr_status_t first = aph_frame_write(write_end, object, 2 * SIZE, NULL);
        apr_status_t second = aph_frame_write(write_end, object, 2 * SIZE, NULL);
        json_decref(object);
        free(text);
        _exit(first != APR_SUCCESS || second != APR_SUCCESS);
    }
    close(write_end);
    aph_frame_reader_t reader;
    aph_frame_reader_init(&reader, 2 * SIZE);
    json_t *frame = NULL;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(aph_frame_wait(&reader, read_end, &frame, NULL), APR_SUCCESS);
        assert_true(json_equal(frame, object));
        json_decref(frame);
    }
    assert_int_equal(aph_frame_wait(&reader, read_end, &frame, NULL), APR_EOF);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    aph_frame_reader_clear(&reader);
    close(read_end);
    json_decref(object);
    free(text);
}

static void large_frames_over_a_pipe(void **state)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    large_frames_pass(fds[0], fds[1]);
}

static void large_frames_over_a_socket(void **state)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    large_frames_pass(fds[0], fds[1]);
}

static void errors_as_frames(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aph_error_set(&err, APH_ETAKEN, 7, "photos is taken");
    json_t *frame = aph_frame_error(&err);
    assert_string_equal(json_string_value(json_object_get(frame, "code")), "taken");
    assert_string_equal(json_string_value(json_object_get(frame, "tag")), "APH0007");
    assert_string_equal(json_string_value(json_object_get(frame, "message")), "photos is taken");
    json_decref(frame);
    err = (aph_error_t){.status = APH_ENOTFOUND};
    frame = aph_frame_error(&err);
    assert_string_equal(json_string_value(json_object_get(frame, "message")), "no such thing");
    json_decref(frame);
    err = (aph_error_t)APH_ERROR_INIT; /* file names are octets; the answer must still be JSON */
    aph_error_set(&err, APH_EUNREADABLE, 8, "cannot read /srv/caf\xe9: %.2s", "a\xc3\xa4");
    frame = aph_frame_error(&err);
    assert_non_null(frame);
    assert_string_equal(json_string_value(json_object_get(frame, "code")), "unreadable");
    json_decref(frame);
}

#define WITH_PAIR(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_PAIR(every_split_point),
        WITH_PAIR(one_octet_at_a_time),
        cmocka_unit_test(close_at_every_point),
        cmocka_unit_test(a_reset_is_an_end),
        WITH_PAIR(lengths_at_and_over_the_limit),
        WITH_PAIR(passed_descriptors_are_closed),
        cmocka_unit_test(what_is_no_frame),
        cmocka_unit_test(nesting),
        cmocka_unit_test(encode_and_its_limit),
        WITH_PAIR(write_to_a_peer_that_is_gone),
        cmocka_unit_test(large_frames_over_a_pipe),
        cmocka_unit_test(large_frames_over_a_socket),
        cmocka_unit_test(errors_as_frames),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
