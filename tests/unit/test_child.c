/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a program: what it gets, what it does not get, and what becomes of it. This program,
 * started again, tells what it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "common/child.h"

#define SELF "/proc/self/exe" /* reached by any uid, wherever the build folder lies */
#define NOBODY 65534

extern char **environ;

/* --- the program that is started --- */

/* Number and place of every descriptor but the one that reads the list. */
static json_t *own_descriptors(void)
{
    json_t *list = json_object();
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        char path[300], place[300];
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(dir))
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        ssize_t length = readlink(path, place, sizeof place - 1);
        place[length > 0 ? length : 0] = '\0';
        json_object_set_new(list, entry->d_name, json_string(place));
    }
    closedir(dir);
    return list;
}

/* "Key: value" lines of a file in /proc. */
static json_t *lines_of(const char *path)
{
    char line[512];
    json_t *lines = json_object();
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        size_t key = strcspn(line, ":");
        if (line[key] == '\0')
            continue;
        char *value = line + key + 1 + strspn(line + key + 1, " \t");
        value[strcspn(value, "\n")] = '\0';
        json_object_setn_new(lines, line + strspn(line, " "), key - strspn(line, " "),
                             json_string(value));
    }
    if (file != NULL)
        fclose(file);
    return lines;
}

/* Which of the calls that lead out of a process are refused: "connect", "bind", ... */
static json_t *refused_calls(void)
{
    json_t *list = json_object();
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = 9,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_un file = {.sun_family = AF_UNIX, .sun_path = "/there/is/none"};
    struct msghdr message = {.msg_name = &there, .msg_namelen = sizeof there};
    struct mmsghdr messages = {message, 0};
    int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *address = (const struct sockaddr *)&there;
#define TRY(name, call) json_object_set_new(list, name, json_boolean((call) < 0 && errno == EACCES))
    TRY("socket", udp < 0 ? udp : local);
    TRY("sendto", sendto(udp, "", 1, 0, address, sizeof there));
    TRY("sendmsg", sendmsg(udp, &message, 0));
    TRY("sendmmsg", sendmmsg(udp, &messages, 1, 0));
    TRY("connect", connect(udp, address, sizeof there));
    TRY("connect to a file", connect(local, (const struct sockaddr *)&file, sizeof file));
    TRY("bind", bind(udp, address, 0));
    TRY("listen", listen(local, 1));
#undef TRY
    json_object_set_new(list, "io_uring",
                        json_boolean(syscall(425, 0, NULL) < 0 && errno == ENOSYS));
    close(udp);
    close(local);
    return list;
}

/* Says all it can find out about itself on standard output. */
static int tell(int argc, char **argv)
{
    char directory[512] = "";
    json_t *variables = json_array(), *arguments = json_array();
    json_t *descriptors = own_descriptors(); /* before anything here opens more */
    for (char **at = environ; *at != NULL; at++)
        json_array_append_new(variables, json_string(*at));
    for (int i = 2; i < argc; i++)
        json_array_append_new(arguments, json_string(argv[i]));
    json_t *all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:i, s:b, s:b}", "fds", descriptors,
                            "status", lines_of("/proc/self/status"), "refused",
                            refused_calls(), "environment", variables, "arguments",
                            arguments, "directory", getcwd(directory, sizeof directory), "pid",
                            (int)getpid(), "leads", getsid(0) == getpid(), "same_group",
                            getpgid(0) == getpgid(getppid()));
    int failed = json_dumpfd(all, STDOUT_FILENO, 0);
    json_decref(all);
    return failed;
}

