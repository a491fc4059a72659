/* SPDX-License-Identifier: Apache-2.0 */
#include "common/storage_answer.h"

#include <string.h>

#include "common/hostname.h"
#include "common/utf8.h"

#define PART_MAX 255

static int is_alnum(unsigned long point)
{
    return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z')
        || (point >= '0' && point <= '9');
}

/* What turns around or hides what stands beside it, and what ends a line. */
static int is_hidden(unsigned long point)
{
    return (point >= 0x7F && point <= 0xA0) || point == 0xAD || point == 0x61C
        || (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E)
        || (point >= 0x2060 && point <= 0x206F) || (point >= 0xFE00 && point <= 0xFE0F)
        || point >= 0xFFF0 || (point >= 0xE000 && point <= 0xF8FF) || point == 0xFEFF;
}

static int may_stand(unsigned long point, int first)
{
    if (is_alnum(point) || point == '_')
        return 1;
    if (point >= 0x80)
        return !is_hidden(point);
    return !first && point != 0 && strchr(" .-+()&'@=#!", (int)point) != NULL;
}

/* One part, length octets long. */
static int is_part(const char *part, size_t length)
{
    if (length == 0 || length > PART_MAX || part[length - 1] == ' ' || part[length - 1] == '.')
        return 0;
    for (size_t at = 0, step; at < length; at += step) {
        unsigned long point = 0;
        step = aph_utf8_decode(part + at, length - at, &point);
        if (step == 0 || !may_stand(point, at == 0))
            return 0;
    }
    return 1;
}

const char *aph_storage_answer_fault(const char *answer)
{
    char name[APH_STORAGE_NAME_MAX + 1];
    size_t length = strcspn(answer, "/");
    int parts = 0;
    if (strlen(answer) > APH_STORAGE_ANSWER_MAX)
        return "is too long for a folder of a storage location";
    if (answer[0] == '/')
        return "is a path of this machine; name a storage location and a folder in it: "
               "LOCATION/FOLDER";
    if (length >= sizeof name)
        return "does not begin with the name of a storage location";
    memcpy(name, answer, length);
    name[length] = '\0';
    if (!aph_label_valid(name))
        return "does not begin with the name of a storage location";
    for (const char *at = answer + length; *at == '/'; at += length) {
        length = strcspn(++at, "/");
        if (!is_part(at, length))
            return "is not LOCATION/FOLDER with plain names: a folder's name begins with a letter "
                   "or digit, does not end with a dot or blank, and has no characters that "
                   "programs take for something else";
        if (++parts > APH_STORAGE_PARTS_MAX)
            return "leads through more than 8 folders";
    }
    return NULL;
}

int aph_storage_answer_split(const char *answer, char *location, const char **folder)
{
    if (aph_storage_answer_fault(answer) != NULL)
        return 0;
    size_t length = strcspn(answer, "/");
    if (location != NULL) {
        memcpy(location, answer, length);
        location[length] = '\0';
    }
    if (folder != NULL)
        *folder = answer + length + (answer[length] == '/');
    return 1;
}
