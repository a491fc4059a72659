/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for apphost-read and misbehaves as the text asks: what foreign text could at worst
 * make of a reader. Only test_reader runs it. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

static void say(const char *body, uint32_t claimed)
{
    uint32_t head = htonl(claimed);
    ssize_t put = write(STDOUT_FILENO, &head, sizeof head);
    put += write(STDOUT_FILENO, body, strlen(body));
    (void)put;
}

static int asked(const char *input, size_t length, const char *what)
{
    size_t size = strlen(what);
    return length >= size && memcmp(input + length - size, what, size) == 0;
}

static void misbehave(const char *input, size_t length)
{
    static const char lie[] = "{\"ok\":{\"files\":[],\"folders\":[],\"modes\":[],\"up\":true,"
                              "\"compose\":{\"format\":2}}}";
    static const char bare[] = "{\"ok\":{\"compose\":{\"format\":2}}}";
    if (asked(input, length, "crash"))
        raise(SIGKILL);
    else if (asked(input, length, "hang"))
        pause();
    else if (asked(input, length, "flood"))
        say("{}", 0x7FFFFFFF);
    else if (asked(input, length, "cut"))
        say("{\"ok\":", 100);
    else if (asked(input, length, "number"))
        say("{\"ok\":1}", 8);
    else if (asked(input, length, "twice"))
        say("{\"ok\":{},\"ok\":{}}", 17);
    else if (asked(input, length, "lie"))
        say(lie, sizeof lie - 1);
    else if (asked(input, length, "bare"))
        say(bare, sizeof bare - 1);
    else if (asked(input, length, "memory"))
        _exit(9);
    else if (asked(input, length, "stay")) /* an answer, and no end after it */
        say(lie, sizeof lie - 1), pause();
    else if (asked(input, length, "linger"))
        say("nonsense", 8), pause();
    else if (asked(input, length, "deaf")) {
        close(STDIN_FILENO);
        close(STDOUT_FILENO);
        pause();
    }
}

int main(void)
{
    static char input[16384];
    size_t length = 0;
    ssize_t got;
    /* The test's texts end in a word and a full stop. */
    while (length < sizeof input && (length == 0 || input[length - 1] != '.')
           && (got = read(STDIN_FILENO, input + length, sizeof input - length)) > 0)
        length += (size_t)got;
    if (length > 0)
        misbehave(input, length - 1);
    return 0;
}