static int probe(int argc, char **argv)
{
    if (strcmp(argv[1], "tell") == 0)
        return tell(argc, argv);
    if (strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (strcmp(argv[1], "kill") == 0)
        return kill(getpid(), atoi(argv[2]));
    pause(); /* "wait" */
    return 0;
}

/* --- the tests --- */

static aph_child_spec_t spec_of(const char *const *argv)
{
    aph_child_spec_t spec = {.argv = argv, .fds = {-1, -1, -1, -1}};
    return spec;
}

/* Starts the program and reads what it tells; spec's descriptor 1 is taken for that. */
static json_t *told_by(aph_child_spec_t *spec)
{
    int fds[2], exit_code = -1;
    pid_t pid = -1;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    spec->fds[1] = fds[1];
    if (aph_child_start(spec, &pid, &err) != APR_SUCCESS)
        fail_msg("%s", err.message);
    close(fds[1]);
    json_t *told = json_loadfd(fds[0], JSON_DISABLE_EOF_CHECK, NULL);
    close(fds[0]);
    assert_int_equal(aph_child_wait(pid, &exit_code, &err), APR_SUCCESS);
    assert_int_equal(exit_code, 0);
    assert_non_null(told);
    assert_int_equal(json_integer_value(json_object_get(told, "pid")), pid);
    return told;
}

static const char *const tell_argv[] = {SELF, "tell", NULL};

static const char *status_of(const json_t *told, const char *key)
{
    const char *value = json_string_value(json_object_get(json_object_get(told, "status"), key));
    assert_non_null(value);
    return value;
}

static const char *place_of(const json_t *told, const char *fd)
{
    const char *place = json_string_value(json_object_get(json_object_get(told, "fds"), fd));
    return place != NULL ? place : "";
}

static void only_the_named_descriptors(void **state)
{
    char file[] = "/tmp/aph-child-XXXXXX";
    aph_child_spec_t spec = spec_of(tell_argv);
    int stray[64];
    for (int i = 0; i < 64; i++) /* not one of them close-on-exec */
        stray[i] = fcntl(STDERR_FILENO, F_DUPFD, i < 32 ? 3 : 900);
    json_t *told = told_by(&spec);
    assert_int_equal(json_object_size(json_object_get(told, "fds")), 3);
    assert_string_equal(place_of(told, "0"), "/dev/null");
    assert_memory_equal(place_of(told, "1"), "pipe:", 5);
    assert_string_equal(place_of(told, "2"), "/dev/null");
    json_decref(told);

    spec.fds[3] = mkstemp(file);
    spec.fds[0] = spec.fds[3]; /* one for two is allowed */
    fcntl(spec.fds[3], F_SETFD, FD_CLOEXEC);
    told = told_by(&spec);
    assert_int_equal(json_object_size(json_object_get(told, "fds")), 4);
    assert_string_equal(place_of(told, "0"), file);
    assert_string_equal(place_of(told, "2"), "/dev/null");
    assert_string_equal(place_of(told, "3"), file);
    json_decref(told);
    assert_true(fcntl(spec.fds[3], F_GETFD) == FD_CLOEXEC); /* ours are as they were */
    close(spec.fds[3]);
    unlink(file);
    for (int i = 0; i < 64; i++)
        close(stray[i]);
}

/* In a process of its own, where 0..3 are files in the wrong order: 0 wants what is 3, and so on. */
static int swap_all(const char *folder)
{
    char path[4][64];
    int exit_code = -1;
    pid_t pid;
    aph_child_spec_t spec = spec_of(tell_argv);
    for (int i = 0; i < 4; i++) {
        snprintf(path[i], sizeof path[i], "%s/%d", folder, i);
        int fd = open(path[i], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, i + 20) < 0)
            return 1;
        close(fd);
    }
    for (int i = 0; i < 4; i++) {
        if (dup2(i + 20, i) < 0)
            return 2;
        close(i + 20);
        spec.fds[i] = 3 - i;
    }
    if (aph_child_start(&spec, &pid, NULL) != APR_SUCCESS
        || aph_child_wait(pid, &exit_code, NULL) != APR_SUCCESS || exit_code != 0)
        return 3;
    json_t *told = json_load_file(path[2], 0, NULL); /* its 1 was our 2 */
    if (told == NULL || json_object_size(json_object_get(told, "fds")) != 4)
        return 4;
    for (int i = 0; i < 4; i++) {
        char number[2] = {(char)('0' + i), '\0'};
        if (strcmp(place_of(told, number), path[3 - i]) != 0)
            return 5;
    }
    json_decref(told);
    return 0;
}

