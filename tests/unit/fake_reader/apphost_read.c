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

/* The least that is an ENTRY. */
static const char entry[] =
    "{\"ok\":{\"format\":\"apphost\",\"id\":\"app\",\"revision\":1,\"version\":\"\","
    "\"architectures\":[],\"title\":\"A\",\"summary\":\"\",\"description\":\"\",\"notes\":\"\","
    "\"changes\":\"\",\"category\":\"\",\"categories\":[],\"icon\":null,\"links\":{},"
    "\"was\":[],\"web\":null,\"questions\":[],\"permissions\":[],\"data\":[],\"memory\":0,"
    "\"health\":null,\"credentials\":[],\"files\":[],\"prepare\":null,\"options\":[],"
    "\"kind\":\"\",\"digests\":{},\"deprecated\":null,\"advisory\":null,\"obsolete\":false,"
    "\"automatic_updates\":true}}";

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
    else if (asked(input, length, "denied"))
        say("{\"code\":\"denied\",\"tag\":\"\\u001b[2J\",\"message\":\"a\\u001b[2J\\u202eb\"}", 65);
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

/* One request; the test's texts end in a word and a full stop. Zero where none comes. */
static size_t take(char *input, size_t room)
{
    size_t length = 0;
    ssize_t got;
    while (length < room && (length == 0 || input[length - 1] != '.')
           && (got = read(STDIN_FILENO, input + length, room - length)) > 0)
        length += (size_t)got;
    return length;
}

/* Of many entries it reads: "fine" and "third" are good, but whoever reads "third" as its third text, or
 * later, dies of it. */
int main(void)
{
    static char input[16384];
    size_t length;
    for (int texts = 1; (length = take(input, sizeof input)) > 0; texts++) {
        int third = asked(input, length - 1, "third");
        if (!third && !asked(input, length - 1, "fine") && !asked(input, length - 1, "denied")) {
            misbehave(input, length - 1);
            return 0;
        }
        if (third && texts > 2)
            raise(SIGKILL);
        if (asked(input, length - 1, "denied"))
            misbehave(input, length - 1);
        else
            say(entry, sizeof entry - 1);
    }
    return 0;
}
