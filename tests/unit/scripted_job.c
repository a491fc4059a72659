/* SPDX-License-Identifier: Apache-2.0 */
/* What apphost-job could do, the things a real one cannot be made to do included: one function for
 * each script, one row of the table at the end. */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/frame.h"
#include "helper/base/job_wire.h"
#include "tests/unit/scripted_job.h"

static aph_frame_reader_t peer_reader;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *frame = json_loads(text, 0, NULL);
    if (frame == NULL || aph_frame_write(APHD_JOB_FD, frame, APH_JOB_FRAME_MAX, NULL) != APR_SUCCESS)
        _exit(70); /* the monitor hung up */
    json_decref(frame);
}

static json_t *hear(void)
{
    json_t *frame = NULL;
    if (aph_frame_wait(&peer_reader, APHD_JOB_FD, &frame, NULL) != APR_SUCCESS)
        _exit(71);
    return frame;
}

static void call(const char *expected, const char *text)
{
    say("%s", text);
    json_t *frame = hear();
    const char *code = json_string_value(json_object_get(frame, "code"));
    if (strcmp(expected, code != NULL ? code : "ok") != 0)
        _exit(72);
    json_decref(frame);
}

#define STEP "{\"call\":\"step\",\"step\":\"images\",\"undo\":{\"n\":7}}"
#define RESERVE "{\"call\":\"reserve\",\"name\":\"photos\",\"web\":true,\"script\":\"s\",\"skip\":[]}"
#define DONE "{\"call\":\"finish\",\"result\":\"done\",\"answer\":{\"x\":1},\"app\":\"keep\"}"
#define UNDONE(code)                                                                               \
    "{\"call\":\"finish\",\"result\":\"rolled-back\",\"code\":\"" code "\",\"tag\":\"APH1234\","   \
    "\"message\":\"because\",\"app\":\"gone\"}"

static void play_happy(const json_t *recover)
{
    call("ok", RESERVE);
    call("ok", "{\"call\":\"subnet\",\"taken\":[\"10.213.0.0/28\",\"fd00::/8\",5]}");
    say("{\"note\":\"log\",\"line\":\"pulling\"}");
    say("{\"note\":\"progress\",\"step\":\"images\",\"text\":\"t\",\"done\":1,\"total\":2,"
        "\"unit\":\"bytes\"}");
    call("ok", STEP);
    call("ok", "{\"call\":\"record\",\"compose\":\"{}\",\"plan\":{},\"images\":[],\"consents\":[]}");
    call("usage", "{\"call\":\"state\",\"state\":\"kept\"}");
    call("usage", "{\"call\":\"state\",\"state\":\"dancing\"}");
    call("ok", "{\"call\":\"state\",\"state\":\"running\",\"desired\":\"running\"}");
    call("usage", "{\"call\":\"sing\"}");
    call("usage", "{\"call\":\"finish\",\"result\":\"perhaps\"}");
    call("ok", DONE);
    call("usage", STEP); /* it is over */
}

static void play_die_at_once(const json_t *recover)
{
    _exit(9);
}

static void play_die_after_reserve(const json_t *recover)
{
    call("ok", RESERVE);
    kill(getpid(), SIGKILL);
}

static void play_die_after_step(const json_t *recover)
{
    if (recover == NULL) {
        call("ok", RESERVE);
        call("ok", STEP);
        _exit(0);
    }
    const char *step = json_string_value(json_object_get(recover, "step"));
    json_int_t n = json_integer_value(json_object_get(json_object_get(recover, "undo"), "n"));
    if (step == NULL || strcmp(step, "images") != 0 || n != 7)
        _exit(73);
    call("ok", UNDONE("internal"));
}

static void play_die_always(const json_t *recover)
{
    if (recover == NULL) {
        call("ok", RESERVE);
        call("ok", STEP);
    }
    _exit(1);
}