static void descriptors_that_change_places(void **state)
{
    char folder[] = "/tmp/aph-child-XXXXXX", path[64];
    int status = -1;
    assert_non_null(mkdtemp(folder));
    pid_t pid = fork();
    if (pid == 0)
        _exit(swap_all(folder));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%d", folder, i);
        unlink(path);
    }
    rmdir(folder);
    assert_int_equal(status, 0);
}

static void no_child_is_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static int open_descriptors(void)
{
    json_t *own = own_descriptors();
    int count = (int)json_object_size(own);
    json_decref(own);
    return count;
}

static void fails_with(const aph_child_spec_t *spec, int cause)
{
    pid_t pid = 0;
    aph_error_t err = APH_ERROR_INIT;
    int before = open_descriptors();
    assert_int_equal(aph_child_start(spec, &pid, &err), APR_FROM_OS_ERROR(cause));
    assert_int_equal(pid, -1);
    assert_int_equal(err.status, APR_FROM_OS_ERROR(cause));
    assert_non_null(strstr(err.message, spec->argv[0]));
    assert_non_null(strstr(err.message, strerror(cause)));
    assert_int_equal(open_descriptors(), before);
    no_child_is_left();
}

static void what_cannot_be_executed(void **state)
{
    char file[] = "/tmp/aph-child-XXXXXX";
    const char *const missing[] = {"/no/such/program", NULL}, *const folder[] = {"/tmp", NULL};
    const char *const text[] = {file, NULL};
    aph_child_spec_t spec = spec_of(missing);
    fails_with(&spec, ENOENT);
    spec.argv = folder;
    fails_with(&spec, EACCES);
    int fd = mkstemp(file);
    assert_int_equal(write(fd, "no program\n", 11), 11);
    spec.argv = text;
    fails_with(&spec, EACCES);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    fails_with(&spec, ENOEXEC); /* no shell takes it over */
    unlink(file);
    spec = spec_of(tell_argv);
    spec.directory = "/no/such/folder";
    fails_with(&spec, ENOENT);
    spec.directory = NULL;
    spec.fds[2] = 777;
    fails_with(&spec, EBADF);
}

