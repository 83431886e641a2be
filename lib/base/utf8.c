#include "lib/base/utf8.h"

#include <string.h>

/* Bytes of the sequence that begins at `p` within `left` bytes, or 0 when it is not one. */
static size_t sequence(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte: they keep out overlong forms and such */
    size_t n;
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        low = p[0] == 0xe0 ? 0xa0 : low;
        high = p[0] == 0xed ? 0x9f : high;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        low = p[0] == 0xf0 ? 0x90 : low;
        high = p[0] == 0xf4 ? 0x8f : high;
    } else {
        return 0;
    }
    if (left < n || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

size_t utf8_valid(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t i = 0;
    while (i < len) {
        uint64_t eight;
        if (len - i >= sizeof eight) { /* most lines are plain ASCII: eight bytes at a time */
            memcpy(&eight, p + i, sizeof eight);
            if ((eight & 0x8080808080808080u) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t n = sequence(p + i, len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return len;
}

size_t utf8_first(const char *text, size_t len, uint32_t *cp)
{
    size_t n = len == 0 ? 0 : sequence((const unsigned char *)text, len);
    return n == 0 ? 0 : utf8_next(text, cp);
}

size_t utf8_next(const char *text, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t value;
    size_t n;
    if (p[0] < 0x80) {
        value = p[0];
        n = 1;
    } else if (p[0] < 0xe0) {
        value = (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
        n = 2;
    } else if (p[0] < 0xf0) {
        value = (p[0] & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        n = 3;
    } else {
        value = (p[0] & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        n = 4;
    }
    if (cp != NULL)
        *cp = value;
    return n;
}

size_t utf8_count(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

size_t utf8_cut(const char *text, size_t len, size_t most)
{
    if (len <= most)
        return len;
    while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
        most--;
    return most;
}

size_t utf8_whole(const char *text, size_t len)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char c = p[len - back];
        size_t wants = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
        if ((c & 0xc0) != 0x80) /* where the last character begins */
            return wants > back ? len - back : len;
    }
    return len;
}