static void play_without_engine(const json_t *recover)
{
    static const char path[] = "tried"; /* in the folder of the test: the second try succeeds */
    if (recover == NULL) {
        call("ok", RESERVE);
        call("ok", STEP);
        _exit(0);
    }
    if (access(path, F_OK) == 0) {
        call("ok", DONE);
        return;
    }
    FILE *mark = fopen(path, "w");
    fclose(mark);
    call("ok", "{\"call\":\"finish\",\"result\":\"failed\",\"code\":\"engine\",\"tag\":\"APH1\","
               "\"message\":\"no engine\",\"app\":\"keep\"}");
}

static volatile sig_atomic_t asked;

static void on_term(int number)
{
    asked = 1;
}

/* The monitor reserved, could not publish, and said no: this job knows of no app. */
static void play_reserve_refused(const json_t *recover)
{
    say("%s", RESERVE);
    json_t *frame = hear();
    if (json_object_get(frame, "code") == NULL)
        _exit(77);
    json_decref(frame);
    call("ok", "{\"call\":\"finish\",\"result\":\"failed\",\"code\":\"no-space\",\"tag\":\"APH1234\","
               "\"message\":\"because\",\"app\":\"keep\"}");
}

static void play_wait_for_term(const json_t *recover)
{
    struct sigaction action = {.sa_handler = on_term};
    sigaction(SIGTERM, &action, NULL);
    call("ok", RESERVE);
    call("ok", STEP);
    say("{\"note\":\"log\",\"line\":\"waiting\"}");
    struct pollfd peer = {.fd = APHD_JOB_FD, .events = 0};
    while (!asked)
        if (poll(&peer, 1, 5) > 0)
            _exit(76); /* the monitor is gone */
    call("ok", UNDONE("cancelled"));
}

static void play_garbage(const json_t *recover)
{
    call("ok", RESERVE);
    ssize_t ignored = write(APHD_JOB_FD, "\xff\xff\xff\xff garbage", 12);
    (void)ignored;
    pause();
}

static void play_chatter(const json_t *recover)
{
    for (int i = 0; i < CHATTER_LINES; i++)
        say("{\"note\":\"log\",\"line\":\"%0600d\"}", i);
    call("ok", "{\"call\":\"finish\",\"result\":\"done\",\"answer\":{}}");
}

static void play_for_ever(const json_t *recover)
{
    call("usage", "{\"call\":\"step\",\"step\":\"x\",\"undo\":{}}"); /* a stream has no journal */
    for (int i = 0;; i++) {
        say("{\"note\":\"log\",\"line\":\"%d\"}", i);
        usleep(2000);
    }
}

/* Observes app 1 in the states its file says, one after the other. */
static void play_watch(const json_t *recover)
{
    say("{\"note\":\"observe\",\"engine\":\"up\",\"message\":\"v1\",\"apps\":[{\"app_id\":1,"
        "\"state\":\"failing\",\"reason\":\"exited\"},{\"app_id\":99,\"state\":\"running\"}]}");
    json_decref(hear()); /* the event that rows changed */
    say("{\"note\":\"observe\",\"engine\":\"down\",\"message\":\"gone\",\"apps\":[{\"app_id\":1,"
        "\"state\":\"running\",\"reason\":\"\"}]}");
    hear();
}

static const struct {
    const char *name;
    void (*play)(const json_t *recover);
} scripts[] = {
    {"happy", play_happy},         {"die-at-once", play_die_at_once},
    {"die-after-reserve", play_die_after_reserve}, {"die-after-step", play_die_after_step},
    {"die-always", play_die_always}, {"without-engine", play_without_engine},
    {"wait-for-term", play_wait_for_term}, {"garbage", play_garbage},
    {"chatter", play_chatter}, {"for-ever", play_for_ever}, {"watch", play_watch},
    {"reserve-refused", play_reserve_refused},
};

int scripted_job_play(char *argument)
{
    char *name = strrchr(argument, ':');
    if (name == NULL)
        return 74;
    *name++ = '\0';
    if (chdir(argument) != 0)
        return 75;
    aph_frame_reader_init(&peer_reader, APH_JOB_FRAME_MAX);
    json_t *request = hear();
    const json_t *recover = json_object_get(request, "recover");
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++)
        if (strcmp(scripts[i].name, name) == 0)
            scripts[i].play(json_is_object(recover) ? recover : NULL);
    json_decref(request);
    return 0;
}