static void no_descriptor_for_the_report(void **state)
{
    struct rlimit old, tight;
    aph_child_spec_t spec = spec_of(tell_argv);
    pid_t pid = 0;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    tight = old;
    tight.rlim_cur = 3; /* 0..2 are open; the pipe wants more */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    apr_status_t status = aph_child_start(&spec, &pid, &err);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(status, APR_FROM_OS_ERROR(EMFILE));
    assert_int_equal(err.status, APR_FROM_OS_ERROR(EMFILE));
    tight.rlim_cur = 10; /* the pipe, but not its copy above 10: the child says so */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    status = aph_child_start(&spec, &pid, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    assert_int_equal(status, APR_FROM_OS_ERROR(EINVAL));
    no_child_is_left();
}

static void how_it_ended(void **state)
{
    static const struct {
        const char *argv[4];
        int exit_code;
    } ends[] = {
        {{SELF, "exit", "0", NULL}, 0},     {{SELF, "exit", "1", NULL}, 1},
        {{SELF, "exit", "127", NULL}, 127}, {{SELF, "exit", "255", NULL}, 255},
        {{SELF, "kill", "9", NULL}, 137},   {{SELF, "kill", "15", NULL}, 143},
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        aph_child_spec_t spec = spec_of(ends[i].argv);
        pid_t pid;
        int exit_code = -1;
        assert_int_equal(aph_child_start(&spec, &pid, NULL), APR_SUCCESS);
        assert_int_equal(aph_child_wait(pid, &exit_code, NULL), APR_SUCCESS);
        assert_int_equal(exit_code, ends[i].exit_code);
    }
    int exit_code;
    aph_error_t err = APH_ERROR_INIT;
    assert_int_equal(aph_child_wait(getpid(), &exit_code, &err), APR_FROM_OS_ERROR(ECHILD));
    assert_true(err.message[0] != '\0');
}

static void arguments_environment_and_directory(void **state)
{
    static const char *const argv[] = {SELF, "tell", "", "a b", "$HOME;`x`*", "\xc3\xa4", NULL};
    static const char *const envp[] = {"ONE=1", "TWO=a b=c", NULL};
    aph_child_spec_t spec = spec_of(argv);
    assert_int_equal(setenv("APH_TEST_SECRET", "x", 1), 0);
    json_t *told = told_by(&spec), *expected = json_pack("[s,s,s,s]", "", "a b", argv[4], argv[5]);
    assert_true(json_equal(json_object_get(told, "arguments"), expected));
    assert_int_equal(json_array_size(json_object_get(told, "environment")), 0);
    assert_string_equal(json_string_value(json_object_get(told, "directory")), "/");
    json_decref(expected);
    json_decref(told);
    spec.envp = envp;
    spec.directory = "/usr/bin";
    told = told_by(&spec);
    expected = json_pack("[s,s]", envp[0], envp[1]);
    assert_true(json_equal(json_object_get(told, "environment"), expected));
    assert_string_equal(json_string_value(json_object_get(told, "directory")), "/usr/bin");
    json_decref(expected);
    json_decref(told);
}

static void signals_are_at_their_defaults(void **state)
{
    sigset_t all, old;
    aph_child_spec_t spec = spec_of(tell_argv);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGRTMAX, SIG_IGN);
    sigfillset(&all);
    assert_int_equal(sigprocmask(SIG_SETMASK, &all, &old), 0);
    json_t *told = told_by(&spec);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGRTMAX, SIG_DFL);
    assert_string_equal(status_of(told, "SigBlk"), "0000000000000000");
    /* 32 and 33 are the C library's own; it neither lets us set them nor leaves them alone. */
    assert_int_equal(strtoull(status_of(told, "SigIgn"), NULL, 16) & ~0x180000000ULL, 0);
    json_decref(told);
}

static void sessions(void **state)
{
    aph_child_spec_t spec = spec_of(tell_argv);
    json_t *told = told_by(&spec);
    assert_true(json_is_false(json_object_get(told, "leads")));
    assert_true(json_is_true(json_object_get(told, "same_group")));
    json_decref(told);
    spec.own_session = 1;
    told = told_by(&spec);
    assert_true(json_is_true(json_object_get(told, "leads")));
    assert_true(json_is_false(json_object_get(told, "same_group")));
    json_decref(told);
}

/* A process of ours starts one that waits, and is gone. The one that waits holds a pipe of ours. */
static void orphan(int dies_with_parent, int unprivileged)
{
    static const char *const argv[] = {SELF, "wait", NULL};
    int fds[2], status;
    pid_t pid = -1;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0); /* it becomes ours */
    pid_t middle = fork();
    if (middle == 0) {
        aph_child_spec_t spec = spec_of(argv);
        spec.fds[1] = fds[1];
        spec.dies_with_parent = dies_with_parent != 0;
        spec.unprivileged = unprivileged != 0;
        if (aph_child_start(&spec, &pid, NULL) != APR_SUCCESS)
            _exit(1);
        _exit(write(fds[1], &pid, sizeof pid) != sizeof pid);
    }
    close(fds[1]);
    assert_int_equal(waitpid(middle, &status, 0), middle);
    assert_int_equal(status, 0);
    assert_int_equal(read(fds[0], &pid, sizeof pid), sizeof pid);
    struct pollfd end = {.fd = fds[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, dies_with_parent ? 10000 : 100), dies_with_parent ? 1 : 0);
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), dies_with_parent ? SIGKILL : SIGTERM);
    close(fds[0]);
}

static void with_and_without_the_parent(void **state)
{
    orphan(1, 0);
    orphan(0, 0);
}

