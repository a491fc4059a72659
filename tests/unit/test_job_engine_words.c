/* SPDX-License-Identifier: Apache-2.0 */
/* Image references taken apart, the engine's words about a failed pull told apart, and which
 * requests may be made of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <apr_general.h>
#include <cmocka.h>

#include "helper/job/engine_calls.h"
#include "helper/job/engine_images.h"
#include "helper/job/health.h"

static void test_references(void **state)
{
    static const struct { const char *ref, *name, *tag; } rows[] = {
        {"nginx", "nginx", "latest"},
        {"nginx:1.25", "nginx", "1.25"},
        {"shop.example/team/hydra", "shop.example/team/hydra", "latest"},
        {"127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b", "latest"},
        {"127.0.0.1:5000/a/b:2", "127.0.0.1:5000/a/b", "2"},
        {"a/b@sha256:00ff", "a/b", "sha256:00ff"},
        {"a/b:tag@sha256:00ff", "a/b", "sha256:00ff"},
        {"127.0.0.1:5000/b:tag@sha256:00ff", "127.0.0.1:5000/b", "sha256:00ff"},
    };
    apr_pool_t *p;
    apr_pool_create(&p, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *name, *tag;
        aphd_image_split(rows[i].ref, &name, &tag, p);
        assert_string_equal(name, rows[i].name);
        assert_string_equal(tag, rows[i].tag);
    }
    apr_pool_destroy(p);
}

/* Nothing reaches the engine that is in no row of engine_calls.def. */
static void test_calls_that_are_listed(void **state)
{
    static const struct { const char *method, *path; int listed; } rows[] = {
        {"GET", "/_ping", 1},
        {"POST", "/_ping", 0},
        {"GET", "/containers/json?all=1&filters=%7B%7D", 1},
        {"GET", "/containers/json?all=1&size=1", 0},
        {"POST", "/containers/00ff/stop", 1},
        {"POST", "/containers/00ff/exec", 0},
        {"POST", "/containers/00ff/update", 0},
        {"POST", "/containers/a/b/stop", 0},
        {"POST", "/containers//stop", 0},
        {"POST", "/containers/../stop", 0},
        {"POST", "/containers/./stop", 0},
        {"POST", "/containers/create", 0},
        {"POST", "/containers/create?name=x", 0},
        {"GET", "/images/json", 1},
        {"POST", "/build", 0},
        {"POST", "/images/create?fromImage=a%2Fb&tag=1", 1},
        {"POST", "/images/create?fromSrc=x&tag=1", 0},
        {"POST", "/images/create?fromImage=a#b", 0},
        {"DELETE", "/containers/00ff?force=1&v=1", 1},
        {"DELETE", "/containers/00ff?link=1", 0},
        {"DELETE", "/volumes/a_b", 1},
        {"POST", "/volumes/create", 0},
        {"GET", "/containers/00ff/archive", 0},
        {"GET", "/containers/00ff/stats?stream=false&one-shot=true", 1},
        {"GET", "/containers/00ff/stats?size=1", 0},
        {"GET", "/containers/00ff/logs?stdout=1&since=5&timestamps=1", 1},
        {"GET", "/containers/00ff/json\r\nX: y", 0},
        {"GET", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (aphd_engine_call_listed(rows[i].method, rows[i].path) != rows[i].listed)
            fail_msg("%s %s", rows[i].method, rows[i].path);
}

/* The engines' own sentences, as Docker 20 to 28 and Podman word them. */
static void test_failed_pulls(void **state)
{
    static const struct { const char *said; apr_status_t status; const char *part; } rows[] = {
        {"write /var/lib/docker/tmp/GetImageBlob1: no space left on device", APH_ENOSPACE, "disk"},
        {"manifest for x:1 not found: manifest unknown: manifest unknown", APH_EIMAGE,
         "there is no"},
        {"pull access denied for x, repository does not exist or may require 'docker login': "
         "denied: requested access to the resource is denied", APH_EIMAGE, "there is no"},
        {"unauthorized: authentication required", APH_EIMAGE, "without a login"},
        {"Get \"http://127.0.0.1:1/v2/\": dial tcp 127.0.0.1:1: connect: connection refused",
         APH_EIMAGE, "cannot be reached"},
        {"Get \"https://r/v2/\": dial tcp: lookup r on 9.9.9.9:53: no such host", APH_EIMAGE,
         "cannot be reached"},
        {"Get \"https://r/v2/\": net/http: request canceled while waiting for connection "
         "(Client.Timeout exceeded while awaiting headers)", APH_EIMAGE, "cannot be reached"},
        {"toomanyrequests: You have reached your pull rate limit.", APH_EIMAGE, "later"},
        {"initializing source docker://127.0.0.1:5/shop/web:1: reading manifest 1 in "
         "127.0.0.1:5/shop/web: manifest unknown: manifest unknown", APH_EIMAGE, "there is no"},
        {"initializing source docker://nginx:1: pinging container registry registry: Get "
         "\"https://registry/v2/\": dial tcp: lookup registry on 9.9.9.9:53: dial udp 9.9.9.9:53: "
         "connect: network is unreachable", APH_EIMAGE, "cannot be reached"},
        {"initializing source docker://r/x:1: reading manifest 1 in r/x: unauthorized: "
         "authentication required", APH_EIMAGE, "without a login"},
        {"writing blob: storing blob to file \"/var/tmp/storage1/1\": write "
         "/var/tmp/storage1/1: no space left on device", APH_ENOSPACE, "disk"},
        {"something nobody foresaw", APH_EIMAGE, "something nobody foresaw"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        aph_error_t err = APH_ERROR_INIT;
        assert_int_equal(aphd_image_explain("x:1", rows[i].said, &err), rows[i].status);
        assert_non_null(strstr(err.message, rows[i].part));
        assert_non_null(strstr(err.message, "x:1"));
    }
}

static void test_refusals_of_the_engine(void **state)
{
    aph_error_t err = APH_ERROR_INIT;
    aphd_answer_t fine = {.status = 204};
    aphd_answer_t gone = {.status = 404, .message = "No such container: x"};
    aphd_answer_t full = {.status = 500, .message = "mkdir /x: no space left on device"};
    aphd_answer_t mute = {.status = 500};
    assert_int_equal(aphd_answer_check(&fine, "stop", &err), APR_SUCCESS);
    assert_int_equal(aphd_answer_check(&gone, "stop", &err), APH_ENOTFOUND);
    assert_non_null(strstr(err.message, "No such container: x"));
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(aphd_answer_check(&full, "stop", &err), APH_ENOSPACE);
    err = (aph_error_t)APH_ERROR_INIT;
    assert_int_equal(aphd_answer_check(&mute, "stop", &err), APH_EENGINE);
    assert_non_null(strstr(err.message, "no reason"));
}

static void test_answers_over_http(void **state)
{
    assert_true(aphd_health_is_answer("HTTP/1.1 500 no", 15));
    assert_true(aphd_health_is_answer("HTTP/1.0 200 OK\r\n", 17));
    assert_false(aphd_health_is_answer("HTTP/1.", 7));
    assert_false(aphd_health_is_answer("SSH-2.0-OpenSSH", 15));
    assert_false(aphd_health_is_answer("", 0));
    assert_true(aphd_health_is_well("HTTP/1.1 204 No Content", 23));
    assert_true(
        aphd_health_is_well("HTTP/1.0 404 Not Found\r\n", 24)); /* it knows the way, and speaks */
    assert_false(aphd_health_is_well("HTTP/1.1 503 Busy", 17));
    assert_false(aphd_health_is_well("HTTP/1.1 2", 10));
    assert_false(aphd_health_is_well("SSH-2.0-OpenSSH_9.2", 19));
}

static void test_pauses(void **state)
{
    int total = 0;
    assert_int_equal(aphd_health_pause(0), 10);
    assert_int_equal(aphd_health_pause(1), 20);
    assert_int_equal(aphd_health_pause(6), 640);
    assert_int_equal(aphd_health_pause(7), 1000);
    assert_int_equal(aphd_health_pause(1000000), 1000);
    for (int i = 0; i < 5; i++)
        total += aphd_health_pause(i);
    assert_true(total < 350); /* an app that answers at once is not kept waiting */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_that_are_listed),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_failed_pulls),
        cmocka_unit_test(test_refusals_of_the_engine),
        cmocka_unit_test(test_answers_over_http),
        cmocka_unit_test(test_pauses),
    };
    if (apr_initialize() != APR_SUCCESS)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
