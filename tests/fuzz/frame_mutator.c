/* SPDX-License-Identifier: Apache-2.0 */
/* How libFuzzer changes frames: as requests, not only as octets. What it is given is read as JSON where
 * it is JSON, one node in it becomes another, and the whole is written again: as one body, or as a
 * stream of frames whose lengths may lie. A third of all changes are libFuzzer's own. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "common/frame.h"
#include "common/ops.h"

size_t LLVMFuzzerMutate(uint8_t *octets, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *octets, size_t size, size_t room, unsigned int seed);

#define TEXT_MAX 4096
#define WHOLE_MAX 32768
#define FRAMES_MAX 6

static unsigned pick(unsigned *seed, size_t below)
{
    *seed = *seed * 1103515245u + 12345u;
    return below == 0 ? 0 : (unsigned)((*seed >> 8) % below);
}

static json_t *mutated_text(const char *from, unsigned *seed)
{
    static const char *const texts[] = {"", "a", "-a", "*", "..", "/etc/shadow", "0", "\xc3\xa9", "install"};
    char text[TEXT_MAX];
    size_t length = from != NULL ? strlen(from) : 0;
    if (from == NULL || pick(seed, 3) == 0)
        return json_string(texts[pick(seed, sizeof texts / sizeof texts[0])]);
    length = length > TEXT_MAX / 2 ? TEXT_MAX / 2 : length;
    memcpy(text, from, length);
    length = LLVMFuzzerMutate((uint8_t *)text, length, sizeof text);
    json_t *value = json_stringn(text, length);
    return value != NULL ? value : json_string("no UTF-8"); /* its octets are mutated elsewhere */
}

static json_t *wrapped(json_t *value, size_t times)
{
    while (times-- > 0)
        value = json_pack("[o]", value);
    return value;
}

/* Another value where this one (borrowed, or NULL) stood. */
static json_t *other_value(json_t *value, unsigned *seed)
{
    static const json_int_t numbers[] = {0, 1, -1, 2147483647, 2147483648, 4294967295,
                                         INT64_MAX, INT64_MIN};
    switch (pick(seed, 9)) {
    case 0:
        return json_integer(numbers[pick(seed, sizeof numbers / sizeof numbers[0])]);
    case 1:
        return json_real(1.5);
    case 2:
        return json_boolean(pick(seed, 2));
    case 3:
        return json_null();
    case 4:
        return pick(seed, 2) ? json_object() : json_array();
    case 5:
        return wrapped(value != NULL ? json_deep_copy(value) : json_null(), 1 + pick(seed, 20));
    default:
        return mutated_text(json_string_value(value), seed);
    }
}

/* A request of the table with every argument, each of a kind that may or may not fit. */
static json_t *request(unsigned *seed)
{
    size_t count;
    const aph_op_t *ops = aph_ops(&count);
    const aph_op_t *op = &ops[pick(seed, count)];
    json_t *args = json_object();
    for (const char *at = op->arguments; *at != '\0'; at += strspn(at, " ")) {
        size_t length = strcspn(at, ":");
        if (pick(seed, 4) != 0)
            json_object_setn_new(args, at, length, other_value(NULL, seed));
        at += strcspn(at, " ");
    }
    return json_pack("{s:i, s:s, s:o}", "v", 1, "op", op->name, "args", args);
}

static void change_member(json_t *object, const char *key, unsigned *seed)
{
    json_t *value = json_object_get(object, key);
    switch (pick(seed, 4)) {
    case 0:
        json_object_del(object, key);
        break;
    case 1:
        json_object_set_new(object, "other", other_value(value, seed));
        break;
    default:
        json_object_set_new(object, key, other_value(value, seed));
    }
}

/* Changes one node somewhere below value. */
static void change(json_t *value, unsigned *seed)
{
    size_t members = json_object_size(value), items = json_array_size(value);
    if (items > 0) {
        size_t at = pick(seed, items);
        json_t *item = json_array_get(value, at);
        if (json_is_object(item) && pick(seed, 2))
            change(item, seed);
        else if (items < 128 && pick(seed, 2))
            json_array_append_new(value, other_value(item, seed));
        else
            json_array_set_new(value, at, other_value(item, seed));
        return;
    }
    if (members == 0)
        return;
    void *iterator = json_object_iter(value);
    for (size_t steps = pick(seed, members); steps > 0; steps--)
        iterator = json_object_iter_next(value, iterator);
    json_t *below = json_object_iter_value(iterator);
    if ((json_is_object(below) || json_is_array(below)) && pick(seed, 3) != 0)
        change(below, seed);
    else
        change_member(value, json_object_iter_key(iterator), seed);
}

/* One frame of a stream behind its length, true or not. Returns its octets. */
static size_t put_frame(uint8_t *into, const char *body, size_t length, unsigned *seed)
{
    static const uint32_t lies[] = {0, 1, 65536, 65537, 0x80000000u, 0xffffffffu};
    uint32_t head = (uint32_t)length;
    if (pick(seed, 6) == 0)
        head = lies[pick(seed, sizeof lies / sizeof lies[0])];
    else if (pick(seed, 6) == 0)
        head = head + pick(seed, 9) - 4;
    head = htonl(head);
    memcpy(into, &head, sizeof head);
    memcpy(into + sizeof head, body, length);
    return sizeof head + length;
}

static size_t put_stream(uint8_t *into, size_t room, const char *body, size_t length, unsigned *seed)
{
    size_t used = 0;
    for (size_t frames = 1 + pick(seed, FRAMES_MAX); frames > 0; frames--)
        if (used + length + sizeof(uint32_t) <= room)
            used += put_frame(into + used, body, length, seed);
    return used;
}

size_t LLVMFuzzerCustomMutator(uint8_t *octets, size_t size, size_t room, unsigned int seed)
{
    static char body[WHOLE_MAX];
    unsigned state = seed;
    if (pick(&state, 3) == 0)
        return LLVMFuzzerMutate(octets, size, room);
    json_t *frame = json_loadb((const char *)octets, size, 0, NULL);
    if (frame == NULL && size > sizeof(uint32_t)) /* a stream: its first frame */
        frame = json_loadb((const char *)octets + sizeof(uint32_t), size - sizeof(uint32_t),
                           JSON_DISABLE_EOF_CHECK, NULL);
    if (frame == NULL || pick(&state, 16) == 0) {
        json_decref(frame);
        frame = request(&state);
    }
    for (unsigned changes = 1 + pick(&state, 3); changes > 0; changes--)
        change(frame, &state);
    size_t length = json_dumpb(frame, body, sizeof body, JSON_COMPACT);
    json_decref(frame);
    if (length == 0 || length > sizeof body || length > room)
        return LLVMFuzzerMutate(octets, size, room);
    if (pick(&state, 3) == 0) {
        size_t used = put_stream(octets, room, body, length, &state);
        if (used > 0)
            return used;
    }
    memcpy(octets, body, length);
    return length;
}