static void no_new_privileges_for_anyone(void **state)
{
    aph_child_spec_t spec = spec_of(tell_argv);
    json_t *told = told_by(&spec);
    assert_string_equal(status_of(told, "NoNewPrivs"), "0");
    json_decref(told);
    spec.unprivileged = 1;
    told = told_by(&spec);
    assert_string_equal(status_of(told, "NoNewPrivs"), "1");
    assert_string_equal(status_of(told, "CapEff"), "0000000000000000");
    json_decref(told);
}

/* For anyone, with no privilege: sockets can be made, as httpd does for each Listen, and lead nowhere. */
static void no_network_for_anyone(void **state)
{
    aph_child_spec_t spec = spec_of(tell_argv);
    const char *call;
    json_t *refused, *told = told_by(&spec);
    json_object_foreach(json_object_get(told, "refused"), call, refused)
        assert_true(json_is_false(refused) || strcmp(call, "io_uring") == 0);
    json_decref(told);
    spec.unprivileged = 1;
    told = told_by(&spec);
    assert_int_equal(json_object_size(json_object_get(told, "refused")), 9);
    json_object_foreach(json_object_get(told, "refused"), call, refused)
        assert_true(json_is_true(refused) == (strcmp(call, "socket") != 0));
    json_decref(told);
}

static void a_child_of_root_is_nobody(void **state)
{
    aph_child_spec_t spec = spec_of(tell_argv);
    spec.unprivileged = 1;
    json_t *told = told_by(&spec);
    assert_string_equal(status_of(told, "Uid"), "65534\t65534\t65534\t65534");
    assert_string_equal(status_of(told, "Gid"), "65534\t65534\t65534\t65534");
    assert_string_equal(status_of(told, "Groups"), "");
    assert_string_equal(status_of(told, "CapPrm"), "0000000000000000");
    json_decref(told);
    orphan(1, 1); /* the change of uid does not undo it */
}

static int as_nobody(void)
{
    aph_child_spec_t spec = spec_of(tell_argv);
    pid_t pid;
    int exit_code = -1, fds[2];
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || pipe2(fds, O_CLOEXEC) != 0)
        return 1;
    spec.unprivileged = 1;
    spec.fds[1] = fds[1];
    if (aph_child_start(&spec, &pid, NULL) != APR_SUCCESS)
        return 2;
    json_t *told = json_loadfd(fds[0], JSON_DISABLE_EOF_CHECK, NULL);
    if (aph_child_wait(pid, &exit_code, NULL) != APR_SUCCESS || exit_code != 0 || told == NULL)
        return 3;
    int ok = strcmp(status_of(told, "NoNewPrivs"), "1") == 0
             && strncmp(status_of(told, "Uid"), "65534\t", 6) == 0;
    json_decref(told);
    return ok ? 0 : 4;
}

/* Who is not root has nothing to give up, and is started all the same. */
static void a_child_of_nobody(void **state)
{
    int status = -1;
    pid_t pid = fork();
    if (pid == 0)
        _exit(as_nobody());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What anyone can show. */
#define CASES_FOR_ALL \
    cmocka_unit_test(only_the_named_descriptors), \
    cmocka_unit_test(descriptors_that_change_places), \
    cmocka_unit_test(what_cannot_be_executed), \
    cmocka_unit_test(no_descriptor_for_the_report), \
    cmocka_unit_test(how_it_ended), \
    cmocka_unit_test(arguments_environment_and_directory), \
    cmocka_unit_test(signals_are_at_their_defaults), \
    cmocka_unit_test(sessions), \
    cmocka_unit_test(with_and_without_the_parent), \
    cmocka_unit_test(no_new_privileges_for_anyone), \
    cmocka_unit_test(no_network_for_anyone)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {CASES_FOR_ALL};
    /* The same, and what only root can show. */
    static const struct CMUnitTest tests_for_root[] = {
        CASES_FOR_ALL,
        cmocka_unit_test(a_child_of_root_is_nobody),
        cmocka_unit_test(a_child_of_nobody),
    };
    if (argc > 1)
        return probe(argc, argv);
    if (geteuid() == 0)
        return cmocka_run_group_tests_name("child", tests_for_root, NULL, NULL);
    return cmocka_run_group_tests_name("child", tests, NULL, NULL);
}
